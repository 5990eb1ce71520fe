#!/usr/bin/env bats
# revoke.bats: an administrator takes a lock away by a marker on the export
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

# The server shows what is done on it by hand.
setup_file() { LAB_SERVER_CACHES=no e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# revoke DISK: asks the holder for it, as docs/internals/nfs-lease.rst has it.
revoke()
{
    local session run

    IFS=. read -r _ _ _ session run _ <<< "$(entries "$1")"
    ln -s "by=admin" "$(lab_export "$E2E_LOCKSPACE")/sessions/$session.revoke.$run"
}

markers()
{
    find "$(lab_export "$E2E_LOCKSPACE")/sessions" -name "*.revoke.*"
}

no_markers()
{
    [ -z "$(markers)" ]
}

@test "the holder ends the guest and gives up its disks" {
    lab_guest taken taken-disk
    lab_guest taker taken-disk
    lab_create kvm1 taken
    locked taken-disk kvm1:taken:running
    refused kvm2 taker 1000 "'taken'" "'kvm1'"
    revoke taken-disk
    lab_wait $((LAB_LEASE * 2)) lab_create kvm2 taker
    locked taken-disk kvm2:taker:running
    [ "$(lab_gone_at kvm1 taken)" -gt 0 ]
    runs kvm2 taker
    lab_wait $((LAB_LEASE * 2)) no_markers
}

@test "likewise a suspended guest" {
    lab_guest dozing dozing-disk
    lab_guest waker dozing-disk
    lab_create kvm1 dozing
    on kvm1 virsh suspend dozing
    locked dozing-disk kvm1:dozing:stopped
    revoke dozing-disk
    lab_wait $((LAB_LEASE * 2)) lab_create kvm2 waker
    locked dozing-disk kvm2:waker:running
    runs kvm2 waker
}
