// SPDX-License-Identifier: PostgreSQL
/*
 * s3_internal.h - what the parts of the s3 driver share.
 */
#pragma once

#include "repo/store.h"
#include "s3/request.h"
#include "s3/s3_store.h"

/* 128 random bits in hexadecimal; kept in each object's metadata. */
#define S3_WRITE_ID_SIZE   33
#define S3_WRITE_ID_HEADER "x-amz-meta-redoubt-write"

/* A prefix and a key. */
#define S3_FULL_KEY_SIZE 1025

struct s3_store
{
    struct store base; /* all of this does not change once open */
    struct request_client *client;
    char prefix[S3_FULL_KEY_SIZE - STORE_KEY_MAX]; /* "" or "a/b/" */
    enum s3_conditional conditional;
    size_t part_size_bytes;
};

/* The key in the bucket. */
void s3_store_full_key(const struct s3_store *store, const char *key, char full[S3_FULL_KEY_SIZE]);

/* s3_object.c */
NODISCARD enum status s3_object_put(struct store *base, const char *key, struct bytes body,
                                    struct error *err);
NODISCARD enum status s3_object_read(struct store *base, const char *key, uint64_t offset,
                                     uint64_t length, struct sink *into, struct error *err);
NODISCARD enum status s3_object_size(struct store *base, const char *key, uint64_t *size_bytes,
                                     struct error *err);
NODISCARD enum status s3_object_remove(struct store *base, const char *key, struct error *err);

NODISCARD enum status s3_object_new_write_id(char id[S3_WRITE_ID_SIZE], struct error *err);

/* May an object be created under full_key?  Refuses what the store cannot promise. */
NODISCARD enum status s3_object_check_absent(struct s3_store *store, const char *full_key,
                                             struct error *err);

/* After the service said that the key exists: OK when it is the object with this write id. */
NODISCARD enum status s3_object_check_ours(struct s3_store *store, const char *full_key,
                                           const char *write_id, struct error *err);

/* s3_upload.c */
NODISCARD enum status s3_upload_create(struct store *base, const char *key, struct sink **sink,
                                       struct error *err);
NODISCARD enum status s3_upload_create_sized(struct store *base, const char *key,
                                             uint64_t expected_bytes, struct sink **sink,
                                             struct error *err);

/*
 * Of the parts of an object of so many bytes: usual_bytes, or more where S3's
 * 10,000 parts would not hold it.
 */
size_t s3_upload_part_size(uint64_t expected_bytes, size_t usual_bytes);

/* Forget the parts of an upload.  One that is not there is OK. */
NODISCARD enum status s3_upload_abort(struct s3_store *store, const char *full_key,
                                      const char *upload_id, int64_t retry_limit_ms,
                                      struct error *err);

/* s3_unfinished.c */
NODISCARD enum status s3_unfinished_remove(struct store *base, const char *prefix, time_us before,
                                           uint64_t *count, struct error *err);

/* s3_list.c */
NODISCARD enum status s3_list(struct store *base, const char *prefix, const char *after,
                              enum status (*visit)(void *arg, const char *key, uint64_t size_bytes,
                                                   struct error *err),
                              void *arg, struct error *err);
