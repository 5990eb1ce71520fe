# cfg.mk: what make syntax-check looks for
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The checks whose names are not found here are gnulib's, in maint.mk. They
# look at the files of the last commit. make sc_NAME runs one of them.

# An own gnulib is not part of this tree; nothing of it is compiled in.
gnulib_dir = /usr/share/gnulib
generated_files =

# Inputs of fuzz targets are not text that anybody writes.
VC_LIST_ALWAYS_EXCLUDE_REGEX = ^tests/fuzz/corpus/

# When git has a new tag, make dist makes configure anew; see autogen.sh.
_autoreconf = AUTOPOINT=true autoreconf -v

# ---- gnulib's checks that do not fit ----
# sc_bindtextdomain           virGettextInitialize() does it for every program
# sc_copyright_check          there are no copyright years: git knows them
# sc_error_message_uppercase  about error(); sc_message_style is ours
# sc_error_message_period     likewise
# sc_indent                   wants GNU indent's style
# sc_makefile_path_separator_check  Makefile.am has no search paths; reads ours wrongly
# sc_prohibit_gnu_make_extensions   GNU make is needed anyway, by this file
# sc_prohibit_atoi_atof       takes every sscanf for a mistake; sc_prohibit_unbounded is ours
# sc_prohibit_strcmp          wants gnulib's STREQ; ours is g_str_equal()
# sc_prohibit_test_minus_ao   takes the -o of find for that of test
# sc_tight_scope              wants one Makefile in src/; -fvisibility=hidden and
#                             the plugin's test of its symbols see to it
# sc_two_space_separator_in_usage   takes options in scripts for help texts
# sc_unmarked_diagnostics     about error(); sc_unmarked_errors is ours
# sc_unportable_grep_q        everything here runs on Linux, whose grep has -q
local-checks-to-skip = \
  sc_bindtextdomain \
  sc_copyright_check \
  sc_error_message_period \
  sc_error_message_uppercase \
  sc_indent \
  sc_makefile_path_separator_check \
  sc_prohibit_atoi_atof \
  sc_prohibit_gnu_make_extensions \
  sc_prohibit_strcmp \
  sc_prohibit_test_minus_ao \
  sc_tight_scope \
  sc_two_space_separator_in_usage \
  sc_unmarked_diagnostics \
  sc_unportable_grep_q

# The top of the tree, as file names have it here and in a build elsewhere.
_top_re = ^($(_dot_escaped_srcdir)/)?
_c_files = \.[chx]$$
_src_c_files = $(_top_re)(src|tools)/.*\.[ch]$$

# ---- the house ----

# A lower room never includes a header of a higher one, and rooms side by side
# do not know each other. Only the nfs store knows libnfs, only conf libxml2.
sc_room_order:
	@$(VC_LIST_EXCEPT) | $(GREP) -E '$(_src_c_files)' | $(SED) 's|^$(_dot_escaped_srcdir)/||' \
	  | (cd $(srcdir) && $(AWK) -f build-tools/room-order.awk) \
	  || { echo '$(ME): a room includes what it may not know (src/README)' 1>&2; exit 1; }

# Every folder of src/ has its line.
sc_room_readme:
	@for room in $$($(VC_LIST_EXCEPT) | $(SED) -n 's|^$(_dot_escaped_srcdir)/||; s|^src/\([^/]*\)/.*|\1|p' | sort -u); do \
	  $(GREP) -q "^src/$$room/ " $(srcdir)/src/README \
	    || { echo "$(ME): src/$$room has no line in src/README" 1>&2; exit 1; }; \
	done

# Time, chance, processes and threads come into the engine from outside; only
# the stores of src/lease touch the world.
sc_engine_is_pure:
	@prohibit='\<(clock_gettime|gettimeofday|time|virTimeBoot[A-Za-z]*|g_get_(monotonic|real)_time|getrandom|g_random_[a-z_]*|g_rand_new|socket|connect|open|openat|fork|kill|g_spawn[a-z_]*|g_thread_[a-z_]*|g_timeout_[a-z_]*|g_idle_add[a-z_]*) *\(' \
	in_vc_files='$(_top_re)src/lease/' \
	exclude='virleasestore|virleasenfs|virleaseurl|/\*.*\(' \
	halt='the lease engine has no clock, no chance, no I/O and no thread of its own' \
	  $(_sc_search_regexp)

# ---- every file ----

_no_header_needed = \
  (^|/)(\.gitignore|COPYING.*|LINGUAS|POTFILES\.in|AUTHORS\.in|README(\.rst)?|NEWS\.rst|CONTRIBUTING\.rst)$$
exclude_file_name_regexp--sc_spdx = $(_no_header_needed)
sc_spdx:
	@require='SPDX-License-Identifier: LGPL-2\.1-or-later' \
	in_vc_files='.' \
	halt='every file says its licence, as CONTRIBUTING.rst shows' \
	  $(_sc_search_regexp)

exclude_file_name_regexp--sc_no_marks = ^cfg\.mk$$
sc_no_marks:
	@prohibit='\<(TODO|FIXME|XXX)\>' \
	halt='finish it, or put it into an issue' \
	  $(_sc_search_regexp)

# What is in git is in a release's archive too; po/Makefile sees to its own.
exclude_file_name_regexp--sc_dist_complete = ^(\.ci/|\.gitignore$$|po/)
sc_dist_complete:
	@printf '%s\n' $(patsubst $(srcdir)/%,%,$(DISTFILES)) | sort -u > $@-1; \
	$(VC_LIST_EXCEPT) | $(SED) 's|^$(_dot_escaped_srcdir)/||' | sort > $@-2; \
	missing=$$(comm -13 $@-1 $@-2); rm -f $@-1 $@-2; \
	test -z "$$missing" \
	  || { echo "$(ME): no Makefile.inc.am knows these files:" $$missing 1>&2; exit 1; }

# ---- C ----

sc_pragma_once:
	@require='^#pragma once' \
	in_vc_files='$(_top_re)(src|tools|tests)/.*\.h$$' \
	halt='a header begins with #pragma once' \
	  $(_sc_search_regexp)

sc_no_tabs:
	@prohibit='	' \
	in_vc_files='$(_c_files)' \
	halt='indent with 4 blanks' \
	  $(_sc_search_regexp)

sc_prohibit_unbounded:
	@prohibit='\<(strcpy|strcat|strncpy|strncat|stpcpy|v?sprintf|gets|strtok|alloca|ato[fil]|atoll|mktemp|tmpnam) *\(|\<[a-z]*scanf *\(.*%[*0-9]*[sn[]' \
	in_vc_files='$(_c_files)' \
	halt='use the function of GLib that knows the size or the error' \
	  $(_sc_search_regexp)

# They are not safe with threads, or hide what goes wrong.
sc_prohibit_static_buffers:
	@prohibit='[^_a-z](asctime|ctime|gmtime|localtime|strerror|inet_ntoa|gethostbyname|readdir_r|system|popen) *\(' \
	in_vc_files='$(_src_c_files)' \
	halt='use g_strerror() and the _r functions' \
	  $(_sc_search_regexp)

# ---- messages ----

sc_unmarked_errors:
	@prohibit='\<virReport(System)?Error *\([A-Za-z0-9_]+, *"' \
	in_vc_files='$(_src_c_files)' \
	exclude='"%s",( (_\(|[a-z])|$$)' \
	halt='mark what users read with _()' \
	  $(_sc_search_regexp)

# "a whole sentence, lower case, no full stop, %1$s"
sc_message_style:
	@prohibit='(^|[^A-Za-z_])_\("([A-Z][a-z]|[^"]*(\."\)|%[-+ 0#]*[0-9]*(ll|l|z)?[a-z]))' \
	in_vc_files='$(_top_re)src/.*\.c$$' \
	exclude='g_option_' \
	halt='a message begins in lower case, has no full stop, and numbers what it takes: %1$$s' \
	  $(_sc_search_regexp)

# What tests and documents say is not translated.
_gl_translatable_string_re = \b(N_|P_|_) ?\(("|$$)
exclude_file_name_regexp--sc_po_check = ^(tests|docs|po|bench)/|\.(in|sh|py)$$
sc_po_languages:
	@for lang in $$($(SED) 's/#.*//' $(srcdir)/po/LINGUAS); do \
	  case ' $(PO_LANGUAGES) ' in *" $$lang "*) ;; \
	  *) echo "$(ME): $$lang of po/LINGUAS is not in PO_LANGUAGES" 1>&2; exit 1 ;; esac; \
	done

# ---- exceptions ----

# A unit test of errors needs no marked texts; scripts may print usage.
exclude_file_name_regexp--sc_prohibit_doubled_word = ^po/
exclude_file_name_regexp--sc_trailing_blank = ^COPYING\.LESSER$$
exclude_file_name_regexp--sc_space_tab = ^COPYING\.LESSER$$
# 77 and the documented exit codes of virt-lease are not EXIT_FAILURE.
exclude_file_name_regexp--sc_prohibit_magic_number_exit = ^(tests|tools)/|\.(sh|py|bats)$$|^(autogen\.sh|run\.in)$$
