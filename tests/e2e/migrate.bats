#!/usr/bin/env bats
# migrate.bats: a guest goes from host to host and nobody gets between
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2 kvm3; }
teardown() { intruder_stop; e2e_check; }
teardown_file() { lab_stop; }

# intruder_start GUEST: tries to start it on kvm3 again and again.
intruder_start()
{
    (
        trap - ERR
        set +e
        while [ ! -e "$LAB_DIR/intruder.stop" ]; do
            lab_create kvm3 "$1"
            echo "end of attempt: $?"
        done
    ) < /dev/null > "$LAB_DIR/intruder.log" 2>&1 3>&- &
    INTRUDER=$!
}

intruder_stop()
{
    [ -n "${INTRUDER:-}" ] || return 0
    touch "$LAB_DIR/intruder.stop"
    wait "$INTRUDER" || :
    rm -f "$LAB_DIR/intruder.stop"
    INTRUDER=
}

attempts()
{
    grep -c "end of attempt: $1" "$LAB_DIR/intruder.log" || :
}

# never_ran HOST GUEST: the witness saw no instant at which its CPUs ran.
never_ran()
{
    lab_witness | jq -e --arg h "$1" --arg g "$2" \
        'all(.processes[]; .host != $h or .guest != $g or .runs == [])' > /dev/null
}

@test "there and back, three times, while another guest tries to get in" {
    local round

    lab_guest nomad nomad-disk nomad-other
    lab_guest intruder nomad-disk
    lab_create kvm1 nomad
    intruder_start intruder
    for round in 1 2 3; do
        lab_migrate nomad kvm1 kvm2
        runs kvm2 nomad
        lab_migrate nomad kvm2 kvm1
        runs kvm1 nomad
    done
    intruder_stop
    cat "$LAB_DIR/intruder.log"
    [ "$(attempts 0)" -eq 0 ]
    [ "$(attempts 1)" -ge 10 ]
    never_ran kvm3 intruder
    refused kvm3 intruder 1000 "'nomad'" "'kvm1'"
}

@test "a migration that is called off leaves the source running, with its lock" {
    lab_guest_heavy quits quits-disk
    lab_guest quits-other quits-disk
    lab_create kvm1 quits
    migrate_slowly quits kvm1 kvm2
    refused kvm3 quits-other 1000 "'quits'" "'kvm1'"
    on kvm1 virsh domjobabort quits
    not wait "$SLOW"
    runs kvm1 quits
    not_running kvm2 quits
    refused kvm3 quits-other 1000 "'quits'" "'kvm1'"
    refused kvm2 quits-other 1000 "'quits'" "'kvm1'"
    lab_migrate quits kvm1 kvm2
    runs kvm2 quits
}

@test "a migration whose destination dies leaves the source running, with its lock" {
    lab_guest_heavy orphan orphan-disk
    lab_guest orphan-other orphan-disk
    lab_create kvm1 orphan
    migrate_slowly orphan kvm1 kvm2
    on kvm2 pkill -KILL -f '[g]uest=orphan,'
    not wait "$SLOW"
    runs kvm1 orphan
    refused kvm3 orphan-other 1000 "'orphan'" "'kvm1'"
}

@test "a migration to a host without virtleased fails; the source runs on" {
    lab_guest stays stays-disk
    lab_guest stays-other stays-disk
    lab_create kvm1 stays
    lab_virtleased_stop kvm2 TERM
    run lab_migrate stays kvm1 kvm2
    lab_virtleased_start kvm2
    echo "$output"
    [ "$status" -ne 0 ]
    said virtleased
    runs kvm1 stays
    refused kvm3 stays-other 1000 "'stays'" "'kvm1'"
    lab_migrate stays kvm1 kvm2
    runs kvm2 stays
}

@test "a guest that was paused by hand is migrated, and runs when it is resumed" {
    lab_guest mover mover-disk
    lab_guest mover-other mover-disk
    lab_create kvm1 mover
    on kvm1 virsh suspend mover
    lab_migrate mover kvm1 kvm2
    not_running kvm2 mover
    sleep $((LAB_LEASE / 3))
    on kvm2 virsh resume mover
    runs kvm2 mover
    refused kvm3 mover-other 1000 "'mover'" "'kvm2'"
    refused kvm1 mover-other 1000 "'mover'" "'kvm2'"
}

@test "a paused, migrated guest is not resumed once another guest has used its disk" {
    lab_guest late late-disk
    lab_guest quick late-disk
    lab_create kvm1 late
    on kvm1 virsh suspend late
    lab_migrate late kvm1 kvm2
    lab_create kvm3 quick
    runs kvm3 quick

    run on kvm2 virsh resume late
    echo "$output"
    [ "$status" -ne 0 ]
    on kvm3 virsh destroy quick
    run on kvm2 virsh resume late
    echo "$output"
    [ "$status" -ne 0 ]
    said "'$LAB_IMAGES/late-disk'"
    never_ran kvm2 late
}
