#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# cp, edit and rename of contexts that run. Runs in the machine as the job's run.sh.
. /job/guest_lib.sh
mkdir -p /tmp/w
cd /tmp/w || exit 1

vctx create web1 --root $ROOT -s "context.init=/bin/sleep 100000" \
	-s "mount.tmpfs=/mnt size=8M" -s "mount.bind=/tmp/w /opt/files ro" \
	-s limits.processes=100
vctx start web1

# --- cp ---
echo one >one
try vctx cp one web1:/mnt
is "$STATUS: $STDERR$(vctx exec web1 -- $G cat /mnt/one)" "0: one" \
	"cp puts a file where only the context sees it"
is "$(ls $ROOT/mnt)" "" "not below the mount"
vctx exec web1 -- /bin/sh -c 'mkdir /mnt/d; echo two >/mnt/d/two; ln -s / /mnt/root;
	ln -s /proc/self /mnt/self; ln -s /proc/1/root /mnt/magic'
try vctx cp web1:/mnt/d .
is "$STATUS: $STDERR$(cat d/two)" "0: two" "cp fetches a tree from there"
is "$(vctx cp web1:/mnt/root/etc/hostname name; cmp name $ROOT/etc/hostname && echo same)" \
	same "a link to / is the context's own"
refuses 2 "vctx: cp web1: web1:/mnt/self/environ is a file of the kernel
hint: only directories, regular files and symbolic links are copied" \
	"a link into /proc reads nothing of ours" vctx cp web1:/mnt/self/environ x
matches "$(vctx cp web1:/mnt/magic/etc/passwd x 2>&1)" "vctx: cp web1: web1:/mnt/magic/*" \
	"nor does a magic one lead anywhere"
try vctx cp one web1:/opt/files/new
matches "$STATUS: $STDERR" "1: vctx: cp web1: *Read-only file system" \
	"what it cannot write is not written for it"
is "$(ls /tmp/w | tr '\n' ' ')" "d name one " "nothing else came out"
# It changes a directory to a link again and again while we copy.
vctx exec web1 -- /bin/sh -c 'while :; do mkdir /mnt/t; rmdir /mnt/t; ln -s /etc /mnt/t
	rm /mnt/t; done' 2>/dev/null &
racer=$!
n=0
while [ $n -lt 300 ]; do
	vctx cp one web1:/mnt/t/evil 2>/dev/null
	n=$((n + 1))
done
is "$(ls /etc/evil 2>&1)" "ls: cannot access '/etc/evil': No such file or directory" \
	"a race does not lead out of it"
kill $racer
wait $racer 2>/dev/null
rm -f $ROOT/etc/evil

# --- edit ---
# shellcheck disable=SC2016 # the editor's
printf '#!/bin/sh\nsed -i "s/^processes.*/processes = 77/" "$1"
printf "[cpu]\\nweight = 250\\n[context]\\nhostname = later\\n" >>"$1"\n' >editor
chmod 755 editor
try env VISUAL=/tmp/w/editor "$V" edit web1
is "$STATUS: $STDERR" "0: vctx: edit web1: context.hostname takes effect when it is restarted" \
	"edit tells what needs a restart"
is "$(vctx list --json | jq '.[0].cpu_weight') $(cat /sys/fs/cgroup/vctx/web1/pids.max)" \
	"250 77" "and puts the rest into force"
is "$(vctx exec web1 -- $G hostname)" web1 "the host name is the old one"
# shellcheck disable=SC2016
printf '#!/bin/sh\nsed -i "/^.cpu/,/^weight/d; s/^processes.*/processes = none/" "$1"\n' >editor
try env VISUAL=/tmp/w/editor "$V" edit web1
is "$STATUS: $STDERR$(vctx list --json | jq '.[0].cpu_weight') $(cat /sys/fs/cgroup/vctx/web1/pids.max)" \
	"0: 100 max" "a key that is gone has its default again"

# --- rename ---
try vctx rename web1 web2
matches "$STATUS: $STDERR" "4: vctx: rename web1: context is running (1 process)
hint: stop it first: *" "a context that runs keeps its name"
vctx restart web1 --kill
is "$(vctx exec web1 -- $G hostname)" later "after a restart it has its new host name"
vctx stop web1 --kill
vctx rename web1 web2
is "$? $(vctx list -q)" "0 web2" "rename"
try vctx start web2
is "$STATUS: $STDERR $(vctx exec web2 -- $G cat /opt/files/one)" "0:  one" \
	"it starts by its new name"
vctx delete web2 --force
is "$(ls /etc/vctx /run/vctx; ls -A /var/lib/vctx)" "/etc/vctx:

/run/vctx:
.ids" "and nothing of either is left"
finish
