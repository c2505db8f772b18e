// SPDX-License-Identifier: PostgreSQL
/*
 * runbook_fill.h - what the pages leave open, "{{table}}", and filling it in.
 *
 * Each key is of the table below.  Some the program finds out
 * (agent/runbook_facts.h), some only the reader knows.  In a ```sh block a value
 * is quoted as its place there needs it, so that the page may write it bare, between single or
 * double quotes, or in a here-document, into which values go as they are.
 *
 * Pure; values belong to one thread.
 */
#pragma once

#include "base/bytes.h"

#define RUNBOOK_KEYS_MAX 64

struct runbook_key
{
    const char *name;
    const char *meaning; /* a phrase, with an example where that helps */
};

/* The last has no name. */
extern const struct runbook_key runbook_keys[];

/* By the index of their keys; NULL: open. */
struct runbook_values
{
    char *texts[RUNBOOK_KEYS_MAX]; /* owned */
};

/* CONFIG for a key that does not exist, and for a value that is empty or not one line. */
NODISCARD enum status runbook_values_set(struct runbook_values *values, const char *key,
                                         const char *value, struct error *err);

/* The same from "key=value". */
NODISCARD enum status runbook_values_parse(struct runbook_values *values, const char *text,
                                           struct error *err);

/* NULL: open. */
const char *runbook_values_get(const struct runbook_values *values, const char *key);

/* For SCOPED on an initialised struct. */
void runbook_values_release(struct runbook_values *values);

/* Append the text with all that is known; CORRUPT when it names a key that does not exist. */
NODISCARD enum status runbook_fill(const char *text, const struct runbook_values *values,
                                   struct buffer *filled, struct error *err);

/* Does the text have the key? */
bool runbook_fill_needs(const char *text, const char *key);
