# faults.bash: faults of networks, servers, daemons and exports, for tests
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Random choices come from a seed that each test prints; E2E_SEED=N repeats
# the choices, though not the machine's timing.

# What tests with faults need, and is not here; one per line.
faults_missing()
{
    e2e_missing
    PATH=$PATH:/usr/sbin:/sbin command -v nft > /dev/null || echo nft
}

# For setup, and first of all: no choice is made before.
faults_seed()
{
    FAULTS_SEED=${E2E_SEED:-$((10#${EPOCHREALTIME#*[.,]} % 30000 + 1))}
    RANDOM=$FAULTS_SEED
    echo "# seed $FAULTS_SEED: $BATS_TEST_DESCRIPTION" >&3
}

# pick VARIABLE WORD...: one of them. Not by output: a subshell's choices would
# not move this shell's random numbers on.
pick()
{
    local words=("${@:2}")

    printf -v "$1" %s "${words[RANDOM % ${#words[@]}]}"
}

# pick_number VARIABLE LOW HIGH
pick_number()
{
    printf -v "$1" %s $(($2 + RANDOM % ($3 - $2 + 1)))
}

# nap MILLISECONDS: how long a fault lasts.
nap()
{
    sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
}

# ---- the network ----

# blackhole HOST DIRECTION: what goes "in" from the server to the host, or "out"
# to it, or "both", is dropped; nobody is told.
blackhole()
{
    local from='' to=''

    [ "$2" = out ] || from="ip saddr $LAB_SERVER drop"
    [ "$2" = in ] || to="ip daddr $LAB_SERVER drop"
    blackhole_end "$1"
    on "$1" nft -f - <<END
table ip lab {
    chain in { type filter hook input priority 0; $from; }
    chain out { type filter hook output priority 0; $to; }
}
END
}

# Also if there is none.
blackhole_end()
{
    printf 'table ip lab { }\ndelete table ip lab\n' | on "$1" nft -f -
}

# faults_end HOST: server and network are as they should be; a test that failed
# may have left them otherwise.
faults_end()
{
    lab_server_thaw
    lab_mend "$1"
    lab_server_answers || lab_server_up
}

# ---- virtleased ----

# worker HOST, guard HOST: their process ids, as the host sees them.
worker()
{
    on "$1" pgrep -f '^virtleased .*--worker='
}

guard()
{
    local worker

    worker=$(worker "$1")
    on "$1" pgrep -x virtleased | grep -vx "${worker:-none}"
}

# signal HOST SIGNAL PID
signal()
{
    on "$1" kill "-$2" "$3"
}

# worker_lost HOST: its worker is killed, and none can be started in its place.
worker_lost()
{
    echo "colour = 1" > "$LAB_DIR/$1/etc/libvirt/virtleased.conf"
    signal "$1" KILL "$(worker "$1")"
}

# awaited HOST: somebody waits for virtleased to take the connection.
awaited()
{
    on "$1" ss -xlH src "$LAB_SOCKET" | grep -q ' LISTEN [1-9]'
}

# ---- a load ----

# churn HOST GUEST: starts it, suspends, resumes and ends it, again and again,
# in the background and for as long as churn_stop is not called. Whatever fails.
churn()
{
    (
        trap - ERR
        set +e
        while [ ! -e "$LAB_DIR/churn.stop" ]; do
            lab_create "$1" "$2" && on "$1" virsh suspend "$2" && on "$1" virsh resume "$2" &&
                echo "end of a whole round"
            on "$1" virsh -q destroy "$2"
        done
    ) < /dev/null > "$LAB_DIR/churn-$1-$2.log" 2>&1 3>&- &
    CHURNS+=($!)
}

churn_stop()
{
    [ ${#CHURNS[@]} -gt 0 ] || return 0
    touch "$LAB_DIR/churn.stop"
    wait "${CHURNS[@]}" || :
    rm -f "$LAB_DIR/churn.stop"
    CHURNS=()
}

# How many rounds went through.
churned()
{
    cat "$LAB_DIR"/churn-*.log | grep -c 'end of a whole round' || :
}

# ---- nobody is locked out ----

# The name of what is on the export: for live sessions, and they must not be
# more than there are hosts, nothing may be left when no guest is.
faults_stale()
{
    local root name renewed alive=" "

    root=$(lab_export "$E2E_LOCKSPACE")
    for name in "$root"/sessions/*; do
        [ -d "$name" ] && [ ! -L "$name" ] || continue
        renewed=$(stat -c %Z "$name" 2> /dev/null) || continue
        [ $((EPOCHSECONDS - renewed)) -gt "$LAB_LEASE" ] || alive+="${name##*/} "
    done
    # shellcheck disable=SC2086
    [ "$(wc -w <<< "$alive")" -le "$(wc -w <<< "$E2E_HOSTS")" ] || echo "living sessions: $alive"
    for name in $alive; do
        find "$root/locks" "$root/sessions" -type l -name "*$name*" -printf '%f\n'
    done
}

faults_nothing_stale()
{
    [ -z "$(faults_stale)" ]
}

# nothing_locked DISK...: a fresh guest gets all of them together, on any host,
# as soon as the sessions that had them can be known dead; and when it has
# ended, the sweeps leave nothing of the sessions that live.
nothing_locked()
{
    local host patience fresh=fresh-$RANDOM

    patience=$(e2e_patience)
    # shellcheck disable=SC2086
    lab_destroy_all $E2E_HOSTS > /dev/null
    # shellcheck disable=SC2086
    pick host $E2E_HOSTS
    lab_guest "$fresh" "$@"
    lab_wait $(((LAB_LEASE * 2 + 4) * patience)) lab_create "$host" "$fresh" ||
        { lab_create "$host" "$fresh" || :; e2e_locks; return 1; }
    runs "$host" "$fresh"
    on "$host" virsh -q destroy "$fresh"
    lab_wait $(((LAB_LEASE + 4) * patience)) faults_nothing_stale || { faults_stale; return 1; }
    # The dead ones' entries for these disks went when the fresh guest came.
    not faults_named "$@"
}

# faults_named DISK...: whether one of them is in an entry on the export.
faults_named()
{
    e2e_locks | grep -E "/($(tr ' ' '|' <<< "$*"))([, ]|\$)"
}
