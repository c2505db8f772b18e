// SPDX-License-Identifier: PostgreSQL
#include "agent/runbook.h"

#include "base/similar.h"

#include <string.h>

static const char *const headings[RUNBOOK_SECTIONS] = {
    [RUNBOOK_SYMPTOM] = "\n## Symptom\n",
    [RUNBOOK_HOW_TO_BE_SURE] = "\n## How to be sure\n",
    [RUNBOOK_WHAT_TO_DO] = "\n## What to do\n",
    [RUNBOOK_HOW_TO_VERIFY] = "\n## How to verify\n",
    [RUNBOOK_WHEN_TO_STOP] = "\n## When to stop and call\n",
};

const struct runbook_page *
runbook_find(const char *name)
{
    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
        if (strcmp(page->name, name) == 0)
            return page;
    return NULL;
}

const char *
runbook_suggest(const char *name)
{
    struct similar similar;

    similar_start(&similar, name);
    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
        similar_offer(&similar, page->name);
    return similar.best;
}

static enum status
parse_title(const char *text, struct runbook *runbook, struct error *err)
{
    const char *end = strchr(text, '\n');

    if (strncmp(text, "# ", 2) != 0 || end == NULL || end == text + 2)
        return error_set(err, STATUS_CORRUPT, "the page does not begin with a title");
    runbook->title =
        (struct bytes){.data = (const uint8_t *) text + 2, .size = (size_t) (end - text - 2)};
    runbook->body = end;
    return OK;
}

/* The heading at the beginning of a line, wherever the page has it. */
static enum status
find_section(const char *body, enum runbook_section section, const char **found, struct error *err)
{
    const char *heading = headings[section];

    *found = strstr(body, heading);
    if (*found != NULL && strstr(*found + 1, heading) == NULL)
        return OK;
    return error_set(err, STATUS_CORRUPT, "the page has %s section \"%.*s\"",
                     *found == NULL ? "no" : "more than one", (int) strlen(heading) - 5,
                     heading + 4);
}

/* All of it up to the next second-level heading must be the section's, in order. */
static enum status
cut_sections(struct runbook *runbook, struct error *err)
{
    const char *place = runbook->body;

    for (unsigned section = 0; section < RUNBOOK_SECTIONS; section++)
    {
        const char *begin;
        const char *end;

        TRY(find_section(runbook->body, section, &begin, err));
        if (begin != strstr(place, "\n## "))
            return error_set(err, STATUS_CORRUPT, "section \"%.*s\" is not in its place",
                             (int) strlen(headings[section]) - 5, headings[section] + 4);
        begin += strlen(headings[section]);
        place = begin - 1;
        end = strstr(place, "\n## ");
        if (end == NULL)
            end = place + strlen(place);
        runbook->sections[section] = (struct bytes){
            .data = (const uint8_t *) begin, .size = end > begin ? (size_t) (end - begin) : 0};
        if (strspn(begin, "\n ") >= runbook->sections[section].size)
            return error_set(err, STATUS_CORRUPT, "section \"%.*s\" is empty",
                             (int) strlen(headings[section]) - 5, headings[section] + 4);
    }
    if (strstr(place, "\n## ") != NULL)
        return error_set(err, STATUS_CORRUPT, "the page has a section too many");
    return OK;
}

enum status
runbook_parse(const char *text, struct runbook *runbook, struct error *err)
{
    *runbook = (struct runbook){0};
    TRY(parse_title(text, runbook, err));
    return cut_sections(runbook, err);
}

enum status
runbook_symptom(const struct runbook *runbook, struct buffer *line, struct error *err)
{
    const char *text = (const char *) runbook->sections[RUNBOOK_SYMPTOM].data;
    const char *end = text + runbook->sections[RUNBOOK_SYMPTOM].size;

    text += strspn(text, "\n ");
    while (text < end && strncmp(text, "\n\n", 2) != 0)
    {
        size_t length = strcspn(text, "\n");

        if (text + length > end)
            length = (size_t) (end - text);
        TRY(buffer_append_text(line, err, "%s%.*s", line->size == 0 ? "" : " ", (int) length,
                               text));
        text += length;
        if (text < end && text[1] != '\n')
            text++;
    }
    return OK;
}
