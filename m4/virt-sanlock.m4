dnl virt-sanlock.m4: sanlock, the lock manager on shared storage
dnl
dnl SPDX-License-Identifier: LGPL-2.1-or-later

dnl VIR_ARG_SANLOCK: --with-sanlock, for the lock driver of that name.
AC_DEFUN([VIR_ARG_SANLOCK], [
    AC_ARG_WITH([sanlock],
        [AS_HELP_STRING([--with-sanlock], [build the lock driver sanlock (if sanlock's library is there)])],
        [], [with_sanlock=auto])
    vir_sanlock=no
    AS_IF([test "x$with_sanlock" != xno], [
        PKG_CHECK_MODULES([SANLOCK], [libsanlock_client >= 3.8.0], [vir_sanlock=yes], [vir_sanlock=no])
        AS_IF([test $vir_sanlock = no && test "x$with_sanlock" = xyes],
            [AC_MSG_ERROR([libsanlock_client is missing: install libsanlock-dev (Debian) or sanlock-devel (Fedora)])])
    ])
    with_sanlock=$vir_sanlock
    AM_CONDITIONAL([WITH_SANLOCK], [test $vir_sanlock = yes])
    AC_DEFINE_UNQUOTED([WITH_SANLOCK], [$(test $vir_sanlock = yes && echo 1 || echo 0)],
        [Whether there is the lock driver sanlock.])
])
