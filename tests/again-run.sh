#!/bin/sh
#
# again-run.sh: runs one test, and once more if its machine held it up
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# again-run.sh COMMAND...: make check calls it for every test.
#
# The daemons that tests start have leases of a few seconds. Where the processors
# of a virtual machine stand still for as long as that, as its host runs something
# else, leases end that no test wanted to end. A test that failed meanwhile is run
# again, and what comes of that counts; what the first run said is shown as
# comments. Two guests that have one disk ("# accused: ") are a failure at once,
# and so is a test that did not end in time.

. "${0%/*}/heldup.sh"

# once COMMAND...: leaves what it says in $said, returns its exit status.
once()
{
    "$@" > "$said" 2>&1 9>&- &
    wait $!
}

# Where make check shows it, too: there it writes results only, and what comes
# through descriptor 9.
say()
{
    echo "# $1"
    { echo "$1" >&9; } 2> /dev/null
}

said=$(mktemp) || exit
trap 'rm -f "$said"' EXIT
# Whoever ends this test ends its command, which tidies up: that is waited for.
trap 'kill -s TERM $!; wait $!; exit 1' HUP INT TERM

before=$(machine_stolen)
once "$@"
status=$?
case $status in
0|77|124) ;;
*)
    if held=$(machine_held_up "$before") && ! grep -q '^# accused: ' "$said"; then
        sed 's/^/# /' "$said"
        for test; do :; done
        say "$held; $test is run again"
        once "$@"
        status=$?
    fi
    ;;
esac
cat "$said"
exit $status
