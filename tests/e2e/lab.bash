# lab.bash: machines for the end-to-end tests, out of namespaces
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A lab is an NFS server and some libvirt hosts on one bridge. All of it runs
# under one process, in a process namespace of its own: when that process is
# killed, every process, mount, interface and namespace of the lab is gone.
# Several labs can run at once; the addresses exist only inside of each.
#
# Variables that a lab leaves to its tests, also those in other processes:
#   LAB_DIR     where its files are
#   LAB_STAGE   where virtlease is installed; empty if it is not wanted

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_NET=10.77.0
LAB_SERVER=$LAB_NET.1

. "$LAB_SOURCE/hosts.bash"
. "$LAB_SOURCE/server.bash"
. "$LAB_SOURCE/guests.bash"
. "$LAB_SOURCE/watch.bash"

lab_say()
{
    printf '%s\n' "$*" >&2
}

# What a lab needs and this machine lacks, one per line.
lab_missing()
{
    local program

    [ "$(id -u)" -eq 0 ] || echo "root"
    for program in unshare nsenter setpriv ip jq python3 mkfs.ext4 rpcbind rpcinfo \
                   ganesha.nfsd libvirtd virsh qemu-system-x86_64; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null || echo "$program"
    done
    [ -n "$(lab_driver_dir)" ] || echo "libvirt's lock-driver directory"
}

# What it lacks for images in the format qcow2.
lab_missing_qcow2()
{
    command -v qemu-img > /dev/null || echo "qemu-img"
}

# Where the libvirt of this machine looks for lock drivers.
lab_driver_dir()
{
    local dir

    for dir in /usr/lib/*/libvirt/lock-driver /usr/lib64/libvirt/lock-driver \
               /usr/lib/libvirt/lock-driver; do
        [ ! -d "$dir" ] || { echo "$dir"; return; }
    done
}

# lab_wait SECONDS COMMAND...: repeats COMMAND until it succeeds.
lab_wait()
{
    local limit=$(($(lab_now) + $1 * 1000))

    shift
    until "$@" > /dev/null 2>&1; do
        if [ "$(lab_now)" -ge "$limit" ]; then
            lab_say "gave up waiting for: $*"
            return 1
        fi
        sleep 0.02
    done
}

# Milliseconds of the clock that the witness uses too.
lab_now()
{
    echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# The process that carries the namespaces made by "unshare" as $1, seen from
# here: the innermost of a chain of only children.
lab_innermost()
{
    local pid=$1 depth=$2 child

    while [ "$depth" -gt 0 ]; do
        child=$(< "/proc/$pid/task/$pid/children") || return 1
        pid=${child%% *}
        [ -n "$pid" ] || return 1
        depth=$((depth - 1))
    done
    echo "$pid"
}

# lab_start [OWNER]: makes a lab that does not outlive the process OWNER.
# Stop it with lab_stop.
lab_start()
{
    local owner=${1:-$$}

    LAB_DIR=${TMPDIR:-/var/tmp}/virtlease-lab.$$.$RANDOM
    export LAB_DIR
    mkdir -m 0711 "$LAB_DIR" || return 1
    lab_keeper_start "$owner"
    mkdir -p "$LAB_DIR/nfs/export"
    lab_hosts_file > "$LAB_DIR/etc-hosts"
    setsid unshare --net --mount --pid --fork --kill-child --mount-proc -- \
        "$LAB_SOURCE/lab-init.sh" "$LAB_DIR" "$LAB_SERVER" \
        < /dev/null > "$LAB_DIR/lab.log" 2>&1 3>&- 4>&- &
    echo $! > "$LAB_DIR/outer.pid"
    disown $!
    lab_wait 10 test -e "$LAB_DIR/ready" || { cat "$LAB_DIR/lab.log" >&2; return 1; }
    lab_innermost "$(< "$LAB_DIR/outer.pid")" 1 > "$LAB_DIR/pid"
}

# lab_stop: ends every process of the lab and removes its files.
lab_stop()
{
    local keeper

    [ -n "${LAB_DIR:-}" ] && [ -d "$LAB_DIR" ] || return 0
    keeper=$(cat "$LAB_DIR/keeper.pid" 2> /dev/null)
    lab_clean
    # Last, so that it cleans up if this process is killed before. With what it
    # sleeps in: it leads a process group.
    [ -z "$keeper" ] || { kill -KILL -- "-$keeper" 2> /dev/null; lab_wait 5 lab_gone "-$keeper"; }
    unset LAB_DIR
}

# For a lab whose starter is killed with no time for a trap.
lab_keeper_start()
{
    setsid bash "$LAB_SOURCE/keeper.sh" "$1" "$LAB_DIR" < /dev/null > /dev/null 2>&1 3>&- 4>&- &
    echo $! > "$LAB_DIR/keeper.pid"
    disown $!
}

# lab_gone PID: no such process, or with "-PID", no such process group.
lab_gone()
{
    ! kill -0 -- "$1" 2> /dev/null
}

# The one process that takes all others with it, then the files.
lab_clean()
{
    local file pid

    for file in "$LAB_DIR/pid" "$LAB_DIR/outer.pid"; do
        [ ! -s "$file" ] || kill -KILL "$(< "$file")" 2> /dev/null
    done
    for file in "$LAB_DIR/pid" "$LAB_DIR"/*/outer.pid "$LAB_DIR/outer.pid"; do
        [ ! -s "$file" ] || lab_wait 10 lab_gone "$(< "$file")"
    done
    lab_wait 10 rm -rf --one-file-system "$LAB_DIR"
}

# lab_in COMMAND...: runs it on the machine of the NFS server. Neither here nor
# in "on" does timeout get a process group of its own: a Ctrl-C is for all.
lab_in()
{
    nsenter -t "$(< "$LAB_DIR/pid")" -n -m -p -- \
        timeout --foreground -k 5 "${LAB_TIMEOUT:-60}" "$@"
}
