# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of vctx(8) for bash. All that it offers comes from vctx itself.

_vctx()
{
	local i word line tail words=() IFS=$'\n'

	# bash takes "=" for a word of its own; for vctx it is part of one.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ ${#words[@]} -gt 0 && ($word == "=" || ${words[-1]} == *= ) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	word=${words[-1]-}
	# What stands before the last "=" is kept by bash and must not come again.
	tail=
	[[ $word == *=* ]] && tail=${word%"${word##*=}"}
	COMPREPLY=()
	while read -r line; do
		case $line in
		:files)
			compopt -o filenames
			COMPREPLY+=($(compgen -f -- "${word##*=}")) ;;
		:dirs)
			compopt -o filenames
			COMPREPLY+=($(compgen -d -- "${word##*=}")) ;;
		:command)
			COMPREPLY+=($(compgen -c -- "$word")) ;;
		*)
			line=${line%%$'\t'*}
			[[ $line == *= ]] && compopt -o nospace
			COMPREPLY+=("${line#"$tail"}") ;;
		esac
	done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}

complete -F _vctx vctx
