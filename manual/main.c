// SPDX-License-Identifier: PostgreSQL
/*
 * The manual pages, made while the program is built:
 *
 *     make_manual DOCS DIRECTORY
 *
 * writes DIRECTORY/man1/redoubt-backup.1 and so on.  Commands and the
 * configuration come from the program's tables, what else there is to say from
 * the Markdown in DOCS.
 */
#include "agent/command.h"
#include "base/file.h"
#include "base/log.h"
#include "config/schema.h"
#include "manual/command_page.h"
#include "manual/config_page.h"
#include "manual/markdown.h"
#include "manual/roff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX (1 << 20)

/* A page around a document. */
static const struct page
{
    const char *name;
    int section;
    const char *summary;
    const char *document; /* below DOCS */
    const char *see_also; /* NULL: the document has it */
} pages[] = {
    {"redoubt", 1, "back up PostgreSQL, archive its WAL, and restore it to any moment",
     "man/redoubt.1.md", NULL},
    {"redoubt.yaml", 5, "the configuration of redoubt", "man/redoubt.yaml.5.md", NULL},
    {"redoubt-repository", 7, "what a repository of redoubt consists of, byte by byte", "format.md",
     "redoubt(1), redoubt-verify(1), redoubt-copy(1), redoubt.yaml(5)"},
};

static bool
insert_table(FILE *out, const char *what)
{
    if (strcmp(what, "commands") == 0)
        command_page_list(out);
    else if (strcmp(what, "options") == 0)
        command_page_program_options(out);
    else if (strcmp(what, "exit codes") == 0)
        command_page_exit_codes(out);
    else if (strcmp(what, "command pages") == 0)
        command_page_references(out);
    else if (strcmp(what, "keys") == 0)
        config_page_keys(out, config_fields);
    else
        return false;
    return true;
}

static enum status
open_page(FILE **out, const char *directory, const char *name, int section, struct error *err)
{
    char *path;

    if (asprintf(&path, "%s/man%d/%s.%d", directory, section, name, section) < 0)
        return error_no_memory(err);
    *out = fopen(path, "we");
    if (*out == NULL)
        error_errno(err, "could not create \"%s\"", path);
    free(path);
    return *out == NULL ? STATUS_IO : OK;
}

static enum status
close_page(FILE *out, const char *name, struct error *err)
{
    bool failed = ferror(out) != 0;

    if (fclose(out) != 0 || failed)
        return error_errno(err, "could not write the page of \"%s\"", name);
    return OK;
}

static enum status
write_command(const char *directory, const struct command *command, struct error *err)
{
    char name[COMMAND_PAGE_NAME_SIZE];
    FILE *out;

    command_page_name(command, name);
    TRY(open_page(&out, directory, name, 1, err));
    command_page_write(out, command);
    return close_page(out, name, err);
}

static enum status
write_document(const char *docs, const char *directory, const struct page *page, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(DOCUMENT_MAX);
    SCOPED(freep) char *path = path_join(docs, page->document);
    const char *text;
    bool understood;
    FILE *out;

    if (path == NULL)
        return error_no_memory(err);
    TRY(file_read(path, &content, err));
    TRY(buffer_text(&content, &text, err));
    TRY(open_page(&out, directory, page->name, page->section, err));
    roff_page(out, page->name, page->section, page->summary);
    understood = markdown_write(out, text, insert_table);
    if (page->see_also != NULL)
    {
        roff_section(out, "SEE ALSO");
        roff_prose(out, page->see_also);
    }
    TRY(close_page(out, page->name, err));
    if (!understood)
        return error_set(err, STATUS_CORRUPT, "\"%s\" is not our Markdown", path);
    return OK;
}

static enum status
write_all(const char *docs, const char *directory, struct error *err)
{
    for (const struct command *const *command = command_table; *command != NULL; command++)
        TRY(write_command(directory, *command, err));
    for (size_t index = 0; index < sizeof(pages) / sizeof(pages[0]); index++)
        TRY(write_document(docs, directory, &pages[index], err));
    return OK;
}

int
main(int argc, char **argv)
{
    struct error err = {0};

    if (argc != 3)
    {
        fputs("usage: make_manual DOCS DIRECTORY\n", stderr);
        return EXIT_CODE_USAGE;
    }
    if (write_all(argv[1], argv[2], &err) == OK)
        return EXIT_CODE_OK;
    log_error(LOG_ERROR, &err);
    return EXIT_CODE_FAILURE;
}
