/*
 * virt-lease.c: the operators' command: looks at lockspaces and makes them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>

#include "virerror.h"
#include "virgettext.h"
#include "virlog.h"
#include "virt-lease.h"
#include "virt-lease-output.h"

#define VL_TIMEOUT_DEFAULT 15
#define VL_TIMEOUT_MAX 3600

static const vlCommand *const vlCommands[] = {
    &vlCommandInit,
    &vlCommandStatus,
    &vlCommandList,
};

static vlExit
vlUsageError(const char *message)
{
    g_autofree char *safe = vlPrintable(message);

    fprintf(stderr, _("virt-lease: %1$s\n"), safe);
    fputs(_("Try 'virt-lease --help' for more information.\n"), stderr);
    return VL_EXIT_USAGE;
}

static const vlCommand *
vlCommandFind(const char *name)
{
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(vlCommands); i++) {
        if (g_str_equal(vlCommands[i]->name, name))
            return vlCommands[i];
    }
    return NULL;
}

/* The list of commands for --help; the caller frees it. */
static char *
vlCommandsDescribe(void)
{
    g_autoptr(GString) out = g_string_new(_("Commands:"));
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(vlCommands); i++)
        g_string_append_printf(out, "\n  %-25s %s", vlCommands[i]->name, _(vlCommands[i]->summary));
    g_string_append_printf(out, "\n\n%s", _("'virt-lease COMMAND --help' tells more about a command."));
    return g_strdup(out->str);
}

static void
vlContextAddCommon(GOptionContext *context, vlOptions *options)
{
    const GOptionEntry entries[] = {
        { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
          N_("Configuration of virtleased to read lockspaces from"), N_("FILE") },
        { "socket", 's', 0, G_OPTION_ARG_FILENAME, &options->socket,
          N_("Socket of virtleased"), N_("PATH") },
        { "lockspace", 'l', 0, G_OPTION_ARG_STRING, &options->lockspace,
          N_("Lockspace, by its name in the configuration or its URL"), N_("NAME|URL") },
        { "timeout", 't', 0, G_OPTION_ARG_INT, &options->timeout,
          N_("How long to wait for answers (default: 15)"), N_("SECONDS") },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json,
          N_("Print JSON, for programs"), NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &options->version,
          N_("Print the version and exit"), NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };

    g_option_context_add_main_entries(context, entries, VIR_GETTEXT_DOMAIN);
}

static GOptionContext *
vlContextNewProgram(vlOptions *options)
{
    GOptionContext *context = g_option_context_new(_("COMMAND [ARGUMENT…]"));
    g_autofree char *commands = vlCommandsDescribe();

    vlContextAddCommon(context, options);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_set_summary(context, _("Looks at the lockspaces of virtlease and makes them."));
    g_option_context_set_description(context, commands);
    return context;
}

static GOptionContext *
vlContextNewCommand(const vlCommand *command, vlOptions *options)
{
    GOptionContext *context = g_option_context_new(command->parameters ? _(command->parameters) : NULL);

    vlContextAddCommon(context, options);
    if (command->entries)
        g_option_context_add_main_entries(context, command->entries, VIR_GETTEXT_DOMAIN);
    g_option_context_set_summary(context, _(command->summary));
    return context;
}

/* Parses what belongs to @context out of @args. Returns FALSE after telling
 * what is wrong. */
static gboolean
vlContextParse(GOptionContext *context, char ***args, const vlOptions *options)
{
    g_autoptr(GError) error = NULL;

    if (!g_option_context_parse_strv(context, args, &error)) {
        vlUsageError(error->message);
        return FALSE;
    }
    if (options->timeout < 1 || options->timeout > VL_TIMEOUT_MAX) {
        vlUsageError(_("the timeout must be from 1 to 3600 seconds"));
        return FALSE;
    }
    return TRUE;
}

static vlExit
vlVersion(void)
{
    printf("virt-lease (virtlease) %s\n", PACKAGE_VERSION);
    return VL_EXIT_OK;
}

/* @args begins with the command's name */
static vlExit
vlRunCommand(const vlCommand *command, vlOptions *options, char ***args)
{
    g_autoptr(GOptionContext) context = vlContextNewCommand(command, options);
    g_autofree char *program = g_strdup_printf("virt-lease %s", command->name);
    guint count;
    vlExit result;

    g_set_prgname(program);
    if (!vlContextParse(context, args, options))
        return VL_EXIT_USAGE;
    if (options->version)
        return vlVersion();

    count = g_strv_length(*args) - 1;
    if (count < command->minArgs)
        return vlUsageError(_("an argument is missing"));
    if (count > command->maxArgs)
        return vlUsageError(_("there are too many arguments"));

    result = command->run(options, *args + 1);
    if (result != VL_EXIT_OK && result != VL_EXIT_NO_LEASE)
        vlPrintError(options->json);
    return result;
}

static vlExit
vlRun(vlOptions *options, char ***args)
{
    g_autoptr(GOptionContext) context = vlContextNewProgram(options);
    const vlCommand *command;
    char **rest;
    vlExit result;

    if (!vlContextParse(context, args, options))
        return VL_EXIT_USAGE;
    if (options->version)
        return vlVersion();
    if (!(*args)[1])
        return vlUsageError(_("a command is missing"));

    command = vlCommandFind((*args)[1]);
    if (!command) {
        g_autofree char *message = g_strdup_printf(_("there is no command '%1$s'"), (*args)[1]);

        return vlUsageError(message);
    }

    rest = g_strdupv(*args + 1);
    result = vlRunCommand(command, options, &rest);
    g_strfreev(rest);
    return result;
}

/* Nobody is to take half an answer for a whole one. */
static vlExit
vlFinish(vlExit result)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return result;
    fprintf(stderr, _("virt-lease: cannot write to standard output: %1$s\n"), g_strerror(errno));
    return result == VL_EXIT_OK ? VL_EXIT_FAILED : result;
}

int
main(int argc G_GNUC_UNUSED, char **argv)
{
    vlOptions options = { .timeout = VL_TIMEOUT_DEFAULT };
    char **args = g_strdupv(argv);
    vlExit result;

    virGettextInitialize();
    virLogSetPriority(VIR_LOG_ERROR);
    g_set_prgname("virt-lease");

    result = vlFinish(vlRun(&options, &args));

    g_strfreev(args);
    g_free(options.config);
    g_free(options.socket);
    g_free(options.lockspace);
    return (int) result;
}
