// SPDX-License-Identifier: PostgreSQL
/*
 * examination.h - what doctor looks at, and what it found.
 *
 * Checks add findings and go on: a failure of one never ends the others.  What
 * one check gets hold of, such as a connection, is there for those after it;
 * they skip what they cannot do without it.
 */
#pragma once

#include "agent/command.h"
#include "agent/settings.h"
#include "repo/lineage.h"

#define FINDINGS_MAX 64

enum finding_state
{
    FINDING_OK,
    FINDING_WARNING,
    FINDING_FAILURE,
};

struct finding
{
    const char *name;
    enum finding_state state;
    char text[1024];
    char fix[1024]; /* "" for none */
};

struct examination
{
    const struct invocation *invocation;
    const struct config *config;

    struct pg_connection *connection; /* NULL: the server does not let us in */
    bool standby;
    bool may_switch;     /* WAL segments */
    bool has_settings;   /* the next two */
    bool archives_to_us; /* as far as the settings tell */
    struct settings settings;
    bool identified;
    struct lineage lineage; /* of the server, or of its data directory */
    struct repo *repo;      /* NULL: it does not open */
    bool accepted;          /* the repository takes this cluster's WAL */

    struct finding findings[FINDINGS_MAX];
    size_t count;
};

/* Add a finding; the text is what is the case, the fix what to do about it. */
void examination_ok(struct examination *exam, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);
void examination_warn(struct examination *exam, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);
void examination_fail(struct examination *exam, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A failure out of an error: its hint is the fix. */
void examination_error(struct examination *exam, const char *name, const struct error *err);

/* The fix of the finding that was added last. */
void examination_fix(struct examination *exam, const char *format, ...) PRINTF_LIKE(2, 3);

size_t examination_count(const struct examination *exam, enum finding_state state);

const char *finding_state_name(enum finding_state state);

/* The checks.  Their only failure is CANCELLED or running out of memory. */
NODISCARD enum status examine_server(struct examination *exam, struct error *err);
NODISCARD enum status examine_dumps(struct examination *exam, struct error *err);
NODISCARD enum status examine_repository(struct examination *exam, struct error *err);
NODISCARD enum status examine_archive(struct examination *exam, struct error *err);
