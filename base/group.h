// SPDX-License-Identifier: PostgreSQL
/*
 * group.h - threads that succeed or fail together, and the channels between
 * them.
 *
 * A group runs a piece of work in several threads.  The first failure is kept
 * and ends the others: every channel of the group is cut, so that nobody waits
 * for a thread that is gone.  Create the group, its channels, start the
 * threads; join.  What its threads use must outlive the group, so declare that,
 * channels included, before the group: SCOPED then frees the group first.
 *
 * A channel is a bounded queue of pointers.  Sending gives the item away.  Once
 * a channel is closed, receivers drain it and then get false; once it is cut,
 * senders and receivers get false at once and what is queued is passed to its
 * discard function.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct group;
struct chan;

NODISCARD enum status group_create(struct group **group, struct error *err);

/* Run work(arg) in a new thread.  Its failure is the group's. */
NODISCARD enum status group_start(struct group *group,
                                  enum status (*work)(void *arg, struct error *err), void *arg,
                                  struct error *err);

/* Fail from outside a thread of the group: cuts every channel.  Only the first counts. */
void group_fail(struct group *group, enum status status, const struct error *err);

/* Has the group failed?  For loops that touch no channel. */
bool group_failed(struct group *group);

/* Wait for all threads; the first failure, if any.  May be called again. */
NODISCARD enum status group_join(struct group *group, struct error *err);

/* For SCOPED: cuts the channels, joins and releases. */
void group_freep(struct group **group);

/* discard may be NULL for items that nobody owns. */
NODISCARD enum status chan_create(struct chan **chan, struct group *group, size_t capacity,
                                  void (*discard)(void *item), struct error *err);

/* Blocks while full.  False: the channel was cut, the item is still the caller's. */
NODISCARD bool chan_send(struct chan *chan, void *item);

/* Blocks while empty.  False: closed and drained, or cut. */
NODISCARD bool chan_receive(struct chan *chan, void **item);

/* No more will be sent. */
void chan_close(struct chan *chan);

/* For SCOPED; only when no thread uses it any more.  NULL is allowed. */
void chan_freep(struct chan **chan);

/*
 * What a worker returns when a channel of its group was cut: the group keeps
 * the first failure, so the text is never seen unless a caller cut it.
 */
enum status group_cancelled(struct error *err);
