#!/usr/bin/env bats
# lockd.bats: libvirt's lock driver lockd, with virtleased in virtlockd's place
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The driver is the one that libvirt comes with. In the last test it is the one
# of this tree, and the daemon is libvirt's virtlockd.

load e2e

LOCKD_SOCKET=/run/libvirt/virtlockd-sock

setup_file()
{
    export LAB_DRIVER=lockd
    e2e_lab kvm1 kvm2
}
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# lockspace WHERE: both hosts keep their locks there from now on.
lockspace()
{
    local host

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
}

# The directory that both hosts see.
lockfiles()
{
    mkdir -p "$LAB_DIR/lockfiles"
    lockspace "$LAB_DIR/lockfiles"
}

# keeps_out NAME: a guest with two disks, on kvm1 first and then on kvm2.
keeps_out()
{
    lab_guest "$1" "$1-a" "$1-b"
    lab_guest "$1-other" "$1-c" "$1-b"
    lab_create kvm1 "$1"
    runs kvm1 "$1"

    # Only elsewhere: here QEMU has locks of its own, and comes first.
    refused kvm2 "$1" 5000 "is locked|is in use"
    refused kvm2 "$1-other" 5000 "is locked|is in use"
    runs kvm1 "$1"

    on kvm1 virsh destroy "$1"
    lab_wait 10 lab_create kvm2 "$1-other"
    runs kvm2 "$1-other"
}

# moves NAME: a live migration, and who is kept out after it.
moves()
{
    lab_guest "$1" "$1-disk"
    lab_guest "$1-other" "$1-disk"
    lab_create kvm1 "$1"
    lab_migrate "$1" kvm1 kvm2
    runs kvm2 "$1"
    not_running kvm1 "$1"
    refused kvm1 "$1-other" 5000 "is locked|is in use"
    on kvm2 virsh destroy "$1"
    lab_wait 10 lab_create kvm1 "$1-other"
}

@test "with lock files a guest keeps others out, on another host" {
    lockfiles
    keeps_out files
}

@test "with lock files a guest migrates" {
    lockfiles
    moves filesmove
}

@test "with lock files a guest that runs on has its disk again when virtleased was killed" {
    lockfiles
    lab_guest survivor survivor-disk
    lab_guest wants survivor-disk
    lab_create kvm1 survivor
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    refused kvm2 wants 5000 "is locked|is in use"
    runs kvm1 survivor
    on kvm1 pkill -KILL -f '[g]uest=survivor,'
    lab_wait 5 lab_create kvm2 wants
}

@test "with the URL of a lockspace a guest keeps others out, and the message says who it is" {
    lockspace "$E2E_URL"
    keeps_out leased
    lab_guest leased-third leased-c
    refused kvm1 leased-third 5000 "'leased-other'" "'kvm2'"
    run on kvm1 virt-lease list
    echo "$output"
    said leased-other kvm2
}

@test "with the URL of a lockspace a guest migrates" {
    lockspace "$E2E_URL"
    moves leasedmove
}

@test "with the URL of a lockspace a guest keeps its disk when virtleased dies" {
    lockspace "$E2E_URL"
    lab_guest stays stays-disk
    lab_guest tries stays-disk
    lab_create kvm1 stays
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    refused kvm2 tries 5000 "'stays'" "'kvm1'"
    runs kvm1 stays
    ran_through kvm1 stays
}

@test "through virtlockd this tree's lockd.so keeps others out, and lets guests migrate" {
    local host

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
    keeps_out own
    moves ownmove
}
