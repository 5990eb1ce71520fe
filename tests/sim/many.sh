#!/bin/bash
# many.sh: run very many random worlds, and go on where one stopped
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: many.sh VLSIM DIR [FIRST] [COUNT] [JOBS]
#
# Runs the seeds from FIRST on, COUNT of them, in JOBS processes, a thousand at
# a time; each thousand leaves its result in DIR. Called again, it does what is
# missing. Prints the totals of all that is in DIR, and each bad seed. DIR
# belongs to one build of VLSIM: with another it says so and ends.

set -u
LC_ALL=C
export LC_ALL
[ $# -ge 2 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
vlsim=$1 dir=$2 first=${3:-1} count=${4:-1000000} jobs=${5:-$(nproc)}
chunk=1000

mkdir -p "$dir" || exit 2
build=$(sha256sum < "$vlsim") || exit 2
[ -e "$dir/build" ] || echo "$build" > "$dir/build"
[ "$build" = "$(cat "$dir/build")" ] || { echo "many.sh: $dir is of another build of $vlsim" >&2; exit 2; }

# one SEED: a chunk; its result appears when it is whole.
one()
{
    local seed=$1 last=$((first + count)) size=$chunk

    [ $((seed + size)) -le "$last" ] || size=$((last - seed))
    [ -e "$dir/$seed.$size" ] && return 0
    "$vlsim" --seed "$seed" --count "$size" > "$dir/$seed.part"
    tail -n 1 "$dir/$seed.part" | grep -q ' histories, ' && mv "$dir/$seed.part" "$dir/$seed.$size"
}
export -f one
export vlsim dir first count chunk

seq "$first" "$chunk" $((first + count - 1)) | xargs -P "$jobs" -I SEED bash -c 'one SEED'

cat "$dir"/*.[0-9]* | awk '
    /^seed / { print }
    / histories, / { histories += $1; bad += $3; hosts += $5; hours += $7; events += $10; grants += $12; cpu += $14 }
    END {
        printf "%d histories, %d bad; %d hosts, %.0f virtual hours, %.0f host hours, %.0f events, %.0f grants; %.0f s of the processor, %.0f times real time\n",
            histories, bad, hosts, hours, histories ? hours * hosts / histories : 0, events, grants, cpu, cpu ? hours * 3600 / cpu : 0
        exit bad > 0
    }'
