#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Unified files of contexts that run: each writes its own. Runs in the machine as the
# job's run.sh; needs a kernel with attributes of files.
. /job/guest_lib.sh

vctx create web1 --root $ROOT -s "context.init=/bin/sleep 100000"
try vctx clone web1 web2 --root /srv/two
if [ "$STATUS" = 5 ]; then
	matches "$STDERR" "vctx: clone web1: cannot unify files: *
hint: *" "a kernel or file system that cannot unify says so"
	is "$(ls -d /srv/two 2>&1; vctx list -q)" "ls: cannot access '/srv/two': No such file or directory
web1" "and nothing is made"
	skip "unified files" "this kernel has no attributes of files"
	vctx delete web1
	finish
fi
matches "$STATUS: $STDERR" "0: vctx: clone web2: [1-9]* files are shared with web1, *" "clone"
one() { # FILE: is it one inode in both roots?
	stat -c %i "$ROOT/$1" "/srv/two/$1" | sort -u | wc -l
}
F=usr/bin/busybox
is "$(one $F) $(one etc/hostname)" "1 2" "programs are shared, configurations are not"
is "$(vctx du --json | jq -c '[.[] | .shared_bytes > 0]')" "[true,true]" "du tells"
vctx start web1
vctx start web2
is "$?" 0 "both start"
matches "$(vctx unify web1 web2 2>&1; echo $?)" 'vctx: unify: "web1" is running*4' \
	"unify of contexts that run is refused"
S=usr/sbin/adduser
[ -e "$ROOT/$S" ] || S=usr/bin/which.debianutils
before=$(cat "$ROOT/$S")
vctx exec web2 -- /bin/sh -c "echo changed >>/$S"
is "$? $(tail -n 1 "/srv/two/$S")" "0 changed" "a guest writes to a unified file"
is "$(cat "$ROOT/$S")" "$before" "the other one has it as it was"
is "$(one $S)" 2 "they are two now"
vctx exec web2 -- /bin/sh -c "chmod 700 /$F"
is "$? $(stat -c %a "$ROOT/$F" /srv/two/$F | tr '\n' ' ')" "0 755 700 " "a mode is its own, too"
vctx exec web2 -- /bin/sh -c "rm /$S && mv /usr/bin/env /usr/bin/env2"
is "$? $(ls "$ROOT/$S" "$ROOT/usr/bin/env" | wc -l)" "0 2" "it removes and renames its own name only"
vctx stop web1 --kill
vctx stop web2 --kill
cp -a "$ROOT" /srv/three 2>/dev/null
vctx create web3 --root /srv/three
free=$(stat -f -c %f /srv)
try vctx unify web1 web3
matches "$STATUS: $STDOUT" "0: * are freed" "unify"
sync -f /srv
more=$(($(stat -f -c %f /srv) - free))
[ "$more" -gt 1000 ]
is "$?" 0 "it frees blocks ($more)"
is "$(vctx unify web1 web3 --json | jq '[.linked,.bytes]' -c)" "[0,0]" "a second time there is nothing"
try vctx run web3 -- /bin/sh -c "echo again >>/$S; tail -n 1 /$S"
is "$STATUS: $STDOUT" "0: again" "and it is written as before"
for n in web1 web2 web3; do vctx delete $n; done
rm -rf /srv/two /srv/three
is "$(ls /srv)" "guest-root" "unified roots can be removed"
finish
