# setup.bash: what quickstart and run-tests do before they begin
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Both set SETUP_TOP to the root of the source tree.

SETUP_PACKAGES_BUILD="augeas-tools autoconf automake bats binutils dbus gcc gettext git gnulib libc6-dev libglib2.0-dev
    libjson-glib-dev libnfs-dev libsanlock-dev libtirpc-dev libtool libvirt-dev libxml2-dev locales make parallel
    pkg-config python3 python3-docutils rpcsvc-proto spin xz-utils"
SETUP_PACKAGES_LAB="e2fsprogs iproute2 jq libvirt-clients libvirt-daemon libvirt-daemon-system libvirt-sanlock
    nfs-ganesha nfs-ganesha-vfs nftables procps qemu-system-x86 qemu-utils rpcbind sanlock util-linux"

# Those of the packages $@ that are not installed.
setup_missing()
{
    local name

    for name; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2> /dev/null | grep -qx installed || echo "$name"
    done
}

# Installs what is missing. No service is started by that; an interruption
# takes effect when dpkg is done, so that no package is left half installed.
setup_packages()
{
    local missing

    # shellcheck disable=SC2046,SC2086
    missing=$(setup_missing $SETUP_PACKAGES_BUILD $SETUP_PACKAGES_LAB)
    [ -n "$missing" ] || return 0
    command -v apt-get > /dev/null ||
        { echo "install these, under the names of your distribution: ${missing//$'\n'/ }" >&2; return 1; }
    (
        trap '' INT TERM HUP
        setup_no_services
        export DEBIAN_FRONTEND=noninteractive
        result=0
        apt-get -q update &&
            apt-get -q -y --no-install-recommends install ${missing//$'\n'/ } || result=$?
        setup_services_again
        exit $result
    ) < /dev/null
}

SETUP_POLICY=/usr/sbin/policy-rc.d

setup_no_services()
{
    [ ! -e $SETUP_POLICY ] || return 0
    printf '#!/bin/sh\n# made by virtlease while it installs packages\nexit 101\n' > $SETUP_POLICY
    chmod +x $SETUP_POLICY
}

setup_services_again()
{
    ! grep -qs 'made by virtlease' $SETUP_POLICY || rm -f $SETUP_POLICY
}

# A checkout of another user's is fine for us.
setup_git()
{
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
}

# setup_build DIR [OPTION...]: builds in DIR, configured as a distribution does.
setup_build()
{
    local dir=$1

    shift
    setup_git
    mkdir -p "$dir" || return
    if [ ! -e "$SETUP_TOP/configure" ] || [ -n "$(find "$SETUP_TOP" -maxdepth 1 \( -name configure.ac -o -name autogen.sh \) -newer "$SETUP_TOP/configure")" ]; then
        (cd "$SETUP_TOP" && ./autogen.sh) || return
    fi
    if [ ! -e "$dir/config.status" ]; then
        (cd "$dir" && "$SETUP_TOP/configure" --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
            --runstatedir=/run "--libdir=/usr/lib/$(gcc -print-multiarch)" "$@") || return
    fi
    make -C "$dir" -j"$(nproc)"
}
