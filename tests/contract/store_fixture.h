// SPDX-License-Identifier: PostgreSQL
/*
 * store_fixture.h - what the parts of the store's contract share.
 */
#pragma once

#include "tests/contract/store_contract.h"

/* The driver under test. */
extern const struct store_contract *driver;

/* The test's own store. */
struct store *store_of(void **state);

/* So many bytes that do not repeat; the caller's. */
uint8_t *make_content(size_t size);

/* Each key with itself for content. */
void put_all(struct store *store, const char *const *keys, size_t count);

/* The listing must be "key:size key:size ". */
void assert_listing(struct store *store, const char *prefix, const char *after, const char *want);

/* store_deletion.c: deleting, and what a writer that is gone leaves behind. */
void deletion_is_resumable(void **state);
void a_visitor_may_delete_what_it_visits(void **state);
void an_unfinished_stream_that_is_not_old_is_left_alone(void **state);
void an_old_unfinished_stream_is_removed_and_can_not_finish(void **state);
void where_nothing_is_unfinished_nothing_is_removed(void **state);
