// SPDX-License-Identifier: PostgreSQL
/*
 * event.h - an entry of the log as a line for people: what happened, to what,
 * how large, how long, how it ended.
 */
#pragma once

#include "base/json.h"

#define EVENT_TEXT_SIZE 320

struct event
{
    const char *kind; /* the entry's; borrowed, like all texts but what */
    char what[EVENT_TEXT_SIZE];
    bool has_size;
    uint64_t size_bytes; /* stored anew, or read */
    int64_t took_ms;     /* -1: it took no time */
    const char
        *status; /* "ok", "failed", "findings"; what a drill came to; what is wrong with it */
    const char *reason; /* of a failure or whoever acted; "" for none */
};

/* The kinds that can be told of, one after the other; NULL behind the last. */
const char *event_kind(size_t index);

/* members are log_entry_read's.  CORRUPT: they are not what the kind demands. */
NODISCARD enum status event_read(const json_t *members, struct event *event, struct error *err);
