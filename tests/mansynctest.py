#!/usr/bin/python3
#
# mansynctest.py: man pages and completion know what --help prints, pages what there is
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import glob
import os
import re
import subprocess
import sys

SRC = os.environ.get("abs_top_srcdir", os.getcwd())
BUILD = os.environ.get("abs_top_builddir", os.getcwd())

problems = []


def check(condition, problem):
    if not condition:
        problems.append(problem)


def help_of(program, *arguments):
    environment = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="")
    return subprocess.run([program, *arguments, "--help"], env=environment, check=True,
                          timeout=30, capture_output=True, text=True).stdout


def options_in_help(text):
    """{"--config": "-c"}; the short one is None where there is none"""
    found = re.findall(r"^\s+(?:(-\w), )?(--[\w-]+)", text, re.M)
    return {long: short or None for short, long in found}


def options_in_page(text):
    """Options that a page explains, each in a line of its own."""
    found = {}
    for line in re.findall(r"^``-.*$", text, re.M):
        names = re.findall(r"``(--?[\w-]+)", line)
        longs = [name for name in names if name.startswith("--")]
        shorts = [name for name in names if not name.startswith("--")]
        for long in longs:
            found[long] = shorts[0] if shorts else None
    return found


def commands_in_help(text):
    block = text.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  (\w+)", block, re.M)


def section(page, title, line):
    """The text below a title that is underlined with the character line."""
    match = re.search(r"^%s\n%s{3,}\n(.*?)(?=^\S[^\n]*\n(?:=|-){3,}\n|\Z)" % (title, re.escape(line)),
                      page, re.M | re.S)
    return match.group(1) if match else ""


def read(name):
    with open(os.path.join(SRC, name), encoding="utf-8") as file:
        return file.read()


def compare(what, helped, explained):
    for option, short in helped.items():
        check(option in explained, f"{what}: --help has {option}, the man page has not")
        check(explained.get(option, short) == short,
              f"{what}: {option} is {short} in --help, {explained.get(option)} in the man page")
    for option in explained:
        check(option in helped, f"{what}: the man page has {option}, --help has not")


def completion(*words):
    """What bash completes after words, the last of which is begun."""
    script = os.path.join(SRC, "tools/virt-lease.bash")
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _virt_lease; printf "%s\\n" "${COMPREPLY[@]}"'
    out = subprocess.run(["bash", "-c", code, "bash", script, *words], check=True, timeout=30,
                         capture_output=True, text=True).stdout
    return set(out.split())


def check_virt_lease():
    program = os.path.join(BUILD, "tools/virt-lease")
    page = read("docs/manpages/virt-lease.rst")
    text = help_of(program)
    common = options_in_help(text)
    commands = commands_in_help(text)

    check(commands, "virt-lease: --help lists no commands")
    compare("virt-lease", common, options_in_page(section(page, "OPTIONS", "=")))
    check(set(commands) == set(re.findall(r"^(\w+)\n-{3,}$", section_all(page, "COMMANDS"), re.M)),
          "virt-lease: the commands of --help and of the man page differ")
    check(set(commands) | set(common) == completion("virt-lease", ""),
          "virt-lease: --help and the completion differ")

    for command in commands:
        own = {option: short for option, short in options_in_help(help_of(program, command)).items()
               if option not in common}
        compare(f"virt-lease {command}", own, options_in_page(section(page, command, "-")))
        completed = {word for word in completion("virt-lease", command, "-")}
        check(set(own) | set(common) == completed,
              f"virt-lease {command}: --help and the completion differ: {sorted(completed ^ (set(own) | set(common)))}")
        for option in own:
            check(option in section(page, "SYNOPSIS", "="), f"virt-lease {command}: SYNOPSIS lacks {option}")


def section_all(page, title):
    """The text below a title up to the next of the same rank."""
    return re.search(r"^%s\n=+\n(.*?)(?=^\S[^\n]*\n={3,}\n|\Z)" % title, page, re.M | re.S).group(1)


def check_exit_codes():
    page = section(read("docs/manpages/virt-lease.rst"), "EXIT STATUS", "=")
    header = read("tools/virt-lease.h")
    codes = set(re.findall(r"VL_EXIT_\w+ = (\d+)", header))
    check(codes and codes == set(re.findall(r"^(\d+)$", page, re.M)),
          "virt-lease: the exit codes of the man page and of the source differ")


def check_virtleased():
    program = os.path.join(BUILD, "src/locking/virtleased")
    page = read("docs/manpages/virtleased.rst")
    compare("virtleased", options_in_help(help_of(program)), options_in_page(section(page, "OPTIONS", "=")))


def check_paths():
    """What pages name of the tree is there."""
    pages = ["README.rst"]
    for folder, _, names in os.walk(os.path.join(SRC, "docs")):
        pages += [os.path.relpath(os.path.join(folder, name), SRC) for name in names if name.endswith(".rst")]
    for page in pages:
        for path in re.findall(r"``((?:docs|packaging|po|src|tests|tools)/[\w./*-]*)``", read(page)):
            check(glob.glob(os.path.join(SRC, path)), f"{page}: there is no {path}")


def check_rules():
    """The table of rules names files and tests that are there."""
    page = read("docs/internals/nfs-lease.rst")
    table = page.split(".. list-table::", 1)[1]
    rules = re.findall(r"^   \* - (\d+)$", table, re.M)
    check(rules == [str(number) for number in range(1, 22)], "nfs-lease.rst: the table has not every rule once")
    for name in re.findall(r"``(virlease\w+\.c)``", table):
        check(os.path.exists(os.path.join(SRC, "src/lease", name)), f"nfs-lease.rst: there is no src/lease/{name}")
    for name in re.findall(r"``(\w+\.bats)``", table):
        check(os.path.exists(os.path.join(SRC, "tests/e2e", name)), f"nfs-lease.rst: there is no tests/e2e/{name}")
    tests = "".join(read(os.path.relpath(path, SRC)) for path in glob.glob(os.path.join(SRC, "tests/*.c")))
    for name in re.findall(r"``(?:/lease/engine|…)/([\w/-]+)``", table):
        check(f'"{name}"' in tests, f"nfs-lease.rst: there is no test /lease/engine/{name}")


def main():
    if not os.access(os.path.join(BUILD, "tools/virt-lease"), os.X_OK):
        print("skipped: tools/virt-lease is not built")
        return 77
    check_virt_lease()
    check_exit_codes()
    check_virtleased()
    check_paths()
    check_rules()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
