# keys.bash: guests that do something when a key is pressed (see keys.S)
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# What they need and this machine lacks, one per line.
keys_missing()
{
    as --32 -o /dev/null /dev/null 2> /dev/null || echo "an assembler for x86"
    command -v ld > /dev/null || echo "ld"
}

# keys_sector FILE: writes the boot sector there.
keys_sector()
{
    as --32 -o "$1.o" "$LAB_SOURCE/keys.S" &&
        ld -m elf_i386 -Ttext 0x7c00 -e 0x7c00 --oformat binary -o "$1" "$1.o"
}

# keys_guest NAME DISK [SETTINGS]: a guest that boots from DISK.
keys_guest()
{
    local image

    e2e_need keys_missing
    [ -e "$LAB_DIR/keys" ] || keys_sector "$LAB_DIR/keys"
    LAB_SETTINGS="<features><acpi/></features>${3:-}" \
    LAB_DEVICES="<panic model='isa'/>
<serial type='file'><source path='$LAB_DIR/$1.ready' append='on'/></serial>" \
        lab_guest "$1" "$2"
    for image in "$LAB_DIR"/kvm*"$LAB_IMAGES/$2"; do
        dd if="$LAB_DIR/keys" of="$image" conv=notrunc status=none
    done
}

keys_count()
{
    [ "$(stat -c %s "$LAB_DIR/$1.ready")" -ge "$2" ]
}

# ready GUEST COUNT: it said so often that it waits for a key.
ready()
{
    lab_wait 20 keys_count "$@"
}

# press HOST GUEST LETTER
press()
{
    on "$1" virsh -q send-key "$2" "KEY_${3^}"
}
