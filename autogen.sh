#!/bin/sh
#
# autogen.sh: makes configure out of a git checkout
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Brings the gnulib modules that are named below and runs the autotools. What
# it makes is not in git, but it is in a release's archive, which therefore
# needs none of these tools. Arguments go to configure, which is run only if
# there are any; GNULIB_TOOL names another gnulib-tool.

set -e

srcdir=$(cd "$(dirname "$0")" && pwd)
cd "$srcdir"

# git-version-gen         the version from git's tags
# maintainer-makefile     make syntax-check
# manywarnings, warnings  what the compiler is asked to look for
# gettext                 the m4 macros and the rules for po/
modules="git-version-gen maintainer-makefile manywarnings warnings gettext"

need() {
    for tool in $1; do
        if ! command -v "$tool" >/dev/null 2>&1; then
            echo "autogen.sh: cannot find '$tool': install $2 (Debian) or $3 (Fedora)" >&2
            exit 1
        fi
    done
}

gnulib_tool=${GNULIB_TOOL:-gnulib-tool}
need "$gnulib_tool" gnulib gnulib-devel
need "autoconf autoreconf" autoconf autoconf
need "automake aclocal" automake automake
need libtoolize libtool libtool
need pkg-config pkgconf pkgconf-pkg-config
need msgfmt gettext gettext

mkdir -p build-aux
"$gnulib_tool" --import --quiet --quiet \
    --lib=libgnu --source-base=gnulib/lib --m4-base=gnulib/m4 \
    --aux-dir=build-aux --macro-prefix=gl --libtool --no-vc-files \
    $modules >/dev/null

# The rules for po/ must be as old as the macros, so they are gnulib's too. Where
# gnulib-tool is a program of its own and no link into gnulib, it is the
# distribution's.
gnulib_dir=$(dirname "$(readlink -f "$(command -v "$gnulib_tool")")")
test -d "$gnulib_dir/build-aux/po" || gnulib_dir=/usr/share/gnulib
for file in Makefile.in.in remove-potcdate.sin; do
    cp -f "$gnulib_dir/build-aux/po/$file" "po/$file"
done

# gnulib brings the gettext macros itself, so autopoint has nothing to do.
AUTOPOINT=true autoreconf --install --force --warnings=all,no-obsolete,no-portability

if test $# -gt 0; then
    exec ./configure "$@"
fi
echo "Now run ./configure, here or from an empty build directory."
