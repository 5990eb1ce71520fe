#!/bin/bash
# run.sh: runs end-to-end tests, and once more those that their machine held up
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: run.sh FILE...
#
# BATS is the program that runs them; if E2E_JOBS is set, so many files run at
# the same time. Writes TAP.
#
# The labs' leases last six seconds, and an answer of their server may take one.
# Where the processors of a virtual machine stand still for as long as that, as
# its host runs something else, leases end that no test wanted to end. A test that
# failed meanwhile says so (e2e_held_up), and is run again in a lab of its own,
# with nothing beside it; what comes of that counts. Two guests that ran at one time,
# or one that outlived its lease, are a failure at once.

set -u
BATS=${BATS:-bats}
RUN_DIR=$(mktemp -d) || exit
trap 'rm -rf "$RUN_DIR"' EXIT
trap 'exit 1' INT TERM

# A test's result and what it wrote: shown, or kept for later if it was held up.
# Leaves lines "NUMBER NAME" in $1.
sift()
{
    awk -v again="$1" '
        function settle() {
            if (!block)
                return
            if (held) {
                sub(/^not ok /, "", first)
                sub(/ in [0-9]+ms$/, "", first)
                print first > again
                block = "# to be run again: " block
            }
            printf "%s", block
            block = ""
        }
        /^(not )?ok / { settle(); held = 0 }
        /^not ok / { first = $0; block = $0 "\n"; next }
        /^# held up: / { held = 1 }
        block { block = block $0 "\n"; next }
        { print; fflush() }
        END { settle() }'
}

# The regular expression that matches just the tests in $1.
names()
{
    cut -d ' ' -f 2- "$1" | sed 's/[^[:alnum:] ]/./g' | paste -s -d '|' | sed 's/.*/^(&)$/'
}

# Results of a second run, with the numbers that the tests in $1 have.
renumber()
{
    awk -v again="$1" '
        BEGIN { while ((getline < again) > 0) { n = $1; sub(/^[0-9]+ /, ""); number[$0] = n } }
        /^1\.\.[0-9]+$/ { next }
        /^(not )?ok / {
            name = $0
            sub(/^(not )?ok [0-9]+ /, "", name)
            sub(/ in [0-9]+ms.*$/, "", name)
            sub(/ok [0-9]+ /, "ok " number[name] " ")
        }
        { print; fflush() }'
}

# shellcheck disable=SC2086
first()
{
    "$BATS" --tap --timing ${E2E_JOBS:+--jobs "$E2E_JOBS" --no-parallelize-within-files} "$@" |
        sift "$RUN_DIR/again" | tee "$RUN_DIR/first"
    return "${PIPESTATUS[0]}"
}

second()
{
    E2E_JOBS='' "$BATS" --tap --timing --filter "$(names "$RUN_DIR/again")" "$@" |
        renumber "$RUN_DIR/again" | tee "$RUN_DIR/second"
}

first "$@"
status=$?
[ -s "$RUN_DIR/again" ] || exit $status
second "$@"
# Not by their exit status: as many as were planned have to be well.
[ "$(cat "$RUN_DIR/first" "$RUN_DIR/second" | grep -c '^ok ')" -eq "$(sed -n 's/^1\.\.//p' "$RUN_DIR/first")" ]
