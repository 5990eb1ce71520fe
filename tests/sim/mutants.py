#!/usr/bin/python3
#
# mutants.py: write down what "make check-mutants" has found
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Takes what it printed, from a file or from the standard input, and writes the
# lines of these mutants anew in tests/sim/mutants.txt and in the table of
# docs/internals/nfs-lease-mutants.rst; the others stay as they are.

import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RULES = os.path.join(TOP, "src", "lease", "virleaserule.h")
LIST = os.path.join(TOP, "tests", "sim", "mutants.txt")
TABLE = os.path.join(TOP, "docs", "internals", "nfs-lease-mutants.rst")

FOUND = re.compile(r"^\S+ +([A-Z_]+) +(?:(scene) +(\S+)|(\d+) +\d+/(\d+)) +(?:(.*?) +at [0-9.]+ s: (.*))?$")
ROW = re.compile(r"^   \* - .*\n     - ``([A-Z_]+)``\n(?:     -.*\n){4}", re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def rules():
    """What each mutant leaves out: name -> (rule, words), in their order."""
    return {name: (rule, words) for name, rule, words in
            re.findall(r'X\(([A-Z_]+), "([^"]*)", "([^"]*)"\)', read(RULES))}


def shorten(story):
    return re.sub(r"\b([0-9a-f]{6})[0-9a-f]{26,34}\b", r"\1…", story.strip())


def parse(lines):
    """What was found: name -> (where, promise, story)."""
    found = {}
    for line in lines:
        match = FOUND.match(line.rstrip("\n"))
        if not match:
            continue
        name, scene, also, seed, tried, promise, story = match.groups()
        if promise is None:
            found[name] = ("-", "", "not noticed in %s worlds" % tried)
        elif scene:
            beside = "" if also == "-" else " (``%s`` left out, too)" % also
            found[name] = ("scene", promise, shorten(story) + beside)
        else:
            found[name] = (seed, promise, shorten(story))
    return found


def update_list(found):
    lines = read(LIST).splitlines()
    entries = {line.split(" ", 1)[0]: line for line in lines if not line.startswith("#")}
    for name, (where, promise, story) in found.items():
        entries[name] = " ".join((name, where, promise or story))
    header = [line for line in lines if line.startswith("#")]
    write(LIST, "\n".join(header + [entries[name] for name in rules() if name in entries]) + "\n")


def row(name, rule, words, where, promise, story):
    cells = ["   * - " + rule]
    for cell in ("``%s``" % name, words, "–" if where == "-" else where, promise, story):
        cells.append(("     - " + cell).rstrip())
    return "\n".join(cells) + "\n"


def update_table(found):
    known = rules()
    text = read(TABLE)
    matches = list(ROW.finditer(text))
    rows = {match.group(1): match.group(0) for match in matches}
    for name, what in found.items():
        rows[name] = row(name, *known[name], *what)
    write(TABLE, text[:matches[0].start()] + "".join(rows[name] for name in known if name in rows) +
          text[matches[-1].end():])


def main():
    if len(sys.argv) > 2:
        sys.exit("usage: mutants.py [FILE]")
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) == 2 else sys.stdin as stream:
        found = parse(stream)
    found.pop("NONE", None)
    update_list(found)
    update_table(found)


if __name__ == "__main__":
    main()
