(* test_libvirt_nfslease.aug: what libvirt_nfslease.aug makes of a file

   SPDX-License-Identifier: LGPL-2.1-or-later *)

module Test_libvirt_nfslease =

   let conf = "# settings

lockspace = \"default\"
socket=\"/run/libvirt/virtleased-sock\"
auto_disk_leases = 1
require_lease_for_disks = 0
readonly_disks = \"shared\"
  shareable_disks = \"none\"
reserve = 1
acquire_timeout = 5
handover_wait = 15
resource_map = [
    # by either name
    \"/srv/images=images\",
    \"/mnt/vmstore=filer:/export/vm\",
]
"

   test Libvirt_nfslease.lns get conf =
      { "#comment" = "settings" }
      { }
      { "lockspace" = "default" }
      { "socket" = "/run/libvirt/virtleased-sock" }
      { "auto_disk_leases" = "1" }
      { "require_lease_for_disks" = "0" }
      { "readonly_disks" = "shared" }
      { "shareable_disks" = "none" }
      { "reserve" = "1" }
      { "acquire_timeout" = "5" }
      { "handover_wait" = "15" }
      { "resource_map"
         { "#comment" = "by either name" }
         { "1" = "/srv/images=images" }
         { "2" = "/mnt/vmstore=filer:/export/vm" } }

   test Libvirt_nfslease.lns get "resource_map = []\n" = { "resource_map" }

   test Libvirt_nfslease.lns get "resource_map = [ \"/a=b\", \"/c=d\" ]\n" =
      { "resource_map" { "1" = "/a=b" } { "2" = "/c=d" } }

   test Libvirt_nfslease.lns put "acquire_timeout = 5\n" after
      set "/acquire_timeout" "9" = "acquire_timeout = 9\n"

   test Libvirt_nfslease.lns put "reserve = 1\n" after
      set "/resource_map/1" "/a=b"; set "/resource_map/2" "/c=d"
      = "reserve = 1\nresource_map = [ \"/a=b\", \"/c=d\"]\n"

   (* no such setting, and not a switch *)
   test Libvirt_nfslease.lns get "lock_space = \"x\"\n" = *
   test Libvirt_nfslease.lns get "reserve = 2\n" = *
