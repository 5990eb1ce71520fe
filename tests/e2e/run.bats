#!/usr/bin/env bats
# run.bats: a test that its machine held up is run again, and no other
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup() { :; }

# some_tests FILE LINE...: the second of them fails once for each LINE, and says it.
some_tests()
{
    # Were they called tests here, bats would take them for some of this file.
    sed s/^@case/@test/ > "$BATS_TEST_TMPDIR/$1.bats" <<END
@case "$1: (a + b)? good" {
    echo good >> "$BATS_TEST_TMPDIR/ran"
}
@case "$1: it's [b]*" {
    echo bad >> "$BATS_TEST_TMPDIR/ran"
    line=\$(head -n 1 "$BATS_TEST_TMPDIR/$1.spoilt")
    sed -i 1d "$BATS_TEST_TMPDIR/$1.spoilt"
    echo "\$line"
    [ -z "\$line" ]
}
@case "$1: skipped" {
    skip "not today"
}
END
    printf '%s\n' "${@:2}" > "$BATS_TEST_TMPDIR/$1.spoilt"
}

# run_them JOBS FILE...: with none of the variables of a test, PATH included.
run_them()
{
    local jobs=$1

    shift
    run env -i PATH=/usr/local/bin:/usr/bin:/bin E2E_JOBS="$jobs" "$LAB_SOURCE/run.sh" "${@/#/$BATS_TEST_TMPDIR/}"
    echo "$output"
}

# ran COUNT of the good ones, COUNT of the bad ones
ran()
{
    [ "$(grep -c good "$BATS_TEST_TMPDIR/ran")" -eq "$1" ]
    [ "$(grep -c bad "$BATS_TEST_TMPDIR/ran")" -eq "$2" ]
}

@test "held up and well then: it has passed" {
    some_tests one "held up: for 2000 ms"
    run_them '' one.bats
    [ "$status" -eq 0 ]
    grep -q "^# to be run again: not ok 2 one: it's \[b\]\*" <<< "$output"
    grep -q "^# held up: for 2000 ms" <<< "$output"
    grep -q "^ok 2 one: it's \[b\]\*" <<< "$output"
    not grep -q '^not ok' <<< "$output"
    [ "$(grep -c '^1\.\.' <<< "$output")" -eq 1 ]
    ran 1 2
}

@test "held up and not well then either: it has failed" {
    some_tests one "held up: for 2000 ms" "held up: for 2000 ms"
    run_them '' one.bats
    [ "$status" -ne 0 ]
    grep -q "^not ok 2 one: it's" <<< "$output"
    [ "$(grep -c '^not ok' <<< "$output")" -eq 1 ]
    ran 1 2
}

@test "not held up: it has failed, and is not run again" {
    some_tests one "something is wrong"
    run_them '' one.bats
    [ "$status" -ne 0 ]
    grep -q "^not ok 2 one: it's" <<< "$output"
    ran 1 1
}

@test "another one that failed is not forgotten" {
    some_tests one "held up: for 2000 ms"
    some_tests two "something is wrong"
    run_them '' one.bats two.bats
    [ "$status" -ne 0 ]
    grep -q "^ok 2 one: it's" <<< "$output"
    grep -q "^not ok 5 two: it's" <<< "$output"
    ran 2 3
}

@test "files that run side by side" {
    command -v parallel > /dev/null || skip "not here: parallel"
    some_tests one "held up: for 2000 ms"
    some_tests two
    run_them 2 one.bats two.bats
    [ "$status" -eq 0 ]
    grep -q "^ok 2 one: it's" <<< "$output"
    [ "$(grep -c '^ok' <<< "$output")" -eq 6 ]
    ran 2 3
}

@test "a file that cannot be read" {
    some_tests one "held up: for 2000 ms"
    some_tests two
    echo 'broken() {' >> "$BATS_TEST_TMPDIR/two.bats"
    run_them '' one.bats two.bats
    [ "$status" -ne 0 ]
}

# held_up [RESULT]: says so of a test whose machine stood still for two seconds.
held_up()
{
    E2E_STOLEN=$(($(machine_stolen) - 2000))
    e2e_held_up "$@" | grep -q '^held up: '
}

@test "a test says whether it was held up" {
    held_up
    E2E_STOLEN=$(machine_stolen)
    [ -z "$(e2e_held_up)" ]
    BATS_TEST_COMPLETED=1 not held_up 0
    BATS_TEST_COMPLETED=1 held_up 1
}

@test "a guest that outlived its lease was not held up" {
    lab_gone_at() { echo $((LAB_LEASE * 1000)); }
    not fenced kvm1 late 0
    not held_up
}
