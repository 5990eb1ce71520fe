#!/usr/bin/env bats
# lab.bats: a lab leaves nothing behind
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup()
{
    e2e_need lab_missing
    export SPACE=$BATS_TEST_TMPDIR/space
    mkdir "$SPACE"
}

teardown() { e2e_held_up; }

# In a process of its own: a lab with a host, a server and a guest that runs,
# which says when it is complete, then waits.
a_lab()
{
    cat > "$BATS_TEST_TMPDIR/lab.sh" <<END
. "$LAB_SOURCE/lab.bash"
LAB_DRIVER=nop LAB_STAGE=
trap 'lab_stop; exit 1' INT TERM
trap lab_stop EXIT
lab_start \$\$ || exit
echo "\$LAB_DIR" > "$BATS_TEST_TMPDIR/dir"
lab_server_start && lab_host_start kvm1 && lab_witness_start || exit
lab_guest lone lone-disk
lab_create kvm1 lone || exit
touch "$BATS_TEST_TMPDIR/complete"
$1
END
    TMPDIR=$SPACE setsid bash "$BATS_TEST_TMPDIR/lab.sh" > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    LAB_OWNER=$!
}

@test "when it ends by itself" {
    a_lab "lab_running kvm1 lone"
    wait "$LAB_OWNER"
    cat "$BATS_TEST_TMPDIR/out"
    nothing_left "$SPACE"
}

@test "when it is interrupted" {
    a_lab "read -rt 60 <> <(:)"
    lab_wait 30 test -e "$BATS_TEST_TMPDIR/complete"
    leavings "$SPACE" | grep -q "process: .*guest=lone"
    kill -TERM -- "-$LAB_OWNER"
    wait "$LAB_OWNER" || :
    nothing_left "$SPACE"
}

@test "when its owner is killed and cannot clean up" {
    a_lab "read -rt 60 <> <(:)"
    lab_wait 30 test -e "$BATS_TEST_TMPDIR/complete"
    kill -KILL "$LAB_OWNER"
    wait "$LAB_OWNER" || :
    nothing_left "$SPACE"
}

@test "when its owner is killed while it is being made" {
    a_lab "read -rt 60 <> <(:)"
    lab_wait 30 test -e "$BATS_TEST_TMPDIR/dir"
    kill -KILL "$LAB_OWNER"
    wait "$LAB_OWNER" || :
    nothing_left "$SPACE"
}
