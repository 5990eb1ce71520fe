#!/usr/bin/env bats
# migratestep.bats: a migration fails in a step before or after its memory is copied
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libvirt's steps, and where each asks a virtleased, which is what holds the
# migration there: begin (the source, for the token), prepare (the destination,
# for the new process), perform, finish (the destination, for the lock), and
# confirm, in which the source only ends its process.

load e2e
load faults

# The lease of a host that lost its virtleased has to outlast the 5 seconds for
# which a destination waits until the guest is stopped at its source.
LAB_LEASE=12

setup_file() { e2e_lab kvm1 kvm2 kvm3; }
teardown() { put_right > /dev/null 2>&1 || :; forget_all; e2e_check; }
teardown_file() { lab_stop; }

. "$LAB_SOURCE/migrations.bash"

# held HOST GUEST [OPTION...]: GUEST on kvm1 is about to be migrated to kvm2, and
# waits for the worker on HOST, which is stopped.
held()
{
    local host=$1 name=$2

    shift 2
    guarded "$name"
    STOPPED=$(worker "$host")
    signal "$host" STOP "$STOPPED"
    lab_migrate "$name" kvm1 kvm2 "$@" < /dev/null > "$LAB_DIR/slow.log" 2>&1 3>&- &
    SLOW=$!
    lab_wait 10 awaited "$host"
    locked "$name-disk" "kvm1:$name:running"
}

# No process of it is left there, known to libvirt or not.
no_process()
{
    ! on "$1" pgrep -f "[g]uest=$2,"
}

# stays GUEST: it never stopped, and nothing of it is on the other host.
stays()
{
    is_at "$1" kvm1
    ran_through kvm1 "$1"
    lab_wait 20 no_process kvm2 "$1"
}

@test "begin: the source's worker is killed; the next one answers, and the guest moves" {
    held kvm1 begins
    signal kvm1 KILL "$STOPPED"
    wait "$SLOW"
    is_at begins kvm2
}

@test "begin: virsh is killed" {
    held kvm1 unasked
    on kvm1 pkill -KILL -x virsh
    signal kvm1 CONT "$STOPPED"
    not wait "$SLOW"
    stays unasked
}

@test "begin: the source's libvirtd is killed" {
    held kvm1 behead
    lab_kill kvm1 libvirtd
    signal kvm1 CONT "$STOPPED"
    not wait "$SLOW"
    put_right
    stays behead
}

@test "prepare: virsh is killed" {
    held kvm2 unsaid
    on kvm1 pkill -KILL -x virsh
    signal kvm2 CONT "$STOPPED"
    not wait "$SLOW"
    stays unsaid
}

@test "prepare: the destination's libvirtd is killed" {
    held kvm2 unborn
    lab_kill kvm2 libvirtd
    not wait "$SLOW"
    signal kvm2 CONT "$STOPPED"
    put_right
    stays unborn
}

@test "prepare: the destination's virtleased is killed" {
    held kvm2 unheld
    lab_virtleased_stop kvm2 KILL
    not wait "$SLOW"
    stays unheld
}

@test "prepare, peer to peer: the source's libvirtd is killed" {
    held kvm2 alone --p2p
    lab_kill kvm1 libvirtd
    signal kvm2 CONT "$STOPPED"
    not wait "$SLOW"
    put_right
    stays alone
}

@test "perform: the source's worker cannot come back: the guest is gone before its lease ends, and free after" {
    local renewed

    guarded doomed
    migrate_slowly doomed kvm1 kvm2
    renewed=$(last_renewal kvm1)
    worker_lost kvm1
    not wait "$SLOW"
    locked doomed-disk kvm1:doomed:running
    fenced kvm1 doomed $((renewed + LAB_LEASE * 1000 / 6))
    lab_wait 20 no_process kvm2 doomed
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm3 doomed-envy
    locked doomed-disk kvm3:doomed-envy:running
}

@test "perform: the source's virtleased is killed and stays away: the guest stays paused, and is ended after its lease" {
    local end

    guarded leaves
    migrate_slowly leaves kvm1 kvm2
    end=$(($(last_renewal kvm1) + LAB_LEASE * 1000))
    lab_virtleased_stop kvm1 KILL
    on kvm1 virsh -q migrate-setspeed leaves 1000
    not wait "$SLOW"
    grep -q "'leaves' was not stopped on the host that it comes from" "$LAB_DIR/slow.log"
    on kvm1 virsh domstate leaves | grep -qx paused
    not on kvm1 virsh -q resume leaves
    not_running kvm1 leaves
    lab_wait 20 no_process kvm2 leaves
    locked leaves-disk kvm1:leaves:running
    # The last attempt has to be over before, also on a busy machine.
    while [ "$(lab_now)" -lt $((end - 3000)) ]; do
        refused kvm3 leaves-envy 1000 "'leaves'" "'kvm1'"
    done
    lab_virtleased_start kvm1
    lab_wait 5 no_process kvm1 leaves
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm3 leaves-envy
    locked leaves-disk kvm3:leaves-envy:running
}

@test "finish: the source's virtleased is killed and stays away; the destination goes on" {
    between orphan
    lab_virtleased_stop kvm1 KILL
    on kvm2 pkill -CONT -x virtleased
    wait "$SLOW"
    is_at orphan kvm2
    no_process kvm1 orphan
}

@test "finish: the destination's virtleased is killed and stays away; the source goes on" {
    between widow
    lab_virtleased_stop kvm2 KILL
    not wait "$SLOW"
    is_at widow kvm1
    lab_wait 20 no_process kvm2 widow
}

@test "confirm: the source's libvirtd is killed; its process never goes on" {
    between twice
    on kvm1 pkill -STOP -x libvirtd
    on kvm2 pkill -CONT -x virtleased
    lab_wait 20 lab_running kvm2 twice
    lab_kill kvm1 libvirtd
    put_right
    run on kvm1 virsh resume twice
    echo "$output"
    [ "$status" -ne 0 ]
    said "'twice'" "'kvm2'"
    not_running kvm1 twice
    is_at twice kvm2
    ran_through kvm2 twice
}
