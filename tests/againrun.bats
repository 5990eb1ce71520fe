#!/usr/bin/env bats
#
# againrun.bats: who was held up by the machine is run again, and nobody else
#
# SPDX-License-Identifier: LGPL-2.1-or-later

bats_require_minimum_version 1.5.0

setup()
{
    program=$BATS_TEST_TMPDIR/program
    runner=${abs_top_srcdir:-$BATS_TEST_DIRNAME/..}/tests/again-run.sh
    export TEST_STAT=$BATS_TEST_TMPDIR/stat RUNS=$BATS_TEST_TMPDIR/runs
    stood_still_for 40
}

# stood_still_for SECONDS: what the kernel says of it.
stood_still_for()
{
    local ticks=$(($1 * $(getconf CLK_TCK)))

    printf 'cpu  9 8 7 6 5 4 3 %d 2 1\ncpu0 9 8 7 6 5 4 3 %d 2 1\nintr 5\n' $ticks $ticks > "$TEST_STAT"
}

# program_is LINE...: what the test does; in it stand_still is a machine that
# holds it up for two seconds, and first is true in the first run.
program_is()
{
    {
        echo '#!/bin/bash'
        declare -f stood_still_for
        echo 'stand_still() { stood_still_for 42; }'
        echo 'echo >> "$RUNS"; first() { [ "$(wc -l < "$RUNS")" -eq 1 ]; }'
        printf '%s\n' "$@"
    } > "$program"
    chmod +x "$program"
}

runs()
{
    wc -l < "$RUNS"
}

@test "what a test says and how it ends is passed on" {
    program_is 'echo "$1"' 'echo aloud >&2' 'exit 3'
    run -3 sh "$runner" "$program" "a b"
    [ "$output" = $'a b\naloud' ]
    [ "$(runs)" -eq 1 ]
}

@test "a test that failed while the machine stood still is run again" {
    program_is 'first && { stand_still; echo "not ok 1 a"; exit 1; }' 'echo "ok 1 a"'
    run -0 sh "$runner" "$program" 9> "$BATS_TEST_TMPDIR/shown"
    [[ $(< "$BATS_TEST_TMPDIR/shown") = "held up: "* ]]
    [ "${lines[0]}" = "# not ok 1 a" ]
    [[ ${lines[1]} = "# held up: "*" 2000 ms; "* ]]
    [ "${lines[2]}" = "ok 1 a" ]
    [ "${#lines[@]}" -eq 3 ]
}

@test "what comes of the second run counts" {
    program_is 'stand_still; exit 5'
    run -5 sh "$runner" "$program"
    [ "$(runs)" -eq 2 ]
}

@test "a test is not run again when nothing held it up" {
    program_is 'first && exit 1'
    run -1 sh "$runner" "$program"
    [ "$(runs)" -eq 1 ]
}

@test "a test that is well is not run again" {
    program_is 'stand_still'
    run -0 sh "$runner" "$program"
    [ "$(runs)" -eq 1 ]
}

@test "a test that skipped itself is not run again" {
    program_is 'stand_still; exit 77'
    run -77 sh "$runner" "$program"
    [ "$(runs)" -eq 1 ]
}

@test "no machine excuses two guests that have one disk" {
    program_is 'stand_still; echo "# accused: web, db"; exit 1'
    run -1 sh "$runner" "$program"
    [ "$(runs)" -eq 1 ]
}

@test "a test that hung is not run again" {
    program_is 'stand_still; sleep 60'
    TEST_LIMIT=1 run -124 timeout 20 sh "$runner" sh "${runner%/*}/limit-run.sh" "$program"
    [ "${lines[0]}" = "Bail out! not ended after 1 s" ]
    [ "$(runs)" -eq 1 ]
}

@test "who ends make check ends the test, and nothing is left" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    program_is 'sleep 60'
    TMPDIR=$BATS_TEST_TMPDIR/tmp sh "$runner" sh "${runner%/*}/limit-run.sh" "$program" 3>&- &
    until pgrep -f "/bin/bash $program" > /dev/null; do sleep 0.05; done
    kill "$!"
    wait "$!" || :
    run -1 pgrep -f "/bin/bash $program"
    [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
}
