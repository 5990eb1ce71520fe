#!/usr/bin/env bats
# migratephase.bats: each kind of migration
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2 kvm3; }
teardown() { forget_all; e2e_check; }
teardown_file() { lab_stop; }

. "$LAB_SOURCE/migrations.bash"

@test "peer to peer, tunnelled, and back" {
    guarded peers
    lab_migrate peers kvm1 kvm2 --p2p
    is_at peers kvm2
    lab_migrate peers kvm2 kvm1 --p2p --tunnelled
    is_at peers kvm1
}

@test "direct: the QEMU driver has none; the guest runs on" {
    guarded directs
    run on kvm1 virsh migrate --live --direct directs "tcp://$(lab_address kvm2)"
    echo "$output"
    [ "$status" -ne 0 ]
    said "not supported"
    is_at directs kvm1
    ran_through kvm1 directs
}

@test "not live: the guest is paused on the way" {
    guarded halts
    on kvm1 virsh migrate --unsafe halts qemu+tcp://kvm2/system
    is_at halts kvm2
}

@test "offline: a definition has no lock; the guest starts over there" {
    lab_guest defined defined-disk
    lab_guest defined-envy defined-disk
    on kvm1 virsh -q define "$LAB_DIR/guests/defined.xml"
    on kvm1 virsh migrate --offline --persistent defined qemu+tcp://kvm2/system
    locked defined-disk
    on kvm2 virsh start defined
    is_at defined kvm2
}

@test "a persistent guest starts again where it came from, once it was ended" {
    guarded returns
    on kvm1 virsh -q define "$LAB_DIR/guests/returns.xml"
    lab_migrate returns kvm1 kvm2
    is_at returns kvm2
    run on kvm1 virsh start returns
    echo "$output"
    [ "$status" -ne 0 ]
    said "'returns'" "'kvm2'"
    on kvm2 virsh destroy returns
    on kvm1 virsh start returns
    is_at returns kvm1
}

@test "on to a third host, and back to the first" {
    guarded tours
    lab_guest tours-envy tours-disk
    lab_migrate tours kvm1 kvm2
    lab_migrate tours kvm2 kvm3
    locked tours-disk kvm3:tours:running
    refused kvm2 tours-envy 1000 "'tours'" "'kvm3'"
    lab_migrate tours kvm3 kvm1
    is_at tours kvm1
}

@test "with its storage, to an image of the same name, and to one of another" {
    guarded carries
    lab_migrate carries kvm1 kvm2 --copy-storage-all
    is_at carries kvm2
    lab_image carries-new
    on kvm2 virsh dumpxml carries --migratable |
        sed "s|$LAB_IMAGES/carries-disk|$LAB_IMAGES/carries-new|" > "$LAB_DIR/guests/carries-new.xml"
    lab_migrate carries kvm2 kvm1 --copy-storage-inc --xml "$LAB_DIR/guests/carries-new.xml"
    runs kvm1 carries
    locked carries-new kvm1:carries:running
    locked carries-disk
    lab_create kvm3 carries-envy
    runs kvm3 carries-envy
}

@test "post-copy: the destination has the lock as soon as it runs" {
    late_copy lazy
    locked lazy-disk kvm2:lazy:running
    refused kvm3 lazy-envy 1000 "'lazy'" "'kvm2'"
    on kvm1 virsh -q migrate-setspeed lazy 1000 --postcopy
    wait "$SLOW"
    is_at lazy kvm2
}

@test "post-copy after pre-copy" {
    guarded eager
    lab_migrate eager kvm1 kvm2 --postcopy --postcopy-after-precopy
    is_at eager kvm2
}
