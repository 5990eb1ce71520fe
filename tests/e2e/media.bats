#!/usr/bin/env bats
# media.bats: media are put in, exchanged and ejected
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file() { e2e_lab kvm1 kvm2; }
teardown() { e2e_check; }
teardown_file() { lab_stop; }

# player GUEST: it has an empty CD drive and an empty floppy drive.
player()
{
    LAB_DEVICES="<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>
<target dev='hdc' bus='ide'/><readonly/></disk>
<disk type='file' device='floppy'><driver name='qemu' type='raw'/>
<target dev='fda' bus='fdc'/></disk>" \
        lab_guest "$1" "$1-disk"
    lab_create kvm1 "$1"
    locked "$1-disk" "kvm1:$1:running"
}

# media GUEST DEVICE [FILE] OPTION
media()
{
    local name=$1 device=$2

    shift 2
    [ $# -lt 2 ] || set -- "$LAB_IMAGES/$1" "$2"
    on kvm1 virsh -q change-media "$name" "$device" "$@"
}

@test "a CD is locked for reading while it is in the drive" {
    lab_image cd-one cd-two
    lab_guest burner cd-one
    lab_guest reader shared-none cd-one:readonly
    player plays
    locked cd-one
    media plays hdc cd-one --insert
    locked cd-one kvm1:plays:running:shared
    refused kvm2 burner 1000 "'$LAB_IMAGES/cd-one'" "'plays'" "'kvm1'" shared
    lab_create kvm2 reader
    locked cd-one kvm1:plays:running:shared kvm2:reader:running:shared
    on kvm2 virsh destroy reader
    media plays hdc cd-two --update
    locked cd-one
    locked cd-two kvm1:plays:running:shared
    lab_create kvm2 burner
    media plays hdc --eject
    locked cd-two
    ran_through kvm1 plays
}

@test "a medium that a guest writes to elsewhere is not put in; the old one stays locked" {
    lab_image old-cd new-cd
    lab_guest writer new-cd
    player keeps
    media keeps hdc old-cd --insert
    lab_create kvm2 writer
    run media keeps hdc new-cd --update
    echo "$output"
    [ "$status" -ne 0 ]
    said "resource busy" "'$LAB_IMAGES/new-cd'" "'writer'" "'kvm2'"
    locked old-cd kvm1:keeps:running:shared
    locked new-cd kvm2:writer:running
    ran_through kvm1 keeps
}

@test "a floppy, which can be written to, is the guest's alone" {
    lab_image floppy
    lab_guest disker floppy
    player formats
    media formats fda floppy --insert
    locked floppy kvm1:formats:running
    refused kvm2 disker 1000 "'$LAB_IMAGES/floppy'" "'formats'" "'kvm1'"
    media formats fda --eject
    locked floppy
    lab_create kvm2 disker
    runs kvm2 disker
}

@test "media changed while the guest is suspended" {
    lab_image late-cd
    lab_guest late-burner late-cd
    player sleeps
    on kvm1 virsh suspend sleeps
    media sleeps hdc late-cd --insert
    locked late-cd kvm1:sleeps:stopped:shared
    refused kvm2 late-burner 1000 "'$LAB_IMAGES/late-cd'" "'sleeps'" "'kvm1'"
    on kvm1 virsh resume sleeps
    locked late-cd kvm1:sleeps:running:shared
    on kvm1 virsh suspend sleeps
    media sleeps hdc --eject
    locked late-cd
    lab_create kvm2 late-burner
    on kvm1 virsh resume sleeps
    locked sleeps-disk kvm1:sleeps:running
    runs kvm1 sleeps
}
