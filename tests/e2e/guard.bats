#!/usr/bin/env bats
# guard.bats: one of virtleased's two processes dies or hangs, or both do
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
    lab_is_up kvm1 || return 0
    on kvm1 pkill -KILL -f '[s]tuckfs'
    faults_end kvm1
    lab_use kvm1 "$E2E_URL"
    lab_kill kvm1 virtleased CONT
    lab_virtleased_answers kvm1 && return
    lab_virtleased_stop kvm1 KILL
    lab_virtleased_start kvm1
}

teardown_file() { lab_stop; }

# another HOST WHICH OLD: WHICH (worker or guard) is there, and not process OLD.
another()
{
    local now

    now=$("$2" "$1") && [ -n "$now" ] && [ "$now" != "$3" ]
}

# guarded GUEST RENEWED: its process on kvm1 was gone when a third of the lease
# was left that was renewed last at RENEWED, or once more after that.
guarded()
{
    lab_wait "$LAB_LEASE" gone kvm1 "$1"
    fenced kvm1 "$1" "$2"
    [ "$(lab_gone_at kvm1 "$1")" -ge $(($2 + LAB_LEASE * 2000 / 3 - 100)) ]
}

gone()
{
    [ "$(lab_gone_at "$1" "$2")" -gt 0 ]
}

@test "the worker is killed: another one is there at once, the guest runs on, its disk is never free" {
    local old begin

    lab_guest kept kept-disk
    lab_guest kept-other kept-disk
    lab_create kvm1 kept
    for _ in 1 2 3; do
        old=$(worker kvm1)
        signal kvm1 KILL "$old"
        begin=$(lab_now)
        on kvm1 virt-lease status
        echo "answered after $(($(lab_now) - begin)) ms"
        another kvm1 worker "$old"
        refused kvm2 kept-other 1000 "'kept'" "'kvm1'"
    done
    sleep "$LAB_LEASE"
    ran_through kvm1 kept
    refused kvm1 kept-other 1000 "'kept'" "'kvm1'"
}

@test "the worker hangs: the guest is gone before its lease ends, and then the worker is replaced" {
    local old renewed

    lab_guest stuck stuck-disk
    lab_guest stuck-other stuck-disk
    lab_create kvm1 stuck
    runs kvm1 stuck
    old=$(worker kvm1)
    renewed=$(last_renewal kvm1)
    signal kvm1 STOP "$old"
    guarded stuck "$renewed"
    lab_wait 5 another kvm1 worker "$old"
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm2 stuck-other
    runs kvm2 stuck-other
    refused kvm1 stuck $((LAB_LEASE * 1000)) "'stuck-other'" "'kvm2'"
}

@test "the worker cannot come back: the guest is gone before its lease ends; later all is well again" {
    local renewed

    lab_guest lost lost-disk
    lab_create kvm1 lost
    runs kvm1 lost
    renewed=$(last_renewal kvm1)
    worker_lost kvm1
    guarded lost "$renewed"
    lab_use kvm1 "$E2E_URL"
    lab_wait 10 lab_virtleased_answers kvm1
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm1 lost
    runs kvm1 lost
}

@test "the guard is killed: it is replaced, the worker is not, and the new one does its work" {
    local old renewed process

    lab_guest safe safe-disk
    lab_guest safe-other safe-disk
    lab_create kvm1 safe
    old=$(guard kvm1)
    process=$(worker kvm1)
    signal kvm1 KILL "$old"
    lab_wait 2 another kvm1 guard "$old"
    [ "$(worker kvm1)" = "$process" ]
    refused kvm2 safe-other 1000 "'safe'" "'kvm1'"
    sleep "$LAB_LEASE"
    ran_through kvm1 safe
    renewed=$(last_renewal kvm1)
    signal kvm1 STOP "$process"
    guarded safe "$renewed"
}

@test "the guard hangs: it is replaced, the guest runs on" {
    local old process

    lab_guest awake awake-disk
    lab_guest awake-other awake-disk
    lab_create kvm1 awake
    old=$(guard kvm1)
    process=$(worker kvm1)
    signal kvm1 STOP "$old"
    lab_wait $((5 * $(e2e_patience))) another kvm1 guard "$old"
    [ "$(worker kvm1)" = "$process" ]
    sleep "$LAB_LEASE"
    ran_through kvm1 awake
    refused kvm2 awake-other 1000 "'awake'" "'kvm1'"
}

@test "both are killed and started again: the guest runs on, its disk is never free" {
    lab_guest both both-disk
    lab_guest both-other both-disk
    lab_create kvm1 both
    lab_virtleased_stop kvm1 KILL
    refused kvm2 both-other 1000 "'both'" "'kvm1'"
    lab_virtleased_start kvm1
    sleep "$LAB_LEASE"
    ran_through kvm1 both
    refused kvm2 both-other 1000 "'both'" "'kvm1'"
}

@test "both are killed, and started again when the lease is over: the guest is ended at once" {
    lab_guest late late-disk
    lab_guest late-other late-disk
    lab_create kvm1 late
    runs kvm1 late
    lab_virtleased_stop kvm1 KILL
    sleep $((LAB_LEASE + 1))
    runs kvm1 late
    lab_virtleased_start kvm1
    lab_wait 3 gone kvm1 late
    grep -q "guest 'late' .*its lease ran out while virtleased was not running" "$LAB_DIR/kvm1/virtleased.log"
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm1 late-other
    runs kvm1 late-other
}

# ---- the watchdog ----

# watchdog_on: kvm1 has a wdmd, and its virtleased, started again, is its client.
watchdog_on()
{
    lab_virtleased_stop kvm1 TERM
    on kvm1 rm -f /run/wdmd/wdmd.sock
    rm -f "$LAB_DIR/kvm1/wdmd.log"
    lab_spawn kvm1 "$LAB_DIR/kvm1/wdmd.log" python3 "$LAB_SOURCE/wdmd.py" /run/wdmd/wdmd.sock
    lab_wait 10 on kvm1 test -S /run/wdmd/wdmd.sock
    lab_use kvm1 "$E2E_URL"
    echo 'watchdog = "wdmd"' >> "$LAB_DIR/kvm1/etc/libvirt/virtleased.conf"
    lab_virtleased_start kvm1
    lab_wait 5 wdmd_says '^1 register virtleased$'
    lab_wait 5 wdmd_says '^1 idle$'
}

# wdmd_says PATTERN: what the stand-in for wdmd heard has such a line.
wdmd_says()
{
    grep -qE -- "$1" "$LAB_DIR/kvm1/wdmd.log"
}

# wdmd_hears PATTERN: the last line is such a one.
wdmd_hears()
{
    tail -n 1 "$LAB_DIR/kvm1/wdmd.log" | grep -qE -- "$1"
}

# fed: wdmd is told once more, by the first connection, that all is well.
fed()
{
    local before

    before=$(grep -c '^1 live 30$' "$LAB_DIR/kvm1/wdmd.log")
    lab_wait 10 fed_since "$before"
}

fed_since()
{
    [ "$(grep -c '^1 live 30$' "$LAB_DIR/kvm1/wdmd.log")" -gt "$1" ]
}

@test "a watchdog is fed while guests run, whichever process dies, and never let go" {
    local old

    lab_guest watched watched-disk
    watchdog_on
    lab_create kvm1 watched
    fed
    wdmd_says '^1 refcount-set$'

    old=$(guard kvm1)
    signal kvm1 KILL "$old"
    lab_wait 2 another kvm1 guard "$old"
    fed
    old=$(worker kvm1)
    signal kvm1 KILL "$old"
    lab_wait 2 another kvm1 worker "$old"
    fed
    # The second guard was given the connection, and gave it to the second worker.
    old=$(guard kvm1)
    signal kvm1 KILL "$old"
    lab_wait 2 another kvm1 guard "$old"
    fed
    not wdmd_says '^1 (end|live 0)'

    on kvm1 virsh destroy watched
    lab_wait 10 wdmd_hears '^1 refcount-clear$'
    lab_create kvm1 watched
    fed
    # An end in good order lets the host off, a violent one does not.
    lab_virtleased_stop kvm1 TERM
    lab_wait 5 wdmd_hears '^1 end$'
    [ "$(tail -n 3 "$LAB_DIR/kvm1/wdmd.log" | head -n 2 | tr '\n' ' ')" = "1 idle 1 refcount-clear " ]
    lab_virtleased_start kvm1
    lab_wait 10 wdmd_says '^2 live 30$'
    lab_virtleased_stop kvm1 KILL
    lab_wait 5 wdmd_hears '^2 end$'
    not wdmd_says '^2 (refcount-clear|live 0)'
    lab_use kvm1 "$E2E_URL"
    lab_virtleased_start kvm1
    runs kvm1 watched
}

@test "both are killed and nobody starts them: the watchdog resets the host, and another takes over after the lease" {
    local renewed

    lab_guest fallen fallen-disk
    lab_guest fallen-heir fallen-disk
    watchdog_on
    lab_create kvm1 fallen
    lab_wait 5 wdmd_hears '^1 live 30$'
    renewed=$(last_renewal kvm1)
    lab_virtleased_stop kvm1 KILL
    lab_wait 5 wdmd_hears '^1 end$'
    [ "$(tail -n 2 "$LAB_DIR/kvm1/wdmd.log" | head -n 1)" = "1 live 30" ]
    runs kvm1 fallen
    # What a wdmd would do that has a device, and rather later.
    lab_crash kvm1
    lab_use kvm1 "$E2E_URL"
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm2 fallen-heir
    runs kvm2 fallen-heir
    [ "$(lab_began kvm2 fallen-heir)" -gt $((renewed + LAB_LEASE * 1000)) ]
}

# stuck HOST GUEST: a thread of it waits for something that no signal ends.
stuck()
{
    on "$1" bash -c 'grep -q "^State:.D" /proc/"$(pgrep -f "[g]uest=$1,")"/task/*/status' stuck "$2"
}

said_by_guard()
{
    grep -qE -- "$1" "$LAB_DIR/kvm1/virtleased.log"
}

@test "a QEMU that not even SIGKILL ends: said loudly, no new session beside it, and the watchdog is not fed" {
    [ -c /dev/fuse ] || skip "not here: /dev/fuse"
    lab_guest undead undead-disk
    lab_guest neighbour neighbour-disk
    watchdog_on
    lab_spawn kvm1 "$LAB_DIR/kvm1/stuckfs.log" python3 "$LAB_SOURCE/stuckfs.py" /run/stuck
    lab_wait 5 grep -q mounted "$LAB_DIR/kvm1/stuckfs.log"
    lab_create kvm1 undead
    runs kvm1 undead
    lab_wait 5 wdmd_hears '^1 live 30$'
    on kvm1 virsh qemu-monitor-command undead --hmp "drive_add 0 if=none,file=/run/stuck/file" > /dev/null 2>&1 3>&- &
    lab_wait 5 grep -q asked "$LAB_DIR/kvm1/stuckfs.log"
    wdmd_hears '^1 live 30$'
    lab_cut kvm1
    lab_wait $((LAB_LEASE + 2)) wdmd_hears '^1 live 0$'
    lab_wait 3 said_by_guard "guest 'undead' .* still exists .* cannot be killed: .*reset this host"
    lab_mend kvm1
    lab_wait $LAB_LEASE said_by_guard "grants nothing on this host: guest 'undead' .*reset this host"
    refused kvm1 neighbour 6000 "guest 'undead'" "cannot be killed" "reset this host"
    [ -z "$(session_of kvm1)" ]
    stuck kvm1 undead
    wdmd_hears '^1 live 0$'

    on kvm1 pkill -KILL -f '[s]tuckfs'
    lab_wait 5 gone kvm1 undead
    lab_wait 5 wdmd_hears '^1 refcount-clear$'
    lab_wait $((LAB_LEASE * 2 + 5)) lab_create kvm1 undead
    runs kvm1 undead
}
