// SPDX-License-Identifier: PostgreSQL
#include "dump/feed.h"

#include "dump/source.h"

#include <stdbool.h>
#include <string.h>

#define WORDS_SIZE 4096

struct feed
{
    struct child *child;
    struct progress *progress; /* NULL: nobody watches */
    enum feed_amount amount;
    bool sealed; /* what comes is authentic */
    bool ended;  /* the program reads no more: */
    bool enough; /* and so do we */
    enum status verdict;
    struct error error; /* of a verdict that is not OK */
};

/*
 * "pg_restore: error: could not execute query: ERROR: ..."; the first, which ended
 * it.  A long statement may follow, and what other jobs say of the end.
 */
static const char *
find_error(const char *words)
{
    const char *found = strstr(words, "rror: ");
    const char *other = strstr(words, "ERROR: ");

    if (found == NULL || (other != NULL && other < found))
        found = other;
    while (found != NULL && found > words && found[-1] != '\n')
        found--;
    return found;
}

enum status
feed_finish(struct child *child, struct error *err)
{
    char words[WORDS_SIZE];
    enum status status = child_finish(child, err);
    const char *about;

    if (status != STATUS_REFUSED)
        return status;
    child_last_words(child, words, sizeof(words));
    about = find_error(words);
    if (about != NULL)
        error_detail(err, "%s", about);
    return status;
}

/* Broken pipe: the program has done its work, or failed. */
static enum status
hear_verdict(struct feed *feed, struct error *err)
{
    feed->ended = true;
    feed->verdict = feed_finish(feed->child, &feed->error);
    /* Without seals it may have failed because the dump is damaged: the rest will tell. */
    feed->enough = feed->verdict == OK ? feed->amount == FEED_ASKED : feed->sealed;
    if (!feed->enough)
        return OK;
    return error_set(err, STATUS_CANCELLED, "the program reads no more");
}

static enum status
feed_write(void *arg, struct bytes chunk, struct error *err)
{
    struct feed *feed = arg;
    enum status status;

    if (feed->progress != NULL)
        progress_add(feed->progress, chunk.size);
    if (feed->ended)
        return OK;
    status = child_write(feed->child, chunk, err);
    return status == STATUS_IO ? hear_verdict(feed, err) : status;
}

enum status
feed_run(struct repo *repo, const struct dump *dump, enum feed_amount amount, struct child *child,
         struct progress *progress, struct error *err)
{
    struct feed feed = {
        .child = child, .progress = progress, .amount = amount, .sealed = repo->keyring != NULL};
    enum status status = source_read(repo, dump, (struct source_target){feed_write, &feed}, err);

    if (status == STATUS_CORRUPT)
        return status;
    if (feed.ended && feed.verdict != OK)
    {
        *err = feed.error;
        return feed.verdict;
    }
    if (!feed.enough)
        TRY(status);
    return feed.ended ? OK : feed_finish(child, err);
}
