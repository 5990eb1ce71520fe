#!/usr/bin/env bats
# start.bats: one guest has its disks, and nobody else
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# keeps_out COUNT: a guest with so many disks runs on kvm1.
keeps_out()
{
    local name=web$1 other=other$1

    lab_guest "$name" $(disks "$name" "$1")
    lab_guest "$other" "$other-own" "$name-$1"
    lab_create kvm1 "$name"
    runs kvm1 "$name"

    refused kvm2 "$name" 1000 "'$LAB_IMAGES/$name-[0-9]+'" "'$name'" "'kvm1'" "resource busy"
    refused kvm1 "$other" 1000 "'$LAB_IMAGES/$name-$1'" "'$name'" "'kvm1'"
    refused kvm2 "$other" 1000 "'$LAB_IMAGES/$name-$1'" "'$name'" "'kvm1'"
    runs kvm1 "$name"
}

# passes_on COUNT: the same guest starts on kvm2 once it was ended on kvm1.
passes_on()
{
    on kvm1 virsh destroy "web$1"
    lab_create kvm2 "web$1"
    runs kvm2 "web$1"
}

@test "a guest with 1 disk keeps others out, then starts elsewhere at once" {
    keeps_out 1
    passes_on 1
}

@test "a guest with 16 disks keeps others out, then starts elsewhere at once" {
    keeps_out 16
    passes_on 16
}

@test "a guest that was refused leaves its other disks free" {
    lab_guest one one-disk
    lab_guest two two-disk one-disk
    lab_guest three two-disk
    lab_create kvm1 one
    refused kvm2 two 1000 one-disk
    lab_create kvm1 three
    runs kvm1 three
}

@test "a guest that dies by itself frees its disk" {
    lab_guest dies dies-disk
    lab_guest next dies-disk
    lab_create kvm1 dies
    on kvm1 pkill -KILL -f '[g]uest=dies,'
    lab_wait 2 lab_create kvm2 next
    runs kvm2 next
}

@test "virt-lease says who holds what, where, and since when" {
    lab_guest listed listed-disk
    lab_create kvm1 listed
    run on kvm2 virt-lease list
    echo "$output"
    said "$LAB_IMAGES/listed-disk" listed kvm1 "$(date +%Y-%m-%d)"
    run on kvm2 virt-lease list --json
    [ "$status" -eq 0 ]
    jq . <<< "$output"
    run on kvm1 virt-lease status
    echo "$output"
    said listed
    run on kvm1 virt-lease status --json
    jq . <<< "$output"
}
