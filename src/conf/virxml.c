/*
 * virxml.c: reading XML that nobody vouches for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include <libxml/parser.h>
#include <libxml/SAX2.h>

#include "virxml.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_XML

/* Watches a document while it is read, so that a bad one is given up before
 * it has taken up much memory or time. */
typedef struct _virXMLWatch virXMLWatch;
struct _virXMLWatch {
    unsigned int nodes;
    unsigned int depth;
    const char *problem;        /* translated; NULL: none so far */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlParserCtxt, xmlFreeParserCtxt);

static void
virXMLWatchStop(xmlParserCtxt *parser, const char *problem)
{
    virXMLWatch *watch = parser->_private;

    watch->problem = problem;
    xmlStopParser(parser);
}

static void
virXMLWatchDocType(void *opaque,
                   const xmlChar *name G_GNUC_UNUSED,
                   const xmlChar *external G_GNUC_UNUSED,
                   const xmlChar *system G_GNUC_UNUSED)
{
    virXMLWatchStop(opaque, _("a document type declaration is not allowed"));
}

static void
virXMLWatchStart(void *opaque,
                 const xmlChar *name,
                 const xmlChar *prefix,
                 const xmlChar *uri,
                 int nnamespaces,
                 const xmlChar **namespaces,
                 int nattributes,
                 int ndefaulted,
                 const xmlChar **attributes)
{
    xmlParserCtxt *parser = opaque;
    virXMLWatch *watch = parser->_private;
    unsigned int inside = (unsigned int) nnamespaces + (unsigned int) nattributes;

    watch->nodes += 1 + inside;
    watch->depth++;
    if (inside > VIR_XML_ATTRIBUTES_MAX)
        virXMLWatchStop(parser, _("an element has too many attributes"));
    else if (watch->nodes > VIR_XML_NODES_MAX)
        virXMLWatchStop(parser, _("there are too many elements and attributes"));
    else if (watch->depth > VIR_XML_DEPTH_MAX)
        virXMLWatchStop(parser, _("too many elements are inside each other"));
    else
        xmlSAX2StartElementNs(opaque, name, prefix, uri, nnamespaces, namespaces,
                              nattributes, ndefaulted, attributes);
}

static void
virXMLWatchEnd(void *opaque, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    xmlParserCtxt *parser = opaque;
    virXMLWatch *watch = parser->_private;

    watch->depth--;
    xmlSAX2EndElementNs(opaque, name, prefix, uri);
}

static xmlParserCtxt *
virXMLParserNew(virXMLWatch *watch)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();

    g_assert(parser && parser->sax);
    parser->_private = watch;
    parser->sax->internalSubset = virXMLWatchDocType;
    parser->sax->startElementNs = virXMLWatchStart;
    parser->sax->endElementNs = virXMLWatchEnd;
    parser->sax->comment = NULL;
    parser->sax->processingInstruction = NULL;
    return parser;
}

/* What the parser says quotes the document, and ends with a new line. */
static void
virXMLReportParser(xmlParserCtxt *parser)
{
    const xmlError *error = xmlCtxtGetLastError(parser);
    g_autofree char *message = NULL;

    message = g_utf8_make_valid(error && error->message ? error->message : "?", -1);
    g_strdelimit(message, "\n", ' ');
    virReportError(VIR_ERR_XML_ERROR, _("line %1$d of the XML is wrong: %2$s"),
                   error ? error->line : 0, g_strchomp(message));
}

static int
virXMLCheckText(const char *text)
{
    size_t size = strnlen(text, VIR_XML_SIZE_MAX + 1);

    if (size > VIR_XML_SIZE_MAX) {
        virReportError(VIR_ERR_XML_ERROR, _("the XML is longer than %1$zu bytes"), VIR_XML_SIZE_MAX);
        return -1;
    }
    if (!g_utf8_validate(text, (gssize) size, NULL)) {
        virReportError(VIR_ERR_XML_ERROR, "%s", _("the XML is not in UTF-8"));
        return -1;
    }
    return 0;
}

xmlDoc *
virXMLParse(const char *text, const char *root)
{
    g_autoptr(xmlParserCtxt) parser = NULL;
    g_autoptr(xmlDoc) doc = NULL;
    virXMLWatch watch = { 0 };

    if (virXMLCheckText(text) < 0)
        return NULL;
    xmlInitParser();
    parser = virXMLParserNew(&watch);
    doc = xmlCtxtReadMemory(parser, text, (int) strlen(text), NULL, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (watch.problem) {
        virReportError(VIR_ERR_XML_ERROR, _("the XML is refused: %1$s"), watch.problem);
        return NULL;
    }
    if (!doc) {
        virXMLReportParser(parser);
        return NULL;
    }
    if (!virXMLIsElement(xmlDocGetRootElement(doc), root)) {
        virReportError(VIR_ERR_XML_ERROR, _("the XML must be one <%1$s> element"), root);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

gboolean
virXMLIsElement(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && !node->ns &&
        g_str_equal((const char *) node->name, name);
}

static void
virXMLReportInside(const xmlNode *node, const char *name, const char *problem)
{
    virReportError(VIR_ERR_XML_ERROR, _("line %1$ld of the XML: '%2$s' of <%3$s> %4$s"),
                   xmlGetLineNo((xmlNode *) node), name, (const char *) node->name, problem);
}

int
virXMLGetChild(const xmlNode *parent, const char *name, xmlNode **child)
{
    xmlNode *found = NULL;

    for (xmlNode *node = parent->children; node; node = node->next) {
        if (!virXMLIsElement(node, name))
            continue;
        if (found) {
            virXMLReportInside(parent, name, _("must be there only once"));
            return -1;
        }
        found = node;
    }
    *child = found;
    return 0;
}

gboolean
virXMLHasChild(const xmlNode *parent, const char *name)
{
    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (virXMLIsElement(node, name))
            return TRUE;
    }
    return FALSE;
}

/* A copy of the one text at @node and after it. */
static int
virXMLCopyText(const xmlNode *owner, const char *name, const xmlNode *node, char **value)
{
    const char *text = node ? (const char *) node->content : NULL;

    if (node && (node->type != XML_TEXT_NODE || node->next)) {
        virXMLReportInside(owner, name, _("must be plain text"));
        return -1;
    }
    if (!text || !*text) {
        virXMLReportInside(owner, name, _("must not be empty"));
        return -1;
    }
    if (strlen(text) > VIR_XML_TEXT_MAX) {
        virXMLReportInside(owner, name, _("is too long"));
        return -1;
    }
    *value = g_strdup(text);
    return 0;
}

int
virXMLGetProp(const xmlNode *node, const char *name, char **value)
{
    const xmlAttr *attr = xmlHasNsProp((xmlNode *) node, BAD_CAST name, NULL);

    if (!attr) {
        *value = NULL;
        return 0;
    }
    return virXMLCopyText(node, name, attr->children, value);
}

int
virXMLGetChildText(const xmlNode *parent, const char *name, char **value)
{
    xmlNode *child;

    if (virXMLGetChild(parent, name, &child) < 0)
        return -1;
    if (!child) {
        *value = NULL;
        return 0;
    }
    return virXMLCopyText(parent, name, child->children, value);
}

int
virXMLFindWord(const char *const *words, size_t nwords, const char *word)
{
    for (size_t i = 0; i < nwords; i++) {
        if (g_str_equal(words[i], word))
            return (int) i;
    }
    return -1;
}
