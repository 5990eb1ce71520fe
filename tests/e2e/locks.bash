# locks.bash: what the export says about a disk, read without virtlease
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# Every lock on the export, as the server has it.
e2e_locks()
{
    find "$(lab_export "$E2E_LOCKSPACE")/locks/" -type l -printf '%f %l\n'
}

# Names the marker of a session's run that says most, or "running".
run_state()
{
    local marker

    for marker in exited stopped; do
        [ ! -L "$(lab_export "$E2E_LOCKSPACE")/sessions/$1.$marker.$2" ] || { echo "$marker"; return; }
    done
    echo running
}

# lock_of DISK: whose it is, one HOST:GUEST:STATE a line, with :shared if it is.
# DISK is an image's name, a path, or lease:LOCKSPACE/KEY.
lock_of()
{
    local path name target mode session run words

    case $1 in
    /*) path=$1 ;;
    lease:*) path=${1#lease:} ;;
    *) path=$LAB_IMAGES/$1 ;;
    esac
    while read -r name target; do
        [[ ,$target, = *",path=$path,"* ]] || continue
        IFS=. read -r _ mode _ session run _ <<< "$name"
        words=${target#host=}
        words=${words%%,uuid=*}:$(run_state "$session" "$run")
        [ "$mode" = x ] || words+=:shared
        echo "${words/,guest=/:}"
    done < <(e2e_locks) | sort
}

lock_is()
{
    local disk=$1

    shift
    [ "$(lock_of "$disk")" = "$(printf '%s\n' "$@" | sort)" ]
}

# locked DISK [HOST:GUEST:STATE[:shared]]...: soon these have it, and nobody else.
locked()
{
    lab_wait 3 lock_is "$@" || { echo "$1: $(lock_of "$1"), not: ${*:2}"; return 1; }
}

# entries DISK: the names of its locks, which change with every run.
entries()
{
    e2e_locks | grep -F ",path=$LAB_IMAGES/$1," | cut -d ' ' -f 1
}
