# watch.bash: the witness of a lab, and what tests ask it (see witness.py)
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# lab_witness_start: images whose name begins with "shared" may be written by
# several guests at once.
lab_witness_start()
{
    setsid nsenter -t "$(< "$LAB_DIR/pid")" -m -p -- \
        python3 "$LAB_SOURCE/witness.py" --serve "$LAB_DIR/witness.sock" --shareable shared \
        < /dev/null > "$LAB_DIR/witness.log" 2>&1 3>&- 4>&- &
    echo $! > "$LAB_DIR/witness.pid"
    disown $!
    lab_wait 10 test -S "$LAB_DIR/witness.sock"
}

lab_witness_stop()
{
    kill -KILL "$(lab_innermost "$(< "$LAB_DIR/witness.pid")" 1)" 2> /dev/null
    lab_wait 5 lab_gone "$(< "$LAB_DIR/witness.pid")"
    rm -f "$LAB_DIR/witness.sock"
}

# All that the witness knows, as JSON.
lab_witness()
{
    python3 "$LAB_SOURCE/witness.py" --ask "$LAB_DIR/witness.sock"
}

# Fails if two guests ran with one disk, and if the witness cannot know.
lab_witness_clean()
{
    local verdict

    verdict=$(lab_witness) && [ -n "$verdict" ] || { lab_say "the witness does not answer"; return 1; }
    jq -e '.violations == [] and .blind == []' <<< "$verdict" > /dev/null && return
    jq '{violations, blind}' <<< "$verdict" >&2
    return 1
}

# lab_running HOST GUEST: the witness sees it run there.
lab_running()
{
    lab_witness | jq -e --arg h "$1" --arg g "$2" \
        'any(.processes[]; .host == $h and .guest == $g and .running)' > /dev/null
}

# lab_seen HOST GUEST: how many QEMU processes were seen of it.
lab_seen()
{
    lab_witness | jq --arg h "$1" --arg g "$2" \
        '[.processes[] | select(.host == $h and .guest == $g)] | length'
}

# lab_gone_at HOST GUEST: when its last process was gone, in milliseconds; 0 if not.
lab_gone_at()
{
    lab_witness | jq --arg h "$1" --arg g "$2" \
        '[.processes[] | select(.host == $h and .guest == $g)] | last | (.gone // 0) * 1000 | floor'
}

# lab_began HOST GUEST: when its last run began, in milliseconds.
lab_began()
{
    lab_witness | jq --arg h "$1" --arg g "$2" \
        '[.processes[] | select(.host == $h and .guest == $g) | .runs[].start] | last * 1000 | floor'
}
