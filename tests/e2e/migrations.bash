# migrations.bash: what the tests of migrations have in common
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# What libvirt was told to keep would come back in a later test.
forget_all()
{
    local host name

    for host in ${E2E_HOSTS:-}; do
        for name in $(on "$host" virsh -q list --all --persistent --name); do
            on "$host" virsh -q destroy "$name" > /dev/null 2>&1 || :
            on "$host" virsh -q undefine "$name" || :
        done
    done
}

# guarded GUEST: it runs on kvm1; GUEST-envy wants its disk.
guarded()
{
    lab_guest_heavy "$1" "$1-disk"
    lab_guest "$1-envy" "$1-disk"
    lab_create kvm1 "$1"
    locked "$1-disk" "kvm1:$1:running"
}

# is_at GUEST HOST: it runs there and nowhere else, has its lock, and a third
# host does not get it.
is_at()
{
    runs "$2" "$1"
    locked "$1-disk" "$2:$1:running"
    refused kvm3 "$1-envy" 1000 "'$1'" "'$2'"
}

# gone HOST GUEST: libvirt does not know it any more.
gone()
{
    not on "$1" virsh -q domstate "$2"
}

# Memory that is only fetched when it is asked for: a host that cannot do that
# says so.
late_copy()
{
    guarded "$1"
    migrate_slowly "$1" kvm1 kvm2 --postcopy --postcopy-bandwidth 1
    on kvm1 virsh migrate-postcopy "$1"
    lab_wait 10 lab_running kvm2 "$1"
}

# ---- a migration that fails ----

# A test that failed may have left it otherwise.
put_right()
{
    local host

    for host in kvm1 kvm2; do
        on $host pkill -CONT 'virtleased|libvirtd' || :
        lab_use $host "$E2E_URL"
        on $host ip route del blackhole "$(lab_address "$(peer $host)")" 2> /dev/null || :
        lab_virtleased_answers $host || lab_virtleased_start $host
        on $host virsh -q list || lab_libvirtd_start $host
        lab_wait 20 on $host virsh -q list
    done
}

peer()
{
    [ "$1" = kvm1 ] && echo kvm2 || echo kvm1
}

# survives GUEST: one of its processes runs, or can be resumed, and only one;
# then it goes on to the third host.
survives()
{
    local host

    lab_wait 40 lives "$1"
    for host in kvm1 kvm2; do
        lab_running $host "$1" || continue
        echo "$1 runs on $host"
        is_at "$1" $host
        on $host virsh -q resume "$1" > /dev/null 2>&1 || :
        not on "$(peer $host)" virsh -q resume "$1"
        lab_wait 20 lab_migrate "$1" $host kvm3
        locked "$1-disk" "kvm3:$1:running"
        return
    done
    return 1
}

lives()
{
    local host

    for host in kvm1 kvm2; do
        lab_running $host "$1" && return
        on $host virsh -q resume "$1" > /dev/null 2>&1 && lab_running $host "$1" && return
    done
    return 1
}

# stays_home GUEST: the migration failed, and the guest is where it was.
stays_home()
{
    not wait "$SLOW"
    lab_wait 20 lab_running kvm1 "$1"
    is_at "$1" kvm1
}

stopped_at_home()
{
    lock_of "$1-disk" | grep -q "kvm1:$1:stopped"
}

# between GUEST: the source was paused for good, and the destination asks its
# virtleased, which does not answer, for the lock.
between()
{
    guarded "$1"
    migrate_slowly "$1" kvm1 kvm2
    on kvm2 pkill -STOP -x virtleased
    on kvm1 virsh -q migrate-setspeed "$1" 1000
    lab_wait 10 stopped_at_home "$1"
    refused kvm3 "$1-envy" 1000 "'$1'" "'kvm1'"
}
