# rst-code.awk: takes the code samples out of a page
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A sample is a literal block after a comment ".. compiled by TEST". Prints
# those of the test named by -v test=TEST as one C source file.

BEGIN {
    print "#include <config.h>"
    count = 0
}

$0 == ".. compiled by " test {
    wanted = 1
    next
}

wanted && /^::$/ {
    wanted = 0
    inside = 1
    count++
    printf "#line %d \"%s\"\n", FNR + 1, FILENAME
    next
}

inside && /^[^ ]/ {
    inside = 0
}

inside {
    sub(/^    /, "")
    print
}

END {
    if (count == 0) {
        print "rst-code.awk: no sample for " test > "/dev/stderr"
        exit 1
    }
}
