# heldup.sh: whether its machine held a test up; for sh and bash
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# Milliseconds for which the processors of a virtual machine stood still since
# it started, as its host ran something else: no load shows them. TEST_STAT is
# another file than the kernel's.
machine_stolen()
{
    read -r _ _ _ _ _ _ _ _ stolen_ticks _ < "${TEST_STAT:-/proc/stat}"
    echo $((stolen_ticks * 1000 / $(getconf CLK_TCK)))
}

# machine_held_up SINCE: whether it was for a second or more since machine_stolen
# printed SINCE, and says so. A second is what an answer of the NFS server may take
# in a lab, and a third of the leases of other tests.
machine_held_up()
{
    stolen_ms=$(($(machine_stolen) - $1))
    test $stolen_ms -ge 1000 && echo "held up: this machine's processors stood still for $stolen_ms ms"
}
