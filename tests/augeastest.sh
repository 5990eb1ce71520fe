#!/bin/sh
#
# augeastest.sh: augeas reads and changes our settings, those that are installed too
#
# SPDX-License-Identifier: LGPL-2.1-or-later

set -e

srcdir=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
lenses=$srcdir/packaging/augeas

if ! command -v augparse >/dev/null 2>&1; then
    echo "skipped: augparse (package augeas-tools) is not here"
    exit 77
fi

for test in "$lenses"/test_*.aug; do
    echo "$test"
    augparse -I "$lenses" "$test"
done

# The settings of lock drivers that libvirt has too are read by its own lenses.
theirs=/usr/share/augeas/lenses

# Each file that is installed, as it is and with its defaults taken out of the comments.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$root/etc/libvirt"
for file in "$srcdir"/src/locking/*.conf; do
    name=$(basename "$file")
    if [ "$name" = qemu-sanlock.conf ] && [ ! -e "$theirs/libvirt_sanlock.aug" ]; then
        echo "$name: libvirt's lens (package libvirt-daemon) is not here"
        continue
    fi
    for edit in '' 's/^#\([a-z_]* = \|    "\|\]\)/\1/'; do
        printf '%s%s\n' "$name" "${edit:+, with its defaults}"
        sed "$edit" "$file" > "$root/etc/libvirt/$name"
        sanlock=
        [ "$name" != qemu-sanlock.conf ] || sanlock="--transform=Libvirt_sanlock.lns incl /etc/libvirt/$name"
        said=$(augtool -r "$root" -I "$lenses" -I "$theirs" -L --noautoload ${sanlock:+"$sanlock"} \
            --transform "Libvirt_nfslease.lns incl /etc/libvirt/*-nfslease.conf" \
            --transform "Virtleased.lns incl /etc/libvirt/virtleased.conf" <<END
load
match /augeas/files/etc/libvirt//error/message
match /files/etc/libvirt/$name
END
        )
        echo "$said"
        case $said in
        *error*) exit 1 ;;
        *"/files/etc/libvirt/$name"*) ;;
        *) exit 1 ;;
        esac
    done
done
