dnl virt-need.m4: what cannot be done without, and what to install for it
dnl
dnl SPDX-License-Identifier: LGPL-2.1-or-later

dnl VIR_NEED_MISSING(what, Debian package, Fedora package): ends configure
AC_DEFUN([VIR_NEED_MISSING], [
    AC_MSG_ERROR([$1 is missing: install $2 (Debian) or $3 (Fedora), then run configure again])
])

dnl VIR_NEED_PKG(prefix, modules, Debian package, Fedora package):
dnl sets prefix_CFLAGS and prefix_LIBS
AC_DEFUN([VIR_NEED_PKG], [
    PKG_CHECK_MODULES([$1], [$2], [], [
        AC_MSG_NOTICE([$[]$1[]_PKG_ERRORS])
        VIR_NEED_MISSING([$2], [$3], [$4])
    ])
])

dnl VIR_NEED_PROG(variable, names to try, Debian package, Fedora package)
AC_DEFUN([VIR_NEED_PROG], [
    AC_PATH_PROGS([$1], [$2])
    if test -z "$[]$1"; then
        VIR_NEED_MISSING([the program $2], [$3], [$4])
    fi
])

dnl VIR_CHECK_LIBNFS_API: which of the two raw interfaces libnfs has. The header
dnl defines LIBNFS_API_V2 itself from 6.0 on; the library must agree with it.
AC_DEFUN([VIR_CHECK_LIBNFS_API], [
    vir_save_CPPFLAGS=$CPPFLAGS
    vir_save_LIBS=$LIBS
    CPPFLAGS="$CPPFLAGS $LIBNFS_CFLAGS"
    LIBS="$LIBNFS_LIBS $LIBS"
    AC_CACHE_CHECK([which raw interface libnfs has], [vir_cv_libnfs_api], [
        vir_cv_libnfs_api=none
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[
            #include <sys/types.h>
            #include <sys/time.h>
            #include <stddef.h>
            #include <stdint.h>
            #include <nfsc/libnfs.h>
            #include <nfsc/libnfs-raw.h>
            #include <nfsc/libnfs-raw-nfs.h>
            #include <nfsc/libnfs-raw-nfs4.h>
            ]], [[
            #ifdef LIBNFS_API_V2
            void *a = (void *) rpc_nfs3_symlink_task, *b = (void *) rpc_nfs4_compound_task;
            #else
            void *a = (void *) rpc_nfs3_symlink_async, *b = (void *) rpc_nfs4_compound_async;
            #endif
            return !a || !b;
            ]])], [
            AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
                #include <sys/types.h>
                #include <sys/time.h>
                #include <stddef.h>
                #include <stdint.h>
                #include <nfsc/libnfs.h>
                ]], [[
                #ifndef LIBNFS_API_V2
                #error the interface before 6.0
                #endif
                ]])], [vir_cv_libnfs_api=task], [vir_cv_libnfs_api=async])
        ])
    ])
    CPPFLAGS=$vir_save_CPPFLAGS
    LIBS=$vir_save_LIBS
    vir_libnfs_api=$vir_cv_libnfs_api
    if test "$vir_libnfs_api" = none; then
        VIR_NEED_MISSING([libnfs with its raw NFSv3 and NFSv4 interface], [libnfs-dev], [libnfs-devel])
    fi
])
