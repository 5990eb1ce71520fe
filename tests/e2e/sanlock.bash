# sanlock.bash: hosts with sanlock daemons (see e2e.bash)
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemons have no watchdog and no privileges, and share a directory of
# leases. All of their times are as short as they can be.

SANLOCK_IO_TIMEOUT=1        # seconds
SANLOCK_GRACE=5             # seconds from the helper to SIGKILL
SANLOCK_SOCKET=/run/sanlock/sanlock.sock

# For setup_file: hosts with sanlock, no lock driver is chosen yet.
sanlock_lab()
{
    local host

    [ -z "$(e2e_missing; sanlock_missing)" ] || return 0
    export LAB_DRIVER=sanlock
    e2e_lab "$@"
    mkdir -p "$LAB_DIR/leases"
    # sanlock takes a short path only.
    ln -s "$(lab_staged virtleased-helper)" "$LAB_DIR/helper"
    export VIRTLEASED_HELPER=$LAB_DIR/helper
    for host; do
        lab_virtleased_stop "$host"
        sanlock_start "$host"
    done
}

sanlock_missing()
{
    PATH=$PATH:/usr/sbin command -v sanlock > /dev/null || echo "sanlock"
    [ -e "$(lab_driver_dir)/sanlock.so" ] || echo "libvirt's own sanlock.so"
    [ -z "${LAB_STAGE:-}" ] || [ -n "$(lab_staged sanlock.so)" ] || echo "this tree's sanlock.so"
}

# sanlock_start HOST
sanlock_start()
{
    on "$1" mkdir -p "${SANLOCK_SOCKET%/*}"
    lab_spawn "$1" "$LAB_DIR/$1/sanlock.log" env SANLOCK_PRIVILEGED=0 \
        sanlock daemon -D -w 0 -l 0 -h 0 -U root -G root -g "$SANLOCK_GRACE"
    lab_wait 10 on "$1" test -S "$SANLOCK_SOCKET"
}

# sanlock_driver HOST own|stock: what its libvirtd uses from now on.
sanlock_driver()
{
    local so

    case $2 in
    own) so=$(lab_staged sanlock.so) ;;
    stock) so=$(lab_driver_dir)/sanlock.so ;;
    esac
    # A file that is in use keeps what it is.
    cp "$so" "$LAB_DIR/$1/lock-driver/sanlock.so.new"
    mv "$LAB_DIR/$1/lock-driver/sanlock.so.new" "$LAB_DIR/$1/lock-driver/sanlock.so"
    cat > "$LAB_DIR/$1/etc/libvirt/qemu-sanlock.conf" <<END
auto_disk_leases = 1
disk_lease_dir = "$LAB_DIR/leases"
host_id = ${1#kvm}
io_timeout = $SANLOCK_IO_TIMEOUT
END
    lab_libvirtd_again "$1"
}

# sanlock_drivers KVM1 KVM2: both of them, own or stock.
sanlock_drivers()
{
    sanlock_driver kvm1 "$1"
    sanlock_driver kvm2 "$2"
}
