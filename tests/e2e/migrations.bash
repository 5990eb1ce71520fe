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
