#!/usr/bin/env bats
# hotplug.bats: disks that come and go while a guest runs
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load driver

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

@test "a disk that is in use elsewhere cannot be plugged in; the guest runs on" {
    lab_guest holder held-disk
    lab_guest wants wants-disk
    lab_create kvm1 holder
    lab_create kvm2 wants
    run attach kvm2 wants held-disk
    echo "$output"
    [ "$status" -ne 0 ]
    said "'$LAB_IMAGES/held-disk'" "'holder'" "'kvm1'" "resource busy"
    not has kvm2 wants held-disk
    runs kvm2 wants
    runs kvm1 holder
}

@test "a disk that was plugged in is protected, and free once unplugged" {
    lab_guest plugs plugs-disk
    lab_guest envies plugged-disk
    lab_create kvm1 plugs
    attach kvm1 plugs plugged-disk
    has kvm1 plugs plugged-disk
    refused kvm1 envies 1000 "'$LAB_IMAGES/plugged-disk'" "'plugs'" "'kvm1'"
    refused kvm2 envies 1000 "'$LAB_IMAGES/plugged-disk'" "'plugs'" "'kvm1'"
    detach kvm1 plugs plugged-disk
    not has kvm1 plugs plugged-disk
    lab_create kvm2 envies
    runs kvm2 envies
    runs kvm1 plugs
}

@test "a disk from the start is free once unplugged" {
    lab_guest gives gives-disk given-disk
    lab_guest takes given-disk
    lab_create kvm1 gives
    refused kvm2 takes 1000 "'gives'"
    on kvm1 virsh detach-disk gives sdb --live
    lab_create kvm2 takes
    runs kvm2 takes
    runs kvm1 gives
}

@test "a disk plugged into a suspended guest is protected, and goes with it" {
    lab_guest dreams dreams-disk
    lab_guest robs dreamt-disk
    lab_create kvm1 dreams
    on kvm1 virsh suspend dreams
    attach kvm1 dreams dreamt-disk
    refused kvm2 robs 1000 "'$LAB_IMAGES/dreamt-disk'" "'dreams'" "'kvm1'"
    on kvm1 virsh resume dreams
    runs kvm1 dreams
    refused kvm2 robs 1000 "'$LAB_IMAGES/dreamt-disk'" "'dreams'" "'kvm1'"
    lab_migrate dreams kvm1 kvm2
    runs kvm2 dreams
    refused kvm1 robs 1000 "'$LAB_IMAGES/dreamt-disk'" "'dreams'" "'kvm2'"
}
