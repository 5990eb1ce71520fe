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

# ---- the state directory is full ----

# small_state: virtleased of kvm1 keeps its state where little fits in.
small_state()
{
    lab_virtleased_stop kvm1 TERM
    on kvm1 mountpoint -q /run/virtleased || on kvm1 mount -t tmpfs -o size=256k,mode=0700 tmpfs /run/virtleased
    lab_virtleased_start kvm1
}

# unplug_when_full NAME: its second disk, when not a byte fits in any more.
unplug_when_full()
{
    on kvm1 sh -c "cat /dev/zero > /run/virtleased/filler 2> /dev/null || :"
    on kvm1 virsh detach-disk "$1" sdb --live
    lab_wait 2 grep -q "guest '$1' cannot be saved" "$LAB_DIR/kvm1/virtleased.log"
}

@test "a disk is unplugged while nothing can be saved, and virtleased is killed: the guest runs on" {
    local end

    lab_guest packed packed-disk unplugged-disk
    lab_guest patient unplugged-disk
    small_state
    lab_create kvm1 packed
    unplug_when_full packed
    lab_virtleased_stop kvm1 KILL
    lab_virtleased_start kvm1
    end=$(($(lab_now) + LAB_LEASE * 2000))
    while [ "$(lab_now)" -lt "$end" ]; do
        refused kvm2 patient 1000 "'packed'" "'kvm1'"
    done
    ran_through kvm1 packed
    on kvm1 rm /run/virtleased/filler
    on kvm1 virsh destroy packed
    lab_wait 3 lab_create kvm2 patient
    runs kvm2 patient
}

@test "a disk is unplugged while nothing can be saved for a moment: it is free a moment later" {
    lab_guest crowded crowded-disk spare-disk
    lab_guest waiting spare-disk
    small_state
    lab_create kvm1 crowded
    unplug_when_full crowded
    refused kvm2 waiting 1000 "'crowded'" "'kvm1'"
    on kvm1 rm /run/virtleased/filler
    lab_wait 5 lab_create kvm2 waiting
    runs kvm2 waiting
    runs kvm1 crowded
}
