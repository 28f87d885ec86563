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
while [ $n -lt 40 ]; do
	vctx cp one web1:/mnt/t/evil 2>/dev/null
	n=$((n + 1))
done
is "$(ls /etc/evil 2>&1)" "ls: cannot access '/etc/evil': No such file or directory" \
	"a race does not lead out of it"
kill $racer
wait $racer 2>/dev/null
rm -f $ROOT/etc/evil
# What races is inside, and does not end with its vctx.
vctx restart web1 --kill

# --- edit ---
# shellcheck disable=SC2016 # the editor's
cat >editor <<'END'
#!/bin/sh
sed -i 's/^processes.*/processes = 77/; 0,/^weight/s/^weight.*/weight = 250/
	/^.context/ahostname = later' "$1"
END
chmod 755 editor
try env VISUAL=/tmp/w/editor "$V" edit web1
is "$STATUS: $STDERR" "0: vctx: edit web1: context.hostname takes effect when it is restarted" \
	"edit tells what needs a restart"
is "$(vctx list --json | jq '.[0].cpu_weight') $(cat /sys/fs/cgroup/vctx/web1/pids.max)" \
	"250 77" "and puts the rest into force"
is "$(vctx exec web1 -- $G hostname)" web1 "the host name is the old one"
cat >editor <<'END'
#!/bin/sh
sed -i 's/^processes.*/processes = none/; /^weight = 250/d' "$1"
END
try env VISUAL=/tmp/w/editor "$V" edit web1
is "$STATUS: $STDERR$(vctx list --json | jq '.[0].cpu_weight') $(cat /sys/fs/cgroup/vctx/web1/pids.max)" \
	"0: 100 max" "a key that is gone has its default again"

# --- events ---
seen() { # EVENT: was it told?
	jq -r 'select(.name == "web1") | .event + ":" + (.what // "")' /tmp/events | grep -qx "$1"
}
"$V" events --json --interval 100ms >/tmp/events 2>/tmp/events.err &
watcher=$!
# In a control group from its next start on.
vctx set -q web1 limits.processes=200
until_ok sh -c "ls -l /proc/$watcher/fd | grep -q inotify"
vctx restart web1 --kill
vctx pause web1
vctx resume web1
vctx set web1 limits.processes=5
vctx exec web1 -- /bin/sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 5 & done' 2>/dev/null
until_ok seen limit:limits.processes
is $? 0 "a limit that was in the way is told"
vctx set web1 limits.processes=50 memory.max=16M
vctx exec web1 -- /bin/sh -c 'x=$(head -c 200000000 /dev/zero | tr "\\0" x)' 2>/dev/null
until_ok seen oom:
is $? 0 "a process killed for want of memory is told"
vctx kill web1 KILL
until_ok seen exited:
is $? 0 "a context that ends by itself is told"
is "$(ls /run/vctx)" "" "and its record is gone"
vctx start web1
vctx stop web1 --kill
until_ok sh -c 'tail -n 1 /tmp/events | grep -q stopped'
# Whatever comes and goes with limits, the rest is in this order.
is "$(jq -r 'select(.event != "limit" and .event != "oom") | .event' /tmp/events | tr '\n' ' ')" \
	"stopped started paused resumed exited started stopped " "the life of a context"
is "$(vctx events --since 1h --timeout 0 | cut -d ' ' -f 2- | tail -n 7 | tr '\n' ' ')" \
	"web1 (1000) stopped web1 (1000) started web1 (1000) paused web1 (1000) resumed web1 (1000) exited web1 (1000) started web1 (1000) stopped " \
	"and is kept"
vctx run --rm short --root $ROOT -- /bin/true
until_ok sh -c 'tail -n 1 /tmp/events | grep -q exited'
is "$(jq -r 'select(.name == "short") | .event' /tmp/events | tr '\n' ' ')" "started exited " \
	"one of run --rm"
kill $watcher
is "$(cat /tmp/events.err)" "" "without a complaint"
vctx set web1 limits.processes=100 memory.max=none
vctx start web1

# --- rename ---
try vctx rename web1 web2
matches "$STATUS: $STDERR" "4: vctx: rename web1: context is running (*)
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
