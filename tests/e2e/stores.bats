#!/usr/bin/env bats
# stores.bats: the main job on each kind of store
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The other files use whichever NFS version is offered first.

load e2e

setup_file()
{
    e2e_lab kvm1 kvm2
    [ -n "${LAB_DIR:-}" ] || return 0
    mkdir "$LAB_DIR/store"
    on kvm1 virt-lease init "dir:$LAB_DIR/store" --lease "$LAB_LEASE"
}

teardown() { e2e_check; }
teardown_file() { lab_stop; }

# use URL LOCKSPACE: all hosts keep their leases there; the lockspace's
# directory for those who look at its files.
use()
{
    local host

    E2E_LOCKSPACE=$2
    for host in $E2E_HOSTS; do
        lab_virtleased_stop "$host" TERM
        # Nothing of the last store is to be taken up.
        on "$host" rm -rf /run/virtleased
    done
    e2e_daemons "$1"
}

# Start, refuse, suspend, migrate and crash.
main_job()
{
    local name=$1 other=$1-other crashed

    lab_guest "$name" "$name-1" "$name-2:shareable"
    lab_guest "$other" "$name-1"
    lab_create kvm1 "$name"
    refused kvm2 "$other" 1000 "'$LAB_IMAGES/$name-1'" "'$name'" "'kvm1'"
    on kvm1 virsh suspend "$name"
    refused kvm2 "$other" 1000 "'$LAB_IMAGES/$name-1'" "'$name'" "'kvm1'"
    on kvm1 virsh resume "$name"
    lab_migrate "$name" kvm1 kvm2
    refused kvm1 "$other" 1000 "'$LAB_IMAGES/$name-1'" "'$name'" "'kvm2'"
    lab_migrate "$name" kvm2 kvm1
    runs kvm1 "$name"
    lab_crash kvm1
    crashed=$(lab_now)
    refused kvm2 "$other" 1500 "'$name'" "'kvm1'"
    lab_wait $((LAB_LEASE + LAB_LEASE / 6 + 2)) lab_create kvm2 "$other"
    runs kvm2 "$other"
    echo "taken over $(($(lab_now) - crashed)) ms after the crash"
    on kvm2 virsh destroy "$other"
    lab_host_again kvm1
}

@test "NFSv3" {
    use "$E2E_URL?version=3" export/virtlease
    main_job three
}

@test "NFSv4" {
    use "$E2E_URL?version=4" export/virtlease
    main_job four
}

@test "a directory" {
    use "dir:$LAB_DIR/store" ../store
    main_job dir
}

@test "one host by NFSv3, the other by NFSv4" {
    use "$E2E_URL?version=3" export/virtlease
    lab_virtleased_stop kvm2 TERM
    lab_use kvm2 "$E2E_URL?version=4"
    lab_virtleased_start kvm2
    main_job mixed
}
