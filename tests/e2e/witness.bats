#!/usr/bin/env bats
# witness.bats: the witness sees what it is there to see
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# With libvirt's own driver "nop", that lets everything happen.

load e2e

setup_file()
{
    [ -z "$(lab_missing)" ] || return 0
    lab_start $$
    LAB_DRIVER=nop LAB_STAGE='' lab_host_start kvm1 kvm2
}

# Each test has a witness of its own: what one saw must not fail the next.
setup()
{
    e2e_need lab_missing
    lab_witness_start
}

teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    lab_destroy_all kvm1 kvm2 > /dev/null
    lab_witness_stop
}

teardown_file() { lab_stop; }

accuses()
{
    run lab_witness_clean
    echo "$output"
    [ "$status" -ne 0 ]
    said "$@"
}

@test "two guests that run with one disk are seen" {
    lab_guest one double-disk
    lab_guest two other-disk double-disk
    lab_create kvm1 one
    lab_create kvm2 two
    accuses "$LAB_IMAGES/double-disk" "one on kvm1" "two on kvm2"
}

@test "also when they did so for a moment only, and are gone" {
    lab_guest brief brief-disk
    lab_guest long brief-disk
    lab_create kvm1 long
    lab_create kvm2 brief --paused
    lab_witness_clean
    on kvm2 virsh resume brief
    on kvm2 virsh suspend brief
    lab_destroy_all kvm1 kvm2
    accuses "$LAB_IMAGES/brief-disk" "long on kvm1" "brief on kvm2"
}

@test "also with a disk that was plugged in" {
    lab_guest has has-disk
    lab_guest gets gets-disk
    lab_disk_xml has-disk 5 > "$LAB_DIR/guests/has-disk.xml"
    lab_create kvm1 has
    lab_create kvm2 gets
    lab_witness_clean
    on kvm2 virsh attach-device gets "$LAB_DIR/guests/has-disk.xml" --live
    accuses "$LAB_IMAGES/has-disk"
}

@test "a reader beside a writer is seen too" {
    lab_guest writes read-disk
    lab_guest reads read-disk:readonly
    lab_create kvm1 writes
    lab_create kvm2 reads
    accuses "$LAB_IMAGES/read-disk"
}

@test "what is allowed is not: readers, sharers, one after the other, a paused one, a migration" {
    lab_guest reads-a both-read:readonly shared-both:shareable
    lab_guest reads-b both-read:readonly shared-both:shareable
    lab_guest first turns-disk
    lab_guest second turns-disk
    lab_create kvm1 reads-a
    lab_create kvm2 reads-b
    lab_create kvm1 first
    on kvm1 virsh suspend first
    lab_create kvm2 second
    on kvm2 virsh suspend second
    on kvm1 virsh resume first
    on kvm2 virsh destroy second
    lab_migrate first kvm1 kvm2
    lab_running kvm2 first
    not lab_running kvm1 first
    lab_witness_clean
}

@test "a QEMU that does not answer the witness is no reason to be calm" {
    lab_guest mute mute-disk
    lab_create kvm1 mute
    lab_witness_clean
    on kvm1 pkill -STOP -f '[g]uest=mute,'
    sleep 6
    accuses "mute on kvm1"
    on kvm1 pkill -CONT -f '[g]uest=mute,'
}

@test "no witness is no reason to be calm" {
    lab_witness_stop
    not lab_witness_clean
    lab_witness_start
}
