#!/usr/bin/env bats
# quickstart.bats: what is shown first works, and leaves nothing behind
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup()
{
    e2e_need e2e_missing
    SPACE=$BATS_TEST_TMPDIR/space
    mkdir "$SPACE"
}

teardown() { e2e_held_up; }

# Starts it as a terminal does: with signals as usual, in a group of its own.
begin()
{
    TMPDIR=$SPACE env --default-signal=INT,TERM setsid "$LAB_SOURCE/../../quickstart" \
        < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    SHOW=$!
}

# interrupt_at PATTERN [SECONDS]: Ctrl-C so long after it said that.
interrupt_at()
{
    begin
    lab_wait 60 grep -q "$1" "$BATS_TEST_TMPDIR/out"
    sleep "${2:-0}"
    kill -INT -- "-$SHOW"
    ended 10
    cat "$BATS_TEST_TMPDIR/out"
    nothing_left "$SPACE"
    not grep -q 'That is all' "$BATS_TEST_TMPDIR/out"
}

# ended SECONDS: within that time.
ended()
{
    lab_wait "$1" lab_gone "$SHOW"
    wait "$SHOW" || :
}

@test "it runs to its end, in less than three minutes" {
    begin
    ended 170
    cat "$BATS_TEST_TMPDIR/out"
    grep -q 'That is all' "$BATS_TEST_TMPDIR/out"
    grep -q "in use by guest 'web01' on host 'kvm1'" "$BATS_TEST_TMPDIR/out"
    grep -q 'At no instant' "$BATS_TEST_TMPDIR/out"
    nothing_left "$SPACE"
}

@test "Ctrl-C at its very beginning" { interrupt_at '^.1/8'; }
@test "Ctrl-C while the hosts are made" { interrupt_at '^.2/8'; }
@test "Ctrl-C a little later" { interrupt_at '^.2/8' 0.3; }
@test "Ctrl-C while the daemons start" { interrupt_at 'NFS server (ganesha)' 0.5; }
@test "Ctrl-C while a guest starts" { interrupt_at '^.3/8' 0.1; }
@test "Ctrl-C while a guest is refused" { interrupt_at '^.4/8' 0.2; }
@test "Ctrl-C during the migration" { interrupt_at '^.5/8' 0.4; }
@test "Ctrl-C after the crash" { interrupt_at '^.6/8' 2; }

@test "a kill -9" {
    begin
    lab_wait 60 grep -q '^.5/8' "$BATS_TEST_TMPDIR/out"
    kill -KILL "$SHOW"
    ended 10
    nothing_left "$SPACE"
}
