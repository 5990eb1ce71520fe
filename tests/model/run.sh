#!/bin/bash
#
# run.sh: check the model of the lease protocol with SPIN; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every configuration must be searched to its end without a violation, every
# mutant must break a promise in the configuration that is named for it, and
# each known hole must still show (when one is closed, its line moves up).

set -u
LC_ALL=C
export LC_ALL

usage()
{
    cat <<END
Usage: run.sh [--ci | --long] [--only WORD]
       run.sh --story CONFIG[:MUTANT]

  --ci      the bounds that take some minutes (default)
  --long    these and the larger ones, which take much longer
  --only    just the tests whose line contains WORD
  --story   search for a violation and print the steps that lead to it

Environment: SPIN, CC, LEASE_MODEL_LIMIT (seconds for one search),
LEASE_MODEL_MEMORY (MiB for one search).
END
}

src=$(cd "$(dirname "$0")" && pwd) || exit 99
spin=${SPIN:-spin}
cc=${CC:-gcc}
bound=ci
only=
story=

while test $# -gt 0; do
    case $1 in
        --ci) bound=ci ;;
        --long) bound=long ;;
        --only) only=${2:?}; shift ;;
        --story) story=${2:?}; shift ;;
        --help) usage; exit 0 ;;
        *) usage >&2; exit 99 ;;
    esac
    shift
done

if test "$bound" = ci; then
    limit=${LEASE_MODEL_LIMIT:-240}
else
    limit=${LEASE_MODEL_LIMIT:-14400}
fi
memory=${LEASE_MODEL_MEMORY:-8000}

# What is searched: "clean", "mutant" or "hole"; configuration; mutant or "-"; further switches.
tests()
{
    cat <<END
clean  HANDOVER       -
clean  HANDOVER_DIES  -
clean  LOST           -
clean  TWICE          -
clean  CHAIN          -
clean  EXITED         -
clean  SHARED         -
clean  LATE           -
clean  LATE_TOKEN     -
clean  SWEEP          -
clean  PARTS          -
clean  RESERVE        -
clean  HOLE_ATTACHED  -                     -DBUDGET=0
clean  RENEWAL        -
mutant LOST           ONE_SCAN
mutant LOST           DEAD_IGNORED
mutant EXITED         EXITED_IGNORED
mutant LATE_TOKEN     MARKER_REMADE
mutant LATE           NAMES_REUSED
mutant RENEWAL        LEASE_FROM_REPLY
mutant RENEWAL        LATE_REVIVES
mutant RENEWAL        OBSERVED_FROM_START
mutant RENEWAL        NO_CTIME
mutant RENEWAL        CHECK_FIRST
mutant SWEEP          TABLE_FIRST
mutant EXITED         MARKERS_EARLY
mutant HANDOVER       EXITED_EARLY
mutant PARTS          PART_TOKEN
mutant LATE_TOKEN     NO_IDENTITY
mutant HANDOVER       SCAN_FIRST
mutant TWICE          REMOVE_UNANSWERED
mutant HANDOVER       STOP_NOT_AWAITED
mutant HANDOVER       FRESH_TAKES_STOPPED
mutant RESERVE        RESERVATION_REMOVES
mutant RESERVE        RUNS_ON_FRESH
hole   HOLE_RENAMED   -
hole   HOLE_ATTACHED  -
END
    test "$bound" = long || return 0
    all="-DDUPC=1 -DDUPR=1 -DDUPM=1"
    cat <<END
clean  HANDOVER       -                     $all -DBUDGET=1
clean  HANDOVER       -                     -DNA=2
clean  HANDOVER_DIES  -                     $all -DBUDGET=2
clean  HANDOVER_DIES  -                     -DNA=2 -DMORTAL=7
clean  LOST           -                     $all -DBUDGET=1
clean  TWICE          -                     $all -DBUDGET=2
clean  TWICE          -                     -DNA=2
clean  CHAIN          -                     $all -DBUDGET=2
clean  CHAIN          -                     -DMORTAL=3
clean  EXITED         -                     $all -DBUDGET=1
clean  LATE           -                     -DBUDGET=4
clean  LATE_TOKEN     -                     -DBUDGET=3
clean  PARTS          -                     $all -DBUDGET=2
clean  RESERVE        -                     $all -DBUDGET=1
clean  RENEWAL        -                     -DHORIZON=9
clean  RENEWAL        -                     -DL=6 -DHORIZON=12
END
}

if ! command -v "$spin" >/dev/null || ! command -v "$cc" >/dev/null; then
    echo "1..0 # SKIP needs spin and a C compiler"
    exit 77
fi

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

# search CONFIG MUTANT SWITCH...: leaves pan's report in "report", the model's name in $file
search()
{
    config=$1
    mutant=$2
    shift 2
    file=lease.pml
    test "$config" = RENEWAL && file=renewal.pml
    set -- "-DCONFIG_$config" "$@"
    test "$mutant" = - || set -- "$@" "-DMUTANT_$mutant"

    rm -f pan* ./*.trail report
    cp "$src/$file" . || return 1
    "$spin" "$@" -a "$file" >report 2>&1 || return 1
    "$cc" -O1 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 "-DMEMLIM=$memory" -o pan pan.c >>report 2>&1 || return 1
    # -E: a run that waits for ever is no fault by itself; what it leaves behind is judged by L1
    timeout "$limit" ./pan -E -m1000000 >>report 2>&1
    used=("$@")
}

# Only a whole search counts as one that found nothing.
isClean()
{
    grep -q 'errors: 0$' report &&
        ! grep -Eq 'Search not completed|max search depth too small|out of memory|truncated' report
}

isCaught()
{
    grep -q 'errors: 1$' report && grep -q 'assertion violated' report && test -f "$file.trail"
}

if test -n "$story"; then
    mutant=-
    case $story in *:*) mutant=${story#*:} ;; esac
    search "${story%%:*}" "$mutant" || { cat report >&2; exit 1; }
    isCaught || { echo "no violation found" >&2; cat report >&2; exit 1; }
    exec "$spin" "${used[@]}" -t -p -g -w "$file"
fi

mapfile -t list < <(tests | grep -F -e "$only")
echo "1..${#list[@]}"
number=0
failed=0
for line in "${list[@]}"; do
    read -r kind config mutant switches <<<"$line"
    number=$((number + 1))
    start=$SECONDS
    # shellcheck disable=SC2086
    search "$config" "$mutant" $switches
    case $kind in
        clean) name="$config${switches:+ $switches} finds nothing"; isClean ;;
        mutant) name="$config catches $mutant"; isCaught ;;
        hole) name="$config shows its known hole"; isCaught ;;
    esac
    result=$?
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' report)
    figures="${states:-?} states, $((SECONDS - start)) s"
    if test $result -eq 0; then
        echo "ok $number - $name ($figures)"
    else
        failed=$((failed + 1))
        echo "not ok $number - $name ($figures)"
        sed 's/^/# /' report | head -n 40
    fi
done
test $failed -eq 0
