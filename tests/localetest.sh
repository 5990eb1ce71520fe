#!/bin/sh
#
# localetest.sh: a program speaks another language when it is asked to
#
# SPDX-License-Identifier: LGPL-2.1-or-later

tool=$abs_top_builddir/tools/virt-lease
catalogue=$abs_top_builddir/po/locale/de/LC_MESSAGES/virtlease.mo

skip()
{
    echo "skipped: $1"
    exit 77
}

fail()
{
    echo "failed: $1"
    exit 1
}

test -n "$abs_top_builddir" || skip "not run by make check"
test -x "$tool" || fail "$tool is not built"
test -f "$catalogue" || fail "$catalogue is not built"

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

# gettext translates in no locale but a real one.
if locale -a 2>/dev/null | grep -qix 'de_DE\.utf-\{0,1\}8'; then
    :
elif localedef -i de_DE -f UTF-8 "$dir/de_DE.UTF-8" > "$dir/log" 2>&1; then
    LOCPATH=$dir
    export LOCPATH
else
    skip "there is no locale de_DE.UTF-8, and localedef cannot make it: $(head -n 1 "$dir/log")"
fi

# $1: what must be said; the rest: arguments
says_in_german()
{
    wanted=$1
    shift
    LC_ALL=de_DE.UTF-8 LANGUAGE=de VIRTLEASE_LOCALEDIR=$abs_top_builddir/po/locale \
        "$tool" "$@" > "$dir/out" 2>&1
    grep -qF -- "$wanted" "$dir/out" || {
        cat "$dir/out"
        fail "'virt-lease $*' does not say '$wanted' in German"
    }
}

says_in_german 'Befehle:' --help
says_in_german 'Einen Lockspace in einem Verzeichnis eines NFS-Exports anlegen' init --help
says_in_german 'es gibt keinen Befehl »unsinn«' unsinn
says_in_german 'ist kein Lockspace' list --lockspace "dir:$dir/none"

# And what it says otherwise is English.
LC_ALL=C LANGUAGE=de "$tool" unsinn > "$dir/out" 2>&1
grep -qF "there is no command 'unsinn'" "$dir/out" || fail "the C locale is not English"

exit 0
