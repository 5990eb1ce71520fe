#!/bin/sh
# virtleasednfstest.sh: the daemon on an NFS server that hangs and dies
#
# SPDX-License-Identifier: LGPL-2.1-or-later

tests=${abs_top_srcdir:-.}/tests
export G_TEST_SRCDIR="$tests"
sh "$tests/ganesha.sh" check || exit $?
exec sh "$tests/ganesha.sh" run "${abs_top_builddir:-.}/tests/virtleasednfs" "$@"
