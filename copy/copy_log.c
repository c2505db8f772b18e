// SPDX-License-Identifier: PostgreSQL
#include "copy/copy_log.h"

#include "base/crash.h"
#include "base/stop.h"
#include "repo/log_entry.h"

#include <string.h>

/* An entry is what we write, a checkpoint at most; see repo/log_entry.c. */
#define ENTRY_LIMIT ((size_t) 64 << 20)

static enum status
refuse(const struct repo *source, const struct repo *target, struct error *err, uint64_t number)
{
    error_set(err, STATUS_REFUSED,
              "entry %llu of the log in %s is not the one in %s: they are two histories",
              (unsigned long long) number, target->store->location, source->store->location);
    error_hint(err, "Something was committed there. Keep it as it is, and configure an empty place "
                    "for a new copy.");
    return STATUS_REFUSED;
}

static enum status
refuse_longer(const struct repo *source, const struct repo *target, struct error *err,
              uint64_t target_last, uint64_t source_last)
{
    error_set(err, STATUS_REFUSED, "the log in %s has %llu entries, more than the %llu in %s",
              target->store->location, (unsigned long long) target_last,
              (unsigned long long) source_last, source->store->location);
    error_hint(err, "It knows more than what is to be copied there: copy the other way, with "
                    "--repository and --to, or find out what was committed where.");
    return STATUS_REFUSED;
}

/* Are these the same entry?  Each has a random id. */
static enum status
compare_entry(struct repo *source, struct repo *target, uint64_t number, struct error *err)
{
    SCOPED(log_entry_release) struct log_entry ours = {0};
    SCOPED(log_entry_release) struct log_entry theirs = {0};

    TRY(log_entry_read(source, number, &ours, err));
    TRY(log_entry_read(target, number, &theirs, err));
    if (strcmp(ours.id, theirs.id) == 0 && ours.time == theirs.time)
        return OK;
    return refuse(source, target, err, number);
}

enum status
copy_log_compare(struct repo *source, struct repo *target, uint64_t *last, struct error *err)
{
    uint64_t source_last;

    /* In this order: another copy may extend the target meanwhile. */
    TRY(log_entry_last(target, 0, last, err));
    TRY(log_entry_last(source, 0, &source_last, err));
    if (*last > 0 && source_last > 0)
        TRY(compare_entry(source, target, *last < source_last ? *last : source_last, err));
    if (*last > source_last)
        return refuse_longer(source, target, err, *last, source_last);
    return OK;
}

static enum status
copy_entry(struct repo *source, struct repo *target, uint64_t number, uint64_t *copied,
           struct error *err)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(ENTRY_LIMIT);
    SCOPED(log_entry_release) struct log_entry entry = {0};
    char key[STORE_KEY_MAX + 1];
    enum status status;

    /* It opens, and is what its number says; then it goes as it is stored. */
    TRY(log_entry_read(source, number, &entry, err));
    TRY(log_entry_key(source, number, key, err));
    TRY(store_get(source->store, key, &stored, err));
    status = store_put(target->store, key, buffer_bytes(&stored), err);
    if (status == STATUS_CONFLICT) /* another copy is at work, or somebody commits there */
        return compare_entry(source, target, number, err);
    if (status == OK)
        (*copied)++;
    return status;
}

enum status
copy_log_extend(struct repo *source, struct repo *target, uint64_t after, uint64_t last,
                uint64_t *copied, struct error *err)
{
    for (uint64_t number = after + 1; number <= last; number++)
    {
        TRY(stop_check(err));
        TRY(copy_entry(source, target, number, copied, err));
        CRASH_POINT("copy: between entries of the log"); /* a copy as of that entry */
    }
    return OK;
}
