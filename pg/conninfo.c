// SPDX-License-Identifier: PostgreSQL
#include "pg/conninfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

/* Far more than any that a person wrote. */
#define CONNINFO_LIMIT ((size_t) 64 << 10)

static void
free_options(PQconninfoOption **options)
{
    PQconninfoFree(*options);
}

void
pg_conninfo_value(const char *conninfo, const char *keyword, char *value, size_t size)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

    value[0] = '\0';
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++)
        if (strcmp(option->keyword, keyword) == 0 && option->val != NULL)
            snprintf(value, size, "%s", option->val);
    PQconninfoFree(options);
}

void
pg_conninfo_user(const char *conninfo, char *user, size_t size)
{
    pg_conninfo_value(conninfo, "user", user, size);
}

enum status
pg_conninfo_append(struct buffer *conninfo, const char *name, const char *value, struct error *err)
{
    bool plain = *value != '\0' && strpbrk(value, " '\\") == NULL;

    TRY(buffer_append_text(conninfo, err, "%s%s=%s", conninfo->size == 0 ? "" : " ", name,
                           plain ? "" : "'"));
    for (; *value != '\0'; value++)
    {
        if (*value == '\'' || *value == '\\')
            TRY(buffer_append(conninfo, BYTES("\\"), err));
        TRY(buffer_append(conninfo, (struct bytes){(const uint8_t *) value, 1}, err));
    }
    return plain ? OK : buffer_append(conninfo, BYTES("'"), err);
}

/* Which of them this libpq knows differs; where it has a default of its own, that is said. */
enum status
pg_conninfo_append_seclusion(struct buffer *conninfo, struct error *err)
{
    static const char *const secluded[] = {
        "hostaddr",     "target_session_attrs", "load_balance_hosts",
        "require_auth", "channel_binding",      "requirepeer",
        "sslmode",      "gssencmode",
    };
    SCOPED(free_options) PQconninfoOption *options = PQconninfoParse("", NULL);

    if (options == NULL)
        return error_no_memory(err);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        for (size_t index = 0; index < sizeof(secluded) / sizeof(secluded[0]); index++)
            if (strcmp(option->keyword, secluded[index]) == 0)
                TRY(pg_conninfo_append(conninfo, option->keyword,
                                       option->compiled == NULL ? "" : option->compiled, err));
    return OK;
}

/* libpq's reason quotes the string, which may hold a password. */
static enum status
parse(const char *conninfo, PQconninfoOption **options, struct error *err)
{
    *options = PQconninfoParse(conninfo, NULL);
    if (*options == NULL)
        return error_set(err, STATUS_CONFIG, "the connection string cannot be read");
    return OK;
}

static enum status
copy_text(struct buffer *buffer, char **text, struct error *err)
{
    const char *borrowed;

    TRY(buffer_text(buffer, &borrowed, err));
    *text = strdup(borrowed);
    return *text == NULL ? error_no_memory(err) : OK;
}

enum status
pg_conninfo_with(const char *conninfo, const char *keyword, const char *value, char **changed,
                 struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(CONNINFO_LIMIT);
    SCOPED(free_options) PQconninfoOption *options = NULL;

    TRY(parse(conninfo, &options, err));
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (option->val != NULL && strcmp(option->keyword, keyword) != 0)
            TRY(pg_conninfo_append(&text, option->keyword, option->val, err));
    TRY(pg_conninfo_append(&text, keyword, value, err));
    return copy_text(&text, changed, err);
}

enum status
pg_conninfo_with_database(const char *conninfo, const char *database, char **changed,
                          struct error *err)
{
    return pg_conninfo_with(conninfo, "dbname", database, changed, err);
}

/* value NULL: the program is not to have it. */
static enum status
add_variable(struct pg_program_conninfo *made, const char *name, const char *value,
             struct error *err)
{
    char **grown = realloc(made->environment, (made->count + 2) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    made->environment = grown;
    grown[made->count] = NULL;
    if (asprintf(&grown[made->count], "%s%s%s", name, value == NULL ? "" : "=",
                 value == NULL ? "" : value) < 0)
        return error_no_memory(err);
    made->count++;
    grown[made->count] = NULL;
    return OK;
}

/* "*" is how libpq marks what must not be shown. */
static enum status
pass_option(const PQconninfoOption *option, struct pg_program_conninfo *made, struct buffer *rest,
            struct error *err)
{
    if (option->envvar != NULL)
        return add_variable(made, option->envvar, option->val[0] == '\0' ? NULL : option->val, err);
    if (option->dispchar[0] == '*')
    {
        error_set(err, STATUS_CONFIG, "\"%s\" cannot be passed to PostgreSQL's programs",
                  option->keyword);
        error_hint(err, "Put it into a service file, and name that by \"service\".");
        return STATUS_CONFIG;
    }
    return pg_conninfo_append(rest, option->keyword, option->val, err);
}

/* By an empty hostaddr, which nobody writes who means an address. */
static bool
is_secluded(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, "hostaddr") == 0)
            return options->val != NULL && options->val[0] == '\0';
    return false;
}

enum status
pg_conninfo_for_program(const char *conninfo, const char *database,
                        struct pg_program_conninfo *made, struct error *err)
{
    SCOPED(buffer_release) struct buffer rest = BUFFER_INIT(CONNINFO_LIMIT);
    SCOPED(free_options) PQconninfoOption *options = NULL;

    TRY(parse(conninfo, &options, err));
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (option->val != NULL && strcmp(option->keyword, "dbname") != 0)
            TRY(pass_option(option, made, &rest, err));
    if (is_secluded(options))
        TRY(add_variable(made, "PGSERVICE", NULL, err));
    /* The programs' messages are shown, and looked through. */
    TRY(add_variable(made, "LC_ALL", "C", err));
    TRY(pg_conninfo_append(&rest, "dbname", database, err));
    return copy_text(&rest, &made->database, err);
}

void
pg_program_conninfo_release(struct pg_program_conninfo *made)
{
    for (size_t index = 0; index < made->count; index++)
        free(made->environment[index]);
    free(made->environment);
    free(made->database);
    *made = (struct pg_program_conninfo){0};
}
