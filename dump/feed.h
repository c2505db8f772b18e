// SPDX-License-Identifier: PostgreSQL
/*
 * feed.h - a dump read straight into the standard input of one of PostgreSQL's
 * programs.
 */
#pragma once

#include "base/child.h"
#include "base/progress.h"
#include "repo/dump.h"

enum feed_amount
{
    FEED_ALL,   /* to the object's end, and its digest is compared */
    FEED_ASKED, /* as much as the program reads */
};

/*
 * Feed the child, which was started with .feed, and wait for its end.  CORRUPT:
 * the dump is damaged, whatever the program made of it; REFUSED: the program
 * failed, and what it said is the detail.  Until this is OK the child has not seen
 * the end of its input.
 */
NODISCARD enum status feed_run(struct repo *repo, const struct dump *dump, enum feed_amount amount,
                               struct child *child, struct progress *progress, struct error *err);

/* child_finish, but of many last words those about the error. */
NODISCARD enum status feed_finish(struct child *child, struct error *err);
