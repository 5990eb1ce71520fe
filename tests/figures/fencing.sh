#!/bin/bash
# fencing.sh: how long a guest runs on after its host has lost the lease
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: fencing.sh [RUNS [CASE...]]
#
# Needs root, what the end-to-end tests need, and an installation that LAB_STAGE
# names. A run is one host with its libvirtd, its virtleased and one QEMU guest,
# for which one thing is lost:
#
#   server    the NFS server is killed
#   network   nothing gets from the host to the server any more, nor back
#   worker    the worker of virtleased is killed, and no other can be started
#   hung      the worker is stopped (SIGSTOP)
#   guard     the guard is killed, no other can be started, and then the server
#             is killed: the worker has to do it
#
# FENCING_HOSTS hosts (8) of one lab are a round: so many runs at a time, with the
# server in common and everything else their own. RUNS (100) is rounded up to whole
# rounds. In each, every host's virtleased is started anew at a random part of the time
# between two renewals, and the loss comes at another; FENCING_SEED=N repeats them.
#
# A run ends when the witness sees that the process is gone. The last renewal is
# what the server carried out last, and never earlier than the lease's own
# beginning. A line for each run goes into FENCING_LOG (fencing.tsv in the present
# directory), a table to standard output. Fails if a guest outlived its lease.

set -u
FENCING_TOP=$(cd "$(dirname "$0")/.." && pwd)
. "$FENCING_TOP/e2e/e2e.bash"
. "$FENCING_TOP/e2e/faults.bash"

FENCING_RUNS=${1:-100}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- server network worker hung guard
FENCING_HOSTS=${FENCING_HOSTS:-8}
FENCING_LOG=${FENCING_LOG:-fencing.tsv}
FENCING_SEED=${FENCING_SEED:-$((10#${EPOCHREALTIME#*[.,]} % 30000 + 1))}
RANDOM=$FENCING_SEED

# each COMMAND...: for all hosts at the same time, with the name of one after it.
each()
{
    local host pids=() result=0

    for host in $E2E_HOSTS; do
        "$@" "$host" > /dev/null &
        pids+=($!)
    done
    for host in "${pids[@]}"; do
        wait "$host" || result=1
    done
    return $result
}

# ---- what is lost ----

lost_now() { lab_now > "$LAB_DIR/lost-$1"; }

lose_server()
{
    each lost_now
    lab_server_down
}

cut_off()
{
    lost_now "$1"
    blackhole "$1" both
}

lose_network() { each cut_off; }

# Guard and worker start each other from this file.
no_program() { chmod 000 "$LAB_STAGE/usr/sbin/virtleased"; }

# worker_signal SIGNAL HOST
worker_signal()
{
    lost_now "$2"
    on "$2" pkill "-$1" -f '[v]irtleased .*--worker='
}

lose_worker()
{
    no_program
    each worker_signal KILL
}

lose_hung() { each worker_signal STOP; }

guard_kill()
{
    on "$1" bash -c 'for pid in $(pgrep -x virtleased); do
        grep -qz -- ^--worker= "/proc/$pid/cmdline" || kill -KILL "$pid"
    done'
}

lose_guard()
{
    no_program
    each guard_kill
    lose_server
}

# ---- and found again ----

virtleased_anew()
{
    lab_virtleased_stop "$1" KILL
    on "$1" rm -rf /run/virtleased
    nap "$(< "$LAB_DIR/pause-$1")"
    lab_virtleased_start "$1"
}

mend()
{
    chmod 755 "$LAB_STAGE/usr/sbin/virtleased"
    case $1 in
    server | guard) lab_server_up ;;
    network) each blackhole_end ;;
    esac
}

# ---- a round ----

# begin ROUND HOST: as soon as the host has a lease again.
begin()
{
    lab_wait 60 lab_create "$2" "$1-$2" && runs "$2" "$1-$2"
}

none_left()
{
    lab_witness | jq -e --arg r "$1-" \
        'all(.processes[]; .gone != null or (.guest | startswith($r) | not))' > /dev/null
}

# Notes when each session was renewed, until told to stop; a new worker renews
# it again when the guest is gone.
watch_renewals()
{
    while [ ! -e "$LAB_DIR/renewals.stop" ]; do
        stat -c '%n %.Z' "$(lab_export "$E2E_LOCKSPACE")"/sessions/*[0-9a-f] 2> /dev/null
        sleep 0.05
    done > "$LAB_DIR/renewals"
}

# renewed SESSION GONE: when it was renewed last before that, in milliseconds.
renewed()
{
    sed -n "s|.*/$1 ||p" "$LAB_DIR/renewals" | tr -d . | cut -c 1-13 | sort -un | awk -v gone="$2" '$1 <= gone' | tail -n 1
}

# The figures of one run; a guest that did not end has "never" for them.
report()
{
    local case=$1 guest=$2-$3 lost gone renewed

    lost=$(< "$LAB_DIR/lost-$3")
    gone=$(jq --arg g "$guest" '[.processes[] | select(.guest == $g)] | last | (.gone // 0) * 1000 | floor' \
        "$LAB_DIR/verdict")
    if [ "$gone" -eq 0 ]; then
        printf '%s\t%s\tnever\tnever\n' "$case" "$guest" >> "$FENCING_LOG"
        return
    fi
    renewed=$(renewed "$4" "$gone")
    [ -n "$renewed" ] || { lab_say "$guest: session '$4' was never renewed"; return 1; }
    printf '%s\t%s\t%d\t%d\n' "$case" "$guest" $((gone - lost)) $((gone - renewed)) >> "$FENCING_LOG"
}

# A part of the time between two renewals.
a_pause() { pick_number PAUSE 0 $((LAB_LEASE * 1000 / 6)); }

# a_round CASE ROUND
a_round()
{
    local host watch result=0
    local -A session

    for host in $E2E_HOSTS; do
        lab_guest "$2-$host" "$2-$host"
        a_pause
        echo "$PAUSE" > "$LAB_DIR/pause-$host"
    done
    each virtleased_anew || return 1
    each begin "$2" || return 1
    for host in $E2E_HOSTS; do
        session[$host]=$(e2e_locks | grep -F "guest=$2-$host," | cut -d . -f 4)
    done
    rm -f "$LAB_DIR/renewals.stop"
    watch_renewals &
    watch=$!
    a_pause
    nap "$PAUSE"
    "lose_$1"
    lab_wait $((LAB_LEASE * 2)) none_left "$2"
    touch "$LAB_DIR/renewals.stop"
    wait "$watch"
    lab_witness > "$LAB_DIR/verdict"
    for host in $E2E_HOSTS; do
        report "$1" "$2" "$host" "${session[$host]}" || result=1
    done
    mend "$1"
    lab_witness_clean || return 1
    # Those that did not end, and the images of all.
    each lab_destroy_all
    rm -f "$LAB_DIR"/kvm*"$LAB_IMAGES/$2"-*
    return $result
}

a_case()
{
    local rounds=$(((FENCING_RUNS + FENCING_HOSTS - 1) / FENCING_HOSTS)) i begin=$SECONDS

    for i in $(seq "$rounds"); do
        a_round "$1" "$1$i" || return 1
    done
    lab_say "$1: $((rounds * FENCING_HOSTS)) runs in $((SECONDS - begin)) s"
}

# ---- all ----

# column CASE NUMBER: its least, median and greatest value.
column()
{
    awk -F '\t' -v case="$1" -v column="$2" '$1 == case { print $column }' "$FENCING_LOG" | sort -n |
        awk '{ v[NR] = $1 } END { printf "%6s %6s %6s", v[1], v[int((NR + 1) / 2)], v[NR] }'
}

table()
{
    local case

    echo "seed $FENCING_SEED, L = $LAB_LEASE s, $FENCING_HOSTS hosts; milliseconds"
    echo "case       runs   loss to end (min median max)   last renewal to end (min median max)"
    for case; do
        printf '%-8s %6d   %s           %s\n' "$case" "$(grep -c "^$case	" "$FENCING_LOG")" \
            "$(column "$case" 3)" "$(column "$case" 4)"
    done
}

outlived()
{
    awk -F '\t' -v lease=$((LAB_LEASE * 1000)) '$4 == "never" || $4 >= lease' "$FENCING_LOG"
}

clean_up()
{
    lab_stop
    rm -rf "$LAB_STAGE"
}

main()
{
    local case i

    [ -z "$(e2e_missing; faults_missing)" ] || { e2e_missing >&2; faults_missing >&2; exit 77; }
    LAB_STAGE=$(mktemp -d "${TMPDIR:-/var/tmp}/virtlease-figures.XXXXXX") && trap clean_up EXIT &&
        cp -a "$FENCING_STAGE/." "$LAB_STAGE" && export LAB_STAGE || exit 1
    trap 'exit 1' INT TERM HUP
    : > "$FENCING_LOG"
    # shellcheck disable=SC2046
    e2e_lab $(seq -f kvm%g "$FENCING_HOSTS") || exit 1
    for case; do
        a_case "$case" || { lab_say "$case: broken off"; e2e_tell >&2; exit 1; }
    done
    table "$@"
    [ -z "$(outlived)" ] || { outlived | sed 's/^/outlived: /'; exit 1; }
}

FENCING_STAGE=${LAB_STAGE:-}
main "$@"
