#!/bin/bash
# lab-init.sh: process 1 of a lab; also the machine that the NFS server runs on
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: lab-init.sh DIR ADDRESS
#
# Runs in network, mount and process namespaces of its own. The bridge between
# the hosts is in here too, so that the machine itself gets no interface.

set -eu
dir=$1
address=$2

mount -t tmpfs -o mode=0755 lab-run /run
mkdir -p /run/lock /run/rpcbind
ip link set lo up
# With an address of its own: else it takes that of a port, and another one when
# that port goes, and the hosts do not find the server any more.
ip link add lab0 address 02:00:0a:4d:00:01 type bridge
ip address add "$address/24" dev lab0
ip link set lab0 up

# The server needs a file system with file handles; an image is mounted where
# there is none. The mount is gone with this namespace, and its loop device.
case $(stat -f -c %T "$dir/nfs/export") in
ext2/ext3 | xfs | btrfs) ;;
*)
    truncate -s 256M "$dir/nfs/export.img"
    mkfs.ext4 -q "$dir/nfs/export.img"
    mount -o loop "$dir/nfs/export.img" "$dir/nfs/export"
    ;;
esac

touch "$dir/ready"
trap : CHLD
# Reaps what loses its parent in here: bash waits for any child that ends. The
# lab is over when its directory is gone, should nobody have killed it.
while [ -d "$dir" ]; do
    sleep 1 &
    wait $! || :
done
