# driver.bash: what guests may expect of any lock driver
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each scenario has guests and disks named after its argument. Rivals are tried
# on the other host only: on one host QEMU's own locks may come first.

DRIVER_BUSY="is in use"     # of a refusal's message, extended regular expression
DRIVER_DISKS=16             # that a guest may have

# attach HOST GUEST FILE
attach()
{
    lab_image "$3"
    lab_disk_xml "$3" 5 > "$LAB_DIR/guests/$3.disk.xml"
    on "$1" virsh attach-device "$2" "$LAB_DIR/guests/$3.disk.xml" --live
}

detach()
{
    on "$1" virsh detach-device "$2" "$LAB_DIR/guests/$3.disk.xml" --live
}

# has HOST GUEST FILE: the guest has that disk.
has()
{
    on "$1" virsh -q domblklist "$2" | grep -q "$LAB_IMAGES/$3\$"
}

# kept_out HOST GUEST: its start fails, as somebody else has its disk.
kept_out()
{
    refused "$1" "$2" 5000 "$DRIVER_BUSY"
}

# gets_in HOST GUEST: it starts, soon.
gets_in()
{
    lab_wait 10 lab_create "$1" "$2"
    runs "$1" "$2"
}

# A guest keeps others out of each of its disks; one that is refused leaves the
# others free; and when it dies by itself all are free.
driver_starts()
{
    # shellcheck disable=SC2046
    lab_guest "$1" $(disks "$1" "$DRIVER_DISKS")
    lab_guest "$1-two" "$1-own" "$1-$DRIVER_DISKS"
    lab_guest "$1-three" "$1-own"
    lab_create kvm1 "$1"
    runs kvm1 "$1"
    kept_out kvm2 "$1"
    kept_out kvm2 "$1-two"
    runs kvm1 "$1"
    gets_in kvm1 "$1-three"
    on kvm1 pkill -KILL -f "[g]uest=$1,"
    gets_in kvm2 "$1"
    on kvm1 virsh destroy "$1-three"
    on kvm2 virsh destroy "$1"
    gets_in kvm2 "$1-two"
}

# Disks that come and go while a guest runs.
driver_plugs()
{
    lab_guest "$1" "$1-a" "$1-b"
    lab_guest "$1-wants" "$1-c"
    lab_guest "$1-takes" "$1-b"
    lab_guest "$1-envies" "$1-d"
    lab_create kvm1 "$1"
    lab_create kvm2 "$1-wants"
    run attach kvm2 "$1-wants" "$1-a"
    echo "$output"
    [ "$status" -ne 0 ]
    said "$DRIVER_BUSY"
    not has kvm2 "$1-wants" "$1-a"
    runs kvm2 "$1-wants"

    attach kvm1 "$1" "$1-d"
    kept_out kvm2 "$1-envies"
    detach kvm1 "$1" "$1-d"
    gets_in kvm2 "$1-envies"
    kept_out kvm2 "$1-takes"
    on kvm1 virsh detach-disk "$1" sdb --live
    gets_in kvm2 "$1-takes"
    runs kvm1 "$1"
}

# Guests that share a disk run together; one that wants it alone does not.
driver_shares()
{
    lab_guest "$1-a" "shared-$1:shareable"
    lab_guest "$1-b" "shared-$1:shareable"
    lab_guest "$1-writer" "shared-$1"
    lab_create kvm1 "$1-a"
    lab_create kvm2 "$1-b"
    runs kvm1 "$1-a"
    runs kvm2 "$1-b"
    on kvm2 virsh destroy "$1-b"
    kept_out kvm2 "$1-writer"
    on kvm1 virsh destroy "$1-a"
    gets_in kvm2 "$1-writer"
    kept_out kvm1 "$1-a"
}

# A migration that is called off.
driver_stays()
{
    lab_guest_heavy "$1" "$1-disk"
    lab_guest "$1-other" "$1-disk"
    lab_create kvm1 "$1"
    migrate_slowly "$1" kvm1 kvm2
    on kvm1 virsh domjobabort "$1"
    not wait "$SLOW"
    runs kvm1 "$1"
    kept_out kvm2 "$1-other"
}

# There and back, and then paused by hand meanwhile.
driver_moves()
{
    lab_guest "$1" "$1-disk"
    lab_guest "$1-other" "$1-disk"
    lab_create kvm1 "$1"
    lab_migrate "$1" kvm1 kvm2
    runs kvm2 "$1"
    not_running kvm1 "$1"
    kept_out kvm1 "$1-other"
    lab_migrate "$1" kvm2 kvm1
    runs kvm1 "$1"
    kept_out kvm2 "$1-other"

    on kvm1 virsh suspend "$1"
    lab_migrate "$1" kvm1 kvm2
    not_running kvm2 "$1"
    on kvm2 virsh resume "$1"
    runs kvm2 "$1"
    kept_out kvm1 "$1-other"
    on kvm2 virsh destroy "$1"
    gets_in kvm1 "$1-other"
}

# libvirtd is killed and started again; then all goes on as before.
driver_restarts()
{
    lab_guest "$1" "$1-disk"
    lab_guest "$1-other" "$1-disk"
    lab_create kvm1 "$1"
    lab_kill kvm1 libvirtd
    lab_wait 5 lab_ended kvm1 libvirtd
    kept_out kvm2 "$1-other"
    lab_libvirtd_start kvm1
    lab_wait 10 on kvm1 virsh domstate "$1"
    kept_out kvm2 "$1-other"
    ran_through kvm1 "$1"
    on kvm1 virsh suspend "$1"
    on kvm1 virsh resume "$1"
    kept_out kvm2 "$1-other"
    on kvm1 virsh destroy "$1"
    gets_in kvm2 "$1-other"
}
