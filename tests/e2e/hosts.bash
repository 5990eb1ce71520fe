# hosts.bash: the libvirt hosts of a lab (see lab.bash)
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts are called kvm1 to kvm9. Each has its own libvirtd, and what that
# writes to; of the rest of the file system they see one and the same.

LAB_DRIVER=${LAB_DRIVER:-nfslease}  # of hosts that are made from now on
LAB_SOCKET=/run/libvirt/virtleased-sock
LAB_LEASE=6                 # L of the lockspaces that are made from now on, seconds
LAB_ACQUIRE_TIMEOUT=5       # seconds

# lab_address HOST
lab_address()
{
    echo "$LAB_NET.1${1#kvm}"
}

lab_hosts_file()
{
    local host

    echo "127.0.0.1 localhost"
    echo "$LAB_SERVER filer"
    for host in kvm{1..9}; do
        echo "$(lab_address $host) $host"
    done
}

# on HOST COMMAND...: runs it there, with a limit on its time.
on()
{
    local host=$1

    shift
    PATH=${LAB_STAGE:+$LAB_STAGE/usr/sbin:$LAB_STAGE/usr/bin:}$PATH:/usr/sbin:/sbin \
    LC_ALL=${LAB_LOCALE:-C} nsenter -t "$(< "$LAB_DIR/$host/pid")" -n -m -u -p -- \
        timeout --foreground -k 5 "${LAB_TIMEOUT:-60}" "$@"
}

# lab_spawn HOST LOG COMMAND...: starts a daemon there; it becomes a child of
# the host's process 1.
lab_spawn()
{
    local host=$1 log=$2

    shift 2
    on "$host" setsid bash -c '"$@" & ' spawn "$@" < /dev/null >> "$log" 2>&1 3>&- 4>&-
}

# lab_host_start HOST...: boots hosts for the first time, and their libvirtd.
lab_host_start()
{
    local host

    for host; do
        lab_host_files "$host"
    done
    lab_host_again "$@"
}

# lab_host_again HOST...: boots them, new or crashed, with the files they have.
lab_host_again()
{
    local host

    for host; do
        lab_host_boot "$host" || return 1
        lab_libvirtd_start "$host"
    done
    for host; do
        lab_wait 20 on "$host" virsh -q list || { cat "$LAB_DIR/$host/libvirtd.log" >&2; return 1; }
    done
}

# Process, namespaces and network of a host whose files exist.
lab_host_boot()
{
    local host=$1 dir=$LAB_DIR/$1 pid

    rm -f "$dir/ready" "$dir/pid"
    setsid nsenter -t "$(< "$LAB_DIR/pid")" -n -m -p -- \
        unshare --net --mount --uts --pid --fork --kill-child --mount-proc -- \
        "$LAB_SOURCE/host-init.sh" "$LAB_DIR" "$host" "$(lab_driver_dir)" \
        < /dev/null > "$dir/init.log" 2>&1 3>&- 4>&- &
    echo $! > "$dir/outer.pid"
    disown $!
    lab_wait 10 test -e "$dir/ready" || { cat "$dir/init.log" >&2; return 1; }
    pid=$(lab_innermost "$(< "$dir/outer.pid")" 2) || return 1
    echo "$pid" > "$dir/pid"
    lab_host_link "$host" "$pid"
}

lab_host_link()
{
    local host=$1 pid=$2

    nsenter -t "$(< "$LAB_DIR/pid")" -n -- bash -e -s <<END || return 1
ip link add "to-$host" type veth peer name eth0 netns "$pid"
ip link set "to-$host" master lab0 up
END
    on "$host" bash -e -s <<END
ip link set lo up
ip address add "$(lab_address "$host")/24" dev eth0
ip link set eth0 up
END
}

# Everything that a host keeps over a reboot.
lab_host_files()
{
    local host=$1 dir=$LAB_DIR/$1

    mkdir -p "$dir"/var/{lib,cache,log}/libvirt "$dir/etc/libvirt/qemu" \
             "$dir/var/lib/libvirt/images" "$dir/lock-driver"
    cp "$(lab_driver_dir)"/*.so "$dir/lock-driver/" 2> /dev/null || :
    [ -z "${LAB_STAGE:-}" ] || cp "$(lab_staged nfslease.so)" "$dir/lock-driver/"
    # What libvirt found out about this QEMU need not be found out again.
    cp -r "$LAB_DIR"/kvm1/var/cache/libvirt/. "$dir/var/cache/libvirt/" 2> /dev/null || :
    cat > "$dir/etc/libvirt/libvirtd.conf" <<END
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
listen_addr = "$(lab_address "$host")"
host_uuid = "$(lab_uuid "host $host")"
log_outputs = "2:stderr"
max_clients = 200
max_workers = 40
END
    cat > "$dir/etc/libvirt/qemu.conf" <<END
lock_manager = "$LAB_DRIVER"
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
stdio_handler = "file"
END
}

# The file $1 below the directory virtlease was installed to.
lab_staged()
{
    find "$LAB_STAGE" -name "$1" -print -quit
}

lab_libvirtd_start()
{
    lab_spawn "$1" "$LAB_DIR/$1/libvirtd.log" libvirtd --listen
}

# lab_libvirtd_again HOST: another libvirtd in the place of the one that runs,
# if one does; guests go on.
lab_libvirtd_again()
{
    lab_kill "$1" libvirtd || :
    lab_wait 10 lab_ended "$1" libvirtd
    lab_libvirtd_start "$1"
    lab_wait 20 on "$1" virsh -q list || { cat "$LAB_DIR/$1/libvirtd.log" >&2; return 1; }
}

# lab_kill HOST NAME [SIGNAL]: signals the processes of that name on HOST.
lab_kill()
{
    on "$1" pkill "-${3:-KILL}" -x "$2"
}

# lab_crash HOST: every process of it dies at once; its files stay.
lab_crash()
{
    local dir=$LAB_DIR/$1

    kill -KILL "$(< "$dir/pid")"
    lab_wait 10 lab_gone "$(< "$dir/pid")"
}

lab_is_up()
{
    [ -s "$LAB_DIR/$1/pid" ] && kill -0 "$(< "$LAB_DIR/$1/pid")" 2> /dev/null
}

# lab_use HOST URL: what its virtleased keeps leases in from its next start on.
lab_use()
{
    local etc=$LAB_DIR/$1/etc/libvirt

    echo "lockspaces = [ \"default=$2\" ]" > "$etc/virtleased.conf"
    cat > "$etc/qemu-nfslease.conf" <<END
socket = "$LAB_SOCKET"
acquire_timeout = $LAB_ACQUIRE_TIMEOUT
END
}

# lab_virtleased_start HOST...
lab_virtleased_start()
{
    local host

    for host; do
        lab_spawn "$host" "$LAB_DIR/$host/virtleased.log" \
            env VIRTLEASED_HELPER="$(lab_staged virtleased-helper)" \
            virtleased --config /etc/libvirt/virtleased.conf --socket "$LAB_SOCKET" \
            --state-dir /run/virtleased --verbose
    done
    for host; do
        lab_wait 10 lab_virtleased_answers "$host" || { cat "$LAB_DIR/$host/virtleased.log" >&2; return 1; }
    done
}

# Whatever it says of its lockspaces.
lab_virtleased_answers()
{
    on "$1" virt-lease status | grep -q '^virtleased '
}

# lab_virtleased_stop HOST [SIGNAL]: it is not running afterwards. By SIGKILL
# both of its processes have to die before one can start the other again.
lab_virtleased_stop()
{
    lab_kill "$1" virtleased "${2:-KILL}" || :
    if [ "${2:-KILL}" = KILL ]; then
        lab_wait 10 lab_virtleased_killed "$1"
    else
        lab_wait 10 lab_ended "$1" virtleased
    fi
}

# lab_virtleased_killed HOST: no process of it is left, nor will one come.
lab_virtleased_killed()
{
    ! lab_kill "$1" virtleased && sleep 0.1 && lab_ended "$1" virtleased
}

# lab_ended HOST NAME: no process of that name is left there.
lab_ended()
{
    ! on "$1" pgrep -x "$2"
}

# lab_lockspace URL: makes it, with leases of LAB_LEASE seconds.
lab_lockspace()
{
    on kvm1 virt-lease init "$1" --lease "$LAB_LEASE"
}
