#!/usr/bin/env bats
# faulthand.bats: what is on the export is removed or put back by hand (rule 20)
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The server of this file shows at once what happens below it.

load e2e
load faults

setup_file()
{
    [ -n "$(faults_missing)" ] || LAB_SERVER_CACHES=no e2e_lab kvm1 kvm2
}

setup()
{
    e2e_need faults_missing
    faults_seed
    ROOT=$(lab_export "$E2E_LOCKSPACE")
}

teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    lab_server_answers > /dev/null 2>&1 || lab_server_up
    [ ! -d "$ROOT.away" ] || { rm -rf "$ROOT"; mv "$ROOT.away" "$ROOT"; }
    rm -rf "$ROOT".copy*
    e2e_check
}

teardown_file() { lab_stop; }

# The audit comes every four renewals; a look at the sessions, every renewal.
AUDIT_MS=$((LAB_LEASE * 1000 * 5 / 6))

# guests PREFIX NAME...: a guest called so, with a disk called so, running on
# kvm1 and kvm2 in turn.
guests()
{
    local prefix=$1 name host=kvm1

    shift
    for name; do
        lab_guest "$prefix-$name" "$prefix-$name"
        lab_create "$host" "$prefix-$name"
        runs "$host" "$prefix-$name"
        case $host in kvm1) host=kvm2 ;; *) host=kvm1 ;; esac
    done
}

# The files of the entries of the guest $1.
entries_of()
{
    find "$ROOT/locks" -type l -lname "*guest=$1,*"
}

# stopped_after HOST GUEST SINCE: it was stopped, when what happened at SINCE
# had been noticed, and before K was over.
stopped_after()
{
    local gone limit=$(((AUDIT_MS + LAB_LEASE * 1000 / 3) * $(e2e_patience)))

    lab_wait $((limit / 1000 + 1)) gone "$1" "$2"
    gone=$(lab_gone_at "$1" "$2")
    echo "$2 on $1: gone $((gone - $3)) ms after"
    [ $((gone - $3)) -le "$limit" ]
}

gone()
{
    [ "$(lab_gone_at "$1" "$2")" -gt 0 ]
}

@test "entries are removed or replaced: just their guests are stopped" {
    local entry target since

    guests entry removed replaced keeps-1 keeps-2 sleeps
    on kvm1 virsh suspend entry-sleeps
    since=$(lab_now)
    rm "$(entries_of entry-removed)" "$(entries_of entry-sleeps)"
    entry=$(entries_of entry-replaced)
    target=$(readlink "$entry")
    rm "$entry"
    ln -s "$target" "$entry"
    stopped_after kvm1 entry-removed "$since"
    stopped_after kvm2 entry-replaced "$since"
    ran_through kvm1 entry-keeps-1
    ran_through kvm2 entry-keeps-2
    run on kvm1 virsh resume entry-sleeps
    echo "$output"
    [ "$status" -ne 0 ]
    not_running kvm1 entry-sleeps
    nothing_locked entry-{removed,replaced,keeps-1,keeps-2,sleeps}
}

@test "a session's directory is removed: its guests are gone before its lease ends" {
    local renewed

    guests session lost other winter
    on kvm1 virsh suspend session-winter
    renewed=$(last_renewal kvm1)
    rmdir "$ROOT/sessions/$(session_of kvm1)"
    lab_wait $LAB_LEASE gone kvm1 session-lost
    # It may have been renewed once more between these two.
    fenced kvm1 session-lost $((renewed + LAB_LEASE * 1000 / 6))
    ran_through kvm2 session-other
    # Nobody else had its disk.
    lab_wait $((LAB_LEASE * 2)) on kvm1 virsh resume session-winter
    runs kvm1 session-winter
    nothing_locked session-{lost,other,winter}
}

@test "a session's directory is put back from an older copy: its guests are stopped" {
    local since session

    session=$(session_of kvm1)
    cp -a "$ROOT/sessions/$session" "$ROOT.copy"
    guests back lost other winter
    on kvm1 virsh suspend back-winter
    since=$(lab_now)
    rmdir "$ROOT/sessions/$session"
    mv "$ROOT.copy" "$ROOT/sessions/$session"
    stopped_after kvm1 back-lost "$since"
    ran_through kvm2 back-other
    [ "$(session_of kvm1)" != "$session" ]
    # Nobody can know whether its disk was used by others.
    run on kvm1 virsh resume back-winter
    echo "$output"
    [ "$status" -ne 0 ]
    not_running kvm1 back-winter
    nothing_locked back-{lost,other,winter}
}

@test "all entries are put back from an older copy: who is not in it is stopped, nobody comes back from the dead" {
    local since

    guests shards past stays
    cp -a "$ROOT/locks" "$ROOT.copy"
    on kvm1 virsh destroy shards-past
    guests shards new
    since=$(lab_now)
    mv "$ROOT/locks" "$ROOT.copy-of-now"
    mv "$ROOT.copy" "$ROOT/locks"
    stopped_after kvm1 shards-new "$since"
    # In the copy, but another file.
    stopped_after kvm2 shards-stays "$since"
    nothing_locked shards-{past,stays,new}
}

@test "the server is set back to an older copy of the lockspace: all guests are stopped" {
    local since

    guests rolled early
    cp -a "$ROOT" "$ROOT.copy"
    guests rolled one two
    lab_server_down
    mv "$ROOT" "$ROOT.copy-of-now"
    mv "$ROOT.copy" "$ROOT"
    since=$(lab_now)
    lab_server_up
    stopped_after kvm1 rolled-early "$since"
    stopped_after kvm1 rolled-one "$since"
    stopped_after kvm2 rolled-two "$since"
    nothing_locked rolled-{early,one,two}
}

@test "the lockspace is moved away for longer than a lease: guests are gone before it ends, and start again" {
    local i

    guests moved one two
    mv "$ROOT" "$ROOT.away"
    for i in 1 2; do
        RENEWED[i]=$(stat -c %.Z "$ROOT.away/sessions/$(session_of "kvm$i")" | tr -d . | cut -c 1-13)
    done
    lab_wait $LAB_LEASE gone kvm1 moved-one
    lab_wait $LAB_LEASE gone kvm2 moved-two
    fenced kvm1 moved-one "${RENEWED[1]}"
    fenced kvm2 moved-two "${RENEWED[2]}"
    lab_guest moved-other moved-one
    refused kvm2 moved-other $((LAB_ACQUIRE_TIMEOUT * 1000 + 1000)) "no such file or directory"
    mv "$ROOT.away" "$ROOT"
    lab_wait $((LAB_LEASE * 2 + 4)) lab_create kvm1 moved-one
    lab_wait $((LAB_LEASE * 2 + 4)) lab_create kvm2 moved-two
    nothing_locked moved-{one,two}
}
