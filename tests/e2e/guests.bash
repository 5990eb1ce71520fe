# guests.bash: guests without an operating system (see lab.bash)
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every host has an image of its own under one path. QEMU's own image locks
# would otherwise keep a second writer out, and hide a lock driver's failure.

LAB_IMAGES=/var/lib/libvirt/images

# A uuid made of the name $1: the same on every host.
lab_uuid()
{
    local sum

    sum=$(printf 'virtlease lab %s' "$1" | md5sum)
    echo "${sum:0:8}-${sum:8:4}-4${sum:13:3}-8${sum:17:3}-${sum:20:12}"
}

# lab_image FILE...: empty images on every host that has none of that name.
lab_image()
{
    local file dir

    for dir in "$LAB_DIR"/kvm*"$LAB_IMAGES"; do
        for file; do
            [ -e "$dir/$file" ] || truncate -s 1M "$dir/$file"
        done
    done
}

# lab_image_qcow2 FILE...: the same in that format, for guests with
# LAB_FORMAT=qcow2. All of its hosts' copies are equal.
lab_image_qcow2()
{
    local file dir

    for file; do
        qemu-img create -q -f qcow2 "$LAB_DIR/$file.qcow2" 1M
        for dir in "$LAB_DIR"/kvm*"$LAB_IMAGES"; do
            cp "$LAB_DIR/$file.qcow2" "$dir/$file"
        done
    done
}

# lab_overlay HOST FILE BACKING: an empty image there, for a snapshot. QEMU 7.2
# can make it itself, but fails an assertion if the witness asks meanwhile.
lab_overlay()
{
    on "$1" qemu-img create -q -f qcow2 -b "$LAB_IMAGES/$3" -F qcow2 "$LAB_IMAGES/$2"
}

# lab_disk_xml DISK INDEX: DISK is FILE, FILE:readonly or FILE:shareable.
# LAB_FORMAT is its format, LAB_CACHE its cache mode.
lab_disk_xml()
{
    local file=${1%%:*} flag=${1#*:} letters=abcdefghijklmnopqrstuvwxyz

    [ "$flag" != "$1" ] || flag=
    cat <<END
<disk type='file' device='disk'>
  <driver name='qemu' type='${LAB_FORMAT:-raw}' cache='${LAB_CACHE:-none}'/>
  <source file='$LAB_IMAGES/$file'/>
  <target dev='sd${letters:$2:1}' bus='scsi'/>
  ${flag:+<$flag/>}
</disk>
END
}

# lab_guest NAME DISK...: writes its XML, and makes its images. LAB_DEVICES are
# more devices, LAB_SETTINGS what stands beside <devices>.
lab_guest()
{
    local name=$1 index=0 disk

    shift
    lab_image "${@%%:*}"
    mkdir -p "$LAB_DIR/guests"
    {
        cat <<END
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>$name</name>
<uuid>$(lab_uuid "guest $name")</uuid>
<memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
${LAB_SETTINGS:-}
<devices>
<controller type='usb' model='none'/>
<controller type='scsi' model='virtio-scsi'/>
<memballoon model='none'/>
END
        for disk; do
            lab_disk_xml "$disk" "$index"
            index=$((index + 1))
        done
        cat <<END
${LAB_DEVICES:-}
</devices>
<qemu:commandline>
  <qemu:arg value='-qmp'/>
  <qemu:arg value='unix:/run/qmp/$name.sock,server=on,wait=off'/>
  ${LAB_BALLAST:+<qemu:arg value='-device'/>
  <qemu:arg value='loader,file=$LAB_DIR/ballast,addr=0x100000,force-raw=on'/>}
</qemu:commandline>
</domain>
END
    } > "$LAB_DIR/guests/$name.xml"
}

# lab_guest_heavy NAME DISK...: one with memory that takes long to migrate.
lab_guest_heavy()
{
    head -c 8M /dev/urandom > "$LAB_DIR/ballast"
    LAB_BALLAST=1 lab_guest "$@"
}

# lab_create HOST GUEST [OPTION...]: starts it, for as long as it runs.
lab_create()
{
    local host=$1 name=$2

    shift 2
    on "$host" virsh create "$LAB_DIR/guests/$name.xml" "$@"
}

# lab_migrate GUEST FROM TO [OPTION...]
lab_migrate()
{
    local name=$1 from=$2 to=$3

    shift 3
    on "$from" virsh migrate --live --unsafe "$@" "$name" "qemu+tcp://$to/system"
}

# in_migration HOST GUEST: memory is being copied.
in_migration()
{
    on "$1" virsh domjobinfo "$2" | grep -q 'Data processed: *[1-9]'
}

# migrate_slowly GUEST FROM TO: in the background, a MiB a second: not done for
# eight seconds with a heavy guest.
migrate_slowly()
{
    lab_migrate "$@" --bandwidth 1 < /dev/null > "$LAB_DIR/slow.log" 2>&1 3>&- &
    SLOW=$!
    lab_wait 30 in_migration "$2" "$1"
}

# Ends all guests of the hosts $@.
lab_destroy_all()
{
    local host name

    for host; do
        lab_is_up "$host" || continue
        for name in $(on "$host" virsh -q list --name); do
            on "$host" virsh -q destroy "$name" || :
        done
    done
}
