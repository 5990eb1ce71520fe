#!/usr/bin/env bats
# sanlock.bats: this tree's lock driver sanlock in stock libvirtd, and libvirt's own
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What guests may expect is the same with both, also where each host has another
# one.

load e2e
load driver
load sanlock

DRIVER_BUSY="is in use|Failed to acquire lock|is or was in use"
DRIVER_DISKS=8

setup_file() { sanlock_lab kvm1 kvm2; }
setup()
{
    e2e_need sanlock_missing
    e2e_setup
}
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# lives NAME: all of a guest's life.
lives()
{
    driver_starts "$1-starts"
    driver_plugs "$1-plugs"
    driver_shares "$1-shares"
    driver_stays "$1-stays"
    driver_moves "$1-moves"
    driver_restarts "$1-restarts"
}

@test "with this tree's sanlock.so guests start, plug, share, migrate and outlive libvirtd" {
    sanlock_drivers own own
    lives own
}

@test "with libvirt's own sanlock.so they do so, too" {
    sanlock_drivers stock stock
    lives stock
}

@test "with this tree's on one host and libvirt's on the other they do so, too" {
    sanlock_drivers own stock
    lives mixed
}

@test "the message says which disk is in use, on which host, and that a ninth one cannot be had" {
    sanlock_drivers own own
    lab_guest holds holds-disk
    lab_guest wants wants-disk holds-disk
    # shellcheck disable=SC2046
    lab_guest many $(disks many 9)
    lab_create kvm1 holds
    refused kvm2 wants 5000 "'$LAB_IMAGES/holds-disk'" "'wants'" "host_id 1 " "resource busy"
    refused kvm2 many 5000 "8 disks and leases" "'$LAB_IMAGES/many-9'"
    runs kvm1 holds
}

@test "a guest that was suspended does not go on when its disk was used meanwhile" {
    sanlock_drivers own own
    lab_guest sleeps sleeps-disk
    lab_guest meanwhile sleeps-disk
    lab_create kvm1 sleeps
    on kvm1 virsh suspend sleeps
    on kvm1 virsh resume sleeps
    on kvm1 virsh suspend sleeps
    gets_in kvm2 meanwhile
    on kvm2 virsh destroy meanwhile
    run on kvm1 virsh resume sleeps
    echo "$output"
    [ "$status" -ne 0 ]
    said "'sleeps' must not go on"
    not_running kvm1 sleeps
}

@test "without its daemon a host starts no guest and says why; when that is back, it does" {
    sanlock_drivers own own
    lab_guest stays stays-disk
    lab_guest starts starts-disk
    lab_create kvm1 stays
    lab_kill kvm1 sanlock
    lab_wait 5 lab_ended kvm1 sanlock
    refused kvm1 starts 5000 "sanlock daemon of this host does not answer"
    runs kvm1 stays
    # Nobody would see the end of its lease: there is no watchdog here.
    on kvm1 virsh destroy stays

    sanlock_start kvm1
    refused kvm1 starts 5000 "has lost its lockspace"
    lab_wait 150 lab_create kvm1 starts
    runs kvm1 starts
}
