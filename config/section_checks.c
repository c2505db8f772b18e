// SPDX-License-Identifier: PostgreSQL
#include "config/section_checks.h"

#include "base/units.h"
#include "checks/table_name.h"
#include "config/config.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400000) /* milliseconds */

#define LIMIT_LEAST_MS 100
#define LIMIT_MOST_MS  (7 * DAY)
#define WITHIN_MOST_MS (36525 * DAY)
#define CHANGE_MOST    10000

#define WHAT_SECTION "section \"checks\""

enum which_foreign_keys
{
    FOREIGN_KEYS_NONE,
    FOREIGN_KEYS_ALL,
};

/* What the file says, in the schema's types. */
struct section
{
    struct checks_config checks;
    unsigned foreign_keys;
};

static enum status read_tables(const struct yaml_node *node, void *into, struct error *err);
static enum status read_queries(const struct yaml_node *node, void *into, struct error *err);
static enum status read_command(const struct yaml_node *node, void *into, struct error *err);
static enum status read_rows(const struct yaml_node *node, void *into, struct error *err);
static enum status read_minimum(const struct yaml_node *node, void *into, struct error *err);
static enum status read_maximum(const struct yaml_node *node, void *into, struct error *err);
static enum status read_change(const struct yaml_node *node, void *into, struct error *err);
static enum status check_table(const struct yaml_node *node, struct error *err);
static enum status check_column(const struct yaml_node *node, struct error *err);

static const struct schema_choice foreign_keys[] = {
    {"all", FOREIGN_KEYS_ALL},
    {"none", FOREIGN_KEYS_NONE},
    {NULL, 0},
};

/* into struct checks_table */
#define ROWS(key, its_read, its_value, its_help)                                                   \
    {                                                                                              \
        .name = (key), .type = SCHEMA_CUSTOM, .read = (its_read), .value = (its_value),            \
        .help = (its_help)                                                                         \
    }

static const struct schema_field rows_fields[] = {
    ROWS("min", read_minimum, "whole number", "How many there are at least."),
    ROWS("max", read_maximum, "whole number", "How many there are at most."),
    ROWS("change", read_change, "percentage from 1% to 10000%",
         "How far it may be from what was counted when the dump was made, or by the last drill."),
    FIELD_END,
};

static const struct schema_field fresh_fields[] = {
    FIELD_AS("column", checks_table, fresh_column, SCHEMA_TEXT, .required = true,
             .check = check_column, .help = "A column of dates or timestamps."),
    FIELD_AS("within", checks_table, fresh_within_ms, SCHEMA_DURATION, .required = true,
             .maximum = WITHIN_MOST_MS,
             .help = "How old the newest may be at the moment that was restored."),
    FIELD_END,
};

static const struct schema_field table_fields[] = {
    FIELD(checks_table, name, SCHEMA_TEXT, .required = true, .check = check_table,
          .help = "Its name, written as in SQL; without a schema it is in public."),
    {.name = "rows",
     .type = SCHEMA_CUSTOM,
     .read = read_rows,
     .fields = rows_fields,
     .help = "How many rows it has."},
    {.name = "fresh",
     .type = SCHEMA_SECTION,
     .fields = fresh_fields,
     .help = "How old its newest row may be."},
    FIELD_END,
};

static const struct schema_field query_fields[] = {
    FIELD(checks_query, name, SCHEMA_TEXT, .required = true, .help = "What reports call it."),
    FIELD(checks_query, sql, SCHEMA_TEXT, .required = true,
          .help = "A query that returns one row with one column, which is true. It only reads."),
    FIELD_END,
};

const struct schema_field config_checks_fields[] = {
    FIELD_AS("database", section, checks.database, SCHEMA_TEXT,
             .help = "The database that these checks are for.",
             .otherwise = "any that no other checks name"),
    FIELD_AS("tables", section, checks, SCHEMA_CUSTOM, .read = read_tables, .fields = table_fields,
             .value = "list of tables", .joint = "[].",
             .help = "Tables that must be there. A name alone, without a mapping, says just that."),
    FIELD_AS("tables_present", section, checks.tables_present, SCHEMA_BOOL,
             .help = "Whether a table that was recorded and is gone fails the check; else it is "
                     "only said.",
             .otherwise = "false"),
    FIELD(section, foreign_keys, SCHEMA_CHOICE, .choices = foreign_keys,
          .help = "Look for rows whose foreign keys point to nothing.", .otherwise = "none"),
    FIELD_AS("sample_above", section, checks.sample_above_rows, SCHEMA_INTEGER,
             .help = "Of a table with more rows a sample of so many is taken for its foreign "
                     "keys; 0: never.",
             .otherwise = "10000000"),
    FIELD_AS("collations", section, checks.collations, SCHEMA_BOOL,
             .help = "Whether collations must have the version that indexes were built with.",
             .otherwise = "true"),
    FIELD_AS("queries", section, checks, SCHEMA_CUSTOM, .read = read_queries,
             .fields = query_fields, .value = "list of queries", .joint = "[].",
             .help = "Queries of your own that must be true."),
    FIELD_AS("command", section, checks, SCHEMA_CUSTOM, .read = read_command,
             .value = "list of a program and its arguments",
             .help = "A program of your own that must succeed, such as an application's tests. It "
                     "begins with an absolute path, no shell reads it, and it gets PGHOST, "
                     "PGPORT, PGUSER and PGDATABASE."),
    FIELD_AS("limit", section, checks.limit_ms, SCHEMA_DURATION, .minimum = LIMIT_LEAST_MS,
             .maximum = LIMIT_MOST_MS,
             .help = "How long a single check may take; one that takes longer is a failure.",
             .otherwise = "30min"),
    FIELD_END,
};

static const struct section defaults = {
    .checks = {.sample_above_rows = CHECKS_SAMPLE_ABOVE,
               .collations = true,
               .limit_ms = CHECKS_LIMIT_MS},
};

static size_t
count_children(const struct yaml_node *node)
{
    size_t count = 0;

    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
        count++;
    return count;
}

/* Zeroed room for a list's elements; one is never lacking, so that NULL means no memory. */
static enum status
make_room(const struct yaml_node *list, const char *name, size_t size, void *items,
          struct error *err)
{
    void *room;

    if (list->kind != NODE_LIST && list->kind != NODE_EMPTY)
        return yaml_error(list, err, "\"%s\" must be a list, found %s", name, yaml_kind_name(list));
    room = calloc(count_children(list) + 1, size);
    if (room == NULL)
        return error_no_memory(err);
    memcpy(items, &room, sizeof(room));
    return OK;
}

/* Two for the same database: who would know which counts? */
static enum status
refuse_second(const struct config_checks *checks, const struct yaml_node *node, struct error *err)
{
    const struct checks_config *newest = &checks->items[checks->count - 1];

    for (size_t index = 0; index + 1 < checks->count; index++)
    {
        const char *other = checks->items[index].database;

        if (newest->database == NULL && other == NULL)
            return yaml_error(node, err, "there are checks without \"database\" already");
        if (newest->database != NULL && other != NULL && strcmp(newest->database, other) == 0)
            return yaml_error(yaml_child(node, "database"), err,
                              "there are checks for database \"%s\" already", other);
    }
    return OK;
}

static enum status
read_section(const struct yaml_node *node, struct config_checks *checks, struct error *err)
{
    struct section section = defaults;
    enum status status = schema_read(config_checks_fields, node, WHAT_SECTION, &section, err);

    section.checks.foreign_keys = section.foreign_keys == FOREIGN_KEYS_ALL;
    /* Taken even when it is wrong: what it holds is released with the rest. */
    checks->items[checks->count++] = section.checks;
    TRY(status);
    return refuse_second(checks, node, err);
}

enum status
config_checks_read(const struct yaml_node *section, void *into, struct error *err)
{
    struct config_checks *checks = into;

    if (section->kind == NODE_EMPTY)
        return OK;
    if (section->kind != NODE_LIST && section->kind != NODE_MAPPING)
        return yaml_error(section, err, WHAT_SECTION " must be a mapping or a list, found %s",
                          yaml_kind_name(section));
    checks->items = calloc(count_children(section) + 1, sizeof(*checks->items));
    if (checks->items == NULL)
        return error_no_memory(err);
    if (section->kind == NODE_MAPPING)
        return read_section(section, checks, err);
    for (const struct yaml_node *node = section->first_child; node != NULL; node = node->next)
        TRY(read_section(node, checks, err));
    return OK;
}

const struct checks_config *
config_checks_for(const struct config *config, const char *database)
{
    const struct checks_config *general = NULL;

    for (size_t index = 0; index < config->checks.count; index++)
    {
        const struct checks_config *checks = &config->checks.items[index];

        if (checks->database == NULL)
            general = checks;
        else if (strcmp(checks->database, database) == 0)
            return checks;
    }
    return general;
}

void
config_checks_release(struct config_checks *checks)
{
    for (size_t index = 0; index < checks->count; index++)
    {
        free(checks->items[index].tables);
        free(checks->items[index].queries);
        free(checks->items[index].command);
    }
    free(checks->items);
    *checks = (struct config_checks){0};
}

/* What somebody who knows nothing of the file found wrong with it. */
static enum status
refuse(const struct yaml_node *node, const struct error *reason, struct error *err)
{
    yaml_error(node, err, "%s", reason->message);
    error_hint(err, "%s", reason->hint);
    return STATUS_CONFIG;
}

static enum status
check_table(const struct yaml_node *node, struct error *err)
{
    struct table_name name;
    struct error reason = {0};

    return table_name_parse(node->text, &name, &reason) == OK ? OK : refuse(node, &reason, err);
}

static enum status
check_column(const struct yaml_node *node, struct error *err)
{
    char column[TABLE_NAME_SIZE];
    struct error reason = {0};

    return table_name_parse_column(node->text, column, &reason) == OK ? OK
                                                                      : refuse(node, &reason, err);
}

/* A table's name alone says that it must be there. */
static enum status
read_table(const struct yaml_node *node, struct checks_table *table, struct error *err)
{
    if (node->kind != NODE_TEXT)
        return schema_read(table_fields, node, "a table of " WHAT_SECTION, table, err);
    TRY(check_table(node, err));
    table->name = node->text;
    return OK;
}

static enum status
read_tables(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_config *checks = into;

    TRY(make_room(node, "tables", sizeof(*checks->tables), &checks->tables, err));
    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
        TRY(read_table(child, &checks->tables[checks->table_count++], err));
    return OK;
}

static enum status
read_queries(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_config *checks = into;

    TRY(make_room(node, "queries", sizeof(*checks->queries), &checks->queries, err));
    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
        TRY(schema_read(query_fields, child, "a query of " WHAT_SECTION,
                        &checks->queries[checks->query_count++], err));
    return OK;
}

static enum status
read_words(const struct yaml_node *node, const char **words, struct error *err)
{
    size_t count = 0;

    if (node->kind == NODE_TEXT)
    {
        words[0] = node->text;
        return OK;
    }
    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
    {
        if (child->kind != NODE_TEXT)
            return yaml_error(child, err, "an argument of \"command\" must be a text, found %s",
                              yaml_kind_name(child));
        words[count++] = child->text;
    }
    return OK;
}

/* No shell reads it, and no PATH is searched. */
static enum status
read_command(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_config *checks = into;

    if (node->kind != NODE_TEXT && (node->kind != NODE_LIST || node->first_child == NULL))
        return yaml_error(node, err,
                          "\"command\" must be a list of a program and its arguments, "
                          "found %s",
                          yaml_kind_name(node));
    checks->command = calloc(count_children(node) + 2, sizeof(*checks->command));
    if (checks->command == NULL)
        return error_no_memory(err);
    TRY(read_words(node, checks->command, err));
    if (checks->command[0][0] == '/')
        return OK;
    yaml_error(node, err, "\"command\" must begin with a program's absolute path, found \"%s\"",
               checks->command[0]);
    error_hint(err, "Write the program and each of its arguments as an element of a list.");
    return STATUS_CONFIG;
}

static enum status
read_rows(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_table *table = into;

    TRY(schema_read(rows_fields, node, "\"rows\"", table, err));
    if (table->has_minimum && table->has_maximum && table->minimum > table->maximum)
        return yaml_error(node, err, "\"min\" is larger than \"max\"");
    return OK;
}

static enum status
read_count(const struct yaml_node *node, const char *name, uint64_t *count, struct error *err)
{
    /* Only digits: units_size would take "4kB". */
    if (node->kind != NODE_TEXT || node->text[strspn(node->text, "0123456789")] != '\0' ||
        !units_size(node->text, count))
        return yaml_error(node, err, "\"%s\" must be a whole number, found %s%s%s", name,
                          node->kind == NODE_TEXT ? "\"" : "",
                          node->kind == NODE_TEXT ? node->text : yaml_kind_name(node),
                          node->kind == NODE_TEXT ? "\"" : "");
    return OK;
}

static enum status
read_minimum(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_table *table = into;

    table->has_minimum = true;
    return read_count(node, "min", &table->minimum, err);
}

static enum status
read_maximum(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_table *table = into;

    table->has_maximum = true;
    return read_count(node, "max", &table->maximum, err);
}

static enum status
read_change(const struct yaml_node *node, void *into, struct error *err)
{
    struct checks_table *table = into;
    char *end = NULL;
    long percent = 0;

    if (node->kind == NODE_TEXT && strchr("123456789", node->text[0]) != NULL)
        percent = strtol(node->text, &end, 10);
    if (percent >= 1 && percent <= CHANGE_MOST && strcmp(end, "%") == 0)
    {
        table->change_percent = (uint32_t) percent;
        return OK;
    }
    yaml_error(node, err, "\"change\" must be a percentage of 1%% to %d%%", CHANGE_MOST);
    error_hint(err, "Write how far a table may be from the count that was recorded, such as 20%%.");
    return STATUS_CONFIG;
}
