// SPDX-License-Identifier: PostgreSQL
#include "agent/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status
report_json(const json_t *value, struct error *err)
{
    if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_EXACT) != 0 || putchar('\n') == EOF)
        return error_set(err, STATUS_IO, "could not write JSON to standard output");
    return OK;
}

static size_t
column_count(const struct table *table)
{
    size_t count = 0;

    while (table->columns[count].title != NULL)
        count++;
    return count;
}

enum status
table_add(struct table *table, const char *const *cells, struct error *err)
{
    size_t count = column_count(table);
    char **grown = realloc(table->cells, (table->cell_count + count) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    table->cells = grown;
    for (size_t column = 0; column < count; column++)
    {
        table->cells[table->cell_count] = strdup(cells[column]);
        if (table->cells[table->cell_count] == NULL)
            return error_no_memory(err);
        table->cell_count++;
    }
    return OK;
}

static int
column_width(const struct table *table, size_t column, size_t count)
{
    size_t width = strlen(table->columns[column].title);

    for (size_t cell = column; cell < table->cell_count; cell += count)
        if (strlen(table->cells[cell]) > width)
            width = strlen(table->cells[cell]);
    return (int) width;
}

static void
print_cell(const struct table *table, size_t column, size_t count, const char *text)
{
    int width = column_width(table, column, count);

    if (column > 0)
        fputs("  ", stdout);
    if (table->columns[column].number)
        printf("%*s", width, text);
    else if (column + 1 < count)
        printf("%-*s", width, text);
    else
        printf("%s\n", text);
    if (table->columns[column].number && column + 1 == count)
        putchar('\n');
}

void
table_print(const struct table *table)
{
    size_t count = column_count(table);

    if (table->cell_count == 0 || count == 0)
        return;
    for (size_t column = 0; column < count; column++)
        print_cell(table, column, count, table->columns[column].title);
    for (size_t cell = 0; cell < table->cell_count; cell++)
        print_cell(table, cell % count, count, table->cells[cell]);
}

void
table_release(struct table *table)
{
    for (size_t cell = 0; cell < table->cell_count; cell++)
        free(table->cells[cell]);
    free(table->cells);
    table->cells = NULL;
    table->cell_count = 0;
}
