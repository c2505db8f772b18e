// SPDX-License-Identifier: PostgreSQL
#include "manual/markdown.h"

#include "manual/markdown_table.h"
#include "manual/markdown_text.h"
#include "manual/roff.h"

#include <string.h>

#define LIST_INDENT 4

/* What a terminal of 80 columns has room for in a block of code. */
#define CODE_WIDTH 68

static bool
is_blank(const char *line)
{
    return line[strspn(line, " ")] == '\n' || line[strspn(line, " ")] == '\0';
}

static const char *
skip_blank(const char *line)
{
    while (*line != '\0' && is_blank(line))
        line = markdown_next_line(line);
    return line;
}

static bool
begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static bool
is_numbered(const char *line)
{
    size_t digits = strspn(line, "0123456789");

    return digits > 0 && begins(line + digits, ". ");
}

static bool
is_item(const char *line)
{
    return begins(line, "* ") || is_numbered(line);
}

/* Does something else than a paragraph's next line begin here? */
static bool
begins_block(const char *line)
{
    return is_blank(line) || begins(line, "#") || begins(line, "```") || begins(line, "|") ||
           begins(line, "<!-- ") || is_item(line);
}

/* The paragraph that begins here; returns the line behind it. */
static const char *
write_lines(FILE *out, const char *line)
{
    const char *end = markdown_next_line(line);

    while (!begins_block(end))
        end = markdown_next_line(end);
    markdown_text_write(out,
                        (struct markdown_span){line, (size_t) (end - line) - (end[-1] == '\n')});
    return end;
}

/* "`NAME`: what it is", which man pages set as a label and its text; 0: it is none. */
static size_t
label_length(const char *item)
{
    const char *end = memmem(item, markdown_line_length(item), ": ", 2);

    return item[0] != '`' || end == NULL ? 0 : (size_t) (end - item);
}

static const char *
write_item(FILE *out, const char *line)
{
    size_t mark = strcspn(line, " ");
    const char *item = line + mark + 1;
    size_t label = line[0] == '*' ? label_length(item) : 0;

    if (label > 0)
    {
        fputs(".TP\n", out);
        markdown_text_write(out, (struct markdown_span){item, label});
        item += label + 2;
    }
    else if (line[0] == '*')
        fprintf(out, ".IP \"\\(bu\" %d\n", LIST_INDENT);
    else
        fprintf(out, ".IP \"%.*s\" %d\n", (int) mark, line, LIST_INDENT);
    return write_lines(out, item);
}

static const char *
write_heading(FILE *out, const char *line)
{
    size_t level = strspn(line, "#");
    const char *text = line + level + strspn(line + level, " ");
    char title[128];

    snprintf(title, sizeof(title), "%.*s", (int) markdown_line_length(text), text);
    if (level == 2)
        roff_section(out, title);
    else if (level > 2)
        roff_subsection(out, title);
    line = skip_blank(markdown_next_line(line));
    /* A heading begins a paragraph, too. */
    return begins_block(line) ? line : write_lines(out, line);
}

/* Where a line of code that is too long for a terminal goes on in the next one. */
static size_t
code_break(const char *line, size_t length)
{
    const char *remark = memmem(line, length, "   ", 3);
    size_t at = CODE_WIDTH;

    if (remark != NULL && remark > line && (size_t) (remark - line) < CODE_WIDTH)
        return (size_t) (remark - line);
    while (at > CODE_WIDTH / 2 && line[at] != ' ' && line[at - 1] != ',')
        at--;
    return at > CODE_WIDTH / 2 ? at : length;
}

static void
write_code_line(FILE *out, const char *line, size_t length)
{
    size_t cut = length > CODE_WIDTH ? code_break(line, length) : length;

    roff_verbatim(out, line, cut);
    while (cut < length)
    {
        line += cut;
        length -= cut;
        cut = strspn(line, " ");
        line += cut;
        length -= cut;
        cut = length > CODE_WIDTH - LIST_INDENT ? code_break(line, length) : length;
        fprintf(out, "%*s", LIST_INDENT, "");
        roff_verbatim(out, line, cut);
    }
}

static const char *
write_code(FILE *out, const char *line)
{
    fputs(".PP\n.RS 4\n.EX\n", out);
    for (line = markdown_next_line(line); !begins(line, "```"); line = markdown_next_line(line))
    {
        if (*line == '\0')
            return NULL;
        write_code_line(out, line, markdown_line_length(line));
    }
    fputs(".EE\n.RE\n", out);
    return markdown_next_line(line);
}

static const char *
write_insert(FILE *out, const char *line, markdown_insert *insert)
{
    char what[64] = "";

    if (sscanf(line, "<!-- %63[a-z ] -->", what) != 1)
        return NULL;
    while (what[0] != '\0' && what[strlen(what) - 1] == ' ')
        what[strlen(what) - 1] = '\0';
    return insert(out, what) ? markdown_next_line(line) : NULL;
}

/* What begins at the line; returns the line behind it, NULL when it cannot be understood. */
static const char *
write_block(FILE *out, const char *line, markdown_insert *insert)
{
    if (is_blank(line))
        return markdown_next_line(line);
    if (begins(line, "#"))
        return write_heading(out, line);
    if (begins(line, "```"))
        return write_code(out, line);
    if (begins(line, "|"))
        return markdown_table_write(out, line);
    if (begins(line, "<!-- "))
        return write_insert(out, line, insert);
    if (is_item(line))
        return write_item(out, line);
    fputs(".PP\n", out);
    return write_lines(out, line);
}

bool
markdown_write(FILE *out, const char *text, markdown_insert *insert)
{
    const char *line = skip_blank(begins(text, "# ") ? markdown_next_line(text) : text);

    if (!begins(line, "## "))
    {
        roff_section(out, "DESCRIPTION");
        line = begins_block(line) ? line : write_lines(out, line);
    }
    while (line != NULL && *line != '\0')
        line = write_block(out, line, insert);
    return line != NULL;
}
