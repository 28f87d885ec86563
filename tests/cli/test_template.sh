#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# Templates as far as they need no kernel of ours: building, what is done to a tree and
# that it cannot lead out of itself, what an interrupted build leaves.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/record.sh"
T=$LIB/.templates

# tree DIR: a small system, and one with systemd as far as a template is concerned
tree() {
	mkdir -p "$1/sbin" "$1/bin" "$1/etc" "$1/dev"
	echo '#!/bin/sh' >"$1/bin/sh"
	chmod 4755 "$1/bin/sh"
	chown 5:6 "$1/etc"
	ln -s ../bin/sh "$1/sbin/init"
	echo old >"$1/etc/hostname"
}
systemd() {
	tree "$1"
	mkdir -p "$1/lib/systemd" "$1/usr/sbin" "$1/etc/ssh" "$1/var/lib/dbus"
	: >"$1/lib/systemd/systemd"
	ln -sf /lib/systemd/systemd "$1/sbin/init"
	: >"$1/usr/sbin/sshd"
	echo secret >"$1/etc/ssh/ssh_host_ed25519_key"
	echo config >"$1/etc/ssh/sshd_config"
	echo 0123456789abcdef0123456789abcdef >"$1/etc/machine-id"
	ln -s /etc/machine-id "$1/var/lib/dbus/machine-id"
}
tree "$TMP/small"
systemd "$TMP/big"

# --- build ---

is "$(vctx template list; vctx template list --json)" "[]" "no template"
try vctx template build small --directory "$TMP/small"
is "$STATUS: $STDOUT$STDERR" "0: " "from a directory"
is "$(stat -c '%a %u:%g' "$T/small/root/bin/sh" "$T/small/root/etc" | tr '\n' ' ')" \
	"4755 0:0 755 5:6 " "owners and modes are kept"
is "$(ls "$T/small/root/etc") $(cat "$TMP/small/etc/hostname")" "resolv.conf old" \
	"the host name is gone, but not that of the directory"
is "$(grep -v '^#' "$T/small/guest.conf")" "version = 1
[context]
init = /sbin/init" "what its contexts need"
tar -czf "$TMP/big.tar.gz" -C "$TMP/big" --transform 's,^\./,,' .
try vctx template build big --tarball "$TMP/big.tar.gz"
is "$STATUS: $STDOUT$STDERR" "0: " "from a tar archive"
R=$T/big/root
is "$(stat -c '%F %s' "$R/etc/machine-id") $(find "$R/etc/ssh" "$R/var/lib/dbus" -type f -printf "%f ")" \
	"regular empty file 0 sshd_config " "neither machine id nor host keys"
is "$(readlink "$R/etc/systemd/system/dev-hugepages.mount" \
	"$R/etc/systemd/system/ssh.service.wants/vctx-ssh-keys.service")" \
	"/dev/null
../vctx-ssh-keys.service" "units"
matches "$(cat "$T/big/guest.conf")" "*cgroups = yes*stop-signal = SIGRTMIN+3*" "what systemd needs"
is "$(vctx template list -q | tr '\n' ' ')" "big small " "names"
is "$(vctx template list --json | jq -c '.[] | [.name, .init]' | tr '\n' ' ')" \
	'["big","systemd"] ["small","other"] ' "--json"
matches "$(vctx template list | sed -n 2p)" "big  *systemd *Z  tarball $TMP/big.tar.gz" "a table"
is "$(vctx list -q)" "" "a template is no context"
is "$(stat -c %a "$T" "$T/big" | tr '\n' ' ')" "700 700 " "nobody else gets there"
is "$(find "$T" -maxdepth 1 -name '.*' ! -path "$T")" "" "nothing else is left"
# The tree is other people's: no link in it leads to files of the host.
cp -a "$TMP/big" "$TMP/evil"
echo mine >"$TMP/victim"
mkdir "$TMP/hosts"
rm -r "$TMP/evil/etc/ssh"
ln -sf "$TMP/victim" "$TMP/evil/etc/machine-id"
ln -s "$TMP/victim" "$TMP/evil/etc/resolv.conf"
ln -s "$TMP/hosts" "$TMP/evil/etc/ssh"
: >"$TMP/hosts/ssh_host_rsa_key"
try vctx template build evil --directory "$TMP/evil"
is "$STATUS: $(cat "$TMP/victim") $(ls "$TMP/hosts")" "0: mine ssh_host_rsa_key" \
	"links to the host's files are replaced, not followed"
is "$(stat -c %F "$T/evil/root/etc/resolv.conf" "$T/evil/root/etc/machine-id" | uniq | head -n 1)" \
	"regular file" "by files"
rm -r "$TMP/evil/etc"
ln -s "$TMP/hosts" "$TMP/evil/etc"
try vctx template build evil2 --directory "$TMP/evil"
matches "$STATUS: $STDERR" "1: vctx: template evil2: cannot prepare *: File exists" \
	"nor is a link in the place of a directory"
is "$(ls "$TMP/hosts") $(vctx template list -q | tr '\n' ' ')" "ssh_host_rsa_key big evil small " "and nothing is made"

# --- what is refused ---

refuses 2 'vctx: template: no action given
hint: build, list or delete' "nothing to do" vctx template
refuses 2 'vctx: template: unknown action "make"
hint: build, list or delete' "an unknown action" vctx template make x
refuses 2 "vctx: template: no name given
hint: see 'vctx help template'" "no name" vctx template build
refuses 2 'vctx: template Big: bad name "Big"
hint: 1 to 63 of a-z, 0-9, "_", "." and "-", starting with a letter or digit' "a bad name" \
	vctx template build Big --directory "$TMP/big"
refuses 4 "vctx: template big: template exists already
hint: choose another name, or delete it first" "one that exists" \
	vctx template build big --directory "$TMP/big"
refuses 2 "vctx: template x: $TMP/nosuch: No such file or directory" "no archive" \
	vctx template build x --tarball "$TMP/nosuch"
refuses 2 "vctx: template x: $TMP/big: Not a file
hint: --directory takes directories" "a directory as an archive" \
	vctx template build x --tarball "$TMP/big"
refuses 2 "vctx: template x: $TMP/victim: Not a directory
hint: --tarball takes files" "a file as a directory" \
	vctx template build x --directory "$TMP/victim"
refuses 2 "vctx: template x: a tarball and a directory
hint: give one of them" "both" \
	vctx template build x --directory "$TMP/big" --tarball "$TMP/big.tar.gz"
refuses 2 "vctx: template x: packages are not put into a tree that is there already
hint: leave out --suite, --include and --mirror" "packages into a tree" \
	vctx template build x --directory "$TMP/big" --include nginx
refuses 2 "vctx: template: only build makes one of something
hint: see 'vctx help template'" "a source of a list" vctx template list --suite sid
refuses 2 "vctx: template x: there is no /sbin/init in it
hint: give the root of a whole system, with an init in it" "a tree without an init" \
	vctx template build x --directory "$TMP/hosts"
try vctx template build x --tarball "$TMP/victim"
matches "$STATUS: $STDERR" "1: *tar: *vctx: template x: $TMP/victim cannot be unpacked
hint: *" "a broken archive"
refuses 3 'vctx: template: there is no template "x"
hint: '"'vctx template list' shows the templates" "delete of none" vctx template delete x
refuses 3 'vctx: create web1: there is no template "x"
hint: '"'vctx template list' shows the templates" "a context of none" \
	vctx create web1 --template x
refuses 2 "vctx: create: --copy is for --template
hint: see 'vctx help create'" "a copy of nothing" vctx create web1 --root "$TMP/small" --copy
is "$(vctx template list -q | tr '\n' ' ')$(find "$T" -maxdepth 1 -name '.*' ! -path "$T")" \
	"big evil small " "nothing of all that is left"

# --- a context of it ---

is "$(vctx create web1 --template big --dry-run -s memory.max=512M)" \
	" 1  make $S/var/lib/vctx/web1/root from template big
 2  write $S/etc/vctx/web1.conf
 3  write its record, with a context id" "create --dry-run"
printf 'version = 1\n[context]\nroot = /srv/x\n[exec]\nstop-timeout = 5s\n' >"$TMP/web1.conf"
is "$(vctx create web1 --template big -f "$TMP/web1.conf" --dry-run | head -n 1)" \
	" 1  make /srv/x from template big" "the root of a file"
echo 'nonsense = 1' >>"$T/evil/guest.conf"
try vctx create web1 --template evil --dry-run
matches "$STATUS: $STDERR" "2: vctx: $T/evil/guest.conf:*nonsense*" "a broken guest.conf is told"
vctx template delete evil
mkdir -p "$S/etc/vctx"
cp "$TMP/web1.conf" "$S/etc/vctx/"
refuses 2 "vctx: create: --template cannot change $S/etc/vctx/web1.conf
hint: move it out of the way, and give it with -f" "a file in its place" \
	vctx create web1 --template big -f "$S/etc/vctx/web1.conf" --dry-run
rm "$S/etc/vctx/web1.conf"

# --- interrupted ---

before=$(find "$S" | sort)
for step in template-filled template-made; do
	try env VCTX_FAIL_AT=$step "$VT" --root "$S" template build web --directory "$TMP/big"
	is "$STATUS: $(find "$S" | sort)" "1: $before" "a failure at $step leaves nothing"
	VCTX_FAIL_AT=$step:kill "$VT" --root "$S" template build web --directory "$TMP/big" 2>/dev/null
	is $? 137 "killed at $step"
	is "$(vctx template list -q | tr '\n' ' ')" "big small " "killed at $step: there is no template"
	try vctx doctor web
	is "$STATUS: $STDOUT" "1: problem  a build or removal of the template \"web\" was interrupted
         'vctx gc' would: remove $T/.build.web" "killed at $step: doctor explains"
	try vctx gc --dry-run
	is "$STATUS: $STDOUT $([ -d "$T/.build.web" ] && echo there)" \
		"0: web: remove $T/.build.web: a build or removal of a template was interrupted there" \
		"killed at $step: gc --dry-run"
	vctx gc -q
	is "$(find "$S" -not -path '*/run*' | sort)" \
		"$(echo "$before" | grep -v "^$S/run")" "killed at $step: gc removes it"
done
VCTX_FAIL_AT=template-made:kill "$VT" --root "$S" template build web --directory "$TMP/big" 2>/dev/null
try vctx template build web --directory "$TMP/small"
is "$STATUS: $(vctx template list --json | jq -r '.[] | select(.name == "web") | .init')" "0: other" \
	"the next build begins anew"
VCTX_FAIL_AT=template-deleted:kill "$VT" --root "$S" template delete web 2>/dev/null
is "$? $(vctx template list -q | tr '\n' ' ')" "137 big small " "killed while it is deleted: it is gone"
matches "$(vctx gc)" "web: remove $T/.build.web: *" "and gc removes the rest"

# --- two at a time ---

VCTX_FAIL_AT=template-filled:stop "$VT" --root "$S" template build web --directory "$TMP/big" &
pid=$!
for _ in $(seq 600); do
	! grep -q '^State:.T' /proc/$pid/status || break
	sleep 0.1
done
refuses 4 "vctx: template web: another vctx is working on it
hint: wait for the other command to end" "a build beside a build" \
	vctx template build web --directory "$TMP/big"
try vctx doctor web
is "$STATUS: $STDOUT" '0: ok       another vctx is working on the template "web"' "doctor tells"
is "$(vctx gc)$(ls -d "$T/.build.web")" "$T/.build.web" "gc leaves it alone"
kill -CONT $pid
wait $pid
is "$? $(vctx template list -q | tr '\n' ' ')" "0 big small web " "it goes on"

# --- from packages: what is asked of vctx-mkroot ---

mkdir "$TMP/bin"
cp "$V" "$TMP/bin/vctx"
cat >"$TMP/bin/vctx-mkroot" <<END
#!/bin/sh
echo "\$*" >>$TMP/asked
for target; do :; done
cp -a $TMP/big "\$target"
echo "a message"
END
chmod 755 "$TMP/bin/vctx-mkroot"
try "$TMP/bin/vctx" --root "$S" template build deb --suite trixie --include a,b --mirror http://x/
is "$STATUS: $STDOUT/$STDERR" "0: /a message" "messages go to stderr"
is "$(cat "$TMP/asked")" \
	"--init systemd --suite trixie --include a,b --mirror http://x/ -- $T/.build.deb/new/root" "its words"
is "$(vctx template list --json | jq -r '.[] | select(.name == "deb") | .source')" \
	"packages of trixie with a,b" "where it is from"
printf '#!/bin/sh\necho no network >&2\nexit 1\n' >"$TMP/bin/vctx-mkroot"
try "$TMP/bin/vctx" --root "$S" template build deb2
is "$STATUS: $STDERR" "1: no network
vctx: template deb2: its packages cannot be installed
hint: what vctx-mkroot says of it is above" "one that fails"
is "$(ls -d "$T"/*deb2* "$T"/.build* 2>/dev/null)" "" "leaves nothing"
try "$TOP/userland/vctx-mkroot" --init systemd --include nginx --dry-run "$TMP/new"
matches "$STATUS: $STDOUT" "0: mmdebstrap *--variant=minbase*systemd,systemd-sysv,dbus,*,nginx*" \
	"vctx-mkroot --init systemd"
refuses 2 'vctx-mkroot: "upstart" is not an init: busybox or systemd
hint: see '"'vctx-mkroot --help'" "another init" \
	"$TOP/userland/vctx-mkroot" --init upstart "$TMP/new"

# --- completion, delete ---

words() {
	"$V" __complete --root "$S" "$@" | cut -f 1 | tr '\n' ' '
}
is "$(words template "")" "build list delete " "actions are completed"
is "$(words template delete s)" "small " "templates are completed"
is "$(words create web1 --template "")" "big deb small web " "and after --template"
for n in big deb small web; do
	vctx template delete $n
done
is "$?$(vctx template list)$(ls -A "$T")" 0 "all can be deleted"

# --- the program that the kernel calls ---

is "$(readlink "$OUT/userland/vshelper")" vctx "vshelper is vctx"
refuses 2 "vshelper: this program is for the kernel: vshelper ACTION ID" "it wants two words" \
	"$OUT/userland/vshelper"
refuses 0 "" "it has nothing to do at a halt" "$OUT/userland/vshelper" halt 4711
try "$OUT/userland/vshelper" restart 4711
matches "$STATUS: $STDERR" "[1-9]*: vctx: start 4711: no such context*" "a context that is not there"
finish
