# virt-lease.bash: completes the words of virt-lease in bash
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# Prints the names of the lockspaces in the configuration file $1.
_virt_lease_lockspaces()
{
    sed -n '/^[[:space:]]*lockspaces[[:space:]]*=/,/\]/{
        s/#.*//
        s/["'\'']\([A-Za-z0-9_.-]*\)=[^"'\'']*["'\'']/\n\1\n/g
        p
    }' "$1" 2>/dev/null | grep -x '[A-Za-z0-9_.-]\{1,\}' | grep -vx lockspaces
}

_virt_lease()
{
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD-1]}
    local common="--help --config --socket --lockspace --timeout --json --version"
    local commands="init status list"
    local config=/etc/libvirt/virtleased.conf
    local command="" i

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c|--config)
            config=${COMP_WORDS[i+1]}
            ((i++))
            ;;
        -s|--socket|-l|--lockspace|-t|--timeout|--lease|--shards) ((i++)) ;;
        -*) ;;
        *) test -n "$command" || command=${COMP_WORDS[i]} ;;
        esac
    done

    case $prev in
    -c|--config|-s|--socket)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    -l|--lockspace)
        mapfile -t COMPREPLY < <(compgen -W "$(_virt_lease_lockspaces "$config")" -- "$cur")
        return
        ;;
    -t|--timeout|--lease|--shards)
        COMPREPLY=()
        return
        ;;
    esac

    case $command in
    "") mapfile -t COMPREPLY < <(compgen -W "$commands $common" -- "$cur") ;;
    init) mapfile -t COMPREPLY < <(compgen -W "$common --lease --shards nfs:// dir:/" -- "$cur") ;;
    list) mapfile -t COMPREPLY < <(compgen -W "$common --alive" -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur") ;;
    esac
}

complete -F _virt_lease virt-lease
