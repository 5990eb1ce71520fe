#!/bin/sh
# ganesha.sh: an NFS server of its own for a test
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ganesha.sh check              exits 77, saying why, where no server can be run
# ganesha.sh run COMMAND...     runs COMMAND on 127.0.0.1 of an own network with
#                               a server; that and all its files go with COMMAND
#
# COMMAND finds in $GANESHA_DIR: export/ (exported as /export), readonly/ (as
# /readonly), shown/ (as /shown: what is changed in it by hand shows at once),
# ganesha.log. It may call:
#
# ganesha.sh start              starts the server and waits until it answers
# ganesha.sh kill               kills it, as by kill -9
# ganesha.sh stop | cont        has it hang, and go on
#
# Both ways of NFS are served, without a grace period.

set -eu

self=$(readlink -f "$0")
wait_s=${GANESHA_WAIT:-30}

check()
{
    [ "$(id -u)" = 0 ] || { echo "ganesha.sh: must be root"; exit 77; }
    for tool in ganesha.nfsd rpcbind rpcinfo unshare setpriv ip; do
        command -v "$tool" >/dev/null || { echo "ganesha.sh: needs $tool"; exit 77; }
    done
    unshare --net --mount --pid --fork true 2>/dev/null ||
        { echo "ganesha.sh: may not make namespaces"; exit 77; }
}

configure()
{
    mkdir -p "$GANESHA_DIR/export" "$GANESHA_DIR/readonly" "$GANESHA_DIR/shown"
    cat >"$GANESHA_DIR/ganesha.conf" <<CONF
NFS_CORE_PARAM {
    mount_path_pseudo = true;
    Enable_NLM = false;
    Enable_RQUOTA = false;
    Protocols = 3, 4;
}
NFSV4 {
    Graceless = true;
    Lease_Lifetime = 5;
    Grace_Period = 5;
    RecoveryRoot = $GANESHA_DIR/recovery;
}
MDCACHE { Dir_Chunk = 0; }
LOG { Default_Log_Level = EVENT; }
EXPORT_DEFAULTS { Squash = No_Root_Squash; SecType = sys; Transports = TCP; }
EXPORT {
    Export_Id = 1; Path = $GANESHA_DIR/export; Pseudo = /export; Tag = export;
    Access_Type = RW;
    FSAL { Name = VFS; }
}
EXPORT {
    Export_Id = 2; Path = $GANESHA_DIR/readonly; Pseudo = /readonly; Tag = readonly;
    Access_Type = RO;
    FSAL { Name = VFS; }
}
EXPORT {
    Export_Id = 3; Path = $GANESHA_DIR/shown; Pseudo = /shown; Tag = shown;
    Access_Type = RW; Attr_Expiration_Time = 0;
    FSAL { Name = VFS; }
}
CONF
}

answers()
{
    rpcinfo -a 127.0.0.1.8.1 -T tcp 100003 3 >/dev/null 2>&1 &&
        rpcinfo -T tcp 127.0.0.1 100005 3 >/dev/null 2>&1
}

start()
{
    rm -f "$GANESHA_DIR/pid"
    mkdir -p "$GANESHA_DIR/recovery"
    ganesha.nfsd -F -f "$GANESHA_DIR/ganesha.conf" -L "$GANESHA_DIR/ganesha.log" \
        -p "$GANESHA_DIR/ganesha.pid" >/dev/null 2>&1 </dev/null &
    echo $! >"$GANESHA_DIR/pid"
    tries=$((wait_s * 10))
    until answers; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$(cat "$GANESHA_DIR/pid")" 2>/dev/null; then
            echo "ganesha.sh: the server does not start:" >&2
            tail -n 20 "$GANESHA_DIR/ganesha.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# Process 1 of the namespaces: what it leaves behind the kernel kills.
inside()
{
    ip link set lo up
    mount -t tmpfs none /run
    mkdir -p /run/rpcbind /run/ganesha
    rpcbind -w || rpcbind
    configure
    start
    set +e
    "$@" &
    command=$!
    trap 'kill "$command" 2>/dev/null' INT TERM
    wait "$command"
    exit $?
}

run()
{
    GANESHA_DIR=$(mktemp -d "${TMPDIR:-/tmp}/virtlease-ganesha.XXXXXX")
    export GANESHA_DIR
    trap 'rm -rf "$GANESHA_DIR"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
        sh "$self" inside "$@" &
    namespace=$!
    trap 'set +e; kill -9 "$namespace" 2>/dev/null; wait "$namespace" 2>/dev/null; rm -rf "$GANESHA_DIR"' EXIT
    wait "$namespace"
}

verb=${1:-}
[ $# = 0 ] || shift
case $verb in
check) check ;;
run) check && run "$@" ;;
inside) inside "$@" ;;
start) start ;;
kill) kill -KILL "$(cat "$GANESHA_DIR/pid")"
    while kill -0 "$(cat "$GANESHA_DIR/pid")" 2>/dev/null &&
          ! grep -q '^State:.Z' "/proc/$(cat "$GANESHA_DIR/pid")/status" 2>/dev/null; do
        sleep 0.05
    done ;;
stop) kill -STOP "$(cat "$GANESHA_DIR/pid")"
    # Every thread of it, before anything is sent to it.
    while cat "/proc/$(cat "$GANESHA_DIR/pid")/task/"*/status | grep '^State:' | grep -qv stopped; do
        sleep 0.05
    done ;;
cont) kill -CONT "$(cat "$GANESHA_DIR/pid")" ;;
*) sed -n '6,17s/^# \{0,1\}//p' "$self" >&2; exit 2 ;;
esac
