// SPDX-License-Identifier: PostgreSQL
#include "agent/runbook_fill.h"

#include "base/similar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE       40
#define DELIMITER_SIZE 40

/* clang-format off */
const struct runbook_key runbook_keys[] = {
    {"cluster", "the cluster's name in the configuration"},
    {"config", "the configuration file of redoubt"},
    {"program", "where redoubt itself is: /usr/bin/redoubt"},
    {"instance", "the configuration file's name without .yaml, as in redoubt-backup@shop.timer"},
    {"repository", "where the backups are"},
    {"key_file", "the file with the repository's key"},
    {"data_directory", "PostgreSQL's data directory"},
    {"bin_directory", "where PostgreSQL's programs are: /usr/lib/postgresql/15/bin"},
    {"major", "PostgreSQL's major version: 15"},
    {"host", "the server's host, or the directory of its socket: /var/run/postgresql"},
    {"port", "the server's port: 5432"},
    {"os_user", "the user that PostgreSQL runs as"},
    {"service", "PostgreSQL's service: postgresql@15-main"},
    {"latest_backup", "the newest good backup, as redoubt list shows it"},
    {"recoverable_from", "the first moment that can be restored"},
    {"recoverable_to", "the last moment that can be restored"},
    {"backup", "a backup, as redoubt list shows it"},
    {"database", "the database that it is about: shop"},
    {"restored_database", "what was restored, as it is named: shop_restore_20261121_030000"},
    {"old_database", "the one that was put aside: shop_before_20261121_031500"},
    {"table", "the table that it is about, with its schema: public.orders"},
    {"key", "the column of that table's primary key: id"},
    {"column", "a column of that table"},
    {"index", "the index that it is about, with its schema: public.orders_pkey"},
    {"file", "the damaged file below the data directory: base/5/16385"},
    {"block", "the damaged block's number in that file"},
    {"slot", "a replication slot"},
    {"size", "how much WAL a slot may hold, with its unit: 10GB"},
    {"pid", "a server process, as pg_stat_activity shows it"},
    {"role", "the role that an application connects as"},
    {"age", "how long: 5min"},
    {"limit", "how long one statement may take: 30s"},
    {"connections", "how many sessions a role may have: 20"},
    {"xid", "the number of a transaction"},
    {"moment", "a time without blanks: 2026-11-21T13:02:59Z"},
    {"directory", "a directory that does not exist yet, where there is room"},
    {"copy", "a further repository's name, of section \"repositories\""},
    {"credentials_file", "the file with the store's credentials"},
    {"key_copy", "a copy of the key file"},
    {"other_config", "another configuration file, which the page tells to write"},
    {"new_data_directory", "the upgraded cluster's data directory"},
    {"new_bin_directory", "the new PostgreSQL's programs: /usr/lib/postgresql/18/bin"},
    {"new_service", "the new PostgreSQL's service: postgresql@18-main"},
    {"other_host", "the other server's host, or the directory of its socket"},
    {"other_port", "the other server's port: 5432"},
    {0},
};
/* clang-format on */

/* Where in a page the next letter stands. */
enum place
{
    PROSE,
    SHELL,
    SINGLE_QUOTES,
    DOUBLE_QUOTES,
    COMMENT,
    HERE_DOCUMENT,
};

struct filler
{
    const struct runbook_values *values;
    struct buffer *filled;
    enum place place;
    char delimiter[DELIMITER_SIZE]; /* of the here-document; "": none is announced */
};

static enum status
find_key(const char *name, size_t *index, struct error *err)
{
    struct similar similar;

    similar_start(&similar, name);
    for (*index = 0; runbook_keys[*index].name != NULL; (*index)++)
    {
        assert(*index < RUNBOOK_KEYS_MAX);
        if (strcmp(runbook_keys[*index].name, name) == 0)
            return OK;
        similar_offer(&similar, runbook_keys[*index].name);
    }
    error_set(err, STATUS_CONFIG, "the runbooks have no key \"%s\"", name);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    return STATUS_CONFIG;
}

static bool
is_one_line(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char) *value < ' ' || *value == 0x7f)
            return false;
    return true;
}

enum status
runbook_values_set(struct runbook_values *values, const char *key, const char *value,
                   struct error *err)
{
    size_t index;

    TRY(find_key(key, &index, err));
    if (*value == '\0' || !is_one_line(value))
        return error_set(err, STATUS_CONFIG, "the value of \"%s\" is not one line of text", key);
    free(values->texts[index]);
    values->texts[index] = strdup(value);
    return values->texts[index] == NULL ? error_no_memory(err) : OK;
}

enum status
runbook_values_parse(struct runbook_values *values, const char *text, struct error *err)
{
    const char *sign = strchr(text, '=');
    char key[KEY_SIZE];

    if (sign == NULL || sign == text)
        return error_set(err, STATUS_CONFIG, "\"%s\" is not KEY=VALUE", text);
    snprintf(key, sizeof(key), "%.*s", (int) (sign - text), text);
    return runbook_values_set(values, key, sign + 1, err);
}

const char *
runbook_values_get(const struct runbook_values *values, const char *key)
{
    struct error ignored;
    size_t index;

    return find_key(key, &index, &ignored) == OK ? values->texts[index] : NULL;
}

void
runbook_values_release(struct runbook_values *values)
{
    for (size_t index = 0; index < RUNBOOK_KEYS_MAX; index++)
        free(values->texts[index]);
    *values = (struct runbook_values){0};
}

bool
runbook_fill_needs(const char *text, const char *key)
{
    char wanted[KEY_SIZE];

    snprintf(wanted, sizeof(wanted), "{{%s}}", key);
    return strstr(text, wanted) != NULL;
}

/* Append the value, every letter of special with escape before it. */
static enum status
append_escaped(struct buffer *filled, const char *value, const char *special, const char *escape,
               struct error *err)
{
    for (; *value != '\0'; value++)
    {
        if (strchr(special, *value) != NULL)
            TRY(buffer_append(filled, bytes_of(escape), err));
        TRY(buffer_append(filled, (struct bytes){(const uint8_t *) value, 1}, err));
    }
    return OK;
}

static bool
is_plain(const char *value)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

    return value[strspn(value, letters)] == '\0';
}

static enum status
append_value(struct filler *filler, const char *value, struct error *err)
{
    switch (filler->place)
    {
    case DOUBLE_QUOTES:
        return append_escaped(filler->filled, value, "\"$`\\", "\\", err);
    case SINGLE_QUOTES:
        return append_escaped(filler->filled, value, "'", "'\\'", err);
    case SHELL:
        if (is_plain(value))
            break;
        TRY(buffer_append(filler->filled, BYTES("'"), err));
        TRY(append_escaped(filler->filled, value, "'", "'\\'", err));
        return buffer_append(filler->filled, BYTES("'"), err);
    case PROSE:
    case COMMENT:
    case HERE_DOCUMENT:
        break;
    }
    return buffer_append(filler->filled, bytes_of(value), err);
}

/* "{{key}}" at text: its value, or itself while that is not known.  *length: how long it is. */
static enum status
append_key(struct filler *filler, const char *text, size_t *length, struct error *err)
{
    const char *end = strstr(text, "}}");
    char key[KEY_SIZE];
    size_t index;

    if (end == NULL)
        return error_set(err, STATUS_CORRUPT, "\"{{\" without \"}}\"");
    *length = (size_t) (end - text) + 2;
    snprintf(key, sizeof(key), "%.*s", (int) (*length - 4), text + 2);
    if (find_key(key, &index, err) != OK)
        return STATUS_CORRUPT;
    if (filler->values->texts[index] != NULL)
        return append_value(filler, filler->values->texts[index], err);
    return buffer_append(filler->filled, (struct bytes){(const uint8_t *) text, *length}, err);
}

/* "<<'SQL'": what follows this line is not the shell's. */
static void
hear_announcement(struct filler *filler, const char *text)
{
    const char *word = text + 3;

    if (strncmp(text, "<<'", 3) == 0)
        snprintf(filler->delimiter, sizeof(filler->delimiter), "%.*s", (int) strcspn(word, "'\n"),
                 word);
}

/* Where the letters behind this one stand, as the shell reads it. */
static enum place
place_after(struct filler *filler, const char *text, const char *line)
{
    enum place place = filler->place;

    if (place == SINGLE_QUOTES)
        return *text == '\'' ? SHELL : place;
    if (place == DOUBLE_QUOTES)
        return *text == '"' ? SHELL : place;
    if (place != SHELL)
        return place;
    hear_announcement(filler, text);
    if (*text == '\'')
        return SINGLE_QUOTES;
    if (*text == '"')
        return DOUBLE_QUOTES;
    return *text == '#' && (text == line || text[-1] == ' ') ? COMMENT : SHELL;
}

static enum status
fill_line(struct filler *filler, const char *line, size_t size, struct error *err)
{
    size_t length;

    for (const char *text = line; text < line + size; text += length)
    {
        bool shell = filler->place == SHELL || filler->place == DOUBLE_QUOTES;

        length = 1;
        if (strncmp(text, "{{", 2) == 0)
        {
            TRY(append_key(filler, text, &length, err));
            continue;
        }
        if (shell && *text == '\\' && text + 1 < line + size)
            length = 2;
        else
            filler->place = place_after(filler, text, line);
        TRY(buffer_append(filler->filled, (struct bytes){(const uint8_t *) text, length}, err));
    }
    return OK;
}

static bool
line_is(const char *line, size_t size, const char *wanted)
{
    return size == strlen(wanted) && memcmp(line, wanted, size) == 0;
}

/* Fences and here-documents begin and end with whole lines. */
static void
enter_line(struct filler *filler, const char *line, size_t size)
{
    if (filler->place == COMMENT)
        filler->place = SHELL;
    if (filler->place == SHELL && filler->delimiter[0] != '\0')
        filler->place = HERE_DOCUMENT;
    if (filler->place == HERE_DOCUMENT && line_is(line, size, filler->delimiter))
    {
        filler->place = SHELL;
        filler->delimiter[0] = '\0';
    }
    if (line_is(line, size, "```"))
        filler->place = PROSE;
}

enum status
runbook_fill(const char *text, const struct runbook_values *values, struct buffer *filled,
             struct error *err)
{
    struct filler filler = {.values = values, .filled = filled, .place = PROSE};

    while (*text != '\0')
    {
        size_t size = strcspn(text, "\n");

        enter_line(&filler, text, size);
        TRY(fill_line(&filler, text, size, err));
        if (filler.place == PROSE && line_is(text, size, "```sh"))
            filler.place = SHELL;
        text += size;
        if (*text == '\n')
        {
            TRY(buffer_append(filled, BYTES("\n"), err));
            text++;
        }
    }
    return OK;
}
