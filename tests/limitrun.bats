#!/usr/bin/env bats
#
# limitrun.bats: a test that hangs, or leaves something running, holds up nobody
#
# SPDX-License-Identifier: LGPL-2.1-or-later

bats_require_minimum_version 1.5.0

setup()
{
    program=$BATS_TEST_TMPDIR/program
    runner=${abs_top_srcdir:-$BATS_TEST_DIRNAME/..}/tests/limit-run.sh
}

# program_is LINE...: what the test does.
program_is()
{
    { echo '#!/bin/sh'; printf '%s\n' "$@"; } > "$program"
    chmod +x "$program"
}

@test "what a test says and how it ends is passed on" {
    program_is 'echo "$1"' 'exit 3'
    run -3 sh "$runner" "$program" "a b"
    [ "$output" = "a b" ]
}

@test "a test that hangs is ended, and it is said" {
    program_is 'echo 1..1' 'sleep 60'
    TEST_LIMIT=1 run -124 timeout 20 sh "$runner" "$program"
    [ "${lines[1]}" = "Bail out! not ended after 1 s" ]
}

@test "what a test left running is ended" {
    local begin=$SECONDS

    program_is 'sleep 60 &' 'echo 1..1' 'exit 1'
    run -1 sh "$runner" "$program"
    [ "$output" = "1..1" ]
    [ $((SECONDS - begin)) -lt 30 ]
}

@test "who ends make check ends the test" {
    program_is 'sleep 60'
    sh "$runner" "$program" 3>&- &
    until pgrep -f "/bin/sh $program" > /dev/null; do sleep 0.05; done
    kill "$!"
    wait "$!" || :
    ! pgrep -f "/bin/sh $program"
}

@test "no daemon of a test that is ended is left" {
    local lab=$BATS_TEST_TMPDIR/lab

    mkdir "$lab"
    program_is "TMPDIR=$lab exec ${abs_top_builddir:-.}/tests/virtleasedtest -p /locking/virtleased/lost-lease-spares-stopped"
    sh "$runner" "$program" 3>&- &
    until grep -q serves "$lab"/*/log 2> /dev/null; do sleep 0.05; done
    kill "$!"
    for _ in {1..100}; do
        pgrep -f "$lab" > /dev/null || return 0
        sleep 0.1
    done
    pkill -KILL -f "$lab"
    false
}
