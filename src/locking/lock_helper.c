/*
 * lock_helper.c: virtleased-helper, what virtleased and sanlock ask of libvirt
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call of libvirt blocks for as long as libvirtd likes. So it is made in a
 * process of its own, which virtleased kills when its time is up. sanlock runs
 * it for guests that the lock driver sanlock has registered so.
 *
 *     virtleased-helper pause UUID PID      stops the CPUs of the guest
 *     virtleased-helper poweroff UUID PID   ends it
 *     virtleased-helper describe UUID PID   prints the guest's XML, if nothing but its process keeps it
 *     virtleased-helper start UUID          starts it; standard input has that XML, or nothing
 *
 * UUID names the guest, PID the process that it is to have; it is no guest of
 * ours any more when that has ended. An exit status is a virLockHelperExit;
 * with an error the reason goes to standard error, for virtleased's log.
 */
#include <config.h>

#include <errno.h>
#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock_helper.h"

#define VIR_LOCK_HELPER_URI "qemu:///system"
#define VIR_LOCK_HELPER_XML_MAX (16 * 1024 * 1024)

static void
virLockHelperIgnoreError(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static virLockHelperExit
virLockHelperFailed(const char *what)
{
    const virError *error = virGetLastError();

    fprintf(stderr, "%s: %s\n", what, error && error->message ? error->message : "unknown error");
    return VIR_LOCK_HELPER_EXIT_FAILED;
}

/* libvirt has one process at most for a guest. If that is still there after
 * the look-up, what was looked up is the guest that it runs. */
static gboolean
virLockHelperIsProcess(const char *pid)
{
    guint64 number = 0;

    if (g_ascii_string_to_unsigned(pid, 10, 2, G_MAXINT32, &number, NULL) &&
        (kill((pid_t) number, 0) == 0 || errno == EPERM))
        return TRUE;
    fprintf(stderr, "process %s has ended\n", pid);
    return FALSE;
}

static virLockHelperExit
virLockHelperPause(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr guest, const char *pid)
{
    if (!guest || !virLockHelperIsProcess(pid))
        return VIR_LOCK_HELPER_EXIT_GONE;
    if (virDomainSuspend(guest) < 0)
        return virLockHelperFailed("the guest cannot be paused");
    return VIR_LOCK_HELPER_EXIT_OK;
}

static virLockHelperExit
virLockHelperPoweroff(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr guest, const char *pid)
{
    if (!guest || !virLockHelperIsProcess(pid))
        return VIR_LOCK_HELPER_EXIT_GONE;
    if (virDomainDestroy(guest) < 0)
        return virLockHelperFailed("the guest cannot be powered off");
    return VIR_LOCK_HELPER_EXIT_OK;
}

static virLockHelperExit
virLockHelperDescribe(virConnectPtr connection G_GNUC_UNUSED, virDomainPtr guest, const char *pid)
{
    int persistent;
    char *xml;

    if (!guest || !virLockHelperIsProcess(pid))
        return VIR_LOCK_HELPER_EXIT_GONE;
    if ((persistent = virDomainIsPersistent(guest)) < 0)
        return virLockHelperFailed("nobody knows whether the guest is persistent");
    if (persistent)
        return VIR_LOCK_HELPER_EXIT_OK;
    if (!(xml = virDomainGetXMLDesc(guest, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE)))
        return virLockHelperFailed("the guest cannot be described");
    fputs(xml, stdout);
    free(xml);
    return fflush(stdout) == 0 ? VIR_LOCK_HELPER_EXIT_OK : VIR_LOCK_HELPER_EXIT_FAILED;
}

static char *
virLockHelperReadXML(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    char buffer[4096];
    size_t got;

    while (xml->len < VIR_LOCK_HELPER_XML_MAX && (got = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
        g_string_append_len(xml, buffer, got);
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

static virLockHelperExit
virLockHelperStartAnew(virConnectPtr connection)
{
    g_autofree char *xml = virLockHelperReadXML();
    virDomainPtr guest;

    if (!*xml)
        return VIR_LOCK_HELPER_EXIT_GONE;
    if (!(guest = virDomainCreateXML(connection, xml, 0)))
        return virLockHelperFailed("the guest cannot be started");
    virDomainFree(guest);
    return VIR_LOCK_HELPER_EXIT_OK;
}

static virLockHelperExit
virLockHelperStart(virConnectPtr connection, virDomainPtr guest, const char *pid G_GNUC_UNUSED)
{
    int active;

    if (!guest)
        return virLockHelperStartAnew(connection);
    if ((active = virDomainIsActive(guest)) < 0)
        return virLockHelperFailed("nobody knows whether the guest runs");
    if (active)
        return VIR_LOCK_HELPER_EXIT_RUNS;
    if (virDomainCreate(guest) < 0)
        return virLockHelperFailed("the guest cannot be started");
    return VIR_LOCK_HELPER_EXIT_OK;
}

typedef struct {
    const char *name;
    int argc;
    virLockHelperExit (*func)(virConnectPtr connection, virDomainPtr guest, const char *pid);
} virLockHelperVerb;

static const virLockHelperVerb virLockHelperVerbs[] = {
    { "pause", 4, virLockHelperPause },
    { "poweroff", 4, virLockHelperPoweroff },
    { "describe", 4, virLockHelperDescribe },
    { "start", 3, virLockHelperStart },
};

static virLockHelperExit
virLockHelperConnected(virConnectPtr connection, const virLockHelperVerb *verb, char **argv)
{
    virDomainPtr guest = virDomainLookupByUUIDString(connection, argv[2]);
    const virError *error = guest ? NULL : virGetLastError();
    virLockHelperExit result;

    if (!guest && (!error || error->code != VIR_ERR_NO_DOMAIN))
        return virLockHelperFailed("the guest cannot be looked up");
    result = verb->func(connection, guest, argv[3]);
    if (guest)
        virDomainFree(guest);
    return result;
}

static virLockHelperExit
virLockHelperRun(const virLockHelperVerb *verb, char **argv)
{
    virConnectPtr connection = virConnectOpen(VIR_LOCK_HELPER_URI);
    virLockHelperExit result;

    if (!connection)
        return virLockHelperFailed("libvirt cannot be reached at " VIR_LOCK_HELPER_URI);
    result = virLockHelperConnected(connection, verb, argv);
    virConnectClose(connection);
    return result;
}

int
main(int argc, char **argv)
{
    virSetErrorFunc(NULL, virLockHelperIgnoreError);
    for (gsize i = 0; i < G_N_ELEMENTS(virLockHelperVerbs); i++) {
        if (argc == virLockHelperVerbs[i].argc && g_str_equal(argv[1], virLockHelperVerbs[i].name))
            return virLockHelperRun(&virLockHelperVerbs[i], argv);
    }
    fprintf(stderr, "virtleased-helper is run by virtleased or sanlock, as in: virtleased-helper pause UUID PID\n");
    return VIR_LOCK_HELPER_EXIT_USAGE;
}
