// SPDX-License-Identifier: PostgreSQL
#include "manual/markdown_table.h"

#include "manual/markdown_text.h"
#include "manual/roff.h"

#include <stdbool.h>
#include <string.h>

/* What a terminal of 80 columns has room for, and what tbl(1) leaves between two columns. */
#define TABLE_WIDTH 71
#define TABLE_GAP   3

/* A column that is no wider is narrow. */
#define NARROW 16

/* Columns that are not share by the size of their largest cell, but no more than this. */
#define SHARE_MAX 80

#define COLUMN_MAX 8

static struct markdown_span
trimmed(const char *begin, const char *end)
{
    while (begin < end && *begin == ' ')
        begin++;
    while (begin < end && end[-1] == ' ')
        end--;
    return (struct markdown_span){begin, (size_t) (end - begin)};
}

/* The cells of a line "| one | two |"; a bar in code is one of the text. */
static size_t
read_cells(const char *line, struct markdown_span cells[COLUMN_MAX])
{
    const char *end = line + markdown_line_length(line);
    const char *begin = line + 1;
    size_t count = 0;
    bool code = false;

    for (const char *at = begin; at < end && count < COLUMN_MAX; at++)
    {
        code ^= *at == '`';
        if (*at != '|' || code)
            continue;
        cells[count++] = trimmed(begin, at);
        begin = at + 1;
    }
    return count;
}

/* The line of dashes below a table's heads. */
static bool
is_ruler(const char *line)
{
    return strspn(line, "|-: ") == markdown_line_length(line);
}

/* How many columns the table has, and how wide each would be. */
static size_t
measure_cells(const char *line, size_t widths[COLUMN_MAX])
{
    size_t columns = 0;

    for (; *line == '|'; line = markdown_next_line(line))
    {
        struct markdown_span cells[COLUMN_MAX];
        size_t count = is_ruler(line) ? 0 : read_cells(line, cells);

        for (size_t index = 0; index < count; index++)
            if (cells[index].length > widths[index])
                widths[index] = cells[index].length;
        columns = count > columns ? count : columns;
    }
    return columns;
}

/* Wide columns become narrower until all have room. */
static void
share_room(size_t columns, size_t widths[COLUMN_MAX])
{
    size_t narrow = TABLE_GAP * columns;
    size_t wide = 0;

    for (size_t index = 0; index < columns; index++)
        if (widths[index] <= NARROW)
            narrow += widths[index];
        else
        {
            widths[index] = widths[index] < SHARE_MAX ? widths[index] : SHARE_MAX;
            wide += widths[index];
        }
    if (narrow + wide <= TABLE_WIDTH + TABLE_GAP || narrow > TABLE_WIDTH)
        return;
    for (size_t index = 0; index < columns; index++)
        if (widths[index] > NARROW)
            widths[index] = widths[index] * (TABLE_WIDTH + TABLE_GAP - narrow) / wide;
}

static void
write_row(FILE *out, const char *line, bool head)
{
    struct markdown_span cells[COLUMN_MAX];
    size_t count = read_cells(line, cells);

    for (size_t index = 0; index < count; index++)
    {
        fputs("T{\n", out);
        if (head)
        {
            roff_text_of(out, ROFF_BOLD, cells[index].at, cells[index].length);
            fputc('\n', out);
        }
        else
            markdown_text_write(out, cells[index]);
        fputs(index + 1 < count ? "T}\t" : "T}\n", out);
    }
}

const char *
markdown_table_write(FILE *out, const char *line)
{
    size_t widths[COLUMN_MAX] = {0};
    size_t columns = measure_cells(line, widths);
    bool head = true;

    share_room(columns, widths);
    /* Paragraphs fill their lines again in newer releases of groff. */
    fputs(".PP\n.ad l\n.TS\n", out);
    for (size_t index = 0; index < columns; index++)
        fprintf(out, "lw(%zun)%s", widths[index], index + 1 < columns ? " " : ".\n");
    for (; *line == '|'; line = markdown_next_line(line))
        if (!is_ruler(line))
        {
            write_row(out, line, head);
            head = false;
        }
    fputs(".TE\n", out);
    return line;
}
