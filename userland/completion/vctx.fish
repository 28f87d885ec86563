# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of vctx(8) for fish. All that it offers comes from vctx itself.

function __vctx_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (string replace -r '.*=' '' -- $words[-1])
            case ':dirs'
                __fish_complete_directories (string replace -r '.*=' '' -- $words[-1])
            case ':command'
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end

complete -c vctx -f -a '(__vctx_complete)'
