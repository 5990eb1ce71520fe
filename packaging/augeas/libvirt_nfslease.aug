(* libvirt_nfslease.aug: settings of libvirt's lock driver nfslease

   SPDX-License-Identifier: LGPL-2.1-or-later *)

module Libvirt_nfslease =
   autoload xfm

   let eol = Util.eol
   let indent = Util.indent
   let equal = del /[ \t]*=[ \t]*/ " = "

   let text = del "\"" "\"" . store /[^"\n]*/ . del "\"" "\""
   let number = store /[0-9]+/
   let switch = store /[01]/

   (* Over several lines or not. Comments may stand before an item and at the
      end, and a comma after the last item. *)
   let comma = del /[ \t\n]*,[ \t\n]*/ ", "
   let comma_last = del /([ \t\n]*,)?[ \t\n]*/ ""
   let note = [ label "#comment" . del /#[ \t]*/ "# "
                . store /[^ \t\n]([^\n]*[^ \t\n])?/ . del /[ \t]*\n[ \t\n]*/ "\n" ]
   let item = [ seq "item" . text ]
   let items = counter "item" . note*
               . ( item . ( comma . note* . item )* . comma_last . note* )?
   let list = del /\[[ \t\n]*/ "[ " . items . del "]" "]"

   let entry (name:regexp) (value:lens) = [ indent . key name . equal . value . eol ]

   let settings = entry /lockspace|socket|readonly_disks|shareable_disks/ text
                | entry /auto_disk_leases|require_lease_for_disks|reserve/ switch
                | entry /acquire_timeout|handover_wait/ number
                | entry "resource_map" list

   let lns = ( Util.empty | Util.comment | settings )*

   let filter = incl "/etc/libvirt/qemu-nfslease.conf"
              . incl "/etc/libvirt/libxl-nfslease.conf"
              . Util.stdexcl

   let xfm = transform lns filter
