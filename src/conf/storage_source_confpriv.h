/*
 * storage_source_confpriv.h: reading where the contents of a disk are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "storage_source_conf.h"
#include "virxml.h"

/**
 * virStorageSourceParse:
 * @node: an element with a type and a <source>: <disk>, <mirror>
 * @name: what to call the disk in messages
 *
 * Reads all but readonly and shared.
 *
 * Returns it, empty if there is no <source>, or NULL with an error reported:
 * VIR_ERR_XML_ERROR, or VIR_ERR_CONFIG_UNSUPPORTED if the type is not known.
 */
virStorageSource *virStorageSourceParse(const xmlNode *node,
                                        const char *name) G_GNUC_WARN_UNUSED_RESULT;
