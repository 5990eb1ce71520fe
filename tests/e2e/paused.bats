#!/usr/bin/env bats
# paused.bats: a guest that does not run keeps its disks
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

@test "suspend keeps the lock, and resume works, again and again" {
    local round

    lab_guest sleeper sleeper-disk
    lab_guest thief sleeper-disk
    lab_create kvm1 sleeper
    for round in 1 2 3; do
        on kvm1 virsh suspend sleeper
        not_running kvm1 sleeper
        refused kvm1 thief 1000 "'$LAB_IMAGES/sleeper-disk'" "'sleeper'" "'kvm1'"
        refused kvm2 thief 1000 "'$LAB_IMAGES/sleeper-disk'" "'sleeper'" "'kvm1'"
        on kvm1 virsh resume sleeper
        runs kvm1 sleeper
    done
    refused kvm2 thief 1000 "'sleeper'"
}

@test "a guest that is ended while suspended frees its disk" {
    lab_guest ended ended-disk
    lab_guest heir ended-disk
    lab_create kvm1 ended
    on kvm1 virsh suspend ended
    on kvm1 virsh destroy ended
    lab_wait 2 lab_create kvm2 heir
    runs kvm2 heir
}

@test "a paused start holds the lock" {
    lab_guest waiting waiting-disk
    lab_guest pusher waiting-disk
    lab_create kvm1 waiting --paused
    not_running kvm1 waiting
    refused kvm1 pusher 1000 "'$LAB_IMAGES/waiting-disk'" "'waiting'" "'kvm1'"
    refused kvm2 pusher 1000 "'$LAB_IMAGES/waiting-disk'" "'waiting'" "'kvm1'"
    on kvm1 virsh resume waiting
    runs kvm1 waiting
}

@test "another guest's disk: refused before QEMU is started" {
    lab_guest owner owner-disk
    lab_guest early owner-disk
    lab_create kvm1 owner
    refused kvm2 early 1000 "'owner'" "Process exited prior to exec"
    refused kvm1 early 1000 "'owner'" "Process exited prior to exec"
    [ "$(lab_seen kvm2 early)" -eq 0 ]
    [ "$(lab_seen kvm1 early)" -eq 0 ]
}
