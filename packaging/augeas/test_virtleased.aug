(* test_virtleased.aug: what virtleased.aug makes of a file

   SPDX-License-Identifier: LGPL-2.1-or-later *)

module Test_virtleased =

   let conf = "# where the leases are
lockspaces = [
    \"default=nfs://filer/export/virtlease\",
    \"fast=dir:/var/lib/virtleased/lockspace\"
]
log_level = 2
max_clients = 500
lockd_socket = \"/run/libvirt/virtlockd-sock\"
watchdog = \"wdmd\"
"

   test Virtleased.lns get conf =
      { "#comment" = "where the leases are" }
      { "lockspaces"
         { "1" = "default=nfs://filer/export/virtlease" }
         { "2" = "fast=dir:/var/lib/virtleased/lockspace" } }
      { "log_level" = "2" }
      { "max_clients" = "500" }
      { "lockd_socket" = "/run/libvirt/virtlockd-sock" }
      { "watchdog" = "wdmd" }

   test Virtleased.lns put "" after
      set "/lockspaces/1" "default=nfs://filer/export"
      = "lockspaces = [ \"default=nfs://filer/export\"]\n"

   test Virtleased.lns get "lockspace = \"x\"\n" = *
