#!/usr/bin/env python3
# wdmd.py: what a program tells sanlock's wdmd, written down
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: wdmd.py SOCKET
#
# Listens where libwdmd connects to, and prints a line for each message, and for
# the end of each connection. There is no watchdog device in a lab.

import os
import socket
import struct
import sys
import threading

SIZE = 176      # of every message, as libwdmd was seen to send them
COMMANDS = {1: "register", 2: "refcount-set", 3: "refcount-clear", 4: "live"}


def tell(number, text):
    print(f"{number} {text}", flush=True)


def serve(number, client):
    while True:
        message = client.recv(SIZE, socket.MSG_WAITALL)
        if len(message) < SIZE:
            tell(number, "end")
            return
        (command,) = struct.unpack_from("=I", message, 4)
        text = COMMANDS.get(command, f"unknown-{command}")
        if text == "live":
            renewal, expire = struct.unpack_from("=QQ", message, 32)
            text = f"live {expire - renewal}" if renewal else "idle"
        elif text == "register":
            text += " " + message[48:].split(b"\0", 1)[0].decode("ascii", "replace")
        tell(number, text)


def main():
    path = sys.argv[1]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(5)
    number = 0
    while True:
        client, _ = listener.accept()
        number += 1
        threading.Thread(target=serve, args=(number, client), daemon=True).start()


main()
