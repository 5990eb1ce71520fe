# server.bash: the NFS server of a lab (see lab.bash)
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Exports: /export as it should be; /readonly; /full, where nothing can be made
# any more; /closed, that no client may mount; /squashed, where root is nobody.

LAB_GRACE=1                 # seconds, of NFSv4 after a restart

# A directory among the exports as a file, seen from here.
lab_export()
{
    echo "/proc/$(< "$LAB_DIR/pid")/root$LAB_DIR/nfs/$1"
}

# lab_export_conf ID NAME ACCESS SQUASH. With LAB_SERVER_CACHES=no the server looks
# at its file system for each answer: it shows what others do there.
lab_export_conf()
{
    local uncached=

    [ "${LAB_SERVER_CACHES:-yes}" = yes ] || uncached=1
    cat <<END
EXPORT {
    Export_Id = $1;
    Path = "$LAB_DIR/nfs/$2";
    Pseudo = "/$2";
    Protocols = 3, 4;
    Transports = TCP;
    SecType = "sys";
    Access_Type = $3;
    Squash = $4;
    ${uncached:+Attr_Expiration_Time = 0;}
    FSAL { Name = VFS; }
}
END
}

# lab_server_conf [SQUASH]: of /full.
lab_server_conf()
{
    cat <<END
NFS_CORE_PARAM {
    Bind_addr = $LAB_SERVER;
    Protocols = 3, 4;
    Enable_NLM = false;
    Enable_RQUOTA = false;
    mount_path_pseudo = true;
    allow_set_io_flusher_fail = true;
}
NFSV4 {
    RecoveryBackend = fs;
    RecoveryRoot = "$LAB_DIR/nfs/recovery";
    Grace_Period = $LAB_GRACE;
    Lease_Lifetime = 1;
}
$([ "${LAB_SERVER_CACHES:-yes}" = yes ] || echo 'MDCACHE { Dir_Chunk = 0; }')
LOG { Default_Log_Level = EVENT; }
END
    lab_export_conf 1 export RW No_Root_Squash
    lab_export_conf 2 readonly RO No_Root_Squash
    lab_export_conf 3 full RW "${1:-No_Root_Squash}"
    lab_export_conf 4 closed NONE No_Root_Squash
    lab_export_conf 5 squashed RW All_Squash
}

# Boots the server for the first time.
lab_server_start()
{
    mkdir -p "$LAB_DIR"/nfs/{readonly,full,closed,squashed,recovery/v4recov,recovery/v4old}
    truncate -s 2M "$LAB_DIR/nfs/full.img"
    mkfs.ext4 -q -O ^has_journal -m 0 -N 256 "$LAB_DIR/nfs/full.img" || return 1
    lab_in mount -o loop "$LAB_DIR/nfs/full.img" "$LAB_DIR/nfs/full" || return 1
    lab_server_conf > "$LAB_DIR/nfs/ganesha.conf"
    lab_in rpcbind -w || return 1
    lab_server_up
}

lab_server_up()
{
    lab_in setsid bash -c '"$@" & ' spawn ganesha.nfsd -F -f "$LAB_DIR/nfs/ganesha.conf" \
        -L "$LAB_DIR/nfs/ganesha.log" -p /run/ganesha.pid \
        < /dev/null >> "$LAB_DIR/nfs/ganesha.out" 2>&1 3>&- 4>&-
    lab_wait 20 lab_server_answers || { cat "$LAB_DIR"/nfs/ganesha.{out,log} >&2; return 1; }
}

lab_server_answers()
{
    lab_in rpcinfo -T tcp "$LAB_SERVER" nfs 3 && lab_in rpcinfo -T tcp "$LAB_SERVER" mountd 3
}

# lab_server_down [SIGNAL]: stops it at once, so that connections are reset.
lab_server_down()
{
    lab_in pkill "-${1:-KILL}" -x ganesha.nfsd
    lab_wait 10 lab_server_ended
}

lab_server_ended()
{
    ! lab_in pgrep -x ganesha.nfsd
}

# It keeps silent, and its connections stay: what is asked it does later.
lab_server_freeze()
{
    lab_in pkill -STOP -x ganesha.nfsd
}

lab_server_thaw()
{
    lab_in pkill -CONT -x ganesha.nfsd
}

# lab_cut HOST / lab_mend HOST: between it and all others.
lab_cut()
{
    lab_in ip link set "to-$1" down
}

lab_mend()
{
    lab_in ip link set "to-$1" up
}

# Uses up what is left of /full.
lab_server_fill()
{
    lab_in bash -c 'cat /dev/zero > "$1/full/space"; i=0
        while : > "$1/full/file-$i"; do i=$((i + 1)); done' fill "$LAB_DIR/nfs" 2> /dev/null || :
}

# Makes room there again.
lab_server_free()
{
    lab_in bash -c 'rm -f "$1"/full/space "$1"/full/file-*' free "$LAB_DIR/nfs"
}

# lab_server_squash SQUASH: what becomes of root on /full, from now on.
lab_server_squash()
{
    lab_server_conf "$1" > "$LAB_DIR/nfs/ganesha.conf"
    lab_in pkill -HUP -x ganesha.nfsd
}
