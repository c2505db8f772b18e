// SPDX-License-Identifier: PostgreSQL
/*
 * s3_script.h - an s3 store whose service is a script (see http_script.h).
 *
 * Bucket "bucket", prefix "p", so a key is "/bucket/p/<key>" in a request line.
 */
#pragma once

#include "s3/s3_store.h"
#include "tests/support/http_script.h"

#define ERROR_XML(code) "<Error><Code>" code "</Code><Message>why</Message></Error>"

struct s3_script
{
    struct http_script *script;
    struct store *store;
};

/* Zero fields of options get what a script needs. */
void s3_script_start(struct s3_script *script, const struct http_step *steps, size_t count,
                     struct s3_options options);

#define S3_SCRIPT(script, steps, ...)                                                              \
    s3_script_start((script), (steps), sizeof(steps) / sizeof((steps)[0]),                         \
                    (struct s3_options){__VA_ARGS__})

void s3_script_stop(struct s3_script *script);
