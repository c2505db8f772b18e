// SPDX-License-Identifier: PostgreSQL
#include "restore/target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FirstNormalTransactionId: those below are PostgreSQL's own. */
#define XID_MIN 3

static const struct
{
    const char *name;
    const char *setting;
} kinds[] = {
    [TARGET_LATEST] = {"latest", NULL},
    [TARGET_IMMEDIATE] = {"immediate", "recovery_target"},
    [TARGET_TIME] = {"time", "recovery_target_time"},
    [TARGET_LSN] = {"lsn", "recovery_target_lsn"},
    [TARGET_XID] = {"xid", "recovery_target_xid"},
    [TARGET_NAME] = {"name", "recovery_target_name"},
};

static const char *const actions[] = {
    [TARGET_PAUSE] = "pause",
    [TARGET_PROMOTE] = "promote",
    [TARGET_SHUTDOWN] = "shutdown",
};

const char *
target_kind_name(enum target_kind kind)
{
    return kinds[kind].name;
}

const char *
target_setting_name(enum target_kind kind)
{
    return kinds[kind].setting;
}

const char *
target_action_name(enum target_action action)
{
    return actions[action];
}

/* A decimal number and nothing else. */
static bool
read_number(const char *text, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static enum status
read_xid(const char *text, uint32_t *xid, struct error *err)
{
    uint64_t number;

    if (!read_number(text, &number) || (uint32_t) number < XID_MIN)
    {
        error_set(err, STATUS_CONFIG, "invalid transaction \"%s\"", text);
        error_hint(err, "Give the number that pg_current_xact_id() or a log line with %%x showed.");
        return STATUS_CONFIG;
    }
    /* The WAL knows the lower half only; the upper one is the epoch. */
    *xid = (uint32_t) number;
    return OK;
}

static enum status
read_name(const char *text, char name[TARGET_NAME_SIZE], struct error *err)
{
    if (text[0] == '\0' || strlen(text) >= TARGET_NAME_SIZE)
        return error_set(err, STATUS_CONFIG,
                         "invalid restore point \"%s\": names have 1 to %d bytes", text,
                         TARGET_NAME_SIZE - 1);
    if (strpbrk(text, "\n\r") != NULL)
        return error_set(err, STATUS_CONFIG, "invalid restore point: a line break in its name");
    snprintf(name, TARGET_NAME_SIZE, "%s", text);
    return OK;
}

static enum status
read_timeline(const char *text, struct target *target, struct error *err)
{
    uint64_t number;

    target->timeline = TARGET_TIMELINE_LATEST;
    if (text == NULL || strcmp(text, "latest") == 0)
        return OK;
    target->timeline = TARGET_TIMELINE_CURRENT;
    if (strcmp(text, "current") == 0)
        return OK;
    target->timeline = TARGET_TIMELINE_NUMBER;
    if (!read_number(text, &number) || number == 0 || number > UINT32_MAX)
        return error_set(err, STATUS_CONFIG,
                         "invalid timeline \"%s\", expected \"latest\", \"current\" or a number",
                         text);
    target->timeline_number = (pg_timeline) number;
    return OK;
}

static enum status
read_action(const char *text, struct target *target, struct error *err)
{
    /* Without a target PostgreSQL promotes at the end of WAL, whatever the action. */
    target->action = target->kind == TARGET_LATEST ? TARGET_PROMOTE : TARGET_PAUSE;
    if (text == NULL)
        return OK;
    for (size_t index = 0; index < sizeof(actions) / sizeof(actions[0]); index++)
    {
        if (strcmp(text, actions[index]) != 0)
            continue;
        target->action = (enum target_action) index;
        if (target->kind != TARGET_LATEST || target->action == TARGET_PROMOTE)
            return OK;
        error_set(err, STATUS_CONFIG, "target action \"%s\" needs a target", text);
        error_hint(err, "At the end of the archived WAL PostgreSQL always promotes. Name a target, "
                        "such as --target-time.");
        return STATUS_CONFIG;
    }
    return error_set(err, STATUS_CONFIG,
                     "invalid target action \"%s\", expected \"pause\", \"promote\" or "
                     "\"shutdown\"",
                     text);
}

/* The one target that was given. */
static enum status
read_kind(const struct target_texts *texts, struct target *target, struct error *err)
{
    int given = (texts->time != NULL) + (texts->lsn != NULL) + (texts->xid != NULL) +
                (texts->name != NULL) + texts->immediate;

    if (given > 1)
        return error_set(err, STATUS_CONFIG, "more than one recovery target");
    target->kind = TARGET_LATEST;
    if (texts->immediate)
        target->kind = TARGET_IMMEDIATE;
    if (texts->time != NULL)
    {
        target->kind = TARGET_TIME;
        return time_parse(texts->time, &target->time, err);
    }
    if (texts->lsn != NULL)
    {
        target->kind = TARGET_LSN;
        return pg_lsn_parse(texts->lsn, &target->lsn, err);
    }
    if (texts->xid != NULL)
    {
        target->kind = TARGET_XID;
        return read_xid(texts->xid, &target->xid, err);
    }
    if (texts->name != NULL)
    {
        target->kind = TARGET_NAME;
        return read_name(texts->name, target->name, err);
    }
    return OK;
}

enum status
target_parse(const struct target_texts *texts, struct target *target, struct error *err)
{
    *target = (struct target){.exclusive = texts->exclusive};
    TRY(read_kind(texts, target, err));
    if (target->exclusive && (target->kind == TARGET_LATEST || target->kind == TARGET_IMMEDIATE))
        return error_set(err, STATUS_CONFIG,
                         "--exclusive needs a time, an LSN, a transaction or a restore point");
    TRY(read_timeline(texts->timeline, target, err));
    return read_action(texts->action, target, err);
}

void
target_setting_value(const struct target *target, char text[TARGET_TEXT_SIZE])
{
    text[0] = '\0';
    switch (target->kind)
    {
    case TARGET_LATEST:
        return;
    case TARGET_IMMEDIATE:
        snprintf(text, TARGET_TEXT_SIZE, "immediate");
        return;
    case TARGET_TIME:
        time_format_postgres(target->time, text);
        return;
    case TARGET_LSN:
        pg_lsn_format(target->lsn, text);
        return;
    case TARGET_XID:
        snprintf(text, TARGET_TEXT_SIZE, "%" PRIu32, target->xid);
        return;
    case TARGET_NAME:
        snprintf(text, TARGET_TEXT_SIZE, "%s", target->name);
        return;
    }
}

void
target_describe(const struct target *target, char text[TARGET_TEXT_SIZE])
{
    static const char *const formats[] = {
        [TARGET_LATEST] = "%sthe end of the archived WAL%s",
        [TARGET_IMMEDIATE] = "%sthe end of the base backup%s",
        [TARGET_TIME] = "%stime %s",
        [TARGET_LSN] = "%sLSN %s",
        [TARGET_XID] = "%stransaction %s",
        [TARGET_NAME] = "%srestore point \"%s\"",
    };
    char value[TARGET_TEXT_SIZE];

    target_setting_value(target, value);
    if (target->kind == TARGET_IMMEDIATE)
        value[0] = '\0';
    snprintf(text, TARGET_TEXT_SIZE, formats[target->kind], target->exclusive ? "just before " : "",
             value);
}
