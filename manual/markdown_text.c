// SPDX-License-Identifier: PostgreSQL
#include "manual/markdown_text.h"

#include "manual/roff.h"

#include <string.h>

/* Longer code would make half a page bold; it is plain enough by what it consists of. */
#define BOLD_MAX 40

size_t
markdown_line_length(const char *line)
{
    return strcspn(line, "\n");
}

const char *
markdown_next_line(const char *line)
{
    line += markdown_line_length(line);
    return *line == '\n' ? line + 1 : line;
}

/* Where the text ends with which a span begins and which it marks, such as "**"; NULL: nowhere. */
static const char *
find_in(struct markdown_span span, const char *mark)
{
    return memmem(span.at, span.length, mark, strlen(mark));
}

static struct markdown_span
rest_of(struct markdown_span span, const char *from)
{
    return (struct markdown_span){from, span.length - (size_t) (from - span.at)};
}

/* Text between marks, set in bold; returns where the line goes on, NULL when the mark is text. */
static const char *
write_marked(FILE *out, struct markdown_span span, const char *mark)
{
    size_t size = strlen(mark);
    const char *end = find_in(rest_of(span, span.at + size), mark);
    size_t length;

    if (end == NULL)
        return NULL;
    length = (size_t) (end - span.at) - size;
    roff_text_of(out, length > BOLD_MAX ? ROFF_ROMAN : ROFF_BOLD, span.at + size, length);
    return end + size;
}

/* Of [text](target) the text; as write_marked. */
static const char *
write_link(FILE *out, struct markdown_span span)
{
    const char *middle = find_in(span, "](");
    const char *end = middle == NULL ? NULL : find_in(rest_of(span, middle), ")");

    if (end == NULL)
        return NULL;
    roff_text_of(out, ROFF_ROMAN, span.at + 1, (size_t) (middle - span.at) - 1);
    return end + 1;
}

static const char *
write_special(FILE *out, struct markdown_span span)
{
    if (span.at[0] == '`')
        return write_marked(out, span, "`");
    if (span.at[0] == '[')
        return write_link(out, span);
    if (span.length > 4 && strncmp(span.at, "**", 2) == 0)
        return write_marked(out, span, "**");
    return NULL;
}

void
markdown_text_write(FILE *out, struct markdown_span span)
{
    const char *end = span.at + span.length;
    const char *plain = span.at;

    for (const char *at = span.at; at < end;)
    {
        const char *next = NULL;

        if (strchr("`[*", *at) != NULL)
        {
            roff_text_of(out, ROFF_ROMAN, plain, (size_t) (at - plain));
            plain = at;
            next = write_special(out, rest_of(span, at));
        }
        at = next == NULL ? at + 1 : next;
        plain = next == NULL ? plain : next;
    }
    roff_text_of(out, ROFF_ROMAN, plain, (size_t) (end - plain));
    fputc('\n', out);
}
