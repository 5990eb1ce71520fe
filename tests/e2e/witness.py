#!/usr/bin/python3
"""witness.py: sees whether two guests ever ran with one disk at one instant

SPDX-License-Identifier: LGPL-2.1-or-later

usage: witness.py --serve SOCKET [--shareable PREFIX]
       witness.py --ask SOCKET

Trusts no lock driver and no libvirt. It runs in the process namespace that
all hosts of a lab live in, finds every QEMU in /proc, and asks each one over
a monitor socket of the witness's own whether its CPUs run and which images it
has open. An image is the same on all hosts when its path is.

What it claims is certain. A run begins at the time that QEMU gave with its
RESUME event (or when an answer said "running"), and lasts until the time of
its STOP event, or else until the sending of the last question that was
answered with "running". Two runs that overlap by these times did overlap.

An answer to --ask is given when every QEMU has answered a later question. It
is one JSON object: "violations", "blind" (QEMUs that did not talk to us),
"processes" and their "runs", with times in seconds since the epoch.
"""
import argparse
import json
import os
import re
import selectors
import socket
import struct
import sys
import time

SCAN_EVERY = 0.005      # seconds between two looks at /proc
ASK_EVERY = 0.005       # between an answer and the next question to a QEMU
DISKS_EVERY = 0.02      # between two looks at the images of a QEMU
JUDGE_EVERY = 0.05
BLIND_AFTER = 5.0       # for which a QEMU may keep silent
FORGET_AFTER = 10.0     # runs that ended so long ago were judged often enough
NAME = re.compile(r"(?:^|,)guest=([^,]*)")


class Run:
    """A time for which the CPUs of a guest ran without a pause."""

    def __init__(self, start):
        self.start = start
        self.end = start        # so far for certain
        self.stopped = False


class Qemu:
    """One QEMU process, from its exec to its end."""

    def __init__(self, pid, host, guest):
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.host = host
        self.guest = guest
        self.seen = time.time()
        self.gone = None
        self.runs = []
        self.disks = {}         # (path, writable) -> [first, last] time seen
        self.disks_sent = 0.0   # when the last answered question for them was sent
        self.unplugged = False  # a device was taken away since
        self.pulls = set()      # jobs under way that pull a backing file's data
        self.sock = None
        self.inbox = b""
        self.asked = {}         # id of a question -> when it was sent
        self.answered = 0.0     # when the last answered question was sent
        self.heard = self.seen
        self.next_ask = 0.0
        self.next_disks = 0.0

    def running(self):
        return bool(self.runs) and not self.runs[-1].stopped and self.gone is None

    def connect(self):
        """Returns whether there is a connection to this very process."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(0.2)
        try:
            sock.connect(f"/proc/{self.pid}/root/run/qmp/{self.guest}.sock")
            peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if struct.unpack("3i", peer)[0] != self.pid:
                raise OSError("another process's socket")
            sock.sendall(b'{"execute":"qmp_capabilities"}\n')
        except OSError:
            sock.close()
            return False
        sock.setblocking(False)
        self.sock = sock
        return True

    def ask(self, now):
        """Sends the questions that are due; one of a kind at a time."""
        if now >= self.next_ask and "status" not in self.asked:
            self.send("query-status", "status", {})
        # QEMU 7.2 dies of that question when such a job ends. They open nothing.
        if now >= self.next_disks and "disks" not in self.asked and not self.pulls:
            self.send("query-named-block-nodes", "disks", {"flat": True})

    def send(self, command, name, arguments):
        self.asked[name] = time.time()
        text = json.dumps({"execute": command, "id": name, "arguments": arguments})
        try:
            self.sock.sendall(text.encode() + b"\n")
        except OSError:
            pass                # its end is seen by the pidfd

    def receive(self):
        try:
            data = self.sock.recv(1 << 20)
        except OSError:
            return
        if not data:
            return
        *lines, self.inbox = (self.inbox + data).split(b"\n")
        for line in lines:
            if line.strip():
                self.heard = time.time()
                self.hear(json.loads(line))

    def hear(self, message):
        stamp = message.get("timestamp", {})
        when = stamp.get("seconds", 0) + stamp.get("microseconds", 0) / 1e6
        if message.get("event") == "RESUME":
            self.resumed(when)
        elif message.get("event") == "STOP":
            self.stopped(when)
        elif message.get("event") == "DEVICE_DELETED":
            self.unplugged = True
        elif message.get("event") == "JOB_STATUS_CHANGE":
            self.job(message["data"])
        elif "id" in message:
            sent = self.asked.pop(message["id"], None)
            if sent is not None and message["id"] == "status":
                self.told_status(message.get("return", {}), sent)
            elif sent is not None:
                self.told_disks(message.get("return", []), sent)

    def resumed(self, when):
        if not self.running():
            self.runs.append(Run(when))

    def stopped(self, when):
        if self.running():
            self.runs[-1].end = max(self.runs[-1].end, when)
            self.runs[-1].stopped = True

    def job(self, job):
        """libvirt's names of jobs begin with what they do."""
        if job["status"] == "null":
            self.pulls.discard(job["id"])
        elif job["id"].startswith("pull-"):
            self.pulls.add(job["id"])

    def told_status(self, status, sent):
        now = time.time()
        self.next_ask = now + ASK_EVERY
        self.answered = sent
        if not status.get("running"):
            # A STOP came before this answer, unless we connected in between.
            self.stopped(0)
        elif self.running():
            self.runs[-1].end = max(self.runs[-1].end, sent)
        else:
            self.runs.append(Run(now))

    def told_disks(self, nodes, sent):
        now = time.time()
        self.next_disks = now + DISKS_EVERY
        self.disks_sent = sent
        self.unplugged = False
        for node in nodes:
            # The format node says what the guest may do; the protocol node
            # below it follows, and can be opened read-only for a while.
            if node.get("drv") == "file":
                continue
            disk = self.disks.setdefault((node["file"], not node["ro"]), [now, now])
            disk[1] = max(disk[1], sent)

    def span(self, run, seen):
        """For which part of a run a disk was there for certain."""
        first, last = seen
        if last == self.disks_sent and not self.unplugged:
            last = run.end
        return overlap((run.start, run.end), (first, last))

    def died(self):
        self.gone = time.time()
        os.close(self.pidfd)
        if self.sock:
            self.receive_rest()
            self.sock.close()

    def receive_rest(self):
        """What it still said: the time of a last STOP, most of all."""
        gone, self.gone = self.gone, None
        self.receive()
        self.gone = gone

    def report(self):
        return {
            "host": self.host, "guest": self.guest, "pid": self.pid,
            "seen": self.seen, "gone": self.gone, "running": self.running(),
            "runs": [{"start": r.start, "end": r.end} for r in self.runs],
            "disks": [{"path": p, "writable": w, "first": t[0], "last": t[1]}
                      for (p, w), t in self.disks.items()],
        }


def overlap(one, other):
    """What two lists of (start, end) have in common, as (start, end) or None."""
    start = max(s for s, _ in (one, other))
    end = min(e for _, e in (one, other))
    return (start, end) if end > start else None


class Witness:
    def __init__(self, shareable):
        self.shareable = shareable
        self.living = {}
        self.dead = []
        self.violations = {}
        self.selector = selectors.DefaultSelector()
        self.waiting = []       # (connection, time of its question)

    def scan(self):
        """Finds new QEMUs: of processes that were not one when last seen too,
        because a QEMU is something else before its exec."""
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) not in self.living:
                self.look(int(entry))

    def look(self, pid):
        try:
            if "/qemu-system-" not in os.readlink(f"/proc/{pid}/exe"):
                return
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
            name = NAME.search(words[words.index("-name") + 1])
            with open(f"/proc/{pid}/root/run/host-name", encoding="utf-8") as file:
                host = file.read().strip()
            if name:
                self.living[pid] = Qemu(pid, host, name.group(1))
                self.selector.register(self.living[pid].pidfd, selectors.EVENT_READ,
                                       (self.bury, pid))
        except (OSError, ValueError, IndexError):
            pass                # it is gone again, or libvirt's probe

    def bury(self, pid):
        qemu = self.living.pop(pid)
        self.selector.unregister(qemu.pidfd)
        if qemu.sock:
            self.selector.unregister(qemu.sock)
        qemu.died()
        self.dead.append(qemu)

    def talk(self):
        now = time.time()
        for qemu in self.living.values():
            if qemu.sock is None and qemu.connect():
                self.selector.register(qemu.sock, selectors.EVENT_READ,
                                       (lambda q: q.receive(), qemu))
            if qemu.sock is not None:
                qemu.ask(now)

    def judge(self):
        since = time.time() - FORGET_AFTER
        spans = {}              # path -> list of (qemu, writable, start, end)
        for qemu in self.dead + list(self.living.values()):
            runs = [r for r in qemu.runs if r.end > since]
            for (path, writable), seen in qemu.disks.items() if runs else ():
                for run in runs:
                    span = qemu.span(run, seen)
                    if span:
                        spans.setdefault(path, []).append((qemu, writable, *span))
        for path, users in spans.items():
            self.judge_path(path, users)

    def judge_path(self, path, users):
        for i, (one, one_writes, *one_span) in enumerate(users):
            for other, other_writes, *other_span in users[:i]:
                if one is other or not (one_writes or other_writes):
                    continue
                if self.shareable and os.path.basename(path).startswith(self.shareable):
                    continue
                both = overlap(one_span, other_span)
                if both:
                    self.violations[(path, other.pid, one.pid)] = {
                        "path": path, "start": both[0], "end": both[1],
                        "guests": [f"{q.guest} on {q.host}" for q in (other, one)],
                    }

    def blind(self):
        now = time.time()
        return [f"{q.guest} on {q.host}" for q in self.living.values()
                if now - q.heard > BLIND_AFTER]

    def verdict(self):
        self.judge()
        return {
            "violations": list(self.violations.values()),
            "blind": self.blind(),
            "processes": [q.report() for q in self.dead + list(self.living.values())],
        }

    def accept(self, server):
        connection, _ = server.accept()
        connection.settimeout(5)
        self.waiting.append((connection, time.time()))

    def answer(self):
        """Answers those whose question every QEMU has been asked after."""
        for waiter in list(self.waiting):
            connection, since = waiter
            behind = [q for q in self.living.values()
                      if q.answered < since and q.seen < since]
            if behind and time.time() < since + 2:
                continue
            self.waiting.remove(waiter)
            try:
                connection.sendall(json.dumps(self.verdict()).encode() + b"\n")
            except OSError:
                pass
            connection.close()

    def serve(self, path):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(path)
        server.listen(8)
        self.selector.register(server, selectors.EVENT_READ, (self.accept, server))
        next_scan = next_judge = 0.0
        while True:
            for key, _ in self.selector.select(0.002):
                function, argument = key.data
                function(argument)
            now = time.time()
            if now >= next_scan:
                self.scan()
                next_scan = now + SCAN_EVERY
            self.talk()
            if now >= next_judge:
                self.judge()
                next_judge = now + JUDGE_EVERY
            self.answer()


def ask(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(path)
    with sock.makefile() as file:
        sys.stdout.write(file.readline())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", metavar="SOCKET")
    parser.add_argument("--ask", metavar="SOCKET")
    parser.add_argument("--shareable", metavar="PREFIX")
    args = parser.parse_args()
    if args.ask:
        ask(args.ask)
    else:
        Witness(args.shareable).serve(args.serve)


main()
