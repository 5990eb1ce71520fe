#!/bin/bash
# migrations.sh: migrations while a third host tries to get the guest's disk
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: LAB_STAGE=DIR migrations.sh COUNT [failing]
#
# Migrates a guest COUNT times between two hosts of a lab (see tests/e2e), live.
# A third host tries to start another guest on its disk all the while. With
# "failing" every migration is made to fail half-way, in one way after the
# other. Prints what came of it; fails if the third host ever succeeded, if two
# guests ran with the disk, or if a migration ended otherwise than it should.

set -u
. "$(dirname "$0")/../e2e/e2e.bash"

count=$1
kind=${2:-}
BATS_TEST_COMPLETED=1
result=0

# The third host's attempts: a line "0" for each that succeeded, else "1".
intrude()
{
    LAB_TIMEOUT=36000 on kvm3 bash -c 'while [ ! -e "$1.stop" ]; do
        virsh -q create "$1" > /dev/null 2>&1; echo $?
    done' intrude "$LAB_DIR/guests/intruder.xml" > "$LAB_DIR/attempts" 2> /dev/null
}

copying()
{
    on kvm1 virsh domjobinfo nomad | grep -q 'Data processed: *[1-9]'
}

# Ways of failing, each while memory is being copied from kvm1 to kvm2, and
# what makes things whole afterwards.
fail_abort() { on kvm1 virsh -q domjobabort nomad; }
fail_qemu() { on kvm2 pkill -KILL -f '[g]uest=nomad,'; }
fail_virsh() { on kvm1 pkill -KILL -x virsh; }
fail_destination() { lab_kill kvm2 libvirtd; }
fail_source() { lab_kill kvm1 libvirtd; }
fail_lock() { lab_virtleased_stop kvm2 TERM; on kvm2 pkill -KILL -f '[g]uest=nomad,'; }

mend_abort() { :; }
mend_qemu() { :; }
mend_virsh() { :; }
mend_destination() { lab_wait 10 lab_ended kvm2 libvirtd; lab_libvirtd_start kvm2; }
mend_source() { lab_wait 10 lab_ended kvm1 libvirtd; lab_libvirtd_start kvm1; }
mend_lock() { lab_virtleased_start kvm2; }

ways=(abort qemu virsh destination source lock)

idle()
{
    on kvm1 virsh -q domstate nomad | grep -q running &&
        on kvm1 virsh -q domjobinfo nomad | grep -q 'None' &&
        ! on kvm2 virsh -q domstate nomad 2> /dev/null
}

# fails WAY: one migration, spoilt in that way.
fails()
{
    lab_migrate nomad kvm1 kvm2 --bandwidth 1 < /dev/null > "$LAB_DIR/spoilt" 2>&1 &
    lab_wait 30 copying && "fail_$1"
    wait $! && { lab_say "a migration to be spoilt by '$1' succeeded"; result=1; }
    "mend_$1"
    lab_wait 60 idle && lab_running kvm1 nomad ||
        { lab_say "after '$1' the guest is not what it was"; cat "$LAB_DIR/spoilt" >&2; exit 1; }
}

# succeeds NUMBER: one migration, there or back.
succeeds()
{
    local from=kvm1 to=kvm2

    [ $(($1 % 2)) -eq 0 ] || { from=kvm2; to=kvm1; }
    lab_migrate nomad $from $to > /dev/null && lab_running $to nomad ||
        { lab_say "migration $1 failed"; exit 1; }
}

all()
{
    local i begin

    for ((i = 0; i < count; i++)); do
        begin=$(lab_now)
        if [ "$kind" = failing ]; then fails "${ways[i % ${#ways[@]}]}"; else succeeds "$i"; fi
        echo $(($(lab_now) - begin))
    done > "$LAB_DIR/times"
}

# report: the figures, from what was written down.
report()
{
    local sorted double

    mapfile -t sorted < <(sort -n "$LAB_DIR/times")
    double=$(lab_witness | jq '.violations | length')
    echo "migrations:              ${#sorted[@]}${kind:+ ($kind: ${ways[*]})}"
    echo "third host's attempts:   $(grep -c . "$LAB_DIR/attempts")"
    echo "  that succeeded:        $(grep -cx 0 "$LAB_DIR/attempts")"
    echo "two guests at one time:  $double"
    echo "median, maximum (ms):    ${sorted[${#sorted[@]} / 2]}, ${sorted[-1]}"
    echo "on: $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg)," \
         "$(libvirtd --version), $(qemu-system-x86_64 --version | head -n 1), lease of $LAB_LEASE s"
    ! grep -qx 0 "$LAB_DIR/attempts" && lab_witness_clean && [ "${#sorted[@]}" -eq "$count" ] || result=1
}

trap lab_stop EXIT
trap 'exit 1' INT TERM
missing=$(e2e_missing)
[ -z "$missing" ] || { echo "not here: ${missing//$'\n'/, }" >&2; exit 77; }
e2e_lab kvm1 kvm2 kvm3 > /dev/null || exit 1
if [ "$kind" = failing ]; then lab_guest_heavy nomad nomad-disk; else lab_guest nomad nomad-disk; fi
lab_guest intruder nomad-disk
lab_create kvm1 nomad > /dev/null || exit 1
lab_wait 5 lab_running kvm1 nomad || exit 1
intrude &
all
touch "$LAB_DIR/guests/intruder.xml.stop"
wait
report
exit $result
