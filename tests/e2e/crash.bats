#!/usr/bin/env bats
# crash.bats: a host dies, and another may have its disks, but not too early
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# takes_over GUEST OTHER: kvm1 is crashed while GUEST runs there; OTHER starts
# on kvm2 not before the lease has run out, and soon after.
takes_over()
{
    local renewed crashed started

    runs kvm1 "$1"
    renewed=$(last_renewal kvm1)
    lab_crash kvm1
    crashed=$(lab_now)
    refused kvm2 "$2" 1500 "'$1'" "'kvm1'"
    while [ "$(lab_now)" -lt $((crashed + LAB_LEASE * 2500)) ]; do
        ! lab_create kvm2 "$2" || break
        sleep 0.1
    done
    runs kvm2 "$2"
    started=$(lab_began kvm2 "$2")
    echo "last renewal $((renewed - crashed)) ms, start $((started - crashed)) ms after the crash"
    # The lease ran from the last renewal at least: read before the crash, there
    # may have been one more.
    [ "$started" -ge $((renewed + LAB_LEASE * 1000)) ]
    [ "$started" -le $((crashed + LAB_LEASE * 1000 + LAB_LEASE * 1000 / 6 + 2000 * $(e2e_patience))) ]
}

@test "host crash: another guest gets the disk after the lease, and no later than promised" {
    lab_guest victim victim-disk
    lab_guest successor victim-disk
    lab_create kvm1 victim
    takes_over victim successor
}

@test "host crash: the same guest starts elsewhere likewise" {
    lab_guest risen risen-disk
    lab_create kvm1 risen
    takes_over risen risen
}

@test "the host that crashed comes back and starts guests again" {
    lab_guest again victim-disk risen-disk
    lab_guest again-other risen-disk
    lab_create kvm1 again
    runs kvm1 again
    refused kvm2 again-other 1000 "'again'" "'kvm1'"
}
