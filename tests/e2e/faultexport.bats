#!/usr/bin/env bats
# faultexport.bats: the export becomes full, read-only or closed under running guests
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load faults

# The lockspace of this file is on a small file system of its own.
E2E_URL=nfs://$LAB_SERVER/full/virtlease
E2E_LOCKSPACE=full/virtlease

setup_file()
{
    [ -n "$(faults_missing)" ] || e2e_lab kvm1 kvm2
}

setup()
{
    e2e_need faults_missing
    faults_seed
}

teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    writable > /dev/null 2>&1 || :
    lab_server_free
    lab_server_squash No_Root_Squash
    e2e_check
}

teardown_file() { lab_stop; }

read_only() { lab_in mount -o remount,ro "$LAB_DIR/nfs/full"; }
writable() { lab_in mount -o remount,rw "$LAB_DIR/nfs/full"; }

# fails_to_start HOST GUEST PATTERN...
fails_to_start()
{
    refused "$1" "$2" $((LAB_ACQUIRE_TIMEOUT * 1000 + 1000)) "${@:3}"
}

# cannot_renew PREFIX PATTERN: until the leases run out; then the guests on both
# hosts have gone in time, and a start fails and says why.
cannot_renew()
{
    local i renewed=()

    for i in 1 2; do
        renewed[i]=$(last_renewal "kvm$i")
    done
    sleep $LAB_LEASE
    for i in 1 2; do
        fenced "kvm$i" "$1-$i" "${renewed[i]}"
    done
    fails_to_start kvm1 "$1-1" "$2"
}

# begins PREFIX: a guest on each host.
begins()
{
    local i

    for i in 1 2; do
        lab_guest "$1-$i" "$1-disk-$i"
        lab_create "kvm$i" "$1-$i"
        runs "kvm$i" "$1-$i"
    done
}

begins_again()
{
    local i

    for i in 1 2; do
        lab_wait $((LAB_LEASE * 2 + 4)) lab_create "kvm$i" "$1-$i"
        runs "kvm$i" "$1-$i"
    done
    nothing_locked "$1"-disk-{1,2}
}

@test "the export is full: who runs runs on, nobody starts or resumes, and all do when there is room" {
    begins full
    lab_guest full-sleeps full-sleeps
    lab_guest full-ends full-ends
    lab_guest full-new full-new
    lab_create kvm1 full-sleeps
    lab_create kvm1 full-ends
    lab_server_fill
    fails_to_start kvm2 full-new "no space is left"
    on kvm1 virsh suspend full-sleeps
    on kvm1 virsh suspend full-ends
    run on kvm1 virsh resume full-sleeps
    echo "$output"
    [ "$status" -ne 0 ]
    said "no space is left"
    on kvm1 virsh destroy full-ends
    sleep $LAB_LEASE
    ran_through kvm1 full-1
    ran_through kvm2 full-2
    lab_server_free
    lab_wait $LAB_LEASE on kvm1 virsh resume full-sleeps
    runs kvm1 full-sleeps
    lab_wait $LAB_LEASE lab_create kvm2 full-new
    runs kvm2 full-new
    nothing_locked full-disk-{1,2} full-{sleeps,ends,new}
}

@test "the export becomes read-only for a moment, and then for longer than a lease" {
    begins still
    read_only
    nap 1500
    writable
    sleep $((LAB_LEASE / 2))
    ran_through kvm1 still-1
    ran_through kvm2 still-2
    read_only
    cannot_renew still "the file system is read-only"
    writable
    begins_again still
}

@test "root is squashed from now on: guests are gone in time, and start when it is not" {
    begins closed
    lab_server_squash All_Squash
    cannot_renew closed "permission denied"
    lab_server_squash No_Root_Squash
    begins_again closed
}
