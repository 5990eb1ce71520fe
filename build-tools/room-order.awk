# room-order.awk: finds includes of headers that a room may not know
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads the names of the source files, relative to the top of the tree. Prints
# each wrong include and exits with 1 if there are any.

BEGIN {
    knows["util"] = ""
    knows["rpc"] = "util"
    knows["conf"] = "util"
    knows["lease"] = "util"
    knows["locking"] = "rpc conf lease util"
    knows["tools"] = "locking rpc conf lease util"
}

function room_of(file,    part) {
    split(file, part, "/")
    return part[1] == "src" ? part[2] : part[1]
}

function base_of(file) {
    sub(/.*\//, "", file)
    return file
}

function wrong(file, line, text) {
    printf "%s:%d: %s\n", file, line, text
    bad = 1
}

function check_local(file, line, room, header,    other) {
    if (header ~ /\//) {
        wrong(file, line, "the include of " header " names a directory")
        return
    }
    other = home[header]
    if (other == "" || other == room)
        return
    if (index(" " knows[room] " ", " " other " ") == 0)
        wrong(file, line, room " may not know " header " of " other)
}

function check_file(file,    room, line, text, header) {
    room = room_of(file)
    line = 0
    while ((getline text < file) > 0) {
        line++
        if (text ~ /^# *include *"/) {
            header = text
            sub(/^# *include *"/, "", header)
            sub(/".*/, "", header)
            check_local(file, line, room, header)
        }
        if (text ~ /^# *include *<nfsc\// && file !~ /^src\/lease\/virlease(store)?nfs/)
            wrong(file, line, "only the nfs store may know libnfs")
        if (text ~ /^# *include *<libxml\// && room != "conf")
            wrong(file, line, "only the room conf may know libxml2")
    }
    close(file)
}

{
    files[++count] = $0
    if ($0 ~ /\.h$/)
        home[base_of($0)] = room_of($0)
}

END {
    # What rpcgen makes lies in the room of its .x file.
    home["virnetprotocol.h"] = "rpc"
    home["lease_protocol.h"] = "locking"
    home["lock_protocol.h"] = "locking"
    for (i = 1; i <= count; i++) {
        if (!(room_of(files[i]) in knows))
            wrong(files[i], 1, "this room is not in build-tools/room-order.awk")
        check_file(files[i])
    }
    exit bad
}
