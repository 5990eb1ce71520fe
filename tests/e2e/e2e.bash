# e2e.bash: what the end-to-end tests have in common
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A file has one lab for all of its tests. Each test has guests and disks of
# its own names; all guests are ended after it, and then the witness must have
# seen nothing wrong, and no lock may be left.

. "$(dirname "${BASH_SOURCE[0]}")/lab.bash"
. "$LAB_SOURCE/locks.bash"
. "$LAB_SOURCE/../heldup.sh"

E2E_URL=nfs://$LAB_SERVER/export/virtlease
E2E_LOCKSPACE=export/virtlease      # the same below the exports

# e2e_lab HOST...: for setup_file. All is ready for guests afterwards.
e2e_lab()
{
    [ -z "$(e2e_missing)" ] || return 0
    lab_start $$
    lab_server_start
    export E2E_HOSTS=$*
    lab_host_start "$@"
    lab_lockspace "$E2E_URL"
    e2e_daemons "$E2E_URL"
    lab_witness_start
}

# What there must be for tests of virtlease, and is not; one per line.
e2e_missing()
{
    lab_missing
    [ -n "${LAB_STAGE:-}" ] || echo "an installation that LAB_STAGE names (make check-e2e)"
}

# For setup: skips the test if COMMAND names something that is missing.
e2e_need()
{
    local missing

    missing=$("$@")
    [ -z "$missing" ] || skip "not here: ${missing//$'\n'/, }"
}

# Every test begins with all hosts up.
setup()
{
    e2e_setup
}

e2e_setup()
{
    local host

    e2e_need e2e_missing
    for host in $E2E_HOSTS; do
        lab_is_up "$host" || { lab_host_again "$host"; lab_virtleased_start "$host"; }
    done
}

# e2e_daemons URL: virtleased on every host, with its leases there.
e2e_daemons()
{
    local host

    for host in $E2E_HOSTS; do
        lab_use "$host" "$1"
    done
    # shellcheck disable=SC2086
    lab_virtleased_start $E2E_HOSTS
}

# For teardown.
e2e_check()
{
    local result=0

    [ -n "${LAB_DIR:-}" ] || return 0
    [ "${BATS_TEST_COMPLETED:-0}" = 1 ] || e2e_tell
    # shellcheck disable=SC2086
    lab_destroy_all $E2E_HOSTS > /dev/null
    if ! lab_witness_clean; then
        result=1 E2E_ACCUSED=yes
        # Another one, that does not accuse the next test of it.
        lab_witness_stop
        lab_witness_start
    fi
    lab_wait 3 e2e_unlocked || { e2e_locks; result=1; }
    e2e_held_up $result
    return $result
}

# e2e_held_up [RESULT]: of a test that failed, or whose RESULT is one, says if the
# machine may be to blame, so that it is run again (run.sh). What was not safe has
# no excuse.
e2e_held_up()
{
    [ "${BATS_TEST_COMPLETED:-0}" != 1 ] || [ "${1:-0}" -ne 0 ] || return 0
    [ -n "${E2E_ACCUSED:-}" ] || machine_held_up "$E2E_STOLEN" || :
}

# What those who look for a failure's reason want to see.
e2e_tell()
{
    local log

    echo "locks on the export:"
    e2e_locks
    for log in "$LAB_DIR"/kvm*/virtleased.log "$LAB_DIR"/kvm*/libvirtd.log; do
        [ ! -e "$log" ] || { echo "--- $log"; grep -vE 'ethtool|rpc.server|tainted' "$log" | tail -n 30; }
    done
    lab_witness | jq -c '.processes[-6:][]'
}

# Nobody is kept from a disk: what locks there are belong to hosts that are
# dead, or to guests that were suspended when they ended (rule 17).
e2e_unlocked()
{
    local name session run renewed

    while read -r name _; do
        IFS=. read -r _ _ _ session run _ <<< "$name"
        renewed=$(stat -c %Z "$(lab_export "$E2E_LOCKSPACE")/sessions/$session" 2> /dev/null) || continue
        [ $((EPOCHSECONDS - renewed)) -le "$LAB_LEASE" ] || continue
        [ -L "$(lab_export "$E2E_LOCKSPACE")/sessions/$session.exited.$run" ] || return 1
    done < <(e2e_locks)
}

# By how much limits on time are stretched: not at all, unless several labs share
# this machine, or it has far more to do than our tests. E2E_PATIENCE overrides it.
e2e_patience()
{
    local load labs=${E2E_JOBS:-1}

    read -r load _ < /proc/loadavg
    load=$((${load%.*} / $(nproc)))
    echo "${E2E_PATIENCE:-$((load < labs ? labs : load))}"
}

# As each test begins.
E2E_STOLEN=$(machine_stolen)

# refused HOST GUEST LIMIT_MS PATTERN...: its start fails within that time, and
# the message has every pattern (extended regular expressions). What else the
# machine does can delay any one attempt, but hardly three.
refused()
{
    local host=$1 name=$2 limit=$(($3 * $(e2e_patience))) attempt begin stolen took

    shift 3
    for attempt in 1 2 3; do
        stolen=$(machine_stolen) begin=$(lab_now)
        run lab_create "$host" "$name"
        took=$(($(lab_now) - begin)) stolen=$(($(machine_stolen) - stolen))
        echo "start of $name on $host: status $status after $took ms ($stolen stolen): ${output//$'\n'/ }"
        [ "$status" -ne 0 ] || return 1
        said "$@" || return 1
        [ $((took - stolen)) -gt "$limit" ] || return 0
    done
    return 1
}

# said PATTERN...: $output has them all.
said()
{
    local pattern

    for pattern; do
        grep -qE -- "$pattern" <<< "$output" || { echo "not said: $pattern"; return 1; }
    done
}

# disks PREFIX COUNT: names of so many disks.
disks()
{
    seq -f "$1-%g" "$2"
}

# runs HOST GUEST: the witness sees it run there now, and lets it be so.
runs()
{
    lab_wait 2 lab_running "$@"
}

# not COMMAND...: unlike "!", ends a test when the command succeeds.
not()
{
    if "$@"; then
        echo "should have failed: $*"
        return 1
    fi
}

not_running()
{
    not lab_running "$@"
}

# ran_through HOST GUEST: one process, one run without a pause, and it goes on.
ran_through()
{
    lab_witness | jq -e --arg h "$1" --arg g "$2" \
        '[.processes[] | select(.host == $h and .guest == $g)]
         | length == 1 and .[0].running and (.[0].runs | length == 1)' > /dev/null
}

# last_renewal HOST: when its session was renewed last, as the server has it,
# in milliseconds.
last_renewal()
{
    stat -c %.Z "$(lab_export "$E2E_LOCKSPACE")/sessions/$(session_of "$1")" | tr -d . | cut -c 1-13
}

# session_of HOST
session_of()
{
    on "$1" virt-lease status --json | jq -r '.. | .session? // empty' | head -n 1
}

# fenced HOST GUEST RENEWED: its process was gone before the lease ended that
# was renewed last at RENEWED.
fenced()
{
    local gone

    gone=$(lab_gone_at "$1" "$2")
    echo "$2 on $1: gone $((gone - $3)) ms after the last renewal"
    [ "$gone" -gt 0 ] && [ "$gone" -lt $(($3 + LAB_LEASE * 1000)) ] || { E2E_ACCUSED=yes; return 1; }
}

# leavings DIR: what is left of something that ran with TMPDIR=DIR, one per
# line. Every process of a lab, QEMUs too, has that in its environment.
leavings()
{
    local file

    for file in $(grep -lsF "$1" /proc/[0-9]*/{environ,cmdline}); do
        [ "${file%/*}" = "/proc/$$" ] || echo "process: $(tr '\0' ' ' < "${file%/*}/cmdline")"
    done 2> /dev/null
    grep -F "$1" /proc/self/mountinfo | sed 's/^/mount: /'
    losetup -n -O BACK-FILE 2> /dev/null | grep -F "$1" | sed 's/^/loop: /'
    ip -o link | grep -E ' (lab0|to-kvm[0-9])' | sed 's/^/interface: /'
    find "$1" -mindepth 1 | sed 's/^/file: /'
}

# nothing_left DIR
nothing_left()
{
    local deadline=$(($(lab_now) + 10000)) left

    while left=$(leavings "$1"); [ -n "$left" ]; do
        [ "$(lab_now)" -lt "$deadline" ] || { echo "$left"; return 1; }
        sleep 0.1
    done
}
