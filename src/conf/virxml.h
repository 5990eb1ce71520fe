/*
 * virxml.h: reading XML that nobody vouches for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of this room: no other knows libxml2. What is refused is
 * reported as VIR_ERR_XML_ERROR, or by the code that a function names.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

#define VIR_XML_SIZE_MAX ((size_t) 4 * 1024 * 1024)     /* bytes of a document: what libvirt sends at most */
#define VIR_XML_NODES_MAX 131072    /* elements, attributes and namespaces of a document */
#define VIR_XML_DEPTH_MAX 240       /* elements inside each other: a long chain of backing files */
#define VIR_XML_ATTRIBUTES_MAX 64   /* attributes and namespaces of one element */
#define VIR_XML_TEXT_MAX 4096       /* bytes of one text that is used */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc);

/**
 * virXMLParse:
 * @text: a document
 * @root: what its outermost element must be called
 *
 * Opens no file and no connection. A document type declaration, and with it
 * any entity, is refused before it is looked into. Comments and processing
 * instructions are left out of the tree.
 *
 * Returns the document, or NULL with an error reported.
 */
xmlDoc *virXMLParse(const char *text,
                    const char *root) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @node is an element of that name, of no namespace. */
gboolean virXMLIsElement(const xmlNode *node,
                         const char *name);

/**
 * virXMLGetChild:
 * @parent: an element
 * @name: of the wanted element right inside it
 * @child: to be set to it, or to NULL if there is none
 *
 * Returns 0, or -1 with an error reported if there are several.
 */
int virXMLGetChild(const xmlNode *parent,
                   const char *name,
                   xmlNode **child) G_GNUC_WARN_UNUSED_RESULT;

/* Whether there is such an element right inside @parent; several are one. */
gboolean virXMLHasChild(const xmlNode *parent,
                        const char *name);

/**
 * virXMLGetProp:
 * @node: an element
 * @name: of an attribute, of no namespace
 * @value: to be set to a copy that the caller frees, or NULL if it is not there
 *
 * Returns 0, or -1 with an error reported if it is empty, or longer than
 * VIR_XML_TEXT_MAX.
 */
int virXMLGetProp(const xmlNode *node,
                  const char *name,
                  char **value) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise with the text inside the one child @name of @parent. That it has
 * elements inside is refused too. */
int virXMLGetChildText(const xmlNode *parent,
                       const char *name,
                       char **value) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virXMLFindWord:
 * @words: all that are known
 * @nwords: how many
 * @word: one that was read
 *
 * Returns its place in @words, or -1 without an error reported.
 */
int virXMLFindWord(const char *const *words,
                   size_t nwords,
                   const char *word) G_GNUC_WARN_UNUSED_RESULT;
