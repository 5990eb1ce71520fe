#!/bin/sh
#
# tap-run.sh: runs one test so that it speaks TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tap-run.sh TEST: make check calls it for GTest programs and .bats files. The
# programs are run by the command in TEST_RUNNER, if there is one. A test that
# has not ended after TEST_LIMIT seconds (600) is ended and fails.

test=$1
shift
limit=${TEST_LIMIT:-600}

case $test in
*.bats)
    if test -z "$BATS"; then
        echo "1..0 # SKIP bats is not installed"
        exit 0
    fi
    set -- "$BATS" --tap "$test" "$@"
    ;;
*)
    set -- $TEST_RUNNER "$test" --tap "$@"
    ;;
esac

# timeout makes a process group of the test and of what it starts.
timeout -k 10 "$limit" "$@" &
group=$!
trap 'kill -s TERM -- -$group' HUP INT TERM
wait $group
status=$?
test $status -ne 124 || echo "Bail out! not ended after $limit s"
# What a test left running holds its output open: make check would wait for it.
kill -s KILL -- -$group 2>/dev/null
exit $status
