#!/bin/sh
#
# limit-run.sh: runs one test, which ends in time and leaves nothing running
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# limit-run.sh COMMAND...: make check calls it for every test. One that has not
# ended after TEST_LIMIT seconds (600) is ended and fails.

limit=${TEST_LIMIT:-600}

# timeout makes a process group of the test and of what it starts.
trap 'kill -s TERM -- -$!' HUP INT TERM
timeout -k 10 "$limit" "$@" &
wait $!
status=$?
test $status -ne 124 || echo "Bail out! not ended after $limit s"
# What a test left running holds its output open: make check would wait for it.
kill -s KILL -- -$! 2>/dev/null
exit $status
