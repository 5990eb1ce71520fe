#!/usr/bin/env bats
# lease.bats: <lease> elements, and disks, plugged in and out
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2 kvm3; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# lease_xml KEY
lease_xml()
{
    echo "<lease><lockspace>area</lockspace><key>$1</key><target path='/none'/></lease>"
}

# leasing GUEST KEY: it has that lease from the start.
leasing()
{
    LAB_DEVICES=$(lease_xml "$2") lab_guest "$1" "$1-disk"
}

# plug / unplug HOST GUEST KEY
plug()
{
    lease_xml "$3" > "$LAB_DIR/guests/$3.lease.xml"
    on "$1" virsh attach-device "$2" "$LAB_DIR/guests/$3.lease.xml" --live
}

unplug()
{
    on "$1" virsh detach-device "$2" "$LAB_DIR/guests/$3.lease.xml" --live
}

# denied HOST GUEST KEY PATTERN...: it cannot be plugged in.
denied()
{
    run plug "$1" "$2" "$3"
    echo "$output"
    [ "$status" -ne 0 ] || return 1
    shift 3
    said "resource busy" "$@"
}

@test "a guest with a <lease> keeps others with it out" {
    leasing first cold
    leasing second cold
    lab_create kvm1 first
    locked lease:area/cold kvm1:first:running
    refused kvm1 second 1000 "lease 'area/cold'" "'first'" "'kvm1'"
    refused kvm2 second 1000 "lease 'area/cold'" "'first'" "'kvm1'"
    locked second-disk
    on kvm1 virsh suspend first
    locked lease:area/cold kvm1:first:stopped
    refused kvm2 second 1000 "lease 'area/cold'" "'first'" "'kvm1'"
    on kvm1 virsh resume first
    locked lease:area/cold kvm1:first:running
    on kvm1 virsh destroy first
    lab_create kvm2 second
    locked lease:area/cold kvm2:second:running
}

@test "a lease that is plugged in while the guest runs, and out" {
    lab_guest hot hot-disk
    lab_guest rival rival-disk
    lab_create kvm1 hot
    lab_create kvm2 rival
    plug kvm1 hot warm
    locked lease:area/warm kvm1:hot:running
    denied kvm2 rival warm "lease 'area/warm'" "'hot'" "'kvm1'"
    unplug kvm1 hot warm
    locked lease:area/warm
    plug kvm2 rival warm
    locked lease:area/warm kvm2:rival:running
    denied kvm1 hot warm "'rival'" "'kvm2'"
    ran_through kvm1 hot
    ran_through kvm2 rival
}

@test "a lease that is plugged in while the guest is suspended, and out" {
    lab_guest cool cool-disk
    lab_guest foe foe-disk
    lab_create kvm1 cool
    lab_create kvm2 foe
    on kvm1 virsh suspend cool
    plug kvm1 cool frost
    locked lease:area/frost kvm1:cool:stopped
    denied kvm2 foe frost "'cool'" "'kvm1'"
    unplug kvm1 cool frost
    locked lease:area/frost
    plug kvm2 foe frost
    denied kvm1 cool frost "'foe'" "'kvm2'"
    unplug kvm2 foe frost
    plug kvm1 cool frost
    on kvm1 virsh resume cool
    locked lease:area/frost kvm1:cool:running
    locked cool-disk kvm1:cool:running
}

@test "a lease migrates with its guest" {
    leasing goes trek
    lab_guest hunts hunts-disk
    lab_create kvm1 goes
    lab_create kvm3 hunts
    lab_migrate goes kvm1 kvm2
    locked lease:area/trek kvm2:goes:running
    locked goes-disk kvm2:goes:running
    denied kvm3 hunts trek "'goes'" "'kvm2'"
    runs kvm2 goes
}

@test "a disk that is plugged out of a suspended guest is free, and not asked for again" {
    lab_guest sheds sheds-disk shed-disk
    lab_guest gains shed-disk
    lab_create kvm1 sheds
    on kvm1 virsh suspend sheds
    locked shed-disk kvm1:sheds:stopped
    on kvm1 virsh detach-disk sheds sdb --live
    locked shed-disk
    lab_create kvm2 gains
    on kvm1 virsh resume sheds
    locked sheds-disk kvm1:sheds:running
    locked shed-disk kvm2:gains:running
    runs kvm1 sheds
}

@test "a guest that has nothing to lock gets its first disk, and gives it back" {
    lab_guest bare
    lab_guest takes bare-disk
    lab_create kvm1 bare
    lab_image bare-disk
    lab_disk_xml bare-disk 0 > "$LAB_DIR/guests/bare.disk.xml"
    on kvm1 virsh attach-device bare "$LAB_DIR/guests/bare.disk.xml" --live
    locked bare-disk kvm1:bare:running
    refused kvm2 takes 1000 "'bare'" "'kvm1'"
    on kvm1 virsh suspend bare
    on kvm1 virsh resume bare
    locked bare-disk kvm1:bare:running
    on kvm1 virsh detach-device bare "$LAB_DIR/guests/bare.disk.xml" --live
    locked bare-disk
    lab_create kvm2 takes
    runs kvm1 bare
}
