#!/usr/bin/env bats
# block.bats: a running guest's images are copied, merged and exchanged
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libvirt has images locked that a block job writes to while the job is on, and
# backing files never otherwise.

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# virsh that has to succeed: on kvm1.
virsh1()
{
    on kvm1 virsh -q "$@"
}

# copied GUEST: in GUEST, sda is being copied to GUEST-copy, and the copy is
# complete. "Envy" wants it, and so does libvirt for the guest.
copying()
{
    lab_guest "$1" "$1-disk"
    lab_image "$1-copy"
    lab_guest "$1-envy" "$1-copy"
    lab_create kvm1 "$1"
    locked "$1-copy"
    virsh1 blockcopy "$1" sda "$LAB_IMAGES/$1-copy" --transient-job --wait --format raw --reuse-external
    locked "$1-disk" "kvm1:$1:running"
    locked "$1-copy" "kvm1:$1:running"
    refused kvm2 "$1-envy" 1000 "'$LAB_IMAGES/$1-copy'" "'$1'" "'kvm1'"
}

@test "blockcopy: the copy is locked, and the old image free after the pivot" {
    copying pivots
    virsh1 blockjob pivots sda --pivot
    locked pivots-copy kvm1:pivots:running
    locked pivots-disk
    refused kvm2 pivots-envy 1000 "'pivots'" "'kvm1'"
    ran_through kvm1 pivots
}

@test "blockcopy: the copy is free again after an abort" {
    copying aborts
    virsh1 blockjob aborts sda --abort
    locked aborts-copy
    locked aborts-disk kvm1:aborts:running
    lab_create kvm2 aborts-envy
    runs kvm2 aborts-envy
    ran_through kvm1 aborts
}

@test "blockcopy: a guest that is suspended and resumed meanwhile keeps the copy" {
    copying naps
    virsh1 suspend naps
    locked naps-copy kvm1:naps:stopped
    refused kvm2 naps-envy 1000 "'naps'" "'kvm1'"
    virsh1 resume naps
    locked naps-disk kvm1:naps:running
    locked naps-copy kvm1:naps:running
    virsh1 blockjob naps sda --pivot
    locked naps-copy kvm1:naps:running
    locked naps-disk
    refused kvm2 naps-envy 1000 "'naps'" "'kvm1'"
}

@test "blockcopy: not to an image that is in use" {
    lab_guest copies copies-disk
    lab_guest owns owns-disk
    lab_create kvm2 owns
    lab_create kvm1 copies
    run virsh1 blockcopy copies sda "$LAB_IMAGES/owns-disk" --transient-job --format raw --reuse-external
    echo "$output"
    [ "$status" -ne 0 ]
    said "resource busy" "'$LAB_IMAGES/owns-disk'" "'owns'" "'kvm2'"
    locked owns-disk kvm2:owns:running
    locked copies-disk kvm1:copies:running
    ran_through kvm1 copies
}

# layered GUEST [DISK]: it runs on GUEST-2 over GUEST-1 over DISK, of which the
# latter two are not locked. GUEST-envy wants DISK.
layered()
{
    local disk=${2:-$1-disk}

    e2e_need lab_missing_qcow2
    lab_image_qcow2 "$disk"
    lab_overlay kvm1 "$1-1" "$disk"
    lab_overlay kvm1 "$1-2" "$1-1"
    LAB_FORMAT=qcow2 lab_guest "$1" "$1-2"
    LAB_FORMAT=qcow2 lab_guest "$1-envy" "$disk"
    lab_create kvm1 "$1"
    locked "$1-2" "kvm1:$1:running"
    locked "$1-1"
    locked "$disk"
}

@test "active blockcommit: the base is locked while it is written to, also over a pause" {
    layered commits
    virsh1 blockcommit commits sda --active --wait
    locked commits-disk kvm1:commits:running
    locked commits-2 kvm1:commits:running
    refused kvm2 commits-envy 1000 "'$LAB_IMAGES/commits-disk'" "'commits'" "'kvm1'"
    virsh1 suspend commits
    virsh1 resume commits
    locked commits-disk kvm1:commits:running
    virsh1 blockjob commits sda --pivot
    locked commits-disk kvm1:commits:running
    locked commits-2
    refused kvm2 commits-envy 1000 "'$LAB_IMAGES/commits-disk'" "'commits'" "'kvm1'"
    virsh1 suspend commits
    virsh1 resume commits
    locked commits-disk kvm1:commits:running
}

@test "active blockcommit: an abort leaves the guest on its image, with its lock" {
    layered stays
    virsh1 blockcommit stays sda --active --wait
    locked stays-disk kvm1:stays:running
    virsh1 blockjob stays sda --abort
    locked stays-2 kvm1:stays:running
    virsh1 suspend stays
    virsh1 resume stays
    locked stays-2 kvm1:stays:running
}

@test "blockcommit of a middle image, then blockpull: the top stays locked" {
    layered merges
    virsh1 blockcommit merges sda --wait --top "$LAB_IMAGES/merges-1" --base "$LAB_IMAGES/merges-disk"
    locked merges-2 kvm1:merges:running
    locked merges-1
    virsh1 blockpull merges sda --wait
    locked merges-2 kvm1:merges:running
    locked merges-1
    ran_through kvm1 merges
}

@test "blockcommit: not into an image that is in use" {
    # The witness would object to a backing file that is written to: it is right.
    layered refuses shared-refuses
    lab_create kvm2 refuses-envy
    run virsh1 blockcommit refuses sda --active
    echo "$output"
    [ "$status" -ne 0 ]
    said "resource busy" "'$LAB_IMAGES/shared-refuses'" "'refuses-envy'" "'kvm2'"
    locked shared-refuses kvm2:refuses-envy:running
    locked refuses-2 kvm1:refuses:running
}
