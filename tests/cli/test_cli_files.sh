#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# rename, cp and edit where no context can be made: on records, configurations and
# trees, a rename killed at each of its steps, and a root full of traps for cp.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/record.sh"
fresh() {
	rm -rf "$S"
	record web1 1000
}
# Everything of a context in one line.
whole() {
	printf '%s ' "$(vctx list -q | tr '\n' ' ')"
	printf '%s ' "$(cd "$ETC" && find . -mindepth 1 | sort | tr '\n' ' ')"
	printf '%s ' "$(cd "$LIB" && find . -mindepth 1 -type d | sort | tr '\n' ' ')"
	printf '%s ' "$(readlink "$LIB/.ids/1000")"
	printf '%s ' "$(ls "$S/var/log/vctx" "$S/run/vctx" 2>/dev/null | sed '/^events.jsonl/d' | tr '\n' ' ')"
	for n in web1 web2; do
		[ ! -e "$LIB/$n/meta.json" ] ||
			jq -r '.name + " " + .config' "$LIB/$n/meta.json"
	done
}

# --- rename ---

fresh
refuses 2 "vctx: rename: no new name given
hint: see 'vctx help rename'" "rename to nothing" vctx rename web1
refuses 3 "vctx: rename nosuch: no such context
hint: 'vctx list' shows the contexts" "rename of nothing" vctx rename nosuch web2
refuses 2 'vctx: rename web1: bad name "../x"
hint: 1 to 63 of a-z, 0-9, "_", "." and "-", starting with a letter or digit' \
	"rename to a path" vctx rename web1 ../x
refuses 2 "vctx: rename web1: it has this name already" "rename to itself" \
	vctx rename web1 web1
record web2 1001
refuses 4 "vctx: rename web1: there is a context \"web2\" already
hint: choose another name" "rename to one that exists" vctx rename web1 web2
fresh
: >"$ETC/web2.conf"
refuses 4 "vctx: rename web1: $ETC/web2.conf: File exists
hint: move it out of the way" "rename over a configuration" vctx rename web1 web2
fresh
record child 1001
printf '[cpu]\nparent = web1\n' >>"$ETC/child.conf"
refuses 4 "vctx: rename web1: it is the cpu.parent of \"child\"
hint: give that one another cpu.parent first" "rename of a parent" \
	vctx rename web1 web2

fresh
before=$(whole)
is "$(vctx rename web1 web2 --dry-run)" \
	"rename its record, its configuration and its log from web1 to web2" \
	"rename --dry-run"
is "$(whole)" "$before" "does nothing"
vctx set web1 context.autostart=yes
try vctx rename web1 web2
is "$STATUS: $STDOUT$STDERR" "0: " "rename"
renamed=$(whole)
is "$(echo "$renamed" | tr -s ' ')" "web2 ./web2.conf ./web2.conf.d ./web2.conf.d/90-set.conf ./.ids ./web2 ./web2/root ./web2/root/dev ./web2/root/proc web2 $S/run/vctx: $S/var/log/vctx: web2.log web2 $ETC/web2.conf" \
	"everything has the new name"
is "$(vctx show web2 --config | grep -E '^(root|autostart) ')" \
	"root = $LIB/web2/root
autostart = yes" "its root beside the record and what was set went along"
is "$(cat "$S/var/log/vctx/web2.log")" "words of web1" "and its log"
is "$(vctx doctor web2 -q; echo $?)" 0 "and it is well"
refuses 3 "vctx: status web1: no such context
hint: 'vctx list' shows the contexts" "the old name is gone" vctx status web1

for step in move moved follow renamed rename; do
	fresh
	vctx set web1 context.autostart=yes
	before=$(whole)
	VCTX_FAIL_AT=$step:kill "$VT" --root "$S" rename web1 web2 2>/dev/null
	is $? 137 "killed at $step"
	if [ -e "$LIB/web1/meta.json" ]; then
		# Before the record moves nothing has happened.
		vctx gc -q
		is "$(whole)" "$before" "killed at $step: it has its old name"
		continue
	fi
	try vctx doctor web2
	matches "$STATUS: $STDOUT" "1: problem *renaming was interrupted*'vctx gc' would: end its renaming from \"web1\"*" \
		"killed at $step: doctor explains"
	try vctx gc
	matches "$STATUS: $STDOUT$STDERR" "0: *end its renaming *" \
		"killed at $step: gc ends it"
	is "$(whole)" "$renamed" "killed at $step: it has its new name, whole"
	is "$(vctx doctor web2 -q; echo $?)" 0 "killed at $step: and is well"

	# Without what is in /run, as after a reboot.
	fresh
	vctx set web1 context.autostart=yes
	VCTX_FAIL_AT=$step:kill "$VT" --root "$S" rename web1 web2 2>/dev/null
	rm -rf "$S/run/vctx"
	vctx gc -q
	is "$(whole)" "$renamed" "killed at $step, and rebooted: gc ends it"

	# The next command for either name does, too.
	for next in web1 web2; do
		fresh
		vctx set web1 context.autostart=yes
		VCTX_FAIL_AT=$step:kill "$VT" --root "$S" rename web1 web2 2>/dev/null
		vctx rename $next web3 >/dev/null 2>&1
		vctx set web2 context.autostart=yes >/dev/null 2>&1
		vctx rename web3 web2 >/dev/null 2>&1
		vctx gc -q
		is "$(whole)" "$renamed" "killed at $step: the next command for $next"
	done
done
for step in move moved follow renamed rename; do
	fresh
	vctx set web1 context.autostart=yes
	before=$(whole)
	try env VCTX_FAIL_AT=$step "$VT" --root "$S" rename web1 web2
	matches "$STATUS: $STDERR" "1: vctx: rename web1: *Input/output error*" \
		"a failure at $step is reported"
	vctx gc -q
	case $(whole) in
	"$before" | "$renamed") ok "a failure at $step: gc leaves one or the other" ;;
	*) not_ok "a failure at $step: gc leaves one or the other" "$(whole)" ;;
	esac
done

# --- events ---

fresh
rm -f "$S/var/log/vctx/events.jsonl"
is "$(vctx events --since 1h --timeout 0)" "" "no events"
vctx rename web1 web2
vctx delete web2
is "$(vctx events --since 1h --timeout 0 | cut -d ' ' -f 2-)" "web2 (1000) renamed from web1
web2 (1000) deleted" "events of the past"
is "$(vctx events --since 1h --timeout 0 --json | jq -c '[.event,.name,.id,.what,.count,.unmanaged]')" \
	'["renamed","web2",1000,"web1",null,false]
["deleted","web2",1000,null,null,false]' "events --json"
is "$(vctx events web1 --since 1h --timeout 0 | wc -l) $(vctx events web3 --since 1h --timeout 0)" \
	"1 " "events of one name"
is "$(vctx events --timeout 0)" "" "without --since none of the past"
is "$(vctx events --since "$(date -u -d '+1 hour' +%FT%TZ)" --timeout 0)" "" "none of the future"
is "$(vctx events --since "$(date -u -d '-1 hour' +%FT%T.5Z)" --count 1 | wc -l)" 1 "--count"
refuses 2 'vctx: events: bad time "yesterday"
hint: a time ago such as 10m, or a date such as 2026-11-27T13:00:00Z' "a bad --since" \
	vctx events --since yesterday
rm -rf "$S/var/log/vctx/web2.log" "$LIB/web2"
record web1 1000
timeout 120 "$V" --root "$S" events --count 2 --json >"$TMP/seen" 2>&1 &
watcher=$!
n=0
until pgrep -P $watcher -x vctx >/dev/null || [ $n -gt 600 ]; do sleep 0.1; n=$((n + 1)); done
sleep 1
# Long enough for a new file: nothing is lost on the way from one to the other.
vctx rename web1 web2
head -c 1100000 /dev/zero | tr '\0' '\n' >>"$S/var/log/vctx/events.jsonl"
vctx rename web2 web1
wait $watcher
is "$? $(jq -r .name "$TMP/seen" | tr '\n' ' ')" "0 web2 web1 " "events as they happen"
is "$(find "$S/var/log/vctx" -name 'events*' | wc -l)" 2 "a long file becomes the old one"
is "$(vctx events --since 1h --timeout 0 | wc -l)" 4 "and is still told of"

# --- cp ---

fresh
R=$LIB/web1/root
mkdir -p "$R/etc" "$R/srv/tree/sub" "$R/dir" "$TMP/host"
echo inside >"$R/etc/passwd"
echo deep >"$R/srv/tree/sub/file"
ln -s /etc/passwd "$R/srv/tree/link"
chmod 2750 "$R/srv/tree/sub"
chown 12:34 "$R/srv/tree/sub/file"
touch -d 2001-02-03T04:05:06 "$R/srv/tree/sub/file"
ln -s /etc/passwd "$R/abs"
ln -s ../../../../../../../../etc/passwd "$R/up"
ln -s / "$R/rootlink"
ln -s ../../../.. "$R/dots"
ln -s "$TMP/host" "$R/out"
ln -s /proc "$R/proclink"

cd "$TMP/host" || exit 1
refuses 2 "vctx: cp: no target given
hint: see 'vctx help cp'" "cp without a target" vctx cp web1:/x
refuses 2 "vctx: cp: neither path is in a context
hint: write NAME:PATH for a path in a context" "cp on the host" vctx cp a b
refuses 3 "vctx: cp nosuch: no such context
hint: 'vctx list' shows the contexts" "cp from nowhere" vctx cp nosuch:/x .
refuses 1 "vctx: cp web1: web1:/nosuch: No such file or directory" \
	"cp of nothing" vctx cp web1:/nosuch .
try vctx cp web1:/srv/tree .
is "$STATUS: $STDOUT$STDERR" "0: " "cp of a tree out of it"
is "$(find tree -printf '%p %y %m %U:%G %l\n' | sort)" \
	"$(cd "$R/srv" && find tree -printf '%p %y %m %U:%G %l\n' | sort)" \
	"names, kinds, modes, owners and links are the same"
is "$(cat tree/sub/file) $(date -r tree/sub/file +%F)" "deep 2001-02-03" \
	"and the content and the time"
refuses 1 "vctx: cp web1: cannot write .: File exists
hint: a directory is not replaced; give another name" "no directory is replaced" \
	vctx cp web1:/srv/tree .
rm -rf tree
try vctx cp web1:/srv/tree/ other
is "$STATUS: $(ls)" "0: other" "cp as another name"
rm -rf other
for path in /abs /up abs /rootlink/etc/passwd /dots/etc/passwd /../etc/passwd; do
	try vctx cp "web1:$path" got
	is "$STATUS: $(cat got 2>&1)" "0: inside" "cp of $path stays inside"
	rm -f got
done
echo secret >"$TMP/host/secret"
refuses 1 "vctx: cp web1: web1:/out/secret: No such file or directory" \
	"a link of it does not lead out" vctx cp web1:/out/secret got
echo new >new
refuses 1 "vctx: cp web1: cannot write web1:/out/f: No such file or directory" \
	"nor in the other direction" vctx cp new web1:/out/f
is "$(ls "$TMP/host")" "new
secret" "nothing came out of it"
try vctx cp new web1:/rootlink/dir
is "$STATUS: $(cat "$R/dir/new")" "0: new" "cp into a directory, by a link inside"
try vctx cp new web1:/abs
is "$STATUS: $(cat "$R/abs") $(test -L "$R/abs"; echo $?) $(cat "$R/etc/passwd")" \
	"0: new 1 inside" "a link at the end is replaced, not what it leads to"
ln "$R/etc/passwd" "$R/etc/linked"
try vctx cp new web1:/etc/passwd
is "$STATUS: $(cat "$R/etc/passwd" "$R/etc/linked")" "0: new
inside" "a file is replaced, not written"
try vctx cp new web1:/nosuch/
is "$STATUS: $STDERR" "1: vctx: cp web1: web1:/nosuch/: No such file or directory" \
	"a directory that is not there"
try vctx cp / web1:/dir
is "$STATUS: ${STDERR%%
*}" "2: vctx: cp web1: / has no name of its own" "cp of / needs a name"

cp /bin/true setid
chmod 6755 setid
vctx cp setid web1:/dir
is "$(stat -c %a "$R/dir/setid")" 6755 "set-id bits come into it"
rm setid
vctx cp web1:/dir/setid .
is "$(stat -c %a setid)" 755 "but not out of it"

mknod "$R/dev1" c 1 5
mkfifo "$R/srv/tree/pipe"
refuses 2 "vctx: cp web1: web1:/dev1 is a device
hint: only directories, regular files and symbolic links are copied" \
	"a device is refused" vctx cp web1:/dev1 got
refuses 2 "vctx: cp web1: web1:/srv/tree/pipe is a named pipe
hint: only directories, regular files and symbolic links are copied" \
	"a pipe in a tree is refused" vctx cp web1:/srv/tree got
is "$(find . | sort | tr '\n' ' ')" ". ./new ./secret ./setid " \
	"and nothing was begun"
rm "$R/srv/tree/pipe" "$R/dev1"
mkdir "$R/self"
refuses 2 "vctx: cp web1: the copy would be inside of what is copied" \
	"a tree into itself" vctx cp "$R" web1:/self
is "$(ls "$R/self")" "" "and nothing is left of it"
truncate -s 64M sparse
printf end | dd of=sparse bs=1 seek=67108861 conv=notrunc 2>/dev/null
vctx cp sparse web1:/dir
is "$(cmp sparse "$R/dir/sparse" && echo same) $(du -k "$R/dir/sparse" | cut -f 1 | sed 's/^[0-9]\{1,3\}$/small/')" \
	"same small" "holes stay holes"
try env VCTX_FAIL_AT=put "$VT" --root "$S" cp new web1:/dir/late
is "$STATUS: $(find "$R" -name '.vctx*') $(ls "$R/dir")" "1:  new
setid
sparse" "a failure at the end leaves nothing"
if mount -t proc none "$R/dir" 2>/dev/null; then
	refuses 2 "vctx: cp web1: web1:/dir/version is a file of the kernel
hint: only directories, regular files and symbolic links are copied" \
		"files of the kernel are not read" vctx cp web1:/dir/version got
	refuses 2 "vctx: cp web1: web1:/dir/sysrq-trigger belongs to the kernel" \
		"nor written" vctx cp new web1:/dir/sysrq-trigger
	vctx cp web1:/ whole
	is "$(ls whole/dir)" "" "what is mounted in a tree is not copied"
	rm -rf whole
	umount "$R/dir"
else
	skip "files of the kernel" "cannot mount here"
fi

# --- edit ---

# editor SCRIPT: an editor that does this to its file
editor() {
	printf '#!/bin/sh\n%s\n' "$1" >"$TMP/editor"
	chmod 755 "$TMP/editor"
	VISUAL=$TMP/editor
	export VISUAL
}
fresh
C=$ETC/web1.conf
chmod 640 "$C"
# shellcheck disable=SC2016 # the editor's
editor 'printf "[cpu]\nweight = 300\n" >>"$1"'
try vctx edit web1
is "$STATUS: $STDOUT$STDERR $(stat -c %a "$C") $(vctx show web1 --config | grep ^weight | head -n 1)" \
	"0:  640 weight = 300" "edit"
saved=$(cat "$C")
editor true
try vctx edit web1
is "$STATUS: $STDERR" "0: vctx: edit web1: nothing was changed" "edit of nothing"
editor 'exit 1'
refuses 1 "vctx: edit web1: the editor $TMP/editor failed, nothing is changed" \
	"an editor that fails" vctx edit web1
# shellcheck disable=SC2016
editor 'echo "wieght = 3" >>"$1"'
try vctx edit web1
matches "$STATUS: $STDERR" "2: vctx: $C:7: unknown key \"cpu.wieght\"
hint: did you mean \"cpu.weight\"[?]
hint: nothing is changed; what you wrote is in /tmp/vctx-edit.*" "a mistake is told"
rm -f "${STDERR##*what you wrote is in }"
is "$(cat "$C")" "$saved" "and the file is as it was"
# shellcheck disable=SC2016
editor 'sed -i s,^root.*,root=/nosuch, "$1"'
try vctx edit web1
matches "$STATUS: $STDERR" "2: vctx: edit web1: root /nosuch: No such file*" \
	"what start would find wrong is wrong"
rm -f "${STDERR##*what you wrote is in }"
# shellcheck disable=SC2016
editor "echo '# mine' >>\"$C\"; echo '# yours' >>\"\$1\""
try vctx edit web1
matches "$STATUS: $STDERR" "4: vctx: edit web1: $C was changed meanwhile*" \
	"a file that was changed meanwhile is not overwritten"
rm -f "${STDERR##*what you wrote is in }"
vctx set web1 cpu.weight=700 cpu.max=50%
# shellcheck disable=SC2016
editor 'sed -i "s/^weight.*/weight = 400/" "$1"'
try vctx edit web1
is "$STATUS: $STDERR$(vctx show web1 --config | grep -E '^(weight = [2-9]|max = 5)')" \
	"0: weight = 400
max = 50%" "what is edited counts, and what else was set still does"
# shellcheck disable=SC2016
editor 'sed -i "s/^weight.*/weight = 500/" "$1"'
try env VCTX_FAIL_AT=edit "$VT" --root "$S" edit web1
matches "$STATUS: $STDERR" "1: vctx: edit web1: cannot write $C: Input/output error*" \
	"an edit that cannot be written"
rm -f "${STDERR##*what you wrote is in }"
is "$(grep -c 'weight = 400' "$C") $(ls "$S/run/vctx")" "1 " "changes nothing"
rm -f /tmp/vctx-edit.??????
finish
