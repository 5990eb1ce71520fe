dnl virt-wdmd.m4: sanlock's watchdog multiplexer
dnl
dnl SPDX-License-Identifier: LGPL-2.1-or-later

dnl VIR_ARG_WDMD: --with-wdmd; it has no pkg-config file.
AC_DEFUN([VIR_ARG_WDMD], [
    AC_ARG_WITH([wdmd],
        [AS_HELP_STRING([--with-wdmd], [let virtleased be watched over by sanlock's wdmd (if its library is there)])],
        [], [with_wdmd=check])
    WDMD_LIBS=
    AS_IF([test "x$with_wdmd" != xno], [
        AC_CHECK_HEADER([wdmd.h],
            [AC_CHECK_LIB([wdmd], [wdmd_test_live], [WDMD_LIBS=-lwdmd])])
        AS_IF([test "x$WDMD_LIBS" = x && test "x$with_wdmd" = xyes],
            [AC_MSG_ERROR([libwdmd is missing: install libsanlock-dev (Debian) or sanlock-devel (Fedora)])])
    ])
    AS_IF([test "x$WDMD_LIBS" != x], [with_wdmd=yes], [with_wdmd=no])
    AC_DEFINE_UNQUOTED([WITH_WDMD], [$(test $with_wdmd = yes && echo 1 || echo 0)], [Whether there is libwdmd.])
    AC_SUBST([WDMD_LIBS])
])
