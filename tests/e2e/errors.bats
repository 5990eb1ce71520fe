#!/usr/bin/env bats
# errors.bats: what keeps leases from being had is said, in time
#
# SPDX-License-Identifier: LGPL-2.1-or-later

load e2e

setup_file()
{
    e2e_lab kvm1 kvm2
    [ -n "${LAB_DIR:-}" ] || return 0
    lab_guest plain plain-disk
    # Lockspaces like the good one in places where something is wrong.
    local place
    for place in readonly closed squashed full export; do
        cp -a "$(lab_export "$E2E_LOCKSPACE")" "$(lab_export "$place")/copy"
        rm -rf "$(lab_export "$place")"/copy/sessions/*
    done
    mkdir "$(lab_export export)/plain"
    cp -a "$(lab_export export)/copy" "$(lab_export export)/newer"
    newer_format "$(lab_export export)/newer/format"
    lab_server_fill
}

setup()
{
    e2e_need e2e_missing
    everything > "$BATS_TEST_TMPDIR/before"
}

teardown()
{
    [ -n "${LAB_DIR:-}" ] || return 0
    back_to_normal
    e2e_check
}

teardown_file() { lab_stop; }

# The link of a version that is yet to come.
newer_format()
{
    local target

    target=$(readlink "$1")
    [[ $target =~ ^virtlease=[0-9]+(,.*) ]]
    ln -sfn "virtlease=99${BASH_REMATCH[1]}" "$1"
}

# All names in the lockspaces but that of the good one, which is in use.
everything()
{
    local place

    for place in readonly/copy closed/copy squashed/copy full/copy export/copy export/plain export/newer; do
        (cd "$(lab_export "$place")" && find . -path ./sessions/\* -prune -o -print) | sed "s|^|$place |"
    done | sort
}

back_to_normal()
{
    lab_virtleased_stop kvm1 TERM
    lab_use kvm1 "$E2E_URL"
    lab_virtleased_start kvm1
}

# fails URL PATTERN...: no guest starts with leases there, the message has the
# patterns, and nothing was made there.
fails()
{
    local url=$1

    shift
    lab_virtleased_stop kvm1 TERM
    lab_use kvm1 "$url"
    lab_virtleased_start kvm1
    refused kvm1 plain $((LAB_ACQUIRE_TIMEOUT * 1000 + 1000)) "$@"
    [ "$(lab_seen kvm1 plain)" -eq 0 ]
    everything > "$BATS_TEST_TMPDIR/after"
    diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "virtleased is not running" {
    lab_virtleased_stop kvm1 TERM
    refused kvm1 plain 2000 "cannot connect to virtleased at '$LAB_SOCKET'" "is the service running"
    [ "$(lab_seen kvm1 plain)" -eq 0 ]
}

@test "the server's address does not answer" {
    fails "nfs://$LAB_NET.99/export/copy" "'default' at nfs://$LAB_NET.99/export/copy" "no answer from the server" "check the NFS server and the network"
}

@test "nothing listens at the server's address" {
    fails "nfs://$(lab_address kvm2)/export/copy" "cannot reach the NFS server '$(lab_address kvm2)'" "connection refused"
}

@test "the export does not exist" {
    fails "nfs://$LAB_SERVER/nowhere/copy" "does not let this host mount '/nowhere/copy', or does not export it"
}

@test "the export is read-only" {
    fails "nfs://$LAB_SERVER/readonly/copy" "the file system is read-only" "export it for writing"
}

@test "the file system is full" {
    fails "nfs://$LAB_SERVER/full/copy" "no space is left or the quota is exceeded" "free some space or inodes"
}

@test "this host may not mount the export" {
    fails "nfs://$LAB_SERVER/closed/copy" "permission denied" "does not let this host mount '/closed/copy'"
}

@test "root is squashed and may not write" {
    fails "nfs://$LAB_SERVER/squashed/copy" "permission denied" "no_root_squash"
}

@test "the directory is no lockspace" {
    fails "nfs://$LAB_SERVER/export/plain" "make the lockspace with 'virt-lease init'"
}

@test "the directory does not exist" {
    fails "nfs://$LAB_SERVER/export/nothing" "no such file or directory" "virt-lease init"
}

@test "the lockspace is of a newer format" {
    fails "nfs://$LAB_SERVER/export/newer" "format version 99" "update virtlease on this host"
}

@test "init leaves a lockspace alone that is there already" {
    local before

    before=$(readlink "$(lab_export export/copy)/format")
    run on kvm1 virt-lease init "nfs://$LAB_SERVER/export/copy" --lease 9
    echo "$output"
    [ "$status" -ne 0 ]
    said "already a lockspace"
    [ "$(readlink "$(lab_export export/copy)/format")" = "$before" ]
}
