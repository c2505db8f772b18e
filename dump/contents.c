// SPDX-License-Identifier: PostgreSQL
#include "dump/contents.h"

#include "base/file.h"
#include "dump/archive.h"
#include "dump/feed.h"
#include "dump/handover.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status
list_stream(struct repo *repo, const struct dump *dump, const char *program, const char *outcome,
            struct error *err)
{
    const char *const arguments[] = {program, "--list", "--file", outcome, NULL};
    const char *const environment[] = {"LC_ALL=C", NULL};
    const struct child_options options = {
        .arguments = arguments, .environment = environment, .feed = true};
    SCOPED(child_freep) struct child *child = NULL;

    TRY(child_start(&child, &options, err));
    return feed_run(repo, dump, FEED_ASKED, child, NULL, err);
}

static enum status
list_directory(struct repo *repo, const struct dump *dump, const char *program, const char *outcome,
               const char *root, struct error *err)
{
    SCOPED(spool_release) struct spool spool = SPOOL_INIT;
    SCOPED(freep) char *path = NULL;
    SCOPED(child_freep) struct child *child = NULL;
    const char *const environment[] = {"LC_ALL=C", NULL};

    TRY(spool_open(&spool, root, err));
    TRY(archive_fetch(repo, dump, ARCHIVE_CONTENTS, &spool, NULL, &path, err));

    const char *const arguments[] = {program, "--list", "--file", outcome, path, NULL};
    const struct child_options options = {.arguments = arguments, .environment = environment};

    TRY(child_start(&child, &options, err));
    return feed_finish(child, err);
}

enum status
contents_read(struct repo *repo, const struct dump *dump, const char *programs, const char *spool,
              struct buffer *list, struct error *err)
{
    /* Its standard output would have to be read while it is fed. */
    SCOPED(handover_close) struct handover outcome = HANDOVER_INIT;
    SCOPED(freep) char *program = NULL;

    if (dump->format == DUMP_PLAIN)
        return error_set(err, STATUS_UNSUPPORTED, "a plain dump has no table of contents");
    program = path_join(programs, "pg_restore");
    if (program == NULL)
        return error_no_memory(err);
    TRY(handover_open(&outcome, err));
    if (dump->format == DUMP_DIRECTORY)
        TRY(list_directory(repo, dump, program, outcome.path, spool, err));
    else
        TRY(list_stream(repo, dump, program, outcome.path, err));
    return handover_read(&outcome, list, err);
}

bool
contents_match(const char *pattern, const struct dump_table *table)
{
    char full[2 * DUMP_DATABASE_SIZE];

    snprintf(full, sizeof(full), "%s.%s", table->schema, table->name);
    return fnmatch(pattern, full, 0) == 0 || fnmatch(pattern, table->name, 0) == 0;
}

static bool
is_wanted(const char *const *patterns, const struct dump_table *table)
{
    for (; *patterns != NULL; patterns++)
        if (contents_match(*patterns, table))
            return true;
    return false;
}

/* "4021; 0 16392 TABLE DATA shop tasks postgres": from the description on; NULL for a comment. */
static const char *
description(const char *line)
{
    if (!isdigit((unsigned char) *line))
        return NULL;
    line += strcspn(line, " \n");
    for (int number = 0; number < 2 && *line == ' '; number++)
        line += 1 + strcspn(line + 1, " \n");
    return *line == ' ' ? line + 1 : NULL;
}

/* How the lines of the wanted tables' rows begin. */
static enum status
wanted_beginnings(const struct dump_document *document, const char *const *patterns,
                  struct dump_texts *beginnings, struct error *err)
{
    for (size_t index = 0; index < document->table_count; index++)
    {
        const struct dump_table *table = &document->tables[index];
        char beginning[2 * DUMP_DATABASE_SIZE + 16];

        snprintf(beginning, sizeof(beginning), "TABLE DATA %s %s ", table->schema, table->name);
        if (is_wanted(patterns, table))
            TRY(dump_texts_add(beginnings, beginning, err));
    }
    return OK;
}

static bool
begins_as_one_of(const char *text, const char *const *beginnings, size_t count)
{
    for (size_t index = 0; index < count; index++)
        if (strncmp(text, beginnings[index], strlen(beginnings[index])) == 0)
            return true;
    return false;
}

/* A comment on a foreign key would miss it. */
static bool
is_comment_on_constraint(const char *entry, size_t size)
{
    static const char mark[] = " CONSTRAINT ";

    return strncmp(entry, "COMMENT ", 8) == 0 &&
           memmem(entry, size, mark, sizeof(mark) - 1) != NULL;
}

static bool
is_chosen(const char *entry, const struct dump_texts *wanted)
{
    static const char *const left_out[] = {
        "FK CONSTRAINT ",
        "BLOBS ",
        "MATERIALIZED VIEW DATA ",
        "STATISTICS DATA ",
    };

    if (strncmp(entry, "TABLE DATA ", 11) == 0)
        return begins_as_one_of(entry, (const char *const *) wanted->items, wanted->count);
    return !begins_as_one_of(entry, left_out, sizeof(left_out) / sizeof(left_out[0])) &&
           !is_comment_on_constraint(entry, strcspn(entry, "\n"));
}

enum status
contents_choose(const char *list, const struct dump_document *document, const char *const *patterns,
                struct buffer *chosen, struct error *err)
{
    SCOPED(dump_texts_release) struct dump_texts wanted = {0};

    TRY(wanted_beginnings(document, patterns, &wanted, err));
    while (*list != '\0')
    {
        size_t size = strcspn(list, "\n");
        const char *entry = description(list);

        size += list[size] == '\n';
        if (entry != NULL && is_chosen(entry, &wanted))
            TRY(buffer_append(chosen, (struct bytes){(const uint8_t *) list, size}, err));
        list += size;
    }
    return OK;
}
