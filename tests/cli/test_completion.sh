#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion: what vctx offers, and that bash, zsh and fish take it. Also that
# 'make install' puts the files where the shells look for them.
. "$(dirname -- "$0")/../lib.sh"

V=${VCTX:-$OUT/userland/vctx}
COMPLETION=$TOP/userland/completion
mkdir -p "$TMP/bin" "$TMP/state/etc/vctx" "$TMP/here/directory"
ln -s "$V" "$TMP/bin/vctx"
: >"$TMP/here/file.conf"
cd "$TMP/here" || exit 1
PATH=$TMP/bin:$PATH
for name in web1 web2 db; do
	mkdir -p "$TMP/state/var/lib/vctx/$name"
	echo '{"schema": 1, "id": 1000, "created": "2026-01-01T00:00:00Z"}' \
		>"$TMP/state/var/lib/vctx/$name/meta.json"
done

# offers WORD...: the words vctx offers, on one line
offers() {
	vctx __complete "$@" | cut -f 1 | tr '\n' ' ' | sed 's/ $//'
}

is "$(offers sta)" "start status stats" "verbs"
is "$(vctx __complete sta | sed -n 1p)" \
	"start	Start a context in the background." "with what they do"
is "$(offers "" | tr ' ' '\n' | sort)" \
	"$(vctx help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort)" "every verb of help"
is "$(offers frobnicate x)" "" "nothing for an unknown verb"
is "$(offers --root "$TMP/state" start "")" "db web1 web2" "contexts"
is "$(offers --root "$TMP/state" start w)" "web1 web2" "contexts by their first letter"
is "$(offers --root="$TMP/state" kill web1 SIGK)" SIGKILL "signals"
is "$(offers --root "$TMP/state" exec "")" "" "exec wants one that runs"
is "$(offers exec web1 "")" -- "and then --"
is "$(offers exec web1 -- l)" :command "and then a command"
is "$(offers exec web1 -- ls l)" :files "and then files"
is "$(offers list web1 "")" "" "list takes no name"
is "$(offers set web1 cpu.)" "cpu.weight= cpu.guarantee= cpu.max= cpu.burst= cpu.parent=" "keys"
is "$(offers set web1 disk.)" "disk.weight= disk.reserve= disk.max= disk.space= disk.inodes=" "keys of disks"
is "$(offers set web1 cpu.max=10% context.aut)" context.autostart= "a second key"
is "$(offers set web1 context.autostart=)" \
	"context.autostart=yes context.autostart=no" "values"
is "$(offers create x -s security.readonly-root=y)" security.readonly-root=yes \
	"values of -s"
is "$(offers wait web1 --state "")" "stopped running" "a value of an option"
is "$(offers wait web1 --state=r)" "--state=running" "after ="
is "$(offers create x -f "")" :files "files"
is "$(offers create x --root "")" :dirs "directories"
is "$(offers help sto)" stop "verbs to explain"
for verb in $(vctx help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	for option in $(offers "$verb" --); do
		[ "$option" != -- ] || continue
		try vctx "$verb" "$option" --help
		case $STDERR in
		*"unknown option"*)
			not_ok "$verb knows $option" "$STDERR" ;;
		esac
	done
	case " $(offers "$verb" --) " in
	*' --help '*) ;;
	*) not_ok "$verb offers --help" "$(offers "$verb" --)" ;;
	esac
done
ok "no verb is offered an option it does not know"
for words in '' --root '--root x' frob --; do
	# shellcheck disable=SC2086 # words
	try vctx __complete $words ''
	is "$STATUS: $STDERR" "0: " "no error after \"$words\""
done
try vctx __complete
is "$STATUS: $STDERR" "0: " "no error without any word"

# --- the shells: LINE is completed to EXPECTED ---

in_bash() { # WORD...: prints what bash would offer
	bash --norc -c '
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_vctx 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$COMPLETION/vctx.bash" "$@" |
		sort | tr '\n' ' ' | sed 's/ $//'
}
if command -v bash >/dev/null 2>&1; then
	is "$(in_bash vctx sta)" "start stats status" "bash: verbs"
	is "$(in_bash vctx --root "$TMP/state" start w)" "web1 web2" "bash: contexts"
	is "$(in_bash vctx set web1 context.autostart = "")" "no yes" \
		"bash: values, where it splits words at ="
	is "$(in_bash vctx wait web1 --state = r)" "running" "bash: after --option="
	is "$(in_bash vctx create x -f "")" "directory file.conf" "bash: files"
	is "$(in_bash vctx create x --root = d)" directory "bash: directories"
	is "$(in_bash vctx frob "")" "" "bash: nothing"
else
	skip "bash" "bash is not installed"
fi

if command -v fish >/dev/null 2>&1; then
	in_fish() {
		HOME=$TMP fish --no-config -c "source $COMPLETION/vctx.fish
			complete -C '$1'" 2>&1 |
			cut -f 1 | sort | tr '\n' ' ' | sed 's/ $//'
	}
	is "$(in_fish 'vctx sta')" "start stats status" "fish: verbs"
	is "$(in_fish "vctx --root $TMP/state start w")" "web1 web2" "fish: contexts"
	is "$(in_fish 'vctx set web1 context.autostart=')" \
		"context.autostart=no context.autostart=yes" "fish: values"
	is "$(in_fish 'vctx create x -f f')" file.conf "fish: files"
	is "$(in_fish 'vctx create x --root d')" directory/ "fish: directories"
else
	skip "fish" "fish is not installed"
fi

# zsh completes on a terminal only; the widget on ^X shows what became of the
# line.
if command -v zsh >/dev/null 2>&1; then
	cat >"$TMP/zsh-test" <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
until_text() { # PATTERN: reads until it has come; a minute is a failure
	local part i
	seen=
	for ((i = 0; i < 600; i++)); do
		if zpty -r -t z part; then
			seen+=$part
			[[ $seen == ${~1} ]] && return 0
		else
			sleep 0.1
		fi
	done
	print -r -- "nothing like $1 in: $seen"
	return 1
}
zpty -w z "PS1= RPS1= PROMPT_EOL_MARK=; unset zle_bracketed_paste; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $2; show() { print -r -- \"@@\$BUFFER@@\"; BUFFER= }; zle -N show; bindkey '^X' show; bindkey '^I' complete-word; print rea''dy"
until_text '*ready*' || exit 1
shift 2
for line; do
	zpty -w -n z "$line"$'\t\x18'
	until_text '*@@*@@*' || exit 1
	print -r -- "${${seen#*@@}%%@@*}"
done
zpty -d z
END
	zsh -f "$TMP/zsh-test" "$COMPLETION" "$TMP/zcompdump" 'vctx resu' \
		"vctx --root $TMP/state start d" 'vctx set web1 cpu.w' \
		'vctx set web1 context.autostart=y' 'vctx create x -f fi' \
		'vctx create x --root dir' >"$TMP/zsh.out" 2>&1
	is "$(cat "$TMP/zsh.out")" "vctx resume 
vctx --root $TMP/state start db 
vctx set web1 cpu.weight=
vctx set web1 context.autostart=yes 
vctx create x -f file.conf 
vctx create x --root directory/" "zsh completes verbs, contexts, keys, values and files"
else
	skip "zsh" "zsh is not installed"
fi

# --- installation ---

try make -s -C "$TOP/userland" OUT="$OUT" prefix=/usr DESTDIR="$TMP/inst" install
is "$STATUS: $STDERR" "0: " "make install"
is "$(cd "$TMP/inst/usr/share" && find bash-completion zsh fish -type f | sort)" \
	"bash-completion/completions/vctx
fish/vendor_completions.d/vctx.fish
zsh/vendor-completions/_vctx" "the completion files are where Debian looks"
is "$(cd "$TMP/inst/etc" && find . -type f)" ./vctx/limits/hosted.conf "limits to begin with"
try make -s -C "$TOP/userland" OUT="$OUT" prefix=/usr/local \
	DESTDIR="$TMP/local" install
is "$STATUS: $(ls "$TMP/local/usr/local/share/zsh/site-functions")" "0: _vctx" \
	"and below /usr/local too"
finish
