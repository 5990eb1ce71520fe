#!/usr/bin/env bats
# lockfailure.bats: what becomes of a guest that loses its lease, by its <on_lockfailure>
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load faults

setup_file() { e2e_lab kvm1 kvm2; }
teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    put_right > /dev/null 2>&1 || :
    e2e_check
}

# A test that failed may have left it otherwise.
put_right()
{
    faults_end kvm1
    on kvm1 pkill -CONT -x libvirtd
    on kvm1 pgrep -x libvirtd || lab_libvirtd_again kvm1
}

teardown_file() { lab_stop; }

LONG=$((LAB_LEASE + 3))

# guest ACTION NAME DISK...: one with that <on_lockfailure>.
guest()
{
    local action=$1 name=$2

    shift
    lab_guest "$@"
    sed -i "s|</os>|</os><on_lockfailure>$action</on_lockfailure>|" "$LAB_DIR/guests/$name.xml"
}

# stopped_in_time HOST GUEST RENEWED: it does not run any more, and stopped
# before the lease ended that was renewed last at RENEWED.
stopped_in_time()
{
    local stopped

    stopped=$(lab_witness | jq --arg h "$1" --arg g "$2" \
        '[.processes[] | select(.host == $h and .guest == $g) | .runs[]] | last | (.end // 0) * 1000 | floor')
    echo "$2 on $1: stopped $((stopped - $3)) ms after the last renewal"
    [ "$stopped" -gt 0 ] && [ "$stopped" -lt $(($3 + LAB_LEASE * 1000)) ]
}

paused()
{
    [ "$(on "$1" virsh domstate "$2")" = paused ]
}

@test "status says what is to be done" {
    guest pause told told-disk
    lab_create kvm1 told
    [ "$(on kvm1 virt-lease status --json | jq -r '.lockspaces[0].owners[0].onLockFailure')" = pause ]
}

@test "poweroff: gone in time" {
    local renewed

    guest poweroff off off-disk
    lab_create kvm1 off
    sleep 1
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    lab_wait $LONG not on kvm1 virsh domstate off
    stopped_in_time kvm1 off "$renewed"
}

@test "pause: paused in time, not killed, and resumed when the server is back" {
    local renewed

    guest pause sleeper sleeper-disk
    lab_create kvm1 sleeper
    sleep 1
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    sleep $LONG
    paused kvm1 sleeper
    stopped_in_time kvm1 sleeper "$renewed"
    lab_server_thaw
    sleep 2
    paused kvm1 sleeper
    lab_wait $((LAB_LEASE + 5)) on kvm1 virsh resume sleeper
    runs kvm1 sleeper
    [ "$(lab_seen kvm1 sleeper)" -eq 1 ]
}

@test "pause: an outage that is shorter pauses nobody" {
    guest pause steady steady-disk
    lab_create kvm1 steady
    sleep 1
    lab_server_freeze
    sleep 1
    lab_server_thaw
    sleep "$LAB_LEASE"
    ran_through kvm1 steady
}

@test "pause: who had the disk meanwhile makes the resume fail, for good" {
    guest pause robbed robbed-disk
    lab_guest robber robbed-disk
    lab_create kvm1 robbed
    lab_cut kvm1
    lab_wait $((3 * LAB_LEASE)) lab_create kvm2 robber
    paused kvm1 robbed
    lab_mend kvm1
    lab_wait $LAB_LEASE on kvm1 virt-lease status
    run on kvm1 virsh resume robbed
    [ "$status" -ne 0 ]
    on kvm2 virsh destroy robber
    run on kvm1 virsh resume robbed
    echo "$output"
    [ "$status" -ne 0 ]
    said "must not go on"
}

@test "pause with libvirtd stopped (SIGSTOP): killed in time" {
    local renewed

    guest pause deaf deaf-disk
    lab_create kvm1 deaf
    runs kvm1 deaf
    sleep 1
    on kvm1 pkill -STOP -x libvirtd
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    sleep $LONG
    [ "$(lab_gone_at kvm1 deaf)" -gt 0 ]
    stopped_in_time kvm1 deaf "$renewed"
    on kvm1 pkill -CONT -x libvirtd
}

@test "pause with libvirtd dead: killed in time" {
    local renewed

    guest pause orphan orphan-disk
    lab_create kvm1 orphan
    runs kvm1 orphan
    sleep 1
    lab_kill kvm1 libvirtd
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    sleep $LONG
    [ "$(lab_gone_at kvm1 orphan)" -gt 0 ]
    stopped_in_time kvm1 orphan "$renewed"
    lab_libvirtd_again kvm1
}

locked()
{
    [ "$(on "$1" virt-lease status --json |
        jq -r --arg g "$2" '.lockspaces[0].owners[] | select(.guest == $g).state')" = running ]
}

@test "ignore: runs on, and has its lock again when the server is back" {
    guest ignore stoic stoic-disk
    lab_guest stoic-other stoic-disk
    lab_create kvm1 stoic
    sleep 1
    lab_server_freeze
    sleep $LONG
    not locked kvm1 stoic
    lab_server_thaw
    lab_wait $((LAB_LEASE * 2 + 5)) locked kvm1 stoic
    ran_through kvm1 stoic
    refused kvm2 stoic-other 1000 "'stoic'" "'kvm1'"
}

@test "ignore: the guest that took its disk is left alone, and named" {
    guest ignore bold bold-disk
    lab_guest bolder bold-disk
    lab_create kvm1 bold
    lab_cut kvm1
    lab_wait $((3 * LAB_LEASE)) lab_create kvm2 bolder
    lab_mend kvm1
    lab_wait $((2 * LAB_LEASE)) grep -q "'bold' .* cannot get one: .*'bolder'.*'kvm2'" "$LAB_DIR/kvm1/virtleased.log"
    lab_running kvm2 bolder
    # Two writers: that is what "ignore" means, and the witness has to say so.
    not lab_witness_clean
    lab_destroy_all kvm1 kvm2
    lab_witness_stop
    lab_witness_start
}

# started_again HOST GUEST: by another process than the first.
started_again()
{
    lab_running "$1" "$2" && [ "$(lab_seen "$1" "$2")" -ge 2 ]
}

@test "restart: a transient guest is gone in time, and starts when the server is back" {
    local renewed

    guest restart phoenix phoenix-disk
    lab_create kvm1 phoenix
    sleep 1
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    sleep $LONG
    stopped_in_time kvm1 phoenix "$renewed"
    lab_server_thaw
    lab_wait $((2 * LAB_LEASE + 10)) started_again kvm1 phoenix
    lab_wait 5 not on kvm1 ls /run/virtleased/restarts/*
}

@test "restart: a persistent guest, by a virtleased that was started meanwhile" {
    guest restart stays stays-disk
    on kvm1 virsh define "$LAB_DIR/guests/stays.xml"
    on kvm1 virsh start stays
    runs kvm1 stays
    sleep 1
    lab_server_down
    sleep $((3 * LAB_LEASE))
    not_running kvm1 stays
    lab_virtleased_stop kvm1
    lab_virtleased_start kvm1
    lab_server_up
    lab_wait $((2 * LAB_LEASE + 10)) started_again kvm1 stays
    on kvm1 virsh destroy stays
    on kvm1 virsh undefine stays
}

@test "restart: not while another guest has the disk, and then it is" {
    guest restart second second-disk
    lab_guest first second-disk
    lab_create kvm1 second
    lab_cut kvm1
    lab_wait $((3 * LAB_LEASE)) lab_create kvm2 first
    lab_mend kvm1
    lab_wait $((3 * LAB_LEASE)) grep -q "'second' .* not started again yet: .*'first'" "$LAB_DIR/kvm1/virtleased.log"
    not_running kvm1 second
    on kvm2 virsh destroy first
    lab_wait 70 started_again kvm1 second
}

@test "restart: not when the same guest runs elsewhere" {
    guest restart moved moved-disk
    lab_create kvm1 moved
    lab_cut kvm1
    lab_wait $((3 * LAB_LEASE)) lab_create kvm2 moved
    lab_mend kvm1
    lab_wait $((3 * LAB_LEASE)) grep -q "'moved' .* not started again: it has its disks on another host" \
        "$LAB_DIR/kvm1/virtleased.log"
    lab_wait 5 not on kvm1 ls /run/virtleased/restarts/*
    lab_running kvm2 moved
}
