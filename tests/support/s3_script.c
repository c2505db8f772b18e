// SPDX-License-Identifier: PostgreSQL
#include "tests/support/s3_script.h"

#include "tests/support/assert.h"

void
s3_script_start(struct s3_script *script, const struct http_step *steps, size_t count,
                struct s3_options options)
{
    struct error err = {0};

    script->script = http_script_start(steps, count);
    options.endpoint = http_script_url(script->script);
    options.bucket = "bucket";
    options.prefix = "p";
    options.credentials = (struct credentials_options){
        .source = CREDENTIALS_STATIC, .access_key_id = "AKID", .secret_access_key = "SECRETKEY"};
    if (options.retry_limit_ms == 0)
        options.retry_limit_ms = 20000;
    options.stall_timeout_ms = 5000;
    if (options.part_size_bytes == 0)
        options.part_size_bytes = S3_PART_SIZE_MIN;
    assert_ok(s3_store_open(&script->store, &options, &err));
}

void
s3_script_stop(struct s3_script *script)
{
    store_freep(&script->store);
    http_script_stop(script->script);
}
