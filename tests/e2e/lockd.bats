#!/usr/bin/env bats
# lockd.bats: the lock driver lockd, and the daemon behind it
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# First the driver is the one that libvirt comes with, and virtleased is in
# virtlockd's place; then the driver is this tree's, and the daemon libvirt's.

load e2e
load driver

LOCKD_SOCKET=/run/libvirt/virtlockd-sock
DRIVER_BUSY="is locked|is in use"

setup_file()
{
    export LAB_DRIVER=lockd
    e2e_lab kvm1 kvm2
}
teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    lab_mend kvm1
    lab_is_up kvm1 || revive kvm1
    e2e_check
}
teardown_file() { lab_stop; }

# revive HOST: after a crash. Its libvirtd does not come up without virtlockd,
# or who stands for it.
revive()
{
    lab_host_boot "$1"
    lab_virtleased_start "$1"
    lab_libvirtd_start "$1"
    lab_wait 20 on "$1" virsh -q list
}

# serve WHERE: both hosts keep their locks there from now on.
serve()
{
    local host

    [ "$(cat "$LAB_DIR/served" 2> /dev/null)" != "$1" ] || return 0
    for host in $E2E_HOSTS; do
        lab_virtleased_stop "$host"
        lab_use "$host" "$E2E_URL"
        echo "lockd_socket = \"$LOCKD_SOCKET\"" >> "$LAB_DIR/$host/etc/libvirt/virtleased.conf"
        echo "file_lockspace_dir = \"$1\"" > "$LAB_DIR/$host/etc/libvirt/qemu-lockd.conf"
    done
    # shellcheck disable=SC2086
    lab_virtleased_start $E2E_HOSTS
    for host in $E2E_HOSTS; do
        lab_libvirtd_again "$host"
    done
    echo "$1" > "$LAB_DIR/served"
}

# In a directory that both hosts see.
files()
{
    mkdir -p "$LAB_DIR/lockfiles"
    serve "$LAB_DIR/lockfiles"
}

leases()
{
    serve "$E2E_URL"
}

# This tree's driver, with libvirt's daemon.
virtlockd()
{
    local host

    [ "$(cat "$LAB_DIR/served" 2> /dev/null)" != virtlockd ] || return 0
    mkdir -p "$LAB_DIR/virtlockd-files"
    for host in $E2E_HOSTS; do
        lab_virtleased_stop "$host"
        on "$host" rm -f "$LOCKD_SOCKET"
        cp "$(lab_staged lockd.so)" "$LAB_DIR/$host/lock-driver/"
        echo "file_lockspace_dir = \"$LAB_DIR/virtlockd-files\"" > "$LAB_DIR/$host/etc/libvirt/qemu-lockd.conf"
        lab_spawn "$host" "$LAB_DIR/$host/virtlockd.log" virtlockd
        lab_wait 10 on "$host" test -S "$LOCKD_SOCKET"
        lab_libvirtd_again "$host"
    done
    echo virtlockd > "$LAB_DIR/served"
}

@test "lock files: a guest keeps others out" { files; driver_starts files; }
@test "lock files: disks are plugged in and out" { files; driver_plugs filesplug; }
@test "lock files: guests share a disk" { files; driver_shares filesshare; }
@test "lock files: a guest migrates" { files; driver_moves filesmove; }
@test "lock files: libvirtd is killed" { files; driver_restarts filesagain; }

@test "lock files: a guest that runs on has its disk again when virtleased was killed" {
    files
    lab_guest survivor survivor-disk
    lab_guest wants survivor-disk
    lab_create kvm1 survivor
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    kept_out kvm2 wants
    runs kvm1 survivor
    on kvm1 pkill -KILL -f '[g]uest=survivor,'
    gets_in kvm2 wants
}

@test "URL of a lockspace: a guest keeps others out" { leases; driver_starts leased; }
@test "URL of a lockspace: disks are plugged in and out" { leases; driver_plugs leasedplug; }
@test "URL of a lockspace: guests share a disk" { leases; driver_shares leasedshare; }
@test "URL of a lockspace: a guest migrates" { leases; driver_moves leasedmove; }
@test "URL of a lockspace: a migration is called off" { leases; driver_stays leasedstay; }
@test "URL of a lockspace: libvirtd is killed" { leases; driver_restarts leasedagain; }

@test "URL of a lockspace: the message says who it is, and the operator sees it" {
    leases
    lab_guest named named-disk
    lab_guest named-other named-disk
    lab_create kvm2 named
    refused kvm1 named-other 5000 "'named'" "'kvm2'"
    run on kvm1 virt-lease list
    echo "$output"
    said named kvm2
}

@test "URL of a lockspace: a guest keeps its disk when virtleased dies" {
    leases
    lab_guest stays stays-disk
    lab_guest tries stays-disk
    lab_create kvm1 stays
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    refused kvm2 tries 5000 "'stays'" "'kvm1'"
    runs kvm1 stays
    ran_through kvm1 stays
}

@test "URL of a lockspace: a guest whose host is cut off is gone before its lease ends" {
    local renewed

    leases
    lab_guest exile exile-disk
    lab_guest heir exile-disk
    lab_create kvm1 exile
    runs kvm1 exile
    lab_cut kvm1
    renewed=$(last_renewal kvm1)
    lab_wait $((LAB_LEASE * 3)) lab_create kvm2 heir
    runs kvm2 heir
    fenced kvm1 exile "$renewed"
}

@test "URL of a lockspace: a host dies, and others have its disks after the lease" {
    local renewed

    leases
    lab_guest victim victim-disk
    lab_guest successor victim-disk
    lab_create kvm1 victim
    runs kvm1 victim
    renewed=$(last_renewal kvm1)
    lab_crash kvm1
    refused kvm2 successor 5000 "'victim'" "'kvm1'"
    lab_wait $((LAB_LEASE * 3)) lab_create kvm2 successor
    runs kvm2 successor
    [ "$(lab_began kvm2 successor)" -ge $((renewed + LAB_LEASE * 1000)) ]
}

@test "virtlockd and this tree's driver: a guest keeps others out" { virtlockd; driver_starts own; }
@test "virtlockd and this tree's driver: disks are plugged in and out" { virtlockd; driver_plugs ownplug; }
@test "virtlockd and this tree's driver: guests share a disk" { virtlockd; driver_shares ownshare; }
@test "virtlockd and this tree's driver: a guest migrates" { virtlockd; driver_moves ownmove; }
@test "virtlockd and this tree's driver: a migration is called off" { virtlockd; driver_stays ownstay; }
@test "virtlockd and this tree's driver: libvirtd is killed" { virtlockd; driver_restarts ownagain; }
