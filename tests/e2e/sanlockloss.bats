#!/usr/bin/env bats
# sanlockloss.bats: hosts that lose their sanlock leases, and hosts that die
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load driver
load sanlock

DRIVER_BUSY="is in use|is or was in use|Failed to acquire lock"

setup_file() { sanlock_lab kvm1 kvm2; }
setup()
{
    e2e_need sanlock_missing
    e2e_setup
}
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# guest NAME [ACTION]: one whose end libvirt remembers, on kvm1.
guest()
{
    LAB_SETTINGS=${2:+<on_lockfailure>$2</on_lockfailure>} lab_guest "$1" "$1-disk"
    on kvm1 virsh define "$LAB_DIR/guests/$1.xml"
    on kvm1 virsh start "$1"
    runs kvm1 "$1"
}

# state_is NAME STATE: with its reason, on kvm1.
state_is()
{
    on kvm1 virsh domstate --reason "$1" | grep -qx "$2"
}

# The lease of kvm1's host_id is damaged, as by somebody who writes where he
# should not; it is the first sector of the lockspace.
lose()
{
    cp "$LAB_DIR/leases/__LIBVIRT__DISKS__" "$LAB_DIR/saved"
    dd if=/dev/zero of="$LAB_DIR/leases/__LIBVIRT__DISKS__" bs=512 count=1 conv=notrunc status=none
}

# In the end it is repaired. What the daemon says of it is kept.
repair()
{
    lab_wait 60 left_lockspace
    dd if="$LAB_DIR/saved" of="$LAB_DIR/leases/__LIBVIRT__DISKS__" bs=512 count=1 conv=notrunc status=none
}

left_lockspace()
{
    not grep -q '^s ' <<< "$(on kvm1 sanlock client status)"
}

# Three guests on a host that loses its leases: each ends as it is to, and
# another host has the disks.
loses()
{
    sanlock_drivers "$1" own
    guest "$1-dies"
    guest "$1-off" poweroff
    guest "$1-pauses" pause
    lose
    lab_wait 60 not_running kvm1 "$1-dies"
    lab_wait 60 not_running kvm1 "$1-off"
    lab_wait 60 not_running kvm1 "$1-pauses"
    lab_wait 10 state_is "$1-off" "shut off (destroyed)"
    lab_wait 10 state_is "$1-pauses" "paused (user)"
    not state_is "$1-dies" "shut off (destroyed)"
    repair
}

@test "a host that loses its lease ends or pauses its guests; with this tree's driver it comes back" {
    loses own
    lab_guest returns returns-disk
    run lab_create kvm1 returns
    echo "$output"
    said "has lost its lockspace"
    lab_wait 60 lab_create kvm1 returns
    runs kvm1 returns
}

@test "with libvirt's own driver guests end in the same way" {
    loses stock
}

@test "when a host has crashed another one has its disks, not before it must be dead" {
    local begin took

    sanlock_drivers own own
    lab_guest crashes crashes-disk
    lab_create kvm1 crashes
    kept_out kvm2 crashes
    begin=$(lab_now)
    lab_crash kvm1
    kept_out kvm2 crashes
    lab_wait 150 lab_create kvm2 crashes
    took=$(($(lab_now) - begin))
    echo "after $took ms"
    runs kvm2 crashes
    # Eight times io_timeout to the last renewal's end, and a minute for the watchdog.
    [ "$took" -ge $(((8 * SANLOCK_IO_TIMEOUT + 60) * 1000 - 3000)) ]
}
