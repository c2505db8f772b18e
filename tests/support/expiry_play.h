// SPDX-License-Identifier: PostgreSQL
/*
 * expiry_play.h - what plays about expiry share: the actors that are the same in
 * each, a log of any length, and how a play is judged (tests/support/turns.h).
 */
#pragma once

#include "repo/catalog.h"
#include "tests/support/turns.h"

/* Actors; their argument is not used. */

/* expire_run by a policy that keeps what it must, without any grace. */
enum status expiry_play_expire(void *arg, struct repo *repo, struct error *err);

/* Somebody else's entry, which may be preceded by a checkpoint. */
enum status expiry_play_pass_by(void *arg, struct repo *repo, struct error *err);

/* A repository "shop" over a store; nothing in it is owned. */
struct repo expiry_play_repo(struct store *store);

/* Append entries that mean nothing until the log has so many. */
void expiry_play_fill_log(struct repo *repo, struct catalog *catalog, uint64_t entries);

/* A play that looks for more where the environment wants it. */
struct turns_play expiry_play_of(unsigned preemptions, void *arg);

void expiry_play_cast(struct turns_play *play, struct turns_actor actor);

/* Losing to another is no failure: REFUSED is what a writer says that was overtaken. */
bool expiry_play_ended_well(const struct turns_play *play, struct error *err);

/* No order violates anything; some order does, in these words. */
void expiry_play_assert_safe(struct turns_play *play, struct store *content);
void expiry_play_assert_unsafe(struct turns_play *play, struct store *content,
                               const char *violation);
