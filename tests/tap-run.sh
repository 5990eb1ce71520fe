#!/bin/sh
#
# tap-run.sh: runs one test so that it speaks TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tap-run.sh TEST: make check calls it for GTest programs and .bats files. The
# programs are run by the command in TEST_RUNNER, if there is one.

test=$1
shift

case $test in
*.bats)
    if test -z "$BATS"; then
        echo "1..0 # SKIP bats is not installed"
        exit 0
    fi
    exec "$BATS" --tap "$test" "$@"
    ;;
*)
    exec $TEST_RUNNER "$test" --tap "$@"
    ;;
esac
