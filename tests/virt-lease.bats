#!/usr/bin/env bats
#
# virt-lease.bats: the operators' command on lockspaces of the dir store
#
# SPDX-License-Identifier: LGPL-2.1-or-later

bats_require_minimum_version 1.5.0

setup()
{
    tool=${abs_top_builddir:-$PWD}/tools/virt-lease
    test -x "$tool" || skip "tools/virt-lease is not built"
    dir=$(mktemp -d "${BATS_TMPDIR:-/tmp}/virt-lease-XXXXXX")
    url=dir:$dir/lockspace
    sid=fedcba9876543210fedcba9876543210
    daemon=
}

teardown()
{
    if test -n "$daemon"; then
        kill "$daemon" 2>/dev/null || :
        wait "$daemon" 2>/dev/null || :
    fi
    if test -n "$dir"; then
        rm -rf "$dir"
    fi
}

# Makes an entry of run $3 in mode and class $2 ("x.f") on the resource $1; it
# says $4 of itself.
entry()
{
    local hash shard shards
    hash=$(printf %s "$1" | sha256sum | cut -c 1-40)
    shards=$(find "$dir/lockspace/locks" -mindepth 1 -maxdepth 1 | wc -l)
    shard=$(printf %03x $((0x${hash:0:8} % shards)))
    ln -s "$4" "$dir/lockspace/locks/$shard/$hash.$2.$sid.$3.1"
}

# Prints the member $1 of the JSON in $output; $1 is an expression on j.
json()
{
    printf %s "$output" | "${PYTHON3:-python3}" -c "import json, sys
j = json.load(sys.stdin)
print(($1))"
}

@test "init makes a lockspace with the defaults" {
    run --separate-stderr "$tool" init "$url"
    echo "$output $stderr"
    test "$status" -eq 0
    test -d "$dir/lockspace/sessions"
    test "$(ls "$dir/lockspace/locks" | wc -l)" -eq 16
    readlink "$dir/lockspace/format" |
        grep -E '^virtlease=1,lease_ms=30000,shards=16,id=[0-9a-f]{32}$'
}

@test "init takes the length of a lease and the number of shards" {
    run --separate-stderr "$tool" init "$url" --lease 7.5 --shards 300 --json
    test "$status" -eq 0
    test "$(json 'j["leaseMs"], j["shards"], j["version"]')" = "(7500, 300, 1)"
    test "$(json 'j["id"]')" = "$(readlink "$dir/lockspace/format" | sed 's/.*id=//')"
    test -d "$dir/lockspace/locks/12b"
    test ! -e "$dir/lockspace/locks/12c"
}

@test "init never changes a lockspace" {
    "$tool" init "$url"
    before=$(readlink "$dir/lockspace/format")
    run --separate-stderr "$tool" init "$url" --lease 10
    test "$status" -eq 3
    test -z "$output"
    [[ $stderr == *"already a lockspace"* ]]
    test "$(readlink "$dir/lockspace/format")" = "$before"
}

@test "init leaves a stranger's link alone" {
    mkdir "$dir/lockspace"
    ln -s /etc/passwd "$dir/lockspace/format"
    run --separate-stderr "$tool" init "$url"
    test "$status" -eq 3
    test "$(readlink "$dir/lockspace/format")" = /etc/passwd
    test ! -e "$dir/lockspace/sessions"
}

@test "init goes on where one was interrupted" {
    mkdir -p "$dir/lockspace/sessions" "$dir/lockspace/locks/000"
    run --separate-stderr "$tool" init "$url" --shards 2
    test "$status" -eq 0
    test -d "$dir/lockspace/locks/001"
}

@test "init does not give a new format to sessions of an old one" {
    "$tool" init "$url"
    rm "$dir/lockspace/format"
    mkdir "$dir/lockspace/sessions/$sid"
    run --separate-stderr "$tool" init "$url"
    test "$status" -eq 1
    [[ $stderr == *"'format' is missing"* ]]
    test ! -L "$dir/lockspace/format"
}

@test "init at the same moment makes one lockspace" {
    local i ok=0 pids=() status
    for i in 1 2 3 4 5 6; do
        "$tool" init "$url" > "$dir/out$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        status=0
        wait "$i" || status=$?
        case $status in
        0) ok=$((ok + 1)) ;;
        3) ;;
        *) return 1 ;;
        esac
    done
    test "$ok" -eq 1
    grep -q "$(readlink "$dir/lockspace/format" | sed 's/.*id=//')" "$dir"/out?
}

@test "init says what to do when the directory above is missing" {
    run --separate-stderr "$tool" init "dir:$dir/a/b/lockspace"
    test "$status" -eq 4
    [[ $stderr == *"no such file or directory"*"make the directory"* ]]
}

@test "init refuses limits that make no sense" {
    local arguments
    for arguments in "--lease 2.9" "--lease 601" "--lease nan" "--lease -1" "--lease x" \
                     "--shards 0" "--shards 1025" "--shards 1x"; do
        echo "$arguments"
        run --separate-stderr "$tool" init "$url" $arguments
        test "$status" -eq 2
        test ! -e "$dir/lockspace"
    done
}

@test "list tells who holds what" {
    "$tool" init "$url" --shards 3
    mkdir "$dir/lockspace/sessions/$sid"
    entry filer:/vm/a.qcow2 x.f 1 \
        "host=kvm1,guest=web01,uuid=11111111-2222-3333-4444-555555555555,pid=7,since=2026-01-02T10:11:12Z,path=/images/a.qcow2,resource=filer:/vm/a.qcow2"
    entry filer:/vm/b.iso r.t 2 "host=kvm2,guest=db%2c1,resource=filer:/vm/b.iso"
    ln -s x "$dir/lockspace/sessions/$sid.stopped.2"

    TZ=UTC run --separate-stderr "$tool" list --lockspace "$url"
    echo "$output"
    test "$status" -eq 0
    test -z "$stderr"
    test "${#lines[@]}" -eq 3
    [[ ${lines[1]} =~ ^web01\ +kvm1\ +exclusive\ +running\ +2026-01-02\ 10:11:12\ +filer:/vm/a.qcow2$ ]]
    [[ ${lines[2]} =~ ^db,1\ +kvm2\ +shared\ +stopped\ +-\ +filer:/vm/b.iso$ ]]

    run --separate-stderr "$tool" list --json --lockspace "$url"
    test "$status" -eq 0
    test "$(json 'len(j["entries"])')" = 2
    test "$(json '[j["entries"][0][k] for k in ("guest", "host", "uuid", "pid", "path", "mode", "state", "since", "run", "token", "alive")]')" = \
        "['web01', 'kvm1', '11111111-2222-3333-4444-555555555555', 7, '/images/a.qcow2', 'exclusive', 'running', '2026-01-02T10:11:12Z', 1, False, None]"
    test "$(json '[j["entries"][1][k] for k in ("guest", "mode", "state", "since", "token")]')" = \
        "['db,1', 'shared', 'stopped', None, True]"
}

@test "list of an empty lockspace is a heading alone" {
    "$tool" init "$url"
    run --separate-stderr "$tool" list --lockspace "$url"
    test "$status" -eq 0
    test "${#lines[@]}" -eq 1
}

@test "list knows markers and sessions that are gone" {
    "$tool" init "$url" --shards 1
    entry a x.f 1 "guest=one,resource=1"
    entry b x.f 2 "guest=two,resource=2"
    entry c x.f 3 "guest=three,resource=3"
    ln -s x "$dir/lockspace/sessions/$sid.exited.2"
    ln -s x "$dir/lockspace/sessions/$sid.revoke.3"
    run --separate-stderr "$tool" list --json --lockspace "$url"
    test "$(json '[(e["guest"], e["state"], e["revoked"]) for e in j["entries"]]')" = \
        "[('one', 'orphaned', False), ('two', 'exited', False), ('three', 'orphaned', True)]"
    mkdir "$dir/lockspace/sessions/$sid"
    run --separate-stderr "$tool" list --json --lockspace "$url"
    test "$(json '[e["state"] for e in j["entries"]]')" = "['running', 'exited', 'running']"
}

@test "list --alive tells the living from the dead" {
    local dead=00000000000000000000000000000000
    "$tool" init "$url" --lease 3 --shards 1
    mkdir "$dir/lockspace/sessions/$sid" "$dir/lockspace/sessions/$dead"
    entry a x.f 1 "guest=living,resource=1"
    sid=$dead
    entry b x.f 1 "guest=dead,resource=2"
    (for i in $(seq 30); do sleep 0.2; touch -d "@$i" "$dir/lockspace/sessions/fedcba9876543210fedcba9876543210"; done) &
    daemon=$!
    run --separate-stderr "$tool" list --alive --json --lockspace "$url"
    test "$status" -eq 0
    test "$(json '[(e["guest"], e["alive"]) for e in j["entries"]]')" = "[('living', True), ('dead', False)]"
}

@test "what others write on the export does a terminal no harm" {
    "$tool" init "$url" --shards 1
    entry a x.f 1 $'guest=\e]0;title\a,host=%1b%5b2J%0aroot,resource=\xff%e2%80%ae'
    touch "$dir/lockspace/locks/000/"$'\e[31mred'
    for arguments in "" --json; do
        run --separate-stderr "$tool" list $arguments --lockspace "$url"
        test "$status" -eq 0
        [[ $output$stderr != *$'\e'* ]]
        [[ $output$stderr != *$'\a'* ]]
        [[ $output$stderr != *$'\u202e'* ]]
    done
    run --separate-stderr "$tool" list --lockspace "$url"
    test "${#lines[@]}" -eq 2
    [[ $stderr == *"ignoring 1 name that is not of virtlease"* ]]
}

@test "names that only look like entries are passed over" {
    "$tool" init "$url" --shards 1
    touch "$dir/lockspace/locks/000/0123456789abcdef0123456789abcdef01234567.x.f.$sid.01.1"
    run --separate-stderr "$tool" list --json --lockspace "$url"
    test "$(json 'j["entries"], j["strange"]')" = "([], 1)"
}

@test "list tells why a directory is no lockspace" {
    run --separate-stderr "$tool" list --lockspace "$url"
    test "$status" -eq 4
    [[ $stderr == *"is not a lockspace"*"virt-lease init"* ]]

    mkdir "$dir/lockspace"
    ln -s virtlease=2,anything "$dir/lockspace/format"
    run --separate-stderr "$tool" list --json --lockspace "$url"
    test "$status" -eq 4
    [[ $stderr == *"version 2"*"update virtlease"* ]]
    [[ $(json 'j["error"]["message"]') == *"version 2"* ]]

    ln -sfn virtlease=1,lease_ms=1 "$dir/lockspace/format"
    run --separate-stderr "$tool" list --lockspace "$url"
    test "$status" -eq 4
    [[ $stderr == *damaged* ]]
}

@test "lockspaces are found by name in the configuration" {
    "$tool" init "$url"
    printf 'lockspaces = [ "main=%s",\n "other=dir:%s/none" ]\n' "$url" "$dir" > "$dir/conf"
    run --separate-stderr "$tool" --config "$dir/conf" list --lockspace main --json
    test "$status" -eq 0
    test "$(json 'j["lockspace"]')" = main
    run --separate-stderr "$tool" -c "$dir/conf" -l other list
    test "$status" -eq 4
    run --separate-stderr "$tool" --config "$dir/conf" list --lockspace third
    test "$status" -eq 1
    [[ $stderr == *"no lockspace 'third'"* ]]
    run --separate-stderr "$tool" --config "$dir/missing" list
    test "$status" -eq 1
}

@test "the only lockspace of the configuration is the default" {
    "$tool" init "$url"
    printf 'lockspaces = [ "main=%s" ]\n' "$url" > "$dir/conf"
    run --separate-stderr "$tool" --config "$dir/conf" list --json
    test "$status" -eq 0
    test "$(json 'j["lockspace"]')" = main
}

@test "wrong usage is told and has its exit code" {
    local arguments
    for arguments in "" "nonsense" "--nonsense" "list --nonsense" "list more" "init a b" "--timeout 0 list" \
                     "list --timeout 3601" "status --lockspace"; do
        echo "$arguments"
        run --separate-stderr "$tool" $arguments
        test "$status" -eq 2
        test -z "$output"
        [[ $stderr == "virt-lease: "*"--help"* ]]
    done
}

@test "--version and --help print to standard output" {
    for arguments in --version "list --version" --help "init --help"; do
        run --separate-stderr "$tool" $arguments
        test "$status" -eq 0
        test -n "$output"
        test -z "$stderr"
    done
}

@test "an answer that cannot be written is a failure" {
    test -c /dev/full || skip "there is no /dev/full"
    "$tool" init "$url"
    status=0
    "$tool" list --json --lockspace "$url" > /dev/full 2> "$dir/err" || status=$?
    test "$status" -eq 1
    grep -q "standard output" "$dir/err"
}

@test "status tells that virtleased does not run" {
    run --separate-stderr "$tool" status --socket "$dir/none" --json
    test "$status" -eq 4
    [[ $stderr == *virtleased*"$dir/none"* ]]
    [[ $(json 'j["error"]["message"]') == *"$dir/none"* ]]
}

@test "status gives up on a virtleased that says nothing" {
    "${PYTHON3:-python3}" -c "import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind('$dir/socket')
s.listen(1)
time.sleep(20)" &
    daemon=$!
    for i in $(seq 100); do
        test -S "$dir/socket" && break
        sleep 0.05
    done
    SECONDS=0
    run --separate-stderr "$tool" status --socket "$dir/socket" --timeout 1
    test "$status" -eq 4
    test "$SECONDS" -lt 10
}

@test "status tells of virtleased's leases" {
    virtleased=${abs_top_builddir:-$PWD}/src/locking/virtleased
    test -x "$virtleased" || skip "src/locking/virtleased is not built"
    "$tool" init "$url" --lease 6
    printf 'lockspaces = [ "main=%s", "broken=dir:%s/none" ]\n' "$url" "$dir" > "$dir/conf"
    mkdir "$dir/state"
    "$virtleased" --config "$dir/conf" --socket "$dir/socket" --state-dir "$dir/state" \
        --pid-file "$dir/pid" > "$dir/log" 2>&1 &
    daemon=$!
    for i in $(seq 100); do
        run --separate-stderr "$tool" status --socket "$dir/socket" --lockspace main
        test "$status" -eq 0 && break
        sleep 0.1
    done
    cat "$dir/log"
    echo "$output $stderr"
    test "$status" -eq 0
    [[ $output == *"lockspace 'main'"*"active"*"6.0 s"* ]]

    run --separate-stderr "$tool" status --socket "$dir/socket" --json
    test "$status" -eq 5
    test "$(json '[(l["lockspace"], l["state"] == "active", l["problem"] is None) for l in j["lockspaces"]]')" = \
        "[('main', True, True), ('broken', False, False)]"
    test "$(json 'j["pid"]')" -gt 1

    run --separate-stderr "$tool" status --socket "$dir/socket" --lockspace third
    test "$status" -eq 1
    [[ $stderr == *"no lockspace 'third'"* ]]
}
