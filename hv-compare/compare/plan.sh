# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What runs: sides, rows, repetitions, order, and how long that takes.

# conf KEY: the experiment's value of KEY, the most particular there is.
conf() {
	awk -v key="$1" -v accel="$accel_name" -v profile="$profile" '
	BEGIN {
		rank[key] = 1
		rank[key "." profile] = 2
		rank[key "." accel] = 3
		rank[key "." accel "." profile] = 4
	}
	/^#/ { next }
	($1 in rank) && rank[$1] > best {
		best = rank[$1]
		$1 = ""
		sub(/^ +/, "")
		value = $0
	}
	END { print value }' "$experiment_dir/experiment.conf"
}

# split WORDS: a list with commas, one word per line
split() {
	echo "$1" | tr ',' '\n' | grep -v '^$'
}

# Sets all of the plan from the options: profile experiment experiment_dir seed
# accel accel_name icount_shift smp mem jobs boots execs progress, and the files
# $work/sides (SIDE PLATFORM FILE WHERE SECONDS), $work/about (SIDE ORDER LABEL
# COLOUR DARK), $work/rows (PROGRAM ID UNIT) and $work/missing (SIDE REASON).
plan_options() {
	profile=${PROFILE:-quick} experiment=micro sides='' only='' boots='' execs=''
	seed=1 accel=${ACCEL:-auto} smp='' mem='' jobs='' progress=auto resume=''
	given=''
	argv="compare $verb $*"
	while [ $# -gt 0 ]; do
		case $1 in
		--help) usage; exit 0 ;;
		--profile | --experiment | --sides | --only | --boots | --execs | \
			--seed | --accel | --smp | --mem)
			[ $# -ge 2 ] || usage_error "$1 needs a value"
			given=$1 ;;
		--jobs | --progress)
			[ $# -ge 2 ] || usage_error "$1 needs a value" ;;
		--resume)
			[ "$verb" = run ] || usage_error "--resume belongs to 'run'"
			[ $# -ge 2 ] || usage_error "--resume needs a run" ;;
		*) usage_error "unknown argument '$1'" ;;
		esac
		case $1 in
		--resume) resume=$2 ;;
		--progress) progress=$2 ;;
		--profile) profile=$2 ;;
		--experiment) experiment=$2 ;;
		--sides) sides=$2 ;;
		--only) only=$2 ;;
		--boots) number "$1" "$2" 1 100; boots=$2 ;;
		--execs) number "$1" "$2" 1 1000; execs=$2 ;;
		--seed) number "$1" "$2" 0 2147483646; seed=$2 ;;
		--accel) accel=$2 ;;
		--smp) number "$1" "$2" 1 64; smp=$2 ;;
		--mem) number "$1" "$2" 512 1048576; mem=$2 ;;
		--jobs) number "$1" "$2" 1 64; jobs=$2 ;;
		esac
		shift 2
	done
	case $progress in
	auto | plain | json | none) ;;
	*) usage_error "unknown progress '$progress' (auto, plain, json or none)" ;;
	esac
	need jq jq
	if [ -n "$resume" ]; then
		[ -z "$given" ] || usage_error "$given cannot be changed by --resume"
		resume_options
	fi
	case $profile in
	quick | standard | full) ;;
	*) usage_error "unknown profile '$profile' (quick, standard or full)" ;;
	esac
	experiment_dir=$EXPERIMENTS/$experiment
	case $experiment in
	'' | */* | .*) usage_error "unknown experiment '$experiment'" ;;
	esac
	[ -f "$experiment_dir/experiment.conf" ] ||
		usage_error "unknown experiment '$experiment'"
	plan_accel

	mkdir -p "$OUT/compare"
	work=$(mktemp -d "$OUT/compare/work.XXXXXX")
	trap 'rm -rf -- "$work"' EXIT
	trap 'exit 130' INT TERM
	[ -n "$boots" ] || boots=$(conf boots)
	[ -n "$execs" ] || execs=$(conf execs)
	[ -n "$mem" ] || mem=$(conf mem)
	: "${mem:=1024}"
	[ -n "$only" ] || only=$(conf only)
	plan_rows
	plan_sides
	plan_estimate
	plan_disk
}

# Sets accel (as machine/run takes it), accel_name (as the records say it),
# icount_shift, smp, jobs and suffix.
plan_accel() {
	icount_shift=
	# What the experiment says about an accelerator it does not know yet.
	accel_name=tcg-icount
	shift_default=$(conf icount-shift)
	: "${shift_default:=0}"
	case $accel in
	auto)
		accel=tcg
		if [ -f "$OUT/kernel/native.bzImage" ]; then
			accel=$("$TOP/hv-compare/machine/accel" "$OUT/kernel/native.bzImage") ||
				die "cannot find out which accelerator works"
		fi
		# Times of an emulator that shares a busy host repeat to 50-175
		# %, its counted instructions to 0.02 %; they are for one CPU.
		[ "$accel" != tcg ] || [ "${smp:-1}" -ne 1 ] || accel=icount ;;
	esac
	case $accel in
	kvm | tcg) accel_name=$accel ;;
	icount | icount=*)
		accel_name=tcg-icount icount_shift=$shift_default
		[ "$accel" = icount ] || icount_shift=${accel#icount=}
		number "--accel icount" "$icount_shift" 0 10
		accel=icount=$icount_shift
		: "${smp:=1}"
		[ "$smp" -eq 1 ] || usage_error "--accel icount runs on one CPU only" ;;
	*) usage_error "unknown accelerator '$accel'" ;;
	esac
	: "${smp:=$(nproc)}"
	if [ -z "$jobs" ]; then
		jobs=1
		[ "$accel_name" != tcg-icount ] || jobs=$(nproc)
	fi
	suffix=up
	[ "$smp" -eq 1 ] || suffix=smp
}

plan_rows() {
	programs=$(conf programs)
	: >"$work/all"
	for p in $programs; do
		[ -x "$BIN/$p" ] || die "the program $p is not built" "run 'make bench'"
		"$BIN/$p" --list >"$work/list" || die "$p --list failed"
		awk -v p="$p" 'NF >= 2 { print p "\t" $1 "\t" $2 }' "$work/list" >>"$work/all"
	done
	[ -s "$work/all" ] || die "the programs have no rows"
	split "${only:-all}" >"$work/only"
	awk -F '\t' '
	NR == FNR { want[$1] = 1; next }
	{
		take = 0
		for (w in want)
			if (w == "all" || w == $2 || (w ~ /\.$/ && index($2, w) == 1)) {
				take = 1
				used[w] = 1
			}
		if (take)
			print
	}
	END {
		for (w in want)
			if (!(w in used))
				print w >"/dev/stderr"
	}' "$work/only" "$work/all" >"$work/rows" 2>"$work/unknown"
	[ ! -s "$work/unknown" ] ||
		usage_error "no row '$(head -n 1 "$work/unknown")'"
	n_rows=$(wc -l <"$work/rows")
}

# plan_about SIDE FILE: what FILE said about SIDE, from $work/about.1, as one line
# SIDE ORDER LABEL COLOUR DARK. All of it may be missing.
plan_about() {
	awk -v side="$1" '
	BEGIN { OFS = "\t"; order = 90 }
	function bad(what) { print what >"/dev/stderr"; failed = 1; exit 1 }
	{ key = $1; sub(/^[^ ]+ */, ""); gsub(/\t/, " ") }
	key == "order" && /^[0-9]+$/ && length($0) < 7 { order = $0 + 0; next }
	key == "label" && length($0) <= 80 { label = $0; next }
	key == "colour" && /^#[0-9A-Fa-f]+( #[0-9A-Fa-f]+)?$/ && length($1) == 7 &&
	(NF == 1 || length($2) == 7) {
		colour = tolower($1)
		dark = tolower($2)
		next
	}
	{ bad("its " (key == "" ? "empty line" : key " " $0)) }
	END { if (!failed) print side, order, label, colour, dark }' \
		"$work/about.1" 2>"$work/about.err" ||
		die "$2 about ${1%-"$suffix"}: cannot use $(head -n 1 "$work/about.err")" \
			"order NUMBER, label TEXT, colour #rrggbb [#rrggbb when dark]; see hv-compare/platforms/README.md"
}

plan_sides() {
	: >"$work/found"
	: >"$work/about"
	platforms=$PLATFORMS
	[ -z "$(conf platforms)" ] || platforms=$PLATFORMS/$(conf platforms)
	for f in "$platforms"/*; do
		[ -f "$f" ] && [ -x "$f" ] || continue
		"$f" names >"$work/names" || die "$f names failed"
		while read -r name; do
			"$f" about "$name" >"$work/about.1" || die "$f about $name failed"
			plan_about "$name-$suffix" "$f" >>"$work/about"
			echo "$name-$suffix$tab$name$tab$f$tab$("$f" where "$name")$tab$("$f" seconds "$name")" >>"$work/found"
		done <"$work/names"
	done
	# The order of the tables is what the sides say.
	awk -F '\t' 'NR == FNR { order[$1] = $2; next } { print order[$1] "\t" $0 }' \
		"$work/about" "$work/found" | sort -t "$tab" -s -k1,1n -k3,3 |
		cut -f2- >"$work/sorted"
	[ -n "$sides" ] || sides=$(conf sides)
	if [ -n "$sides" ]; then
		split "$sides" | sed "s/-$suffix\$//" >"$work/wanted"
		while read -r s; do
			grep -q "^$s-$suffix$tab" "$work/sorted" || usage_error "no side '$s'"
		done <"$work/wanted"
		awk -F '\t' 'NR == FNR { want[$1] = 1; next } $2 in want' \
			"$work/wanted" "$work/sorted" >"$work/sides"
	else
		cp "$work/sorted" "$work/sides"
	fi
	n_sides=$(wc -l <"$work/sides")
	[ "$n_sides" -gt 0 ] || die "there are no sides in $platforms"
	: >"$work/missing"
	while IFS=$tab read -r side name file where seconds; do
		why=$("$file" check "$name") ||
			echo "$side$tab${why:-it cannot run here}" >>"$work/missing"
	done <"$work/sides"
}

# reason SIDE: why it cannot run here, empty if it can
reason() {
	awk -F '\t' -v s="$1" '$1 == s { print $2; exit }' "$work/missing"
}

# calibrate: milliseconds that a fixed amount of work takes here and now, in as many
# processes as boots will run at a time, and what it took on the machine of the shipped
# table. Where boots are emulated it is a boot: the kernel alone, with no disk, which
# counts instructions and so always the same, until it gives up for want of a root.
# Where there is no kernel or emulator yet, and under KVM, a loop of awk's.
calibrate() {
	field=3
	[ ! -f "$OUT/kernel/native.bzImage" ] || [ "$accel_name" = kvm ] ||
		! command -v qemu-system-x86_64 >/dev/null || field=2
	t=$(now_ns)
	n=0 pids=''
	while [ "$n" -lt "$jobs" ]; do
		if [ "$field" -eq 2 ]; then
			timeout -k 5 300 qemu-system-x86_64 -accel tcg,thread=single \
				-icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm \
				-machine pc -cpu max,-smap,-smep,-pku -smp 1 -m 256 -nodefaults \
				-no-user-config -display none -no-reboot -monitor none \
				-kernel "$OUT/kernel/native.bzImage" \
				-append "panic=-1 no_timer_check" </dev/null >/dev/null 2>&1 &
		else
			awk 'BEGIN { for (i = 0; i < 3000000; i++) s = (s * 7 + i) % 65521; exit s > 65521 }' &
		fi
		pids="$pids $!"
		n=$((n + 1))
	done
	for pid in $pids; do
		wait "$pid" || die "the calibration failed" "see whether $([ "$field" -eq 2 ] &&
			echo "QEMU boots $OUT/kernel/native.bzImage" || echo "awk computes")"
	done
	echo $((($(now_ns) - t) / 1000000)) "$(awk -F '\t' -v f="$field" \
		'$1 == "calibration" { print $f }' "$DURATIONS")"
}

# Seconds for a boot of every side into $work/cost (SIDE SECONDS HOW), and the whole
# as $estimate. In this order: what the same boot took on this machine the last time;
# what it took with other rows or executions, by their number; the same two of the
# machine that the shipped table names, by how fast this one computes. For a side that
# was never seen in this profile: what it took in another one, times what the two
# profiles differ by where a side was seen in both. Else a guess.
plan_estimate() {
	history=$OUT/compare/seconds
	[ -f "$history" ] || history=/dev/null
	[ -f "$DURATIONS" ] || die "the table $DURATIONS is missing"
	guess=$(conf guess)
	awk -F '\t' -v OFS='\t' -v experiment="$experiment" -v profile="$profile" -v accel="$accel_name" -v rows="$n_rows" \
		-v execs="$execs" -v guess="${guess:-60}" -v shipped="$DURATIONS" -v missing="$work/missing" \
		-v sides="$work/sides" '
	FILENAME == missing { out[$1] = 1; next }
	FILENAME != sides {
		if ($1 ~ /^#/ || NF < 3 || split($1, key, " ") != 4 ||
		    key[1] != experiment || key[3] != accel)
			next
		side = key[4]
		from = FILENAME == shipped ? "shipped" : "here"
		if (key[2] != profile) {
			# With few rows most of it is the boot.
			split($2, n, " ")
			if (n[2] > 0 && n[1] * 2 >= rows) {
				others[key[2]] = 1
				per[from, key[2], side] = $3 / (n[1] * n[2])
			}
			next
		}
		if ($2 == rows " " execs)
			same[from, side] = $3
		split($2, n, " ")
		if (n[1] * n[2] > 0) {
			took[from, side] = $3
			work_of[from, side] = n[1] * n[2]
			most[from, side] = n[1] * 2 >= rows
		}
		next
	}
	# What a row takes in this profile, in terms of another one; by the sides of the
	# same machine that were seen in both, the one in the middle.
	function differ(from, other,   s, n, r, i, j, t) {
		for (s in took)
			if (index(s, from SUBSEP) == 1 && most[s]) {
				t = from SUBSEP other SUBSEP substr(s, length(from) + 2)
				if (t in per)
					r[++n] = took[s] / work_of[s] / per[t]
			}
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && r[j] < r[j - 1]; j--) {
				t = r[j]; r[j] = r[j - 1]; r[j - 1] = t
			}
		return n ? r[int((n + 1) / 2)] : 0
	}
	!($1 in out) {
		how = "guess"
		cost = $5 + guess * execs
		for (k = 2; k >= 1; k--)
			for (other in others) {
				from = k == 1 ? "here" : "shipped"
				# The profiles differ by the same on every machine.
				by = differ("here", other)
				if (!by)
					by = differ("shipped", other)
				if (by && (from, other, $1) in per) {
					cost = per[from, other, $1] * by * rows * execs
					how = from "-profile"
				}
			}
		for (k = 2; k >= 1; k--) {
			from = k == 1 ? "here" : "shipped"
			if ((from, $1) in took) {
				boot = $5 < took[from, $1] ? $5 : took[from, $1]
				cost = boot + (took[from, $1] - boot) * rows * execs / work_of[from, $1]
				how = from "-scaled"
			}
			if ((from, $1) in same) {
				cost = same[from, $1]
				how = from
			}
		}
		print $1, cost, how
	}' "$work/missing" "$DURATIONS" "$history" "$work/sides" >"$work/cost.raw"
	speed=100
	if cut -f3 "$work/cost.raw" | grep -qE '^(guess|shipped)'; then
		calibration=$(calibrate)
		[ -n "$calibration" ] || exit 1 # it said why
		speed=$((${calibration% *} * 100 / ${calibration#* }))
		[ "$speed" -gt 0 ] || speed=1
	fi
	awk -F '\t' -v OFS='\t' -v speed="$speed" '{
		if ($3 !~ /^here/)
			$2 *= speed / 100
		print $1, (int($2 + 0.5) > 1 ? int($2 + 0.5) : 1), $3
	}' "$work/cost.raw" >"$work/cost"
	queue
	estimate=$(makespan <"$work/queue")
}

# The size of the disk that every boot gets a copy of, of which it writes what it needs.
SCRATCH_MIB=1024

# Sets disk_work, what the images of boots at the same time can take at the most;
# disk_kept, about what the records take for good; and disk_free, all in MiB. In the
# experiment "disk" says what images its sides make beside that copy.
plan_disk() {
	n=$(($(wc -l <"$work/cost") * boots))
	images=$(conf disk)
	disk_work=$(((n < jobs ? n : jobs) * (SCRATCH_MIB + ${images:-0})))
	# As seen: 4.2 KiB for a row in an execution, a quarter of a MiB of logs for a boot.
	disk_kept=$(((n * (n_rows * execs * 5 + 256) + 1023) / 1024))
	disk_free=$(df -P -k "$OUT" | awk 'NR == 2 { print int($4 / 1024) }')
}

# makespan: seconds that a queue on stdin takes, $jobs boots at a time: each starts
# where one ends first.
makespan() {
	awk -F '\t' -v jobs="$jobs" '
	{
		first = 1
		for (i = 2; i <= jobs; i++)
			if (busy[i] + 0 < busy[first] + 0)
				first = i
		busy[first] += $6
		if (busy[first] > end)
			end = busy[first]
	}
	END { printf "%d", end + 0 }'
}

# how_words HOW: where the cost of a side comes from
how_words() {
	case $1 in
	here) echo "as the last time" ;;
	here-scaled) echo "from another number of rows or executions" ;;
	here-profile) echo "from another profile" ;;
	shipped | shipped-scaled | shipped-profile) echo "from another machine, times $((speed / 100)).$((speed / 10 % 10))$((speed % 10))" ;;
	*) echo "a guess" ;;
	esac
}

# beside_estimate SECONDS: how the real duration compares, in words
beside_estimate() {
	if [ "$estimate" -le 0 ]; then
		echo "took $(minutes "$1")"
	elif [ "$1" -ge "$estimate" ]; then
		echo "took $(minutes "$1"), estimated $(minutes "$estimate") ($((($1 - estimate) * 100 / estimate)) % more)"
	else
		echo "took $(minutes "$1"), estimated $(minutes "$estimate") ($(((estimate - $1) * 100 / estimate)) % less)"
	fi
}

# plan_order BOOT: the lines of the job's plan. Every execution has an order of
# programs and rows and a size of environment of its own, drawn from the seed,
# the boot and the execution alone: the same on every side. Programs that change
# the machine for those after them ("last" in the experiment) come when all
# executions of the others are done.
plan_order() {
	awk -F '\t' -v seed="$seed" -v boot="$1" -v execs="$execs" -v last="$(conf last)" '
	# Park and Miller: exact in the doubles of any awk.
	function rnd(n) { x = (x * 16807) % 2147483647; return int(x / 2147483647 * n) }
	function shuffle(a, n,   i, j, t) {
		for (i = n; i > 1; i--) {
			j = rnd(i) + 1
			t = a[i]; a[i] = a[j]; a[j] = t
		}
	}
	!($1 in count) { program[++np] = $1 }
	{ id[$1, ++count[$1]] = $2 }
	END {
		n = split(last, l, " ")
		for (i = 1; i <= n; i++)
			late[l[i]] = 1
		for (e = 1; e <= execs; e++) {
			x = (seed * 1000003 + boot * 10007 + e * 101 + 1) % 2147483647
			if (x == 0)
				x = 1
			for (i = 0; i < 20; i++)
				rnd(2)
			for (i = 1; i <= np; i++)
				p[i] = program[i]
			shuffle(p, np)
			pad = rnd(4096)
			for (i = 1; i <= np; i++) {
				n = count[p[i]]
				for (j = 1; j <= n; j++)
					row[j] = id[p[i], j]
				shuffle(row, n)
				line = row[1]
				for (j = 2; j <= n; j++)
					line = line " " row[j]
				line = e "\t" pad "\t" p[i] "\t" line
				if (p[i] in late)
					tail = tail line "\n"
				else
					print line
			}
		}
		printf "%s", tail
	}' "$work/rows"
}

cmd_plan() {
	echo "experiment $experiment, profile $profile, seed $seed, $(accel_words)"
	echo "$n_rows rows ($(cut -f1 "$work/rows" | sort -u | tr '\n' ' ' | sed 's/ $//')), $boots x $execs executions, $jobs at a time, $mem MiB, $smp CPU"
	while IFS=$tab read -r side name file where seconds; do
		why=$(reason "$side")
		if [ -n "$why" ]; then
			echo "  $side${tab}cannot run: $why"
		else
			echo "  $side${tab}$(minutes $(($(awk -F '\t' -v s="$side" '$1 == s { print $2 }' "$work/cost") * boots))) in $boots boot(s), $(
				how_words "$(awk -F '\t' -v s="$side" '$1 == s { print $3 }' "$work/cost")")"
		fi
	done <"$work/sides"
	echo "estimate: $(minutes "$estimate")"
	echo "disk: $disk_work MiB at the most while it runs, $disk_kept MiB of records stay; $disk_free MiB are free"
	[ "$profile" != quick ] || echo "the profile quick is a smoke test, not evidence"
}

accel_words() {
	case $accel_name in
	kvm) echo "on this processor (KVM)" ;;
	tcg) echo "EMULATED (TCG): no hardware times" ;;
	tcg-icount) echo "EMULATED, counting instructions (2^$icount_shift ns each): no hardware times" ;;
	esac
}
