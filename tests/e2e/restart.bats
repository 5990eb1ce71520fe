#!/usr/bin/env bats
# restart.bats: the daemons die, the guests run on
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

@test "libvirtd is killed and started again: the disk is held all the time" {
    lab_guest steady steady-disk
    lab_guest steady-other steady-disk
    lab_create kvm1 steady
    lab_kill kvm1 libvirtd
    lab_wait 5 lab_ended kvm1 libvirtd
    refused kvm2 steady-other 1000 "'steady'" "'kvm1'"
    lab_libvirtd_start kvm1
    lab_wait 10 on kvm1 virsh domstate steady
    refused kvm1 steady-other 1000 "'steady'" "'kvm1'"
    refused kvm2 steady-other 1000 "'steady'" "'kvm1'"
    ran_through kvm1 steady
    on kvm1 virsh suspend steady
    on kvm1 virsh resume steady
    on kvm1 virsh destroy steady
    lab_create kvm2 steady-other
    runs kvm2 steady-other
}

# survives SIGNAL: virtleased ends by it, is away for a third of a lease, and
# comes back; for two leases another guest tries to get the disk.
survives()
{
    local name=kept-$1 back end

    lab_guest "$name" "$name-disk"
    lab_guest "$name-other" "$name-disk"
    lab_create kvm1 "$name"
    runs kvm1 "$name"
    lab_virtleased_stop kvm1 "$1"
    back=$(($(lab_now) + LAB_LEASE * 1000 / 3))
    while [ "$(lab_now)" -lt "$back" ]; do
        refused kvm2 "$name-other" 1000 "'$name'" "'kvm1'"
    done
    lab_virtleased_start kvm1
    end=$(($(lab_now) + LAB_LEASE * 2000))
    while [ "$(lab_now)" -lt "$end" ]; do
        refused kvm2 "$name-other" 1000 "'$name'" "'kvm1'"
    done
    ran_through kvm1 "$name"
    refused kvm1 "$name-other" 1000 "'$name'" "'kvm1'"
    on kvm1 virsh destroy "$name"
    lab_create kvm2 "$name-other"
    runs kvm2 "$name-other"
}

@test "virtleased is killed and started again: the guest runs on, its disk is never free" {
    survives KILL
}

@test "virtleased is ended by SIGTERM and started again: likewise" {
    survives TERM
}

@test "a guest that ends while virtleased is away is found gone by the next" {
    lab_guest fleeting fleeting-disk
    lab_guest fleeting-other fleeting-disk
    lab_create kvm1 fleeting
    lab_virtleased_stop kvm1 KILL
    on kvm1 virsh destroy fleeting
    lab_virtleased_start kvm1
    lab_wait 3 lab_create kvm2 fleeting-other
    runs kvm2 fleeting-other
}

@test "a guest is suspended before virtleased is killed, and resumed after" {
    lab_guest dozes dozes-disk
    lab_guest dozes-other dozes-disk
    lab_create kvm1 dozes
    on kvm1 virsh suspend dozes
    lab_virtleased_stop kvm1 KILL
    lab_virtleased_start kvm1
    refused kvm2 dozes-other 1000 "'dozes'" "'kvm1'"
    on kvm1 virsh resume dozes
    runs kvm1 dozes
    refused kvm2 dozes-other 1000 "'dozes'" "'kvm1'"
}
