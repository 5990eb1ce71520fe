#!/usr/bin/env bats
# migratefault.bats: something is killed, or hangs, in the middle of a migration
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2 kvm3; }
teardown() { put_right > /dev/null 2>&1 || :; forget_all; e2e_check; }
teardown_file() { lab_stop; }

. "$LAB_SOURCE/migrations.bash"

@test "post-copy that breaks, and is recovered: the destination keeps the lock" {
    late_copy breaks
    on kvm1 virsh domjobabort breaks --postcopy
    not wait "$SLOW"
    locked breaks-disk kvm2:breaks:running
    refused kvm3 breaks-envy 1000 "'breaks'" "'kvm2'"
    not on kvm1 virsh resume breaks
    lab_migrate breaks kvm1 kvm2 --postcopy --postcopy-resume --bandwidth 0
    is_at breaks kvm2
    lab_wait 5 gone kvm1 breaks
}

@test "memory is copied: virsh is killed" {
    guarded unheard
    migrate_slowly unheard kvm1 kvm2
    on kvm1 pkill -KILL -x virsh
    stays_home unheard
    survives unheard
}

@test "memory is copied: the destination's libvirtd is killed" {
    guarded deaf
    migrate_slowly deaf kvm1 kvm2
    lab_kill kvm2 libvirtd
    stays_home deaf
    put_right
    lab_wait 10 gone kvm2 deaf
    survives deaf
}

@test "memory is copied: the source's libvirtd is killed" {
    guarded headless
    migrate_slowly headless kvm1 kvm2
    lab_kill kvm1 libvirtd
    not wait "$SLOW"
    locked headless-disk kvm1:headless:running
    put_right
    is_at headless kvm1
    survives headless
}

@test "memory is copied: the network between the hosts fails, and the job is aborted" {
    guarded torn
    migrate_slowly torn kvm1 kvm2 --p2p
    on kvm1 ip route add blackhole "$(lab_address kvm2)"
    on kvm1 virsh domjobabort torn
    not wait "$SLOW"
    is_at torn kvm1
    put_right
    lab_wait 40 gone kvm2 torn
    survives torn
}

@test "memory is copied: the destination's virtleased is killed" {
    guarded unlet
    migrate_slowly unlet kvm1 kvm2
    lab_virtleased_stop kvm2
    on kvm1 virsh -q migrate-setspeed unlet 1000
    stays_home unlet
    put_right
    survives unlet
}

@test "memory is copied: the source's virtleased is killed, and started again" {
    guarded kept
    migrate_slowly kept kvm1 kvm2
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    on kvm1 virsh -q migrate-setspeed kept 1000
    wait "$SLOW"
    is_at kept kvm2
    survives kept
}

@test "handed over: the destination's virtleased hangs; the source goes on" {
    between hangs
    not wait "$SLOW"
    put_right
    survives hangs
}

@test "handed over: virsh is killed" {
    between cut
    on kvm1 pkill -KILL -x virsh
    put_right
    survives cut
}

@test "handed over: the destination's libvirtd is killed" {
    between lost
    lab_kill kvm2 libvirtd
    put_right
    survives lost
}

@test "handed over: the source's libvirtd is killed" {
    between left
    lab_kill kvm1 libvirtd
    put_right
    survives left
}
