/*
 * lock_daemon.c: the program virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "lock_daemon_service.h"
#include "lock_guard.h"
#include "virerror.h"
#include "virgettext.h"

#define VIR_LOCK_DAEMON_SOCKET "/run/libvirt/virtleased-sock"
#define VIR_LOCK_DAEMON_STATE_DIR "/run/virtleased"

static virLockDaemonOptions virLockDaemonChosen;
static char *virLockDaemonConfigFile;
static char *virLockDaemonSocket;
static char *virLockDaemonStateDir;
static char *virLockDaemonPidFile;
static gboolean virLockDaemonForeground;
static gboolean virLockDaemonVersion;
static char *virLockDaemonWorker;
static char *virLockDaemonGuardian;

static const GOptionEntry virLockDaemonEntries[] = {
    { "config", 'f', 0, G_OPTION_ARG_FILENAME, &virLockDaemonConfigFile,
      N_("Read this configuration file"), N_("FILE") },
    { "socket", 's', 0, G_OPTION_ARG_FILENAME, &virLockDaemonSocket,
      N_("Listen on this socket"), N_("PATH") },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &virLockDaemonStateDir,
      N_("Keep there what a restarted daemon needs"), N_("DIRECTORY") },
    { "pid-file", 'p', 0, G_OPTION_ARG_FILENAME, &virLockDaemonPidFile,
      N_("Write the process id into this file"), N_("FILE") },
    { "foreground", 0, 0, G_OPTION_ARG_NONE, &virLockDaemonForeground,
      N_("Stay in the foreground (the default)"), NULL },
    { "daemon", 'd', 0, G_OPTION_ARG_NONE, &virLockDaemonChosen.daemon,
      N_("Go to the background when ready"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &virLockDaemonChosen.verbose,
      N_("Log everything"), NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &virLockDaemonVersion,
      N_("Print the version and exit"), NULL },
    { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &virLockDaemonWorker, NULL, NULL },
    { "guard", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &virLockDaemonGuardian, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static int
virLockDaemonUsage(const char *problem)
{
    fprintf(stderr, _("virtleased: %1$s\nTry 'virtleased --help'.\n"), problem);
    return EXIT_FAILURE;
}

/* A daemon in the background is in another directory. */
static const char *
virLockDaemonMakeAbsolute(char **path, const char *preset)
{
    char *given = *path;

    if (!given)
        return preset;
    *path = g_canonicalize_filename(given, NULL);
    g_free(given);
    return *path;
}

static void
virLockDaemonChoosePaths(void)
{
    virLockDaemonChosen.config = virLockDaemonMakeAbsolute(&virLockDaemonConfigFile, NULL);
    virLockDaemonChosen.socket = virLockDaemonMakeAbsolute(&virLockDaemonSocket, VIR_LOCK_DAEMON_SOCKET);
    virLockDaemonChosen.stateDir = virLockDaemonMakeAbsolute(&virLockDaemonStateDir, VIR_LOCK_DAEMON_STATE_DIR);
    virLockDaemonChosen.pidFile = virLockDaemonMakeAbsolute(&virLockDaemonPidFile, NULL);
}

/* Which of the processes this one is: lock_guard_spawn.h says more. */
static int
virLockDaemonRun(void)
{
    const char *text = virLockDaemonWorker ? virLockDaemonWorker : virLockDaemonGuardian;
    virLockGuardInherited inherited;

    if (!text)
        return virLockGuardRun(&virLockDaemonChosen);
    /* It is not called by that name. */
    prctl(PR_SET_NAME, "virtleased");
    if (virLockGuardInheritedParse(text, &inherited) < 0)
        return -1;
    return virLockDaemonWorker ? virLockDaemonServiceRun(&virLockDaemonChosen, &inherited) :
        virLockGuardTakeOver(&virLockDaemonChosen, &inherited);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    virGettextInitialize();
    g_option_context_add_main_entries(context, virLockDaemonEntries, VIR_GETTEXT_DOMAIN);
    g_option_context_set_summary(context, _("Holds the leases of this host's guests on their disks."));
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return virLockDaemonUsage(error->message);
    if (argc > 1)
        return virLockDaemonUsage(_("it takes no arguments, only options"));
    if (virLockDaemonForeground && virLockDaemonChosen.daemon)
        return virLockDaemonUsage(_("--foreground and --daemon exclude each other"));
    if (virLockDaemonVersion) {
        printf("virtleased (virtlease) %s\n", PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    virLockDaemonChoosePaths();
    if (virLockDaemonRun() == 0)
        return EXIT_SUCCESS;
    /* If there is no error the worker has told it. */
    if (virGetLastErrorCode() != VIR_ERR_OK)
        fprintf(stderr, _("virtleased: cannot start: %1$s\n"), virGetLastErrorMessage());
    return EXIT_FAILURE;
}
