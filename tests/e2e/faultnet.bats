#!/usr/bin/env bats
# faultnet.bats: packets are lost, and the server dies and hangs, under load
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load faults

setup_file()
{
    [ -n "$(faults_missing)" ] || e2e_lab kvm1 kvm2 kvm3 kvm4
}

setup()
{
    e2e_need faults_missing
    faults_seed
}

teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    churn_stop
    put_right > /dev/null 2>&1 || :
    e2e_check
}

put_right()
{
    local host

    lab_server_thaw
    lab_server_answers || lab_server_up
    for host in $E2E_HOSTS; do
        blackhole_end "$host"
    done
}

teardown_file() { lab_stop; }

# Half a lease less the age of a renewal is borne; twice a lease is not.
SHORT=2000
LONG=12000
DIRECTIONS=(in out both)

# holes_begin PREFIX: a guest on each of three hosts, and then another direction
# for each in which nothing gets through, at the same time.
holes_begin()
{
    local i pids=()

    for i in 1 2 3; do
        lab_guest "$1-$i" "$1-disk-$i"
        lab_guest "$1-other-$i" "$1-disk-$i"
        lab_create "kvm$i" "$1-$i"
    done
    for i in 1 2 3; do
        runs "kvm$i" "$1-$i"
    done
    HOLES=$(lab_now)
    for i in 1 2 3; do
        blackhole "kvm$i" "${DIRECTIONS[i - 1]}" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
}

# Says how long they were there.
holes_end()
{
    local i pids=()

    for i in 1 2 3; do
        blackhole_end "kvm$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    HOLES=$(($(lab_now) - HOLES))
    echo "nothing got through for $HOLES ms"
}

@test "nothing comes from the server, nothing goes to it, or neither, for a while: nothing happens" {
    local i

    holes_begin brief
    nap 1500
    holes_end
    # For longer than a guest would then have lived.
    sleep $((LAB_LEASE / 2))
    for i in 1 2 3; do
        # A machine that takes too long to mend it proves nothing.
        [ "$HOLES" -gt $SHORT ] || ran_through "kvm$i" "brief-$i"
        [ "$HOLES" -gt $SHORT ] || refused kvm4 "brief-other-$i" 1500 "'brief-$i'" "'kvm$i'"
    done
    nothing_locked brief-disk-{1,2,3}
}

@test "likewise for longer than a lease: guests are gone in time, and another host gets their disks" {
    local i

    holes_begin long
    for i in 1 2 3; do
        RENEWED[i]=$(last_renewal "kvm$i")
    done
    for i in 1 2 3; do
        lab_wait $((LAB_LEASE * 2 + 6)) lab_create kvm4 "long-other-$i"
        runs kvm4 "long-other-$i"
        fenced "kvm$i" "long-$i" "${RENEWED[i]}"
    done
    holes_end
    # What was asked of the server late changes nothing for those who have them now.
    for i in 1 2 3; do
        lab_wait $LAB_LEASE refused "kvm$i" "long-$i" $((LAB_LEASE * 1000)) "'long-other-$i'" "'kvm4'"
    done
    nothing_locked long-disk-{1,2,3}
}

# under_load PREFIX: a guest on each of two hosts that is to run on, and on all
# four hosts guests that come and go, two for each disk.
under_load()
{
    local i

    for i in 1 2; do
        lab_guest "$1-calm-$i" "$1-calm-$i"
        lab_create "kvm$i" "$1-calm-$i"
        lab_guest "$1-a$i" "$1-disk-$i"
        lab_guest "$1-b$i" "$1-disk-$i"
        churn "kvm$i" "$1-a$i"
        churn "kvm$((i + 2))" "$1-b$i"
    done
}

# Since the first call of it a round went through.
more_rounds()
{
    [ "$(churned)" -gt "${CHURNED:=$(churned)}" ]
}

load_ends()
{
    churn_stop
    echo "$(churned) rounds"
    [ "$(churned)" -ge 1 ]
    nothing_locked "$1"-calm-{1,2} "$1"-disk-{1,2}
}

# calm PREFIX LONGEST_MS: those that were to run on did, if no outage took
# longer than a guest must bear.
calm()
{
    local i

    echo "the longest outage: $2 ms"
    for i in 1 2; do
        [ "$2" -gt $((SHORT + 300)) ] || ran_through "kvm$i" "$1-calm-$i"
    done
}

@test "the server is killed and started again every few seconds: who runs runs on, nothing is left" {
    local end pause begin longest=0

    under_load reborn
    end=$(($(lab_now) + 12000))
    while [ "$(lab_now)" -lt "$end" ]; do
        pick_number pause 1500 3000
        nap "$pause"
        begin=$(lab_now)
        lab_server_down
        pick_number pause 0 800
        nap "$pause"
        lab_server_up
        [ $(($(lab_now) - begin)) -le $longest ] || longest=$(($(lab_now) - begin))
    done
    calm reborn $longest
    load_ends reborn
}

@test "the server hangs now and then, and at last for longer than a lease: nothing is left" {
    local i pause longest=0 begin

    under_load hangs
    for i in 1 2 3; do
        pick_number pause 500 2000
        nap "$pause"
        begin=$(lab_now)
        lab_server_freeze
        pick_number pause 100 $SHORT
        nap "$pause"
        lab_server_thaw
        [ $(($(lab_now) - begin)) -le $longest ] || longest=$(($(lab_now) - begin))
    done
    sleep 2
    calm hangs $longest
    lab_server_freeze
    for i in 1 2; do
        RENEWED[i]=$(last_renewal "kvm$i")
    done
    nap $LONG
    for i in 1 2; do
        fenced "kvm$i" "hangs-calm-$i" "${RENEWED[i]}"
    done
    lab_server_thaw
    lab_wait $((LAB_LEASE * 2)) more_rounds
    load_ends hangs
}
