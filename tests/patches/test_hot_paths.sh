#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# This test will read the machine code of the scheduler's hot functions: while no
# context exists, the hooks are instructions that do nothing, and what else can be
# reached is as long as in the untouched kernel.
. "$(dirname -- "$0")/../lib.sh"

# Those that hooks are in, and that run at every switch, wake-up, tick or signal.
functions='__schedule update_curr pick_next_task_fair enqueue_task_fair dequeue_entities
set_next_entity put_prev_entity update_load_avg task_tick_fair try_to_wake_up
account_user_time account_system_index_time check_kill_permission find_vpid'

for k in native patched; do
	[ -f "$OUT/kernel/$k/vmlinux" ] ||
		skip_all "the build directory of the $k kernel is not there (make kernel)"
done
command -v objdump >/dev/null || skip_all "no objdump here (Debian package binutils)"

# A walk over one function, from its entry, both ways at each condition. A jump
# label that is off is an instruction without effect, and the walk goes on behind
# it: what is found is what can run while all of them are off.
cat >"$TMP/walk.awk" <<'WALK'
/^ *[0-9a-f]+:/ {
	a = $1
	sub(/:$/, "", a)
	where[a] = ++n
	t = $0
	sub(/^ *[0-9a-f]+:[ \t]*/, "", t)
	text[n] = t
}
END {
	stack[top = 1] = 1
	while (top) {
		i = stack[top--]
		while (i && i <= n && !(i in seen)) {
			seen[i] = 1
			split(text[i], w, /[ \t]+/)
			if (text[i] ~ /(^|[ \t])nop/ || text[i] ~ /^xchg +%ax,%ax/)
				nops++
			else
				count++
			if (text[i] ~ /<_*[vn]x_/)
				print "hook " text[i]
			if (w[1] ~ /^j/) {
				to = (w[2] in where) ? where[w[2]] : 0
				if (w[1] == "jmp") {
					i = to
					continue
				}
				if (to)
					stack[++top] = to
			} else if (w[1] ~ /^(ret|ud2|int3)/)
				break
			i++
		}
	}
	print count + 0, nops + 0, n + 0
}
WALK

walk() { # KERNEL FUNCTION
	objdump -d --no-show-raw-insn --disassemble="$2" "$OUT/kernel/$1/vmlinux" |
		awk -f "$TMP/walk.awk" >"$TMP/$1.$2"
}

hooks=0
for f in $functions; do
	walk native "$f"
	walk patched "$f"
	read -r before _ all <<-END
		$(tail -n 1 "$TMP/native.$f")
	END
	read -r after nops _ <<-END
		$(tail -n 1 "$TMP/patched.$f")
	END
	if [ "$all" -eq 0 ] || [ "$after" -eq 0 ]; then
		not_ok "$f is a function of both kernels" "native $before, patched $after instructions"
		continue
	fi
	is "$(grep '^hook' "$TMP/patched.$f")" "" "$f: no hook is reached while the keys are off"
	# The compiler chooses registers anew around a hook: a move more or less.
	if [ $((after * 100)) -le $((before * 101 + 200)) ]; then
		ok "$f: $after instructions, $before in the native kernel ($nops without effect)"
	else
		not_ok "$f: as long as in the native kernel" "$after instructions, not $before"
	fi
	! objdump -d --no-show-raw-insn --disassemble="$f" "$OUT/kernel/patched/vmlinux" |
		grep -q '<_*[vn]x_' || hooks=$((hooks + 1))
done
# Else the walk might just not recognise them.
if [ "$hooks" -ge 5 ]; then
	ok "$hooks of these functions have hooks, behind keys"
else
	not_ok "most of these functions have hooks, behind keys" "only $hooks call or read anything of ours"
fi

finish
