// SPDX-License-Identifier: PostgreSQL
/*
 * target.h - the moment that a restore goes to.
 *
 * A target is what the operator asked for, in PostgreSQL's terms (the
 * recovery_target settings), with defaults filled in.  It holds no memory.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "pg/lsn.h"

enum target_kind
{
    TARGET_LATEST,    /* the end of the archived WAL */
    TARGET_IMMEDIATE, /* the end of the base backup */
    TARGET_TIME,
    TARGET_LSN,
    TARGET_XID,
    TARGET_NAME,
};

enum target_timeline
{
    TARGET_TIMELINE_LATEST,  /* the newest one that descends from the backup's */
    TARGET_TIMELINE_CURRENT, /* the backup's own */
    TARGET_TIMELINE_NUMBER,
};

enum target_action
{
    TARGET_PAUSE,
    TARGET_PROMOTE,
    TARGET_SHUTDOWN,
};

/* MAXFNAMELEN of src/include/access/xlog_internal.h, the terminator counted. */
#define TARGET_NAME_SIZE 64

struct target
{
    enum target_kind kind;
    bool exclusive;              /* stop just before it */
    time_us time;                /* of TARGET_TIME */
    pg_lsn lsn;                  /* of TARGET_LSN */
    uint32_t xid;                /* of TARGET_XID */
    char name[TARGET_NAME_SIZE]; /* of TARGET_NAME */
    enum target_timeline timeline;
    pg_timeline timeline_number; /* of TARGET_TIMELINE_NUMBER */
    enum target_action action;
};

/* What was given; NULL for what was not. */
struct target_texts
{
    const char *time;
    const char *lsn;
    const char *xid; /* with the epoch in its upper half, or without */
    const char *name;
    bool immediate;
    bool exclusive;
    const char *timeline;
    const char *action;
};

/* CONFIG when a text is malformed, or when together they make no sense. */
NODISCARD enum status target_parse(const struct target_texts *texts, struct target *target,
                                   struct error *err);

#define TARGET_TEXT_SIZE 160

/* For people and messages: "just before transaction 743". */
void target_describe(const struct target *target, char text[TARGET_TEXT_SIZE]);

/* "time", as in recovery_target_time; "latest" and "immediate". */
const char *target_kind_name(enum target_kind kind);

/* PostgreSQL's word: "pause". */
const char *target_action_name(enum target_action action);

/*
 * The value of the setting that target_setting_name gives, without quotes;
 * nothing for TARGET_LATEST, which has none.
 */
void target_setting_value(const struct target *target, char text[TARGET_TEXT_SIZE]);

/* "recovery_target_time"; NULL for TARGET_LATEST. */
const char *target_setting_name(enum target_kind kind);
