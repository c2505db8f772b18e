// SPDX-License-Identifier: PostgreSQL
#include "config/section_dumps.h"

#include "base/similar.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#define WHAT     "a dump of section \"dumps\""
#define JOBS_MAX 64

static enum status read_schemas(const struct yaml_node *node, void *into, struct error *err);
static enum status read_tables(const struct yaml_node *node, void *into, struct error *err);
static enum status read_arguments(const struct yaml_node *node, void *into, struct error *err);
static enum status check_database(const struct yaml_node *node, struct error *err);

static const struct schema_choice formats[] = {
    {"custom", DUMP_CUSTOM},
    {"plain", DUMP_PLAIN},
    {"directory", DUMP_DIRECTORY},
    {NULL, 0},
};

static const struct schema_choice compressions[] = {
    {"zstd", DUMP_ZSTD},
    {"gzip", DUMP_GZIP},
    {NULL, 0},
};

#define LIST(key, member, its_read, its_value, its_help)                                           \
    FIELD_AS(key, config_dump, member, SCHEMA_CUSTOM, .read = (its_read), .value = (its_value),    \
             .help = (its_help))
#define NAMES(key, member, its_read, its_help)                                                     \
    LIST(key, member, its_read, "list of names", its_help)

const struct schema_field config_dumps_fields[] = {
    FIELD(config_dump, database, SCHEMA_TEXT, .required = true, .check = check_database,
          .help = "The database's name."),
    FIELD(config_dump, format, SCHEMA_CHOICE, .choices = formats,
          .help = "pg_dump's. Of a custom dump single tables can be restored, and it is streamed; "
                  "directory is for several jobs, and goes through the spool; plain is SQL.",
          .otherwise = "custom, or directory with several jobs"),
    FIELD(config_dump, compression, SCHEMA_CHOICE, .choices = compressions,
          .help = "How the repository's object is compressed.", .otherwise = "zstd"),
    NAMES("schemas", selection.schemas, read_schemas,
          "Only these schemas. Names are written as in SQL; outside of quotes * stands for any "
          "characters and ? for any one."),
    NAMES("exclude_schemas", selection.exclude_schemas, read_schemas, "All schemas but these."),
    NAMES("tables", selection.tables, read_tables,
          "Only these tables, written as schema.table; a name without a schema is in public. It "
          "does not go together with the two above."),
    NAMES("exclude_tables", selection.exclude_tables, read_tables, "All tables but these."),
    NAMES("exclude_table_data", selection.exclude_table_data, read_tables,
          "These tables without their rows."),
    FIELD(config_dump, jobs, SCHEMA_INTEGER, .minimum = 1, .maximum = JOBS_MAX,
          .help = "How many tables are dumped at a time. More than one need the directory format.",
          .otherwise = "1"),
    LIST("arguments", arguments, read_arguments, "list of options",
         "Options of pg_dump to pass on, such as --no-comments or --lock-wait-timeout=60s; not "
         "those that choose what is dumped, or where to."),
    FIELD_END,
};

/*
 * What of pg_dump's options may be passed on: those that neither choose what is
 * dumped nor where it goes, and leave what "redoubt restore-dump" can load.
 */
static const struct
{
    const char *name;
    bool valued;
} allowed[] = {
    {"--blobs", false},
    {"--column-inserts", false},
    {"--disable-triggers", false},
    {"--extra-float-digits", true},
    {"--inserts", false},
    {"--large-objects", false},
    {"--load-via-partition-root", false},
    {"--lock-wait-timeout", true},
    {"--no-blobs", false},
    {"--no-comments", false},
    {"--no-large-objects", false},
    {"--no-owner", false},
    {"--no-policies", false},
    {"--no-privileges", false},
    {"--no-publications", false},
    {"--no-security-labels", false},
    {"--no-statistics", false},
    {"--no-subscriptions", false},
    {"--no-table-access-method", false},
    {"--no-tablespaces", false},
    {"--no-toast-compression", false},
    {"--no-unlogged-table-data", false},
    {"--on-conflict-do-nothing", false},
    {"--quote-all-identifiers", false},
    {"--rows-per-insert", true},
    {"--statistics", false},
};

struct config_dump
config_dumps_default(const char *database)
{
    return (struct config_dump){.database = database, .jobs = 1};
}

const struct config_dump *
config_dumps_find(const struct config_dumps *dumps, const char *database)
{
    for (size_t index = 0; index < dumps->count; index++)
        if (strcmp(dumps->items[index].database, database) == 0)
            return &dumps->items[index];
    return NULL;
}

void
config_dumps_release(struct config_dumps *dumps)
{
    for (size_t index = 0; index < dumps->count; index++)
    {
        free((void *) dumps->items[index].selection.schemas);
        free((void *) dumps->items[index].selection.exclude_schemas);
        free((void *) dumps->items[index].selection.tables);
        free((void *) dumps->items[index].selection.exclude_tables);
        free((void *) dumps->items[index].selection.exclude_table_data);
        free((void *) dumps->items[index].arguments);
    }
    free(dumps->items);
    *dumps = (struct config_dumps){0};
}

static size_t
count_children(const struct yaml_node *node)
{
    size_t count = 0;

    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
        count++;
    return count;
}

static enum status
check_database(const struct yaml_node *node, struct error *err)
{
    if (strlen(node->text) < DUMP_DATABASE_SIZE)
        return OK;
    return yaml_error(node, err, "\"database\" is longer than %d bytes", DUMP_DATABASE_SIZE - 1);
}

/* Texts that pass a check, ending with NULL; NULL for a list of none. */
static enum status
read_texts(const struct yaml_node *list,
           enum status (*check)(const struct yaml_node *node, struct error *err), void *into,
           struct error *err)
{
    const char **texts;
    size_t count = 0;

    if (list->kind == NODE_EMPTY || (list->kind == NODE_LIST && list->first_child == NULL))
        return OK;
    if (list->kind != NODE_LIST)
        return yaml_error(list, err, "\"%s\" must be a list, found %s", list->key,
                          yaml_kind_name(list));
    texts = calloc(count_children(list) + 1, sizeof(*texts));
    if (texts == NULL)
        return error_no_memory(err);
    /* Before it is filled, so that it is released with the rest. */
    memcpy(into, &texts, sizeof(texts));
    for (const struct yaml_node *node = list->first_child; node != NULL; node = node->next)
    {
        if (node->kind != NODE_TEXT)
            return yaml_error(node, err, "an element of \"%s\" must be a text, found %s", list->key,
                              yaml_kind_name(node));
        TRY(check(node, err));
        texts[count++] = node->text;
    }
    return OK;
}

/* What somebody who knows nothing of the file found wrong with it. */
static enum status
refuse(const struct yaml_node *node, const struct error *reason, struct error *err)
{
    yaml_error(node, err, "%s", reason->message);
    error_hint(err, "Names are written as in SQL, tables as schema.table; '*' and '?' outside of "
                    "quotes stand for any characters and any one.");
    return STATUS_CONFIG;
}

static enum status
check_schema(const struct yaml_node *node, struct error *err)
{
    struct error reason = {0};

    return dump_selection_check_schema(node->text, &reason) == OK ? OK : refuse(node, &reason, err);
}

static enum status
check_table(const struct yaml_node *node, struct error *err)
{
    struct error reason = {0};

    return dump_selection_check_table(node->text, &reason) == OK ? OK : refuse(node, &reason, err);
}

static enum status
check_argument(const struct yaml_node *node, struct error *err)
{
    size_t length = strcspn(node->text, "=");
    bool valued = node->text[length] == '=';
    struct similar similar;

    similar_start(&similar, node->text);
    for (size_t index = 0; index < sizeof(allowed) / sizeof(allowed[0]); index++)
    {
        similar_offer(&similar, allowed[index].name);
        if (strlen(allowed[index].name) != length ||
            strncmp(allowed[index].name, node->text, length) != 0)
            continue;
        if (allowed[index].valued == valued)
            return OK;
        return yaml_error(node, err, "\"%s\" of \"arguments\" %s", allowed[index].name,
                          valued ? "takes no value" : "needs a value: --option=value");
    }
    yaml_error(node, err, "\"%s\" is not among the options of pg_dump that may be passed on",
               node->text);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    return STATUS_CONFIG;
}

static enum status
read_schemas(const struct yaml_node *node, void *into, struct error *err)
{
    return read_texts(node, check_schema, into, err);
}

static enum status
read_tables(const struct yaml_node *node, void *into, struct error *err)
{
    return read_texts(node, check_table, into, err);
}

static enum status
read_arguments(const struct yaml_node *node, void *into, struct error *err)
{
    return read_texts(node, check_argument, into, err);
}

/* pg_dump ignores schemas beside tables, which nobody expects. */
static enum status
check_selection(const struct yaml_node *node, const struct config_dump *dump, struct error *err)
{
    if (dump->selection.tables == NULL)
        return OK;
    if (dump->selection.schemas != NULL)
        return yaml_error(yaml_child(node, "schemas"), err,
                          "\"schemas\" and \"tables\" do not go together");
    if (dump->selection.exclude_schemas != NULL)
        return yaml_error(yaml_child(node, "exclude_schemas"), err,
                          "\"exclude_schemas\" and \"tables\" do not go together");
    return OK;
}

static enum status
check_dump(const struct yaml_node *node, struct config_dump *dump, struct error *err)
{
    TRY(check_selection(node, dump, err));
    if (dump->jobs == 1 || dump->format == DUMP_DIRECTORY)
        return OK;
    if (yaml_child(node, "format") != NULL)
        return yaml_error(yaml_child(node, "jobs"), err,
                          "several \"jobs\" need \"format: directory\"");
    dump->format = DUMP_DIRECTORY;
    return OK;
}

enum status
config_dumps_read(const struct yaml_node *section, void *into, struct error *err)
{
    struct config_dumps *dumps = into;

    if (section->kind == NODE_EMPTY)
        return OK;
    if (section->kind != NODE_LIST)
        return yaml_error(section, err, "section \"dumps\" must be a list, found %s",
                          yaml_kind_name(section));
    dumps->items = calloc(count_children(section) + 1, sizeof(*dumps->items));
    if (dumps->items == NULL)
        return error_no_memory(err);
    for (const struct yaml_node *node = section->first_child; node != NULL; node = node->next)
    {
        struct config_dump dump = config_dumps_default(NULL);
        enum status status = schema_read(config_dumps_fields, node, WHAT, &dump, err);
        bool twice = status == OK && config_dumps_find(dumps, dump.database) != NULL;

        /* Taken even when it is wrong: what it holds is released with the rest. */
        dumps->items[dumps->count++] = dump;
        TRY(status);
        if (twice)
            return yaml_error(yaml_child(node, "database"), err,
                              "database \"%s\" is in section \"dumps\" already", dump.database);
        TRY(check_dump(node, &dumps->items[dumps->count - 1], err));
    }
    return OK;
}
