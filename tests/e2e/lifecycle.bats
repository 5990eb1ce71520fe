#!/usr/bin/env bats
# lifecycle.bats: guests that reboot, crash, are saved, and start with their host
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { forget_all; e2e_check; }
teardown_file() { lab_stop; }

. "$LAB_SOURCE/keys.bash"

# What libvirt was told to keep would come back in a later test.
forget_all()
{
    local host name

    for host in ${E2E_HOSTS:-}; do
        lab_is_up "$host" || continue
        for name in $(on "$host" virsh -q list --all --persistent --name); do
            on "$host" virsh -q undefine "$name" --managed-save || :
        done
    done
}

# define HOST GUEST
define()
{
    on "$1" virsh -q define "$LAB_DIR/guests/$2.xml"
}

# state_is HOST GUEST STATE
state_is()
{
    on "$1" virsh domstate "$2" | grep -qx "$3"
}

# gone HOST GUEST: libvirt does not know it any more.
gone()
{
    not on "$1" virsh -q domstate "$2"
}

@test "a guest that reboots, or is reset, keeps its lock as it is" {
    local before

    keys_guest turns turns-disk
    lab_create kvm1 turns
    ready turns 1
    before=$(entries turns-disk)
    press kvm1 turns r
    ready turns 2
    on kvm1 virsh reset turns
    ready turns 3
    [ "$(entries turns-disk)" = "$before" ]
    locked turns-disk kvm1:turns:running
    refused kvm2 turns 1000 "'turns'" "'kvm1'"
    ran_through kvm1 turns
}

@test "a power-off that libvirt was told to turn into a reboot keeps the lock" {
    keys_guest again again-disk "<on_poweroff>restart</on_poweroff>"
    lab_guest again-other again-disk
    lab_create kvm1 again
    ready again 1
    press kvm1 again o
    ready again 2
    locked again-disk kvm1:again:running
    refused kvm2 again-other 1000 "'again'" "'kvm1'"
}

@test "a power-off frees the disk" {
    keys_guest rests rests-disk
    lab_guest rests-other rests-disk
    lab_create kvm1 rests
    ready rests 1
    press kvm1 rests o
    lab_wait 5 gone kvm1 rests
    locked rests-disk
    lab_create kvm2 rests-other
    runs kvm2 rests-other
}

# panics ACTION: a guest with that on_crash has panicked.
panics()
{
    keys_guest "$1" "$1-disk" "<on_crash>$1</on_crash>"
    lab_guest "$1-other" "$1-disk"
    lab_create kvm1 "$1"
    ready "$1" 1
    locked "$1-disk" "kvm1:$1:running"
    press kvm1 "$1" p
}

# The guest is over: its disk is anybody's, though the lock of a guest that was
# stopped before it ended is still to be seen (rule 17).
panic_frees()
{
    panics "$1"
    lab_wait 10 gone kvm1 "$1"
    locked "$1-disk" "kvm1:$1:exited"
    lab_create kvm2 "$1-other"
    runs kvm2 "$1-other"
    locked "$1-disk" "kvm2:$1-other:running"
}

panic_restarts()
{
    panics "$1"
    ready "$1" 2
    locked "$1-disk" "kvm1:$1:running"
    refused kvm2 "$1-other" 1000 "'$1'" "'kvm1'"
}

@test "panic, on_crash destroy: the disk is free" {
    panic_frees destroy
}

@test "panic, on_crash coredump-destroy: likewise" {
    panic_frees coredump-destroy
}

@test "panic, on_crash restart: the lock is kept" {
    panic_restarts restart
}

@test "panic, on_crash coredump-restart: likewise" {
    panic_restarts coredump-restart
}

@test "panic, on_crash preserve: the lock is kept until the guest is ended" {
    panics preserve
    lab_wait 10 state_is kvm1 preserve crashed
    locked preserve-disk kvm1:preserve:stopped
    refused kvm2 preserve-other 1000 "'preserve'" "'kvm1'" paused
    on kvm1 virsh destroy preserve
    locked preserve-disk kvm1:preserve:exited
    lab_create kvm2 preserve-other
    runs kvm2 preserve-other
}

@test "a dump of a running guest's memory: the lock is kept" {
    lab_guest dumped dumped-disk
    lab_create kvm1 dumped
    on kvm1 virsh -q dump dumped "$LAB_DIR/dumped.core"
    locked dumped-disk kvm1:dumped:running
    runs kvm1 dumped
    refused kvm2 dumped 1000 "'dumped'" "'kvm1'"
}

# A file system of its own, for an image that may not grow beyond it.
full_start()
{
    mkdir -p "$LAB_DIR"/kvm{1,2}"$LAB_IMAGES/small"
    LAB_CACHE=writeback keys_guest full small/full
    LAB_CACHE=writeback lab_guest full-other small/full
    cp --sparse=always "$LAB_DIR/kvm1$LAB_IMAGES/small/full" "$LAB_DIR/full"
    on kvm1 mount -t tmpfs -o size=256k lab-small "$LAB_IMAGES/small"
    on kvm1 cp --sparse=always "$LAB_DIR/full" "$LAB_IMAGES/small/full"
    lab_create kvm1 full
    ready full 1
}

full_stopped()
{
    on kvm1 virsh domstate full --reason | grep -q 'paused (I/O error)'
}

@test "a full file system stops the guest, which keeps its lock and goes on later" {
    full_start
    press kvm1 full w
    lab_wait 5 full_stopped
    locked small/full kvm1:full:stopped
    refused kvm2 full-other 1000 "'full'" "'kvm1'" paused
    on kvm1 virsh resume full
    lab_wait 5 full_stopped
    locked small/full kvm1:full:stopped
    refused kvm2 full-other 1000 "'full'" "'kvm1'" paused
    on kvm1 mount -o remount,size=4m "$LAB_IMAGES/small"
    on kvm1 virsh resume full
    ready full 2
    locked small/full kvm1:full:running
    refused kvm2 full-other 1000 "'full'" "'kvm1'"
    on kvm1 virsh destroy full
    on kvm1 umount "$LAB_IMAGES/small"
}

@test "a saved guest's disk is free; it is restored here or elsewhere if nobody uses it" {
    lab_guest saved saved-disk
    lab_guest saved-other saved-disk
    lab_create kvm1 saved
    on kvm1 virsh save saved "$LAB_DIR/saved"
    locked saved-disk kvm1:saved:exited
    lab_create kvm2 saved-other
    locked saved-disk kvm2:saved-other:running
    run on kvm1 virsh restore "$LAB_DIR/saved"
    echo "$output"
    [ "$status" -ne 0 ]
    said "'saved-other'" "'kvm2'"
    on kvm2 virsh destroy saved-other
    on kvm1 virsh restore "$LAB_DIR/saved"
    locked saved-disk kvm1:saved:running
    on kvm1 virsh save saved "$LAB_DIR/saved"
    on kvm2 virsh restore "$LAB_DIR/saved"
    locked saved-disk kvm2:saved:running
    refused kvm1 saved-other 1000 "'saved'" "'kvm2'"
    runs kvm2 saved
}

@test "a guest that is restored paused is locked when it is resumed" {
    lab_guest still still-disk
    lab_guest still-other still-disk
    lab_create kvm1 still
    on kvm1 virsh save still "$LAB_DIR/still"
    on kvm1 virsh restore "$LAB_DIR/still" --paused
    locked still-disk kvm1:still:exited
    lab_create kvm2 still-other
    run on kvm1 virsh resume still
    echo "$output"
    [ "$status" -ne 0 ]
    said "resource busy" "'still-other'" "'kvm2'"
    not_running kvm1 still
    on kvm2 virsh destroy still-other
    on kvm1 virsh resume still
    locked still-disk kvm1:still:running
    runs kvm1 still
}

# libvirt presents the state of the guest's former process when it boots again.
@test "a persistent guest that was ended while suspended starts again after another had its disk" {
    lab_guest lasts lasts-disk
    lab_guest lasts-other lasts-disk
    define kvm1 lasts
    on kvm1 virsh start lasts
    on kvm1 virsh suspend lasts
    on kvm1 virsh destroy lasts
    locked lasts-disk kvm1:lasts:exited
    lab_create kvm2 lasts-other
    run on kvm1 virsh start lasts
    echo "$output"
    [ "$status" -ne 0 ]
    said "'lasts-other'" "'kvm2'"
    on kvm2 virsh destroy lasts-other
    on kvm1 virsh start lasts
    locked lasts-disk kvm1:lasts:running
    refused kvm2 lasts-other 1000 "'lasts'" "'kvm1'"
}

@test "managedsave: start restores the guest, unless its disk was used by another" {
    lab_guest managed managed-disk
    lab_guest managed-other managed-disk
    define kvm1 managed
    on kvm1 virsh start managed
    locked managed-disk kvm1:managed:running
    on kvm1 virsh managedsave managed
    locked managed-disk kvm1:managed:exited
    lab_create kvm2 managed-other
    run on kvm1 virsh start managed
    echo "$output"
    [ "$status" -ne 0 ]
    said "'managed-other'" "'kvm2'"
    on kvm2 virsh destroy managed-other
    run on kvm1 virsh start managed
    echo "$output"
    [ "$status" -ne 0 ]
    said "'$LAB_IMAGES/managed-disk' may have been used by another guest"
    on kvm1 virsh list --all --with-managed-save --name | grep -qx managed
    on kvm1 virsh start managed --force-boot
    locked managed-disk kvm1:managed:running
    on kvm1 virsh managedsave managed
    on kvm1 virsh start managed
    locked managed-disk kvm1:managed:running
    refused kvm2 managed-other 1000 "'managed'" "'kvm1'"
}

# boot_again: kvm1's power fails, and comes back; then its virtleased is up,
# and its libvirtd not yet.
boot_again()
{
    lab_crash kvm1
    lab_host_boot kvm1
    lab_virtleased_start kvm1
}

libvirtd_up()
{
    lab_libvirtd_start kvm1
    lab_wait 20 on kvm1 virsh -q list
}

autostarts()
{
    lab_guest "$1" "$1-disk"
    lab_guest "$1-other" "$1-disk"
    define kvm1 "$1"
    on kvm1 virsh -q autostart "$1"
}

# What systemd runs before libvirtd: see the unit.
boot_service()
{
    local command

    command=$(sed -n 's/^ExecStart=-@bindir@.//p' "$LAB_SOURCE/../../packaging/systemd/virtleased-boot.service.in")
    # shellcheck disable=SC2086
    on kvm1 $command
}

@test "autostart after the host was shut down: the guest starts" {
    autostarts early
    boot_again
    boot_service
    libvirtd_up
    locked early-disk kvm1:early:running
    refused kvm2 early-other 1000 "'early'" "'kvm1'"
}

@test "autostart after the host crashed: the guest starts when its old lease has run out" {
    autostarts comes
    on kvm1 virsh start comes
    runs kvm1 comes
    boot_again
    refused kvm2 comes-other 1000 "'comes'" "'kvm1'"
    run boot_service
    echo "$output"
    said "^comes .*,dead "
    libvirtd_up
    locked comes-disk kvm1:comes:running
    refused kvm2 comes-other 1000 "'comes'" "'kvm1'"
}

@test "autostart after another host took over: refused, and that guest runs on" {
    autostarts slow
    on kvm1 virsh start slow
    runs kvm1 slow
    lab_crash kvm1
    lab_wait $((LAB_LEASE * 3)) lab_create kvm2 slow-other
    lab_host_boot kvm1
    lab_virtleased_start kvm1
    libvirtd_up
    run on kvm1 virsh start slow
    echo "$output"
    [ "$status" -ne 0 ]
    said "'slow-other'" "'kvm2'"
    locked slow-disk kvm2:slow-other:running
    [ "$(lab_seen kvm1 slow)" -eq 1 ]
    ran_through kvm2 slow-other
}
