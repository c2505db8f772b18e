// SPDX-License-Identifier: PostgreSQL
#include "s3/xml.h"

#include <ctype.h>
#include <expat.h>
#include <limits.h>
#include <string.h>

enum
{
    PATH_LIMIT = 256,
    TEXT_LIMIT = 64 * 1024
};

struct walk
{
    XML_Parser parser;
    enum status (*visit)(void *arg, const char *path, const char *text, struct error *err);
    void *arg;
    struct error *err;
    enum status status;
    char path[PATH_LIMIT];
    struct buffer text;
};

static void
free_parser(XML_Parser *parser)
{
    XML_ParserFree(*parser);
}

static void
stop(struct walk *walk, enum status status)
{
    if (walk->status == OK)
        walk->status = status;
    XML_StopParser(walk->parser, XML_FALSE);
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct walk *walk = arg;
    const char *colon = strrchr(name, ':');
    size_t used = strlen(walk->path);

    (void) attributes;
    if (colon != NULL)
        name = colon + 1;
    if (used + strlen(name) + 2 > sizeof(walk->path))
    {
        stop(walk, error_set(walk->err, STATUS_CORRUPT, "the XML is nested too deeply"));
        return;
    }
    if (used > 0)
        walk->path[used++] = '/';
    memcpy(walk->path + used, name, strlen(name) + 1);
    walk->text.size = 0;
}

static void
on_end(void *arg, const XML_Char *name)
{
    struct walk *walk = arg;
    const char *text;
    char *slash;
    enum status status = buffer_text(&walk->text, &text, walk->err);

    (void) name;
    if (status == OK)
        status = walk->visit(walk->arg, walk->path, text, walk->err);
    if (status != OK)
        stop(walk, status);
    walk->text.size = 0;
    slash = strrchr(walk->path, '/');
    if (slash == NULL)
        walk->path[0] = '\0';
    else
        *slash = '\0';
}

static void
on_text(void *arg, const XML_Char *text, int size)
{
    struct walk *walk = arg;
    struct bytes bytes = {(const uint8_t *) text, (size_t) size};
    enum status status = buffer_append(&walk->text, bytes, walk->err);

    if (status != OK)
        stop(walk, status);
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
           int has_subset)
{
    struct walk *walk = arg;

    (void) name;
    (void) system_id;
    (void) public_id;
    (void) has_subset;
    stop(walk, error_set(walk->err, STATUS_CORRUPT, "the XML has a document type"));
}

enum status
xml_each(struct bytes document,
         enum status (*visit)(void *arg, const char *path, const char *text, struct error *err),
         void *arg, struct error *err)
{
    SCOPED(free_parser) XML_Parser parser = XML_ParserCreate(NULL);
    struct walk walk = {.parser = parser, .visit = visit, .arg = arg, .err = err};
    enum XML_Status parsed;

    if (parser == NULL)
        return error_no_memory(err);
    while (document.size > 0 && isspace(document.data[0]))
        document = (struct bytes){document.data + 1, document.size - 1};
    if (document.size > INT_MAX)
        return error_set(err, STATUS_CORRUPT, "the XML has %zu bytes", document.size);
    walk.text = BUFFER_INIT(TEXT_LIMIT);
    XML_SetUserData(parser, &walk);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    parsed = XML_Parse(parser, (const char *) document.data, (int) document.size, XML_TRUE);
    buffer_release(&walk.text);
    if (walk.status != OK)
        return walk.status;
    if (parsed != XML_STATUS_OK)
        return error_set(err, STATUS_CORRUPT, "the XML is not well-formed: %s",
                         XML_ErrorString(XML_GetErrorCode(parser)));
    return OK;
}
