// SPDX-License-Identifier: PostgreSQL
/*
 * deleter.h - deletes objects, several at a time: on S3 each is a request.
 *
 * Start it, send keys, finish it; then all of them are gone.  What must be gone
 * before something else is sent in another round.
 */
#pragma once

#include "repo/store.h"

struct deleter;

/* With one worker there are no threads, and a sent key is gone when the call returns. */
NODISCARD enum status deleter_start(struct deleter **deleter, struct store *store, unsigned workers,
                                    struct error *err);

/* The key is copied. */
NODISCARD enum status deleter_send(struct deleter *deleter, const char *key, struct error *err);

/* Wait until all is deleted; the first failure, if any.  *count grows by what was. */
NODISCARD enum status deleter_finish(struct deleter *deleter, uint64_t *count, struct error *err);

/* For SCOPED: what is under way is done, what waits is not. */
void deleter_freep(struct deleter **deleter);
