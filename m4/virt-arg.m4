dnl virt-arg.m4: the options of configure
dnl
dnl SPDX-License-Identifier: LGPL-2.1-or-later

dnl VIR_ARG_COMPILER: WARN_CFLAGS, SANITIZE_CFLAGS, HARDEN_LDFLAGS
AC_DEFUN([VIR_ARG_COMPILER], [
    AC_ARG_ENABLE([werror],
        [AS_HELP_STRING([--enable-werror], [let warnings fail the build @<:@yes in a git checkout@:>@])],
        [], [enable_werror=no; test -e "$srcdir/.git" && enable_werror=yes])
    AC_ARG_ENABLE([asan],
        [AS_HELP_STRING([--enable-asan], [build with the address and undefined behaviour sanitizers @<:@no@:>@])],
        [], [enable_asan=no])
    AC_ARG_ENABLE([fuzzing],
        [AS_HELP_STRING([--enable-fuzzing], [have make fuzz build the fuzz targets; needs clang, implies --enable-asan @<:@no@:>@])],
        [], [enable_fuzzing=no])

    VIR_WARNINGS

    test "$enable_fuzzing" != yes || enable_asan=yes
    SANITIZE_CFLAGS=
    if test "$enable_asan" = yes; then
        SANITIZE_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
        VIR_CHECK_FLAGS([$SANITIZE_CFLAGS], [],
            [AC_MSG_ERROR([--enable-asan: the compiler cannot link with $SANITIZE_CFLAGS])])
    fi
    if test "$enable_fuzzing" = yes; then
        SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=fuzzer-no-link"
        VIR_CHECK_FLAGS([$SANITIZE_CFLAGS], [],
            [AC_MSG_ERROR([--enable-fuzzing: $CC has no libFuzzer: configure with CC=clang])])
    fi
    AC_SUBST([SANITIZE_CFLAGS])
    AM_CONDITIONAL([WITH_FUZZING], [test "$enable_fuzzing" = yes])
    AM_CONDITIONAL([WITH_ASAN], [test "$enable_asan" = yes])

    HARDEN_LDFLAGS=
    VIR_CHECK_FLAGS([-Wl,-z,relro -Wl,-z,now], [HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now"])
    AC_SUBST([HARDEN_LDFLAGS])

    dnl Nothing may be left undefined in a module, except what a sanitizer's
    dnl run-time library will bring with the program that loads it.
    NO_UNDEFINED_LDFLAGS=
    if test "$enable_asan" != yes; then
        VIR_CHECK_FLAGS([-Wl,-z,defs], [NO_UNDEFINED_LDFLAGS="-Wl,-z,defs"])
    fi
    AC_SUBST([NO_UNDEFINED_LDFLAGS])
])

dnl VIR_CHECK_FLAGS(flags, if they link, else)
AC_DEFUN([VIR_CHECK_FLAGS], [
    vir_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $1"
    AC_MSG_CHECKING([whether $CC takes $1])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [vir_flags=yes], [vir_flags=no])
    AC_MSG_RESULT([$vir_flags])
    CFLAGS=$vir_save_CFLAGS
    if test "$vir_flags" = yes; then
        :
        $2
    else
        :
        $3
    fi
])

dnl VIR_WARNINGS: all that gcc knows, less what would not find mistakes here
AC_DEFUN([VIR_WARNINGS], [
    WARN_CFLAGS=
    vir_warnings="as the compiler has them"
    if test "$enable_werror" = yes; then
        vir_warnings="all that fit, as errors"
        gl_WARN_ADD([-Werror])
    fi

    nowarn=
    dnl GLib's and libvirt's own macros and headers do these
    nowarn="$nowarn -Wc++-compat"
    nowarn="$nowarn -Wbad-function-cast"
    nowarn="$nowarn -Wcast-function-type"
    nowarn="$nowarn -Wpedantic"
    nowarn="$nowarn -Wdeclaration-after-statement"
    nowarn="$nowarn -Wunused-macros"
    nowarn="$nowarn -Wtraditional"
    nowarn="$nowarn -Wtraditional-conversion"
    nowarn="$nowarn -Wsystem-headers"
    nowarn="$nowarn -Wunused-const-variable=2"
    dnl A signed constant that fits is no danger; -Wsign-compare stays
    nowarn="$nowarn -Wconversion"
    nowarn="$nowarn -Wsign-conversion"
    nowarn="$nowarn -Warith-conversion"
    nowarn="$nowarn -Wfloat-conversion"
    nowarn="$nowarn -Wformat-signedness"
    dnl Advice on optimization or layout, and what only old compilers need
    nowarn="$nowarn -Wpadded"
    nowarn="$nowarn -Winline"
    nowarn="$nowarn -Waggregate-return"
    nowarn="$nowarn -Wdisabled-optimization"
    nowarn="$nowarn -Wunsafe-loop-optimizations"
    nowarn="$nowarn -Wsuggest-attribute=const"
    nowarn="$nowarn -Wsuggest-attribute=pure"
    nowarn="$nowarn -Wsuggest-attribute=malloc"
    nowarn="$nowarn -Wsuggest-attribute=cold"
    nowarn="$nowarn -Wsuggest-final-types"
    nowarn="$nowarn -Wsuggest-final-methods"
    nowarn="$nowarn -Wstack-protector"
    nowarn="$nowarn -Wabi"
    dnl A switch that names every value with a default is wanted, as is one
    dnl with a default alone
    nowarn="$nowarn -Wswitch-enum"
    nowarn="$nowarn -Wswitch-default"
    dnl Takes long and is wrong too often about GLib's clean-up functions
    nowarn="$nowarn -Wanalyzer-too-complex -fanalyzer"
    nowarn="$nowarn -Wanalyzer-malloc-leak -Wanalyzer-null-argument -Wanalyzer-null-dereference"
    nowarn="$nowarn -Wanalyzer-possible-null-argument -Wanalyzer-use-after-free -Wanalyzer-double-free"
    nowarn="$nowarn -Wanalyzer-use-of-uninitialized-value -Wanalyzer-file-leak -Wanalyzer-fd-leak"
    dnl gcc without optimization cannot do these
    nowarn="$nowarn -Wstrict-overflow -Wunsuffixed-float-constants"

    gl_MANYWARN_ALL_GCC([warnings])
    gl_MANYWARN_COMPLEMENT([warnings], [$warnings], [$nowarn])
    for w in $warnings; do
        gl_WARN_ADD([$w])
    done
    gl_WARN_ADD([-Wno-sign-conversion])
    gl_WARN_ADD([-Wno-conversion])
    gl_WARN_ADD([-Wno-format-signedness])
    gl_WARN_ADD([-Wno-cast-function-type])
    gl_WARN_ADD([-Wno-switch-enum])
    gl_WARN_ADD([-Wno-switch-default])
    gl_WARN_ADD([-Wno-unsuffixed-float-constants])
    gl_WARN_ADD([-Wno-missing-field-initializers])
    gl_WARN_ADD([-Wno-format-nonliteral])
    dnl clang does not see that g_autofree is a use; gcc does
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [
        #ifndef __clang__
        #error not clang
        #endif
        ])], [gl_WARN_ADD([-Wno-unused-variable])])
    gl_WARN_ADD([-Wformat-security])
    gl_WARN_ADD([-fstack-protector-strong])
])

dnl VIR_ARG_LOCK_DRIVER_DIR: where libvirt looks for lock drivers
AC_DEFUN([VIR_ARG_LOCK_DRIVER_DIR], [
    AC_ARG_WITH([lock-driver-dir],
        [AS_HELP_STRING([--with-lock-driver-dir=DIR], [libvirt's directory of lock drivers @<:@LIBDIR/libvirt/lock-driver@:>@])],
        [], [with_lock_driver_dir='${libdir}/libvirt/lock-driver'])
    case $with_lock_driver_dir in
    yes|no|'') AC_MSG_ERROR([--with-lock-driver-dir needs a directory]) ;;
    esac
    AC_SUBST([lockdriverdir], [$with_lock_driver_dir])
])

dnl VIR_ARG_SYSTEMD_UNIT_DIR: where virtleased.service and .socket go
AC_DEFUN([VIR_ARG_SYSTEMD_UNIT_DIR], [
    AC_ARG_WITH([systemdsystemunitdir],
        [AS_HELP_STRING([--with-systemdsystemunitdir=DIR], [where systemd's units go, or no @<:@PREFIX/lib/systemd/system@:>@])],
        [], [with_systemdsystemunitdir='${prefix}/lib/systemd/system'])
    if test "$with_systemdsystemunitdir" = yes; then
        with_systemdsystemunitdir='${prefix}/lib/systemd/system'
    fi
    AC_SUBST([systemdsystemunitdir], [$with_systemdsystemunitdir])
    AM_CONDITIONAL([WITH_SYSTEMD_UNITS], [test "$with_systemdsystemunitdir" != no])
])
