#!/bin/sh
# fast
# SPDX-License-Identifier: GPL-2.0-or-later
# clone, unify and du as far as that needs no kernel of ours: copies, what would be
# unified, what is counted, and what is said where the kernel cannot.
. "$(dirname -- "$0")/../lib.sh"
. "$(dirname -- "$0")/record.sh"
# fill ROOT: what a guest has; the same content and times in each
fill() {
	mkdir -p "$1/usr/bin" "$1/usr/lib" "$1/etc" "$1/var/lib/dpkg/info" "$1/var/log"
	head -c 100000 /dev/zero | tr '\0' a >"$1/usr/bin/a"
	head -c 50000 /dev/zero | tr '\0' b >"$1/usr/lib/b"
	echo list >"$1/var/lib/dpkg/info/p.list"
	echo config >"$1/etc/c"
	echo log >"$1/var/log/l"
	: >"$1/usr/empty"
	ln -sf b "$1/usr/lib/link"
	find "$1" -type f -exec touch -d 2020-01-01 {} +
}
fresh() {
	rm -rf "$S"
	record web1 1000
	record web2 1001
	fill "$LIB/web1/root"
	fill "$LIB/web2/root"
}
inodes() { # FILE: is it one in both?
	stat -c %i "$LIB/web1/root/$1" "$LIB/web2/root/$1" | uniq | wc -l
}

# --- unify ---

fresh
refuses 2 "vctx: unify: no name given
hint: see 'vctx help unify'" "unify of nothing" vctx unify
refuses 3 "vctx: unify nosuch: no such context
hint: 'vctx list' shows the contexts" "unify of one that is not there" vctx unify nosuch
is "$(vctx unify web1 web2 --dry-run --json | jq -c '[.files,.unified,.linked]')" "[6,0,3]" \
	"what would be unified: not what is empty, nor in /etc or /var/log"
is "$(vctx unify --all --dry-run --json | jq .linked)" 3 "of all"
is "$(vctx unify web1 1000 --dry-run --json | jq .linked)" 0 "one by name and number is one"
matches "$(vctx unify web1 web2 --dry-run)" \
	"6 files looked at, 0 were shared already, 3 would be, 15?*K would be freed" "for people"
is "$(inodes usr/bin/a)" 2 "and nothing was"
# each FILE CHANGE: a difference that keeps a file apart
apart() {
	fresh
	f=$LIB/web2/root/usr/bin/a
	eval "$1"
	is "$(vctx unify web1 web2 --dry-run --json | jq .linked)" 2 "not unified: $1"
}
# shellcheck disable=SC2016 # apart evaluates them
{
	apart 'chmod 700 $f'
	apart 'chown 1 $f'
	apart 'chgrp 1 $f'
	apart 'touch $f'
	apart 'printf x | dd of=$f bs=1 seek=99999 conv=notrunc 2>/dev/null; touch -d 2020-01-01 $f'
	! command -v setfattr >/dev/null || apart 'setfattr -n trusted.x -v 1 $f'
	apart 'rm $f; ln -s ../lib/b $f'
}
fresh
ln -f "$LIB/web1/root/usr/bin/a" "$LIB/web2/root/usr/bin/a"
is "$(vctx unify web1 web2 --dry-run --json | jq -c '[.unified,.linked]')" "[1,2]" \
	"what is one already"
if [ "$(vctx version --json | jq -r '.kernel_interface // "none"')" = none ]; then
	try vctx unify web1 web2
	is "$STATUS: $STDOUT$STDERR" "5: vctx: unify: cannot unify files: Function not implemented
hint: this kernel has no attributes of files (CONFIG_VSERVER_FS); see 'vctx check'" \
		"a kernel that cannot"
	fresh
	try vctx clone web1 web3
	is "$STATUS: $STDOUT$STDERR" "5: vctx: clone web1: cannot unify files: Function not implemented
hint: this kernel has no attributes of files (CONFIG_VSERVER_FS); see 'vctx check'" \
		"nor clone"
	is "$(ls "$LIB") $(ls "$S/run/vctx")" "web1
web2 " "and nothing is left"
fi

# --- clone ---

fresh
R=$LIB/web1/root
mknod "$R/dev/null" c 1 3
chmod 666 "$R/dev/null"
chmod 4755 "$R/usr/bin/a"
chown 5:6 "$R/etc"
setfattr -n trusted.x -v 1 "$R/usr" 2>/dev/null
printf '[net]\nmode = bridge\nbridge = br0\naddress = 10.0.0.1/24\n[cpu]\nweight = 300\n' \
	>>"$ETC/web1.conf"
refuses 2 "vctx: clone web1: there is no bridge \"br0\"
hint: 'ip link add NAME type bridge' makes one" "clone checks as create does" \
	vctx clone web1 web3 --copy
sed -i '/^.net/,/^address/d' "$ETC/web1.conf"
refuses 3 "vctx: clone nosuch: no such context
hint: 'vctx list' shows the contexts" "clone of nothing" vctx clone nosuch web3
refuses 4 "vctx: clone web1: context exists already
hint: choose another name, or delete it first" "clone to one that exists" \
	vctx clone web1 web2 --copy
try vctx clone web1 web3 --copy --dry-run
is "$STATUS: $STDOUT" "0: make $LIB/web3/root from $R, a copy of every file
create web3 with the configuration of web1" "--dry-run"
try vctx clone web1 web3 --copy
is "$STATUS: $STDERR" "0: vctx: clone web3: 0 files are shared with web1, 6 are its own" "clone --copy"
look() {
	cd "$1" && find . -printf '%p %y %m %U:%G %s %l %t\n' | sort
}
is "$(look "$LIB/web3/root")" "$(look "$R")" "the tree is the same"
is "$(cd "$LIB/web3/root" && find . -type f -exec cmp {} "$R/{}" \;)" "" "and what is in it"
is "$(getfattr -n trusted.x --only-values "$LIB/web3/root/usr" 2>/dev/null)" \
	"$(getfattr -n trusted.x --only-values "$R/usr" 2>/dev/null)" "and its attributes"
is "$(vctx show web3 --config | grep -E '^(root|weight = 3|id|hostname)')" "root = $LIB/web3/root
id = auto
weight = 300" "the configuration goes along, the id does not"
is "$(vctx show web3 --json | jq .id)" 1002 "it has an id of its own"
vctx delete web3
rm -rf "$LIB/web3"
before=$(find "$S" -not -path '*/var/log/*' | sort)
for step in cloned root meta; do
	try env VCTX_FAIL_AT=$step "$VT" --root "$S" clone web1 web3 --copy
	is "$STATUS: $(find "$S" -not -path '*/var/log/*' | sort)" "1: $before" \
		"a failure at $step leaves nothing"
	VCTX_FAIL_AT=$step:kill "$VT" --root "$S" clone web1 web3 --copy 2>/dev/null
	is $? 137 "killed at $step"
	try vctx doctor web3
	matches "$STATUS: $STDOUT" "1: *'vctx gc' would: remove $LIB/web3/root*, a root that was being made*" \
		"killed at $step: doctor explains"
	try vctx gc
	is "$STATUS: $(find "$S" -not -path '*/var/log/*' | sort)" "0: $before" \
		"killed at $step: gc removes it"
done
mkdir -p "$TMP/there"
: >"$TMP/there/file"
try vctx clone web1 web3 --copy --root "$TMP/there"
matches "$STATUS: $STDERR" "1: vctx: clone web1: cannot make $TMP/there: Directory not empty" \
	"a root that is there already"
is "$(ls "$TMP/there") $(find "$TMP" -maxdepth 1 -name "there*" | wc -l)" "file 1" "is not touched"

# --- du ---

fresh
base=$(vctx du --json | jq '[.[].part_bytes] | add')
vctx du --json | jq -c '.[] | [.name, .shared_bytes, .own_bytes == .part_bytes]' >"$TMP/du"
is "$(cat "$TMP/du")" '["web1",0,true]
["web2",0,true]' "nothing is shared"
# What du(1) says of both together is the sum of the parts.
total() {
	du -s -B 1 -c "$LIB/web1/root" "$LIB/web2/root" | sed -n 's/\ttotal$//p'
}
is "$base" "$(total)" "the sum is that of du"
for f in usr/bin/a usr/lib/b; do
	ln -f "$LIB/web1/root/$f" "$LIB/web2/root/$f"
done
ln "$LIB/web1/root/usr/bin/a" "$LIB/web1/root/usr/bin/again"
ln "$LIB/web2/root/etc/c" "$LIB/web2/root/etc/again"
is "$(vctx du --json | jq '[.[].part_bytes] | add')" "$(total)" \
	"with shared files, and several names of one"
is "$(vctx du --json | jq -c '[.[].shared_inodes]') $(vctx du --json | jq '[.[].part_inodes] | add')" \
	"[2,2] $(find "$LIB/web1/root" "$LIB/web2/root" -printf '%i\n' | sort -u | wc -l)" \
	"each shared inode is counted once"
a=$(stat -c %b "$LIB/web1/root/usr/bin/a") b=$(stat -c %b "$LIB/web1/root/usr/lib/b")
is "$(vctx du web2 --json | jq '.[0].shared_bytes')" $(((a + b) * 512)) "SHARED of one"
is "$(vctx du | head -n 1 | tr -s ' ')" "NAME OWN SHARED PART INODES" "a table"
is "$(vctx du web1 --no-header | tr -s ' ' | cut -d ' ' -f 1)" web1 "of one"
refuses 3 "vctx: du nosuch: no such context
hint: 'vctx list' shows the contexts" "du of nothing" vctx du nosuch
record web3 1002
sed -i "s,^root.*,root = $LIB/web1/root," "$ETC/web3.conf"
is "$(vctx du --json | jq -c '[.[].part_bytes] | add, .[2]')" "$(total)
null" "a root of two contexts counts once"
finish
