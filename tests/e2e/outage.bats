#!/usr/bin/env bats
# outage.bats: the NFS server goes away, or a host's way to it
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load faults

setup_file() { e2e_lab kvm1 kvm2; }
teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    faults_end kvm1 > /dev/null 2>&1 || :
    e2e_check
}

teardown_file() { lab_stop; }

# Half a lease, less what a renewal may be old when the outage begins, is
# borne: with L = 6 s, 2 s are well within it, and 12 s are not.
SHORT=2
LONG=12

@test "the server keeps silent for less than the margin: nothing happens" {
    lab_guest calm calm-disk
    lab_guest calm-other calm-disk
    lab_create kvm1 calm
    lab_server_freeze
    sleep $SHORT
    lab_server_thaw
    sleep "$LAB_LEASE"
    ran_through kvm1 calm
    refused kvm2 calm-other 1000 "'calm'" "'kvm1'"
}

@test "the server is killed and comes back within the margin: nothing happens" {
    lab_guest solid solid-disk
    lab_guest solid-other solid-disk
    lab_create kvm1 solid
    lab_server_down
    sleep $SHORT
    lab_server_up
    sleep "$LAB_LEASE"
    ran_through kvm1 solid
    refused kvm2 solid-other 1000 "'solid'" "'kvm1'"
}

@test "the server is silent for longer: guests are gone before their lease ends, and start again" {
    local a b

    lab_guest gone-a gone-a-disk
    lab_guest gone-b gone-b-disk
    lab_create kvm1 gone-a
    lab_create kvm2 gone-b
    sleep 1
    lab_server_freeze
    a=$(last_renewal kvm1)
    b=$(last_renewal kvm2)
    sleep $LONG
    fenced kvm1 gone-a "$a"
    fenced kvm2 gone-b "$b"
    lab_server_thaw
    lab_wait $((LAB_LEASE + 5)) lab_create kvm1 gone-a
    lab_wait $((LAB_LEASE + 5)) lab_create kvm2 gone-b
    runs kvm1 gone-a
    runs kvm2 gone-b
}

@test "the server is down for longer: likewise" {
    local renewed

    lab_guest down-a down-a-disk
    lab_create kvm1 down-a
    sleep 1
    lab_server_down
    renewed=$(last_renewal kvm1)
    sleep $LONG
    fenced kvm1 down-a "$renewed"
    lab_server_up
    lab_wait $((LAB_LEASE + 5)) lab_create kvm1 down-a
    runs kvm1 down-a
}

@test "one host is cut off: its guest is gone before another host gets the disk" {
    local renewed

    lab_guest island island-disk
    lab_guest mainland island-disk
    lab_create kvm1 island
    runs kvm1 island
    sleep 1
    lab_cut kvm1
    renewed=$(last_renewal kvm1)
    lab_wait $((LAB_LEASE * 2 + 2)) lab_create kvm2 mainland
    runs kvm2 mainland
    fenced kvm1 island "$renewed"
    lab_mend kvm1
    lab_wait $LAB_LEASE refused kvm1 island $((LAB_LEASE * 1000)) "'mainland'" "'kvm2'"
    lab_running kvm2 mainland
}

@test "a QEMU that does not react to SIGTERM is gone before its lease ends, too" {
    local renewed

    lab_guest deaf deaf-disk
    lab_create kvm1 deaf
    runs kvm1 deaf
    sleep 1
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    on kvm1 pkill -STOP -f '[g]uest=deaf,'
    sleep "$LAB_LEASE"
    fenced kvm1 deaf "$renewed"
}

@test "a suspended guest outlives the loss of the lease and is resumed afterwards" {
    lab_guest winter winter-disk
    lab_create kvm1 winter
    on kvm1 virsh suspend winter
    lab_cut kvm1
    sleep $LONG
    lab_mend kvm1
    lab_wait $((LAB_LEASE * 2 + 5)) on kvm1 virsh resume winter
    runs kvm1 winter
}

# soon COMMAND...: it succeeds within a second.
soon()
{
    local begin took

    begin=$(lab_now)
    "$@"
    took=$(($(lab_now) - begin))
    echo "$took ms: $*"
    [ "$took" -le $((1000 * $(e2e_patience))) ]
}

@test "while the export hangs, libvirt and virtleased answer at once" {
    lab_guest patient patient-disk
    lab_create kvm1 patient
    lab_server_freeze
    for _ in 1 2 3 4; do
        soon on kvm1 virsh list
        soon on kvm1 virsh domstate patient
        soon on kvm1 virt-lease status
        sleep 0.3
    done
    lab_server_thaw
}

@test "while the export hangs, a start fails in time" {
    local begin

    lab_guest hung hung-disk
    lab_server_freeze
    begin=$(lab_now)
    run lab_create kvm1 hung
    echo "after $(($(lab_now) - begin)) ms: $output"
    [ "$status" -ne 0 ]
    [ $(($(lab_now) - begin)) -le $((LAB_ACQUIRE_TIMEOUT * 1000 + 1000 * $(e2e_patience))) ]
    # libvirt keeps a guest to itself while its start waits for the lock
    # driver; a moment later it answers again.
    soon on kvm1 virsh list
    lab_server_thaw
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm1 hung
}
