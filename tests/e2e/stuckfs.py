#!/usr/bin/python3
"""stuckfs.py: a file system that does not answer

SPDX-License-Identifier: LGPL-2.1-or-later

usage: stuckfs.py DIR

Mounts it on DIR, which is made. Whoever looks for a file there waits, and not
even SIGKILL ends that, until this program ends.
"""
import ctypes
import os
import struct
import sys

REQUEST_MAX = 256 * 1024
VERSION = (7, 31)       # of the kernel's FUSE protocol
HEADER = struct.Struct("=IiQ")          # of answers: length, error, number of the request
INIT = struct.Struct("=IIIIHHI40x")     # version twice, read-ahead, flags, 2 limits, largest write


def request_number(fd):
    return struct.unpack_from("=Q", os.read(fd, REQUEST_MAX), 8)[0]


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"stuck", directory.encode(), b"fuse", 0, options.encode()) < 0:
        sys.exit(f"cannot mount: {os.strerror(ctypes.get_errno())}")
    os.write(fd, HEADER.pack(HEADER.size + INIT.size, 0, request_number(fd))
             + INIT.pack(*VERSION, 0, 0, 0, 0, 4096))
    print("mounted", flush=True)
    while True:
        # What was read is with us, and its caller cannot be interrupted.
        request_number(fd)
        print("asked", flush=True)


main()
