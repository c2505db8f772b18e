// SPDX-License-Identifier: PostgreSQL
/*
 * turns.h - programs that share a store and take turns at it, in every order.
 *
 * Each actor runs in a thread of its own, but only one at a time: before an
 * operation of the store that others could notice, it may have to wait while
 * another goes on for as long as that likes.  One order of turns after the
 * other is tried, until there is none left with at most so many preemptions,
 * that is, turns taken away from an actor that could have gone on.  That is
 * what sleeping processes do to each other, and all of it up to that bound.
 *
 * What commutes with everything is no turn: objects of the log, which never
 * change once they are there, are read without one.
 */
#pragma once

#include "repo/repo.h"

#define TURNS_ACTORS_MAX 4

struct turns_actor
{
    const char *name;
    enum status (*act)(void *arg, struct repo *repo, struct error *err);
    enum status status; /* how it ended in the last order */
    struct error err;
};

/* What is tried.  The callbacks return false, and say why, when something is wrong. */
struct turns_play
{
    struct turns_actor actors[TURNS_ACTORS_MAX];
    size_t actor_count;
    unsigned preemptions; /* the bound */

    /* Before each order: what actors and checks keep in arg, anew.  The store is filled. */
    void (*begin)(void *arg, struct repo *repo);

    /* After each object that was put (removed false) or removed. */
    bool (*inspect)(void *arg, struct repo *repo, const char *key, bool removed, struct error *err);

    /* When all have ended. */
    bool (*end)(void *arg, struct repo *repo, const struct turns_play *play, struct error *err);
    void *arg;

    bool overwrite; /* the store replaces what exists, as none may that we use */
};

struct turns_result
{
    uint64_t orders;  /* tried */
    uint64_t longest; /* in turns */
    bool violated;
    char violation[4096]; /* what was wrong, and the turns that led there */
};

/* Try all orders, each from the content of a store, until one violates what is demanded. */
NODISCARD enum status turns_play_all(struct turns_play *play, struct store *content,
                                     struct turns_result *result, struct error *err);
