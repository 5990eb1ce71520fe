#!/usr/bin/env bats
# snapshot.bats: snapshots are taken, reverted to and deleted
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

setup()
{
    e2e_setup
    e2e_need lab_missing_qcow2
}

# snapped GUEST [DISK]: it runs on that qcow2 image; GUEST-envy wants it.
snapped()
{
    local disk=${2:-$1-disk}

    lab_image_qcow2 "$disk"
    LAB_FORMAT=qcow2 lab_guest "$1" "$disk"
    LAB_FORMAT=qcow2 lab_guest "$1-envy" "$disk"
    lab_create kvm1 "$1"
    locked "$disk" "kvm1:$1:running"
}

# kept GUEST: its lock, and nobody else gets in.
kept()
{
    locked "$1-disk" "kvm1:$1:running"
    refused kvm2 "$1-envy" 1000 "'$1'" "'kvm1'"
}

@test "an internal snapshot: taken, reverted to and deleted under the lock" {
    snapped inner
    on kvm1 virsh -q snapshot-create-as inner one
    kept inner
    on kvm1 virsh -q snapshot-revert inner one
    kept inner
    on kvm1 virsh -q snapshot-delete inner one
    kept inner
    runs kvm1 inner
}

@test "reverting to a paused state: locked all the same" {
    snapped pauses
    on kvm1 virsh -q snapshot-create-as pauses one
    on kvm1 virsh -q snapshot-revert pauses one --paused
    not_running kvm1 pauses
    kept pauses
    on kvm1 virsh -q resume pauses
    kept pauses
    runs kvm1 pauses
}

@test "reverting while another host's guest has the disk: refused" {
    snapped loses
    on kvm1 virsh -q define "$LAB_DIR/guests/loses.xml"
    on kvm1 virsh -q snapshot-create-as loses one
    on kvm1 virsh -q destroy loses
    lab_create kvm2 loses-envy
    run on kvm1 virsh snapshot-revert loses one
    echo "$output"
    [ "$status" -ne 0 ]
    said "'loses-envy'" "'kvm2'"
    locked loses-disk kvm2:loses-envy:running
    on kvm2 virsh -q destroy loses-envy
    on kvm1 virsh -q snapshot-revert loses one
    kept loses
    on kvm1 virsh -q snapshot-delete loses one
    on kvm1 virsh -q undefine loses
}

# The image that becomes the backing file is open, and stays locked with it.
@test "an external snapshot of disks: the new image is locked, and the old one" {
    snapped outer
    lab_overlay kvm1 outer-top outer-disk
    LAB_FORMAT=qcow2 lab_guest outer-robber outer-top
    on kvm1 virsh -q snapshot-create-as outer one --disk-only --reuse-external \
        --diskspec "sda,file=$LAB_IMAGES/outer-top"
    locked outer-top kvm1:outer:running
    kept outer
    refused kvm2 outer-robber 1000 "'$LAB_IMAGES/outer-top'" "'outer'" "'kvm1'"
    on kvm1 virsh -q suspend outer
    locked outer-top kvm1:outer:stopped
    on kvm1 virsh -q resume outer
    locked outer-top kvm1:outer:running
    kept outer
    on kvm1 virsh -q snapshot-delete outer one --metadata
}

@test "an external snapshot with memory: likewise, over the pause that it takes" {
    snapped whole
    lab_overlay kvm1 whole-top whole-disk
    on kvm1 virsh -q snapshot-create-as whole one --reuse-external \
        --memspec "$LAB_DIR/whole.memory,snapshot=external" --diskspec "sda,file=$LAB_IMAGES/whole-top"
    locked whole-top kvm1:whole:running
    runs kvm1 whole
    on kvm1 virsh -q snapshot-delete whole one --metadata
}

@test "an external snapshot onto an image that is in use: refused" {
    snapped grabs shared-grabs
    lab_overlay kvm1 grabs-top shared-grabs
    lab_overlay kvm2 grabs-top shared-grabs
    LAB_FORMAT=qcow2 lab_guest owner grabs-top
    # The backing file is written to by one of them: the witness is told to allow it.
    lab_create kvm2 owner
    run on kvm1 virsh snapshot-create-as grabs one --disk-only --reuse-external \
        --diskspec "sda,file=$LAB_IMAGES/grabs-top"
    echo "$output"
    [ "$status" -ne 0 ]
    said "resource busy" "'$LAB_IMAGES/grabs-top'" "'owner'" "'kvm2'"
    locked grabs-top kvm2:owner:running
    locked shared-grabs kvm1:grabs:running
    ran_through kvm1 grabs
}
