(* virtleased.aug: settings of the lease daemon

   SPDX-License-Identifier: LGPL-2.1-or-later *)

module Virtleased =
   autoload xfm

   let settings = Libvirt_nfslease.entry "lockspaces" Libvirt_nfslease.list
                | Libvirt_nfslease.entry "lockd_socket" Libvirt_nfslease.text
                | Libvirt_nfslease.entry "watchdog" Libvirt_nfslease.text
                | Libvirt_nfslease.entry /log_level|max_clients/ Libvirt_nfslease.number

   let lns = ( Util.empty | Util.comment | settings )*

   let filter = incl "/etc/libvirt/virtleased.conf"
              . Util.stdexcl

   let xfm = transform lns filter
