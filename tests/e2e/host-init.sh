#!/bin/bash
# host-init.sh: process 1 of one libvirt host in a lab
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: host-init.sh DIR NAME LOCK_DRIVER_DIR
#
# Runs in network, mount, UTS and process namespaces of its own and gives the
# host its name and its own copy of everything that libvirt writes to.

set -eu
dir=$1
name=$2
drivers=$3

hostname "$name"
mount -t tmpfs -o mode=0755 lab-run /run
mkdir -p /run/lock /run/libvirt /run/qmp
echo "$name" > /run/host-name
for private in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
    mount --bind "$dir/$name$private" "$private"
done
mount --bind "$dir/$name/lock-driver" "$drivers"
mount --bind "$dir/etc-hosts" /etc/hosts

touch "$dir/$name/ready"
trap : CHLD
# libvirt waits long for a QEMU that nobody reaps: bash waits for any child.
while :; do
    sleep 3600 &
    wait $! || :
done
