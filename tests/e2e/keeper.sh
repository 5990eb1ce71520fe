#!/bin/bash
# keeper.sh: removes a lab whose starter was killed
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: keeper.sh OWNER DIR
#
# Waits for the process OWNER or the directory DIR to go away.

trap '' INT HUP TERM
. "$(dirname "$0")/lab.bash"
owner=$1
LAB_DIR=$2

while kill -0 "$owner" 2> /dev/null && [ -d "$LAB_DIR" ]; do
    sleep 0.5
done
[ ! -d "$LAB_DIR" ] || lab_clean
