// SPDX-License-Identifier: PostgreSQL
/*
 * trial.h - one drill under way, as its parts share it.
 *
 * A part proves one layer or two.  It returns OK whatever it found and leaves
 * that in the receipt; it fails only with what ends the whole drill: a request
 * to stop, no memory, a repository that cannot be reached.
 */
#pragma once

#include "drill/drill.h"
#include "drill/place.h"
#include "restore/restore.h"
#include "restore/start.h"

struct trial
{
    const struct drill_options *options;
    struct receipt *receipt;
    struct place *place;
    struct repo *repo; /* the repository through a view: what is read is counted and may be slow */

    uint64_t primary_identifier;  /* of the server that was asked for the time */
    pg_timeline primary_timeline; /* that it writes */
    int64_t started_ms;           /* by the monotonic clock */
    time_us canary;               /* of the newest row that was found; TIME_NONE: none */

    struct self_test *self_test; /* NULL: an ordinary drill */

    struct plan plan;
    char *programs; /* owned; the directory of PostgreSQL's */
    struct layout layout;
    struct restore_result restored;
    struct start_result started; /* its server is the one that runs now */
    char *conninfo;              /* owned; to that server, as a superuser; NULL: it does not run */
};

/* A layer that is being proved. */
struct trial_layer
{
    struct layer_result *result;
    int64_t started_ms;
};

struct trial_layer trial_begin(struct trial *trial, enum drill_layer layer);

/* How it came out: findings is at least 1 of one that is red. */
void trial_end(struct trial_layer *layer, enum check_state state, const char *found);
void trial_end_by(struct trial_layer *layer, enum check_state state, const struct error *err);

/* A layer that is not proved, for this reason. */
void trial_skip(struct trial *trial, enum drill_layer layer, const char *reason);

/* Was it asked to stop, or out of memory?  That is no finding of any layer. */
bool trial_is_stopped(enum status status);

/* The same, and what has to do with the repository: it cannot be reached, or refuses us. */
bool trial_is_over(enum status status);
