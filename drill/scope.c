// SPDX-License-Identifier: PostgreSQL
#include "drill/scope.h"

#include <stdio.h>
#include <string.h>

static bool
is_maintenance(const char *database)
{
    return strcmp(database, "postgres") == 0 || strcmp(database, "template1") == 0;
}

/* There is no database to look into but those. */
static bool
has_maintenance_only(const struct databases *databases)
{
    for (size_t index = 0; index < databases->count; index++)
        if (databases->items[index].state == DATABASE_OPEN &&
            !is_maintenance(databases->items[index].name))
            return false;
    return true;
}

/* NULL: none names it. */
static const struct checks_config *
find_checks_of(const struct scope *scope, const char *database)
{
    for (size_t index = 0; index < scope->check_count; index++)
        if (scope->checks[index].database != NULL &&
            strcmp(scope->checks[index].database, database) == 0)
            return &scope->checks[index];
    return NULL;
}

/* NULL: each names one. */
static const struct checks_config *
find_unnamed(const struct scope *scope)
{
    const struct checks_config *last = NULL;

    for (size_t index = 0; index < scope->check_count; index++)
        if (scope->checks[index].database == NULL)
            last = &scope->checks[index];
    return last;
}

const struct checks_config *
scope_checks(const struct scope *scope, const char *database)
{
    const struct checks_config *named = find_checks_of(scope, database);
    const struct checks_config *unnamed = find_unnamed(scope);

    if (named != NULL)
        return named;
    if (unnamed != NULL && (!is_maintenance(database) || (strcmp(database, "postgres") == 0 &&
                                                          has_maintenance_only(scope->databases))))
        return unnamed;
    return &checks_default;
}

struct telling
{
    enum status (*visit)(void *arg, const char *database, const struct check_result *result,
                         struct error *err);
    void *arg;
};

static enum status
tell(const struct telling *telling, const char *database, enum check_state state,
     const char *expected, const char *found, struct error *err)
{
    struct check_result result = {.kind = CHECK_EXISTS, .state = state};

    snprintf(result.name, sizeof(result.name), "database \"%s\"", database);
    snprintf(result.expected, sizeof(result.expected), "%s", expected);
    snprintf(result.found, sizeof(result.found), "%s", found);
    return telling->visit(telling->arg, database, &result, err);
}

/* There, but nobody can look into it: checks that are meant for it cannot be run. */
static enum status
tell_locked(const struct scope *scope, const struct telling *telling,
            const struct database *database, struct error *err)
{
    bool dropped = database->state == DATABASE_DROPPED;
    bool wanted = find_checks_of(scope, database->name) != NULL;

    return tell(telling, database->name,
                !wanted   ? CHECK_SKIPPED
                : dropped ? CHECK_FAILED
                          : CHECK_BROKEN,
                wanted ? "is there" : "any: no checks name it",
                dropped ? "its \"drop database\" was interrupted" : "allows no connections", err);
}

/* Is it the first time that this name comes in the earlier receipt? */
static bool
is_first(const struct receipt *previous, size_t place)
{
    for (size_t index = 0; index < place; index++)
        if (strcmp(previous->counts[index].database, previous->counts[place].database) == 0)
            return false;
    return true;
}

/* Those that checks name are told already. */
static enum status
tell_gone(const struct scope *scope, const struct telling *telling, struct error *err)
{
    const struct receipt *previous = scope->previous;

    for (size_t index = 0; previous != NULL && index < previous->count_count; index++)
    {
        const char *database = previous->counts[index].database;
        bool strict;

        if (databases_find(scope->databases, database) != DATABASE_MISSING ||
            find_checks_of(scope, database) != NULL || !is_first(previous, index))
            continue;
        strict = scope_checks(scope, database)->tables_present;
        TRY(tell(telling, database, strict ? CHECK_FAILED : CHECK_SKIPPED,
                 strict ? "is there, as in the last drill"
                        : "any: that none goes is not configured",
                 "is gone since the last drill", err));
    }
    return OK;
}

enum status
scope_each_unseen(const struct scope *scope,
                  enum status (*visit)(void *arg, const char *database,
                                       const struct check_result *result, struct error *err),
                  void *arg, struct error *err)
{
    const struct telling telling = {visit, arg};

    for (size_t index = 0; index < scope->check_count; index++)
    {
        const char *named = scope->checks[index].database;

        if (named != NULL && databases_find(scope->databases, named) == DATABASE_MISSING)
            TRY(tell(&telling, named, CHECK_FAILED, "is there", "missing", err));
    }
    for (size_t index = 0; index < scope->databases->count; index++)
        if (scope->databases->items[index].state != DATABASE_OPEN)
            TRY(tell_locked(scope, &telling, &scope->databases->items[index], err));
    return tell_gone(scope, &telling, err);
}
