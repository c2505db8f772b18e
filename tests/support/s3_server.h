// SPDX-License-Identifier: PostgreSQL
/*
 * s3_server.h - a real S3 server for C tests.
 *
 * Starts tests/support/s3-server in a directory of its own and makes a bucket.
 * With REDOUBT_TEST_S3_ENDPOINT in the environment it uses that service instead,
 * with REDOUBT_TEST_S3_BUCKET (which must exist), _REGION, _CA_FILE,
 * _ACCESS_KEY and _SECRET_KEY.
 */
#pragma once

#include "s3/s3_store.h"

struct request_client;

struct s3_server
{
    char *directory; /* NULL when the service is not ours */
    unsigned port;
    char endpoint[256];
    char tls_endpoint[256]; /* "" when the service is not ours */
    char ca_file[512];      /* of tls_endpoint */
    const char *region;
    const char *bucket;
    const char *access_key;
    const char *secret_key;
    const char *other_access_key; /* of a user with no right to the bucket; NULL: none */
    const char *other_secret_key;
};

NODISCARD enum status s3_server_start(struct s3_server *server, struct error *err);
void s3_server_stop(struct s3_server *server);

/* For requests beside a store's, to the bucket itself. */
NODISCARD enum status s3_server_open_client(const struct s3_server *server,
                                            struct request_client **client, struct error *err);

/* What a store of the test user's needs; prefix may be NULL. */
struct s3_options s3_server_options(const struct s3_server *server, const char *prefix);
