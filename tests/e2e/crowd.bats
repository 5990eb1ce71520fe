#!/usr/bin/env bats
# crowd.bats: many guests at one moment
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# winners DISK: how many running guests the witness sees on that disk.
winners()
{
    lab_witness | jq --arg p "$LAB_IMAGES/$1" \
        '[.processes[] | select(.running and any(.disks[]; .path == $p))] | length'
}

# begin_all: twenty guests, two for each disk, one of the two on each host.
begin_all()
{
    local i pids=()

    for i in $(seq 0 9); do
        LAB_TIMEOUT=120 lab_create kvm1 "crowd-a$i" > "$LAB_DIR/crowd-a$i.log" 2>&1 3>&- &
        pids+=($!)
        LAB_TIMEOUT=120 lab_create kvm2 "crowd-b$i" > "$LAB_DIR/crowd-b$i.log" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || :
    done
}

@test "20 guests at one moment on two hosts for 10 disks: each disk gets one" {
    local i bad=0

    for i in $(seq 0 9); do
        lab_guest "crowd-a$i" "crowd-$i"
        lab_guest "crowd-b$i" "crowd-$i"
    done
    begin_all
    for i in $(seq 0 9); do
        [ "$(winners "crowd-$i")" -eq 1 ] || { echo "crowd-$i: $(winners "crowd-$i")"; bad=1; }
    done
    cat "$LAB_DIR"/crowd-*.log
    [ "$bad" -eq 0 ]
    # One lock a disk, and nothing of those that were refused.
    [ "$(e2e_locks | wc -l)" -eq 10 ]
}

@test "20 guests at one moment on one host for 10 disks: each disk gets one" {
    local i pids=()

    for i in $(seq 0 19); do
        lab_guest "heap-$i" "heap-$((i % 10))"
    done
    for i in $(seq 0 19); do
        LAB_TIMEOUT=120 lab_create kvm1 "heap-$i" > "$LAB_DIR/heap-$i.log" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || :
    done
    for i in $(seq 0 9); do
        echo "heap-$i: $(winners "heap-$i")"
        [ "$(winners "heap-$i")" -eq 1 ]
    done
    [ "$(e2e_locks | wc -l)" -eq 10 ]
}
