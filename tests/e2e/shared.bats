#!/usr/bin/env bats
# shared.bats: disks that several guests may have
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# shared_by FLAG: guests with FLAG run together and keep a writer out, until
# the last of them is gone.
shared_by()
{
    local disk=shared-$1

    lab_guest "$1-a" "$disk:$1"
    lab_guest "$1-b" "$disk:$1"
    lab_guest "$1-c" "$disk:$1" "$1-c-own"
    lab_guest "$1-writer" "$disk"
    lab_create kvm1 "$1-a"
    lab_create kvm2 "$1-b"
    lab_create kvm2 "$1-c"
    runs kvm1 "$1-a"
    runs kvm2 "$1-b"
    runs kvm2 "$1-c"
    refused kvm1 "$1-writer" 1000 "'$LAB_IMAGES/$disk'" "'$1-[abc]'" "'kvm[12]'"
    refused kvm2 "$1-writer" 1000 "'$LAB_IMAGES/$disk'" "'$1-[abc]'" "'kvm[12]'"

    on kvm2 virsh destroy "$1-b"
    on kvm2 virsh destroy "$1-c"
    refused kvm2 "$1-writer" 1000 "'$1-a'" "'kvm1'"
    on kvm1 virsh destroy "$1-a"
    lab_create kvm2 "$1-writer"
    runs kvm2 "$1-writer"
}

@test "read-only disks: readers run together, a writer is refused" {
    shared_by readonly
}

@test "shareable disks: sharers run together, one that wants it alone is refused" {
    shared_by shareable
}

@test "a reader and a sharer run together" {
    lab_guest reads shared-mixed:readonly
    lab_guest shares shared-mixed:shareable
    lab_create kvm1 reads
    lab_create kvm2 shares
    runs kvm1 reads
    runs kvm2 shares
}

@test "a writer runs: readers and sharers are refused" {
    lab_guest alone alone-disk
    lab_guest alone-reads alone-disk:readonly
    lab_guest alone-shares alone-disk:shareable
    lab_create kvm1 alone
    local host
    for host in kvm1 kvm2; do
        refused "$host" alone-reads 1000 "'$LAB_IMAGES/alone-disk'" "'alone'" "'kvm1'"
        refused "$host" alone-shares 1000 "'$LAB_IMAGES/alone-disk'" "'alone'" "'kvm1'"
    done
    runs kvm1 alone
}
