#!/usr/bin/env bats
# faultdaemon.bats: guard, worker and libvirtd are killed and hang at random
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e
load faults

setup_file()
{
    [ -n "$(faults_missing)" ] || e2e_lab kvm1 kvm2 kvm3
}

setup()
{
    local host

    e2e_need faults_missing
    faults_seed
    for host in $E2E_HOSTS; do
        lab_virtleased_answers "$host" || { lab_virtleased_stop "$host"; lab_virtleased_start "$host"; }
    done
}

teardown()
{
    local host

    [ -n "${LAB_DIR:-}" ] || return 0
    churn_stop
    supervisor_stop
    lab_server_thaw
    for host in $E2E_HOSTS; do
        lab_kill "$host" virtleased CONT
        on "$host" virsh -q list > /dev/null || lab_libvirtd_again "$host"
        orphans_end "$host"
    done
    e2e_check
}

teardown_file() { lab_stop; }

# part HOST NAME: sets PART to the process id of that part of its virtleased.
part()
{
    PART=$(on "$1" bash -c 'for pid in $(pgrep -x virtleased); do
        role=guard
        ! grep -qz -- ^--worker= "/proc/$pid/cmdline" || role=worker
        [ $role != "$1" ] || echo "$pid"
    done' part "$2" | head -n 1)
    [ -n "$PART" ]
}

# part_signal HOST NAME SIGNAL: whether there is such a part; it may just be
# about to be replaced.
part_signal()
{
    part "$1" "$2" && on "$1" kill "-$3" "$PART"
}

# supervisor HOST...: starts virtleased again there when both parts are gone, as
# systemd does.
supervisor()
{
    (
        trap - ERR
        set +e
        while [ ! -e "$LAB_DIR/supervisor.stop" ]; do
            for host; do
                ! lab_ended "$host" virtleased > /dev/null || lab_virtleased_start "$host"
            done
            sleep 0.1
        done
    ) < /dev/null > "$LAB_DIR/supervisor.log" 2>&1 3>&- &
    SUPERVISOR=$!
}

supervisor_stop()
{
    [ -n "${SUPERVISOR:-}" ] || return 0
    touch "$LAB_DIR/supervisor.stop"
    wait "$SUPERVISOR" || :
    rm -f "$LAB_DIR/supervisor.stop"
    SUPERVISOR=
}

# harm HOST: something that a running guest must not notice.
harm()
{
    local name pause

    pick name guard worker guard worker both
    if [ "$name" = both ]; then
        echo "both on $1 are killed"
        lab_kill "$1" virtleased || :
        return
    fi
    pick_number pause 0 1500
    if [ "$pause" -lt 750 ]; then
        echo "the $name on $1 is killed"
        part_signal "$1" "$name" KILL || :
    else
        echo "the $name on $1 is stopped for $pause ms"
        part_signal "$1" "$name" STOP || :
        nap "$pause"
        on "$1" kill -CONT "$PART" || :
    fi
}

@test "guard and worker are killed and stopped at random: who runs runs on, nothing is left" {
    local end host pause

    lab_guest calm-1 calm-1
    lab_guest calm-2 calm-2
    lab_create kvm1 calm-1
    lab_create kvm2 calm-2
    for host in kvm1 kvm2 kvm3; do
        lab_guest "busy-$host" busy
        churn "$host" "busy-$host"
    done
    supervisor kvm1 kvm2 kvm3
    end=$(($(lab_now) + 15000))
    while [ "$(lab_now)" -lt "$end" ]; do
        pick host kvm1 kvm2 kvm3
        harm "$host"
        pick_number pause 200 1200
        nap "$pause"
    done
    churn_stop
    for host in kvm1 kvm2 kvm3; do
        lab_wait 15 lab_virtleased_answers "$host"
    done
    supervisor_stop
    ran_through kvm1 calm-1
    ran_through kvm2 calm-2
    nothing_locked calm-1 calm-2 busy
}

@test "the worker hangs for good: the guard ends the guest in time, and starts another worker" {
    local renewed

    lab_guest hung hung
    lab_guest hung-other hung
    lab_create kvm1 hung
    runs kvm1 hung
    renewed=$(last_renewal kvm1)
    part_signal kvm1 worker STOP
    lab_wait $((LAB_LEASE * 2 + 4)) lab_create kvm2 hung-other
    runs kvm2 hung-other
    # It may have been renewed once more between these two.
    fenced kvm1 hung $((renewed + LAB_LEASE * 1000 / 6))
    lab_wait $LAB_LEASE lab_virtleased_answers kvm1
    nothing_locked hung
}

@test "the guard hangs, and then the server: another guard, or the worker, ends the guest in time" {
    local renewed

    lab_guest stuck stuck
    lab_create kvm1 stuck
    runs kvm1 stuck
    part_signal kvm1 guard STOP
    lab_server_freeze
    renewed=$(last_renewal kvm1)
    sleep $LAB_LEASE
    fenced kvm1 stuck "$renewed"
    lab_server_thaw
    nothing_locked stuck
}

# ---- libvirtd ----

# What libvirt lost sight of is ended by hand.
orphans_end()
{
    on "$1" bash -c 'known=" $(virsh -q list --name | tr "\n" " ") "
        for pid in $(pgrep -f "[q]emu-system.*guest="); do
            name=$(tr "\0" "\n" < "/proc/$pid/cmdline" | sed -n "s/^guest=\([^,]*\).*/\1/p")
            case $known in *" $name "*) ;; *) kill -KILL "$pid" ;; esac
        done' || :
}

# killed_during HOST LONGEST_MS COMMAND...: libvirtd on HOST dies at some moment
# while COMMAND goes on, and comes back.
killed_during()
{
    local host=$1 pause job

    pick_number pause 0 "$2"
    "${@:3}" > /dev/null 2>&1 3>&- &
    job=$!
    nap "$pause"
    lab_kill "$host" libvirtd
    echo "libvirtd on $host dies after $pause ms of: ${*:3}"
    wait "$job" || :
    lab_libvirtd_again "$host"
}

# protected HOST GUEST OTHER: if it runs there, OTHER cannot on another host.
protected()
{
    lab_running "$1" "$2" || return 0
    refused kvm3 "$3" 1500 "'$2'" "'$1'"
}

@test "libvirtd is killed while guests are started" {
    local i

    for i in 1 2 3; do
        lab_guest "begins-$i" "begins-$i"
        lab_guest "begins-other-$i" "begins-$i"
        killed_during kvm1 500 lab_create kvm1 "begins-$i"
        protected kvm1 "begins-$i" "begins-other-$i"
    done
    orphans_end kvm1
    nothing_locked begins-{1,2,3}
}

@test "libvirtd of either host is killed while guests migrate" {
    local i host

    for i in 1 2; do
        lab_guest_heavy "moves-$i" "moves-$i"
        lab_guest "moves-other-$i" "moves-$i"
        lab_create kvm1 "moves-$i"
        churn kvm3 "moves-other-$i"
        host=kvm$i
        killed_during "$host" 2500 lab_migrate "moves-$i" kvm1 kvm2 --bandwidth 5
        churn_stop
        protected kvm1 "moves-$i" "moves-other-$i"
        protected kvm2 "moves-$i" "moves-other-$i"
    done
    orphans_end kvm1
    orphans_end kvm2
    nothing_locked moves-{1,2}
}

# plug GUEST FILE
plug()
{
    on kvm1 virsh attach-device "$1" "$LAB_DIR/guests/$2.disk.xml" --live
}

# The witness saw the guest $1 with the disk $2.
has_disk()
{
    lab_witness | jq -e --arg g "$1" --arg p "$LAB_IMAGES/$2" \
        'any(.processes[]; .guest == $g and .running and any(.disks[]; .path == $p))' > /dev/null
}

@test "libvirtd is killed while disks are plugged in" {
    local i

    lab_guest socket socket
    lab_create kvm1 socket
    for i in 1 2 3; do
        lab_guest "plugged-other-$i" "plugged-$i"
        lab_disk_xml "plugged-$i" $((4 + i)) > "$LAB_DIR/guests/plugged-$i.disk.xml"
        killed_during kvm1 150 plug socket "plugged-$i"
        ! has_disk socket "plugged-$i" || refused kvm3 "plugged-other-$i" 1500 "'socket'" "'kvm1'"
    done
    ran_through kvm1 socket
    nothing_locked socket plugged-{1,2,3}
}
