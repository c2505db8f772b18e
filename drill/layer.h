// SPDX-License-Identifier: PostgreSQL
/*
 * layer.h - what a drill proves, one upon the other.
 *
 * Each layer is timed and has a state of its own, whatever the others found;
 * what could not be looked at because an earlier one failed is skipped, and says
 * so.
 */
#pragma once

#include "checks/checks.h"

/* In the order in which they are proved. */
enum drill_layer
{
    LAYER_PLAN,         /* the backup, and WAL without a gap from it to the target */
    LAYER_OBJECTS,      /* every object fetched is authentic */
    LAYER_MANIFEST,     /* all that it lists is there, with its size */
    LAYER_START,        /* the server reached a consistent state */
    LAYER_REPLAY,       /* and the target, asserted */
    LAYER_PAGES,        /* checksums of all pages */
    LAYER_AMCHECK,      /* heaps, and indexes against their heaps */
    LAYER_COLLATIONS,   /* versions are the libraries' */
    LAYER_FOREIGN_KEYS, /* every one */
    LAYER_TABLES,       /* there, with as many rows as they should have */
    LAYER_FRESHNESS,    /* of their newest rows */
    LAYER_QUERIES,      /* the operator's SQL */
    LAYER_COMMAND,      /* the application's own */
    LAYER_COUNT,
};

struct layer_result
{
    enum check_state state; /* CHECK_SKIPPED: not looked at, found says why */
    int64_t duration_ms;
    uint32_t findings;
    char found[512]; /* for people; the first finding where there are any */
};

/* "amcheck", as receipts have it, and for people: "tables and indexes agree". */
const char *layer_name(enum drill_layer layer);
const char *layer_title(enum drill_layer layer);

/* The object's member `member`, such a name; CORRUPT when there is no such layer. */
NODISCARD enum status layer_from_json(const json_t *object, const char *member,
                                      enum drill_layer *layer, struct error *err);
