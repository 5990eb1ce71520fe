#!/bin/sh
#
# translationtest.sh: translations are complete and fit the texts
#
# SPDX-License-Identifier: LGPL-2.1-or-later

skip()
{
    echo "skipped: $1"
    exit 77
}

for tool in xgettext msgcmp msgfmt; do
    command -v "$tool" > /dev/null || skip "$tool is not installed (gettext)"
done
cd "${abs_top_srcdir:-.}" || exit 1

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

xgettext --files-from=po/POTFILES.in --from-code=UTF-8 --output="$dir/virtlease.pot" \
    --keyword=_ --keyword=N_ --keyword=P_:1,2 \
    --flag=_:1:pass-c-format --flag=N_:1:pass-c-format \
    --flag=P_:1:pass-c-format --flag=P_:2:pass-c-format \
    --flag=virReportErrorHelper:6:c-format --flag=virReportSystemErrorHelper:6:c-format \
    --flag=virReportError:2:c-format --flag=virReportSystemError:2:c-format || exit 1

result=0
for language in $(grep -v '^#' po/LINGUAS); do
    po=po/$language.po
    # Flags as the sources have them, so that %1$s must be in a translation too.
    msgmerge --quiet --no-fuzzy-matching --output-file="$dir/$language.po" "$po" "$dir/virtlease.pot" &&
        msgcmp "$dir/$language.po" "$dir/virtlease.pot" &&
        msgfmt --check-format --output-file="$dir/$language.mo" "$dir/$language.po" || {
        echo "$po lacks or misspells a text; make -C po update-po, then translate"
        result=1
    }
    if msgattrib --only-fuzzy "$po" | grep -q '^msgid'; then
        echo "$po has fuzzy translations"
        result=1
    fi
done
exit $result
