// SPDX-License-Identifier: PostgreSQL
/*
 * log_entry.h - the numbered entries of a cluster's log, one object each.
 *
 * "<cluster>/log/<20 digits>.json": 1, 2, 3 and so on, each created only if its
 * number is free and never changed.  This is the mechanism; repo/catalog.h
 * knows what entries mean, and is what everybody else uses.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "repo/repo.h"

#define LOG_ENTRY_ID_SIZE 33

struct log_entry
{
    uint64_t number;
    time_us time;               /* when it was written, by its writer's clock */
    char id[LOG_ENTRY_ID_SIZE]; /* random: tells a writer whether an entry is its own */
    json_t *members;            /* owned; its kind, and what the kind demands */
};

/*
 * The number of the log's last entry, as far as it has any behind `after`.
 * CORRUPT when a number is missing: a hole is a loss, not an end.
 */
NODISCARD enum status log_entry_last(struct repo *repo, uint64_t after, uint64_t *last,
                                     struct error *err);

/* CORRUPT when there is no such entry; UNSUPPORTED when its version is a newer one. */
NODISCARD enum status log_entry_read(struct repo *repo, uint64_t number, struct log_entry *entry,
                                     struct error *err);

/* Where an entry is stored. */
NODISCARD enum status log_entry_key(const struct repo *repo, uint64_t number,
                                    char key[STORE_KEY_MAX + 1], struct error *err);

NODISCARD enum status log_entry_make_id(char id[LOG_ENTRY_ID_SIZE], struct error *err);

/*
 * Write an entry with its number, id and members; says who, where and when, and
 * sets the time.  CONFLICT: the number is taken.
 */
NODISCARD enum status log_entry_create(struct repo *repo, struct log_entry *entry,
                                       struct error *err);

/* For SCOPED on an initialised struct. */
void log_entry_release(struct log_entry *entry);
