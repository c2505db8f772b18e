// SPDX-License-Identifier: PostgreSQL
#include "agent/copies.h"

#include "base/units.h"
#include "config/repository.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
copies_release(struct copies *copies)
{
    free(copies->items);
    *copies = (struct copies){0};
}

static enum status
measure(const struct config *config, struct repo *main, const struct catalog *catalog,
        struct copy_state *state)
{
    SCOPED(repo_freep) struct repo *copy = NULL;

    /* Who asks how it is does not wait as long as who copies. */
    TRY(repository_open_copy(config, state->where, REPOSITORY_HURRIED, main, &copy,
                             &state->problem));
    return copy_debt_measure(main, copy, catalog, &state->debt, &state->problem);
}

static enum copy_condition
condition_of(enum status status, const struct copy_debt *debt)
{
    switch (status)
    {
    case OK:
        return debt->objects == 0 && debt->log_entries == 0 ? COPY_COMPLETE : COPY_BEHIND;
    case STATUS_NOT_FOUND:
        return COPY_EMPTY;
    case STATUS_REFUSED:
        return COPY_REFUSED;
    default:
        return COPY_UNREACHABLE;
    }
}

enum status
copies_state(const struct config *config, struct repo *main, const struct catalog *catalog,
             struct copies *copies, struct error *err)
{
    copies->items = calloc(config->further.count + 1, sizeof(*copies->items));
    if (copies->items == NULL)
        return error_no_memory(err);
    for (; copies->count < config->further.count; copies->count++)
    {
        struct copy_state *state = &copies->items[copies->count];
        enum status status;

        state->where = &config->further.items[copies->count];
        status = measure(config, main, catalog, state);
        if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
        {
            *err = state->problem;
            return status;
        }
        state->condition = condition_of(status, &state->debt);
    }
    return OK;
}

static const char *
condition_name(enum copy_condition condition)
{
    static const char *const names[] = {
        [COPY_COMPLETE] = "complete",       [COPY_BEHIND] = "behind",   [COPY_EMPTY] = "empty",
        [COPY_UNREACHABLE] = "unreachable", [COPY_REFUSED] = "refused",
    };

    return names[condition];
}

static bool
is_measured(const struct copy_state *state)
{
    return state->condition == COPY_COMPLETE || state->condition == COPY_BEHIND;
}

static json_t *
debt_to_json(const struct copy_debt *debt)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "log_entries", json_u64(debt->log_entries),
                     "wal_files", json_u64(debt->wal_files), "objects", json_u64(debt->objects),
                     "bytes", json_u64(debt->bytes));
}

json_t *
copies_to_json(const struct copies *copies)
{
    json_t *array = json_array();

    for (size_t index = 0; index < copies->count; index++)
    {
        const struct copy_state *state = &copies->items[index];
        const bool measured = is_measured(state);

        json_array_append_new(
            array, json_pack("{s:s, s:b, s:s, s:o, s:s?}", "name", state->where->name, "required",
                             state->where->required, "state", condition_name(state->condition),
                             "owed", measured ? debt_to_json(&state->debt) : json_null(), "problem",
                             measured ? NULL : state->problem.message));
    }
    return array;
}

static void
print_debt(const struct copy_state *state)
{
    const struct copy_debt *debt = &state->debt;
    char bytes[UNITS_TEXT_SIZE];

    units_format_size(debt->bytes, bytes);
    printf("  %s: lacks %" PRIu64 " WAL files, %" PRIu64 " other objects, %s together, and %" PRIu64
           " log entries\n",
           state->where->name, debt->wal_files, debt->objects - debt->wal_files, bytes,
           debt->log_entries);
    printf("    \"redoubt copy --to %s\" brings them.\n", state->where->name);
}

static void
print_state(const struct copy_state *state)
{
    switch (state->condition)
    {
    case COPY_COMPLETE:
        printf("  %s: complete\n", state->where->name);
        break;
    case COPY_BEHIND:
        print_debt(state);
        break;
    case COPY_EMPTY:
        printf("  %s: EMPTY; \"redoubt copy --to %s --create\" makes it\n", state->where->name,
               state->where->name);
        break;
    case COPY_UNREACHABLE:
        printf("  %s: UNREACHABLE: %s\n", state->where->name, state->problem.message);
        break;
    case COPY_REFUSED:
        printf("  %s: NOT A COPY: %s\n", state->where->name, state->problem.message);
        break;
    }
}

void
copies_print(const struct copies *copies)
{
    if (copies->count > 0)
        puts("\nCopies:");
    for (size_t index = 0; index < copies->count; index++)
        print_state(&copies->items[index]);
}
