// SPDX-License-Identifier: PostgreSQL
/*
 * s3_store.h - the store in a bucket of an S3-compatible service.
 *
 * Objects are created with If-None-Match: *, and carry a unique write id, so
 * that a writer whose reply was lost can tell its own object from another's.
 * Large ones go up in parts of equal size.  Requests are retried within
 * retry_limit_ms; see request.h.
 *
 * A service that ignores or refuses If-None-Match needs conditional set to
 * S3_CONDITIONAL_NO and the operator's promise, single_writer; then creation
 * looks first and writes after.  S3_CONDITIONAL_UNKNOWN, for the probe, sends
 * the header and trusts nothing to be known.
 *
 * Memory: one part per open sink, and small change.  A part is part_size_bytes,
 * or, of an object that is expected to be larger than 10,000 of them, the
 * 10,000th of that, in whole MiB.
 */
#pragma once

#include "repo/store.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

enum s3_conditional
{
    S3_CONDITIONAL_UNKNOWN,
    S3_CONDITIONAL_YES,
    S3_CONDITIONAL_NO,
};

#define S3_PART_SIZE_DEFAULT ((size_t) 32 << 20) /* a WAL segment of the usual size fits in one */
#define S3_PART_SIZE_MIN     ((size_t) 5 << 20)

/* Zero and NULL mean the default.  Texts are copied. */
struct s3_options
{
    const char *endpoint; /* Amazon's, for the region */
    const char *region;   /* "auto" */
    const char *bucket;
    const char *prefix; /* none; "a/b" and "a/b/" are the same */
    enum s3_addressing addressing;
    const char *ca_file; /* the system's certificates */
    /* Its region is this one; its ca_file is for STS and not this one. */
    struct credentials_options credentials;
    enum s3_conditional conditional;
    bool single_writer;
    size_t part_size_bytes;     /* S3_PART_SIZE_DEFAULT */
    int64_t retry_limit_ms;     /* 60 s, for all attempts of one request; negative: one attempt */
    int64_t connect_timeout_ms; /* 10 s */
    int64_t stall_timeout_ms;   /* 30 s without a byte */
    int64_t total_timeout_ms;   /* for one attempt, however fast its bytes move: none */
};

NODISCARD enum status s3_store_open(struct store **store, const struct s3_options *options,
                                    struct error *err);
