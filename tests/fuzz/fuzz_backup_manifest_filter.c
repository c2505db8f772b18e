// SPDX-License-Identifier: PostgreSQL
/*
 * The first byte chooses which files are left out, by the length of their
 * paths.  What comes out is a manifest, and filtering it again changes nothing.
 */
#include "pg/backup_manifest_filter.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX (16 << 20)

struct seen
{
    uint8_t choice;
    uint64_t kept;
    struct buffer out;
};

static bool
leave_out(void *arg, const char *path)
{
    struct seen *seen = arg;
    bool goes = (seen->choice >> strlen(path) % 8 & 1) != 0;

    seen->kept += !goes;
    return goes;
}

static enum status
see_write(void *arg, struct bytes bytes, struct error *err)
{
    return buffer_append(&((struct seen *) arg)->out, bytes, err);
}

static enum status
filter_text(struct bytes text, struct seen *seen, struct pg_backup_manifest_summary *summary)
{
    struct pg_backup_manifest_filter_handler handler = {leave_out, see_write, NULL, NULL, seen};
    static const uint8_t digest[PG_BACKUP_MANIFEST_DIGEST_SIZE] = {1, 2, 3};
    struct pg_backup_manifest_filter *filter;
    enum status status;
    struct error err;

    if (pg_backup_manifest_filter_create(&filter, &handler, &err) != OK)
        abort();
    status = pg_backup_manifest_filter_feed(filter, text, &err);
    if (status == OK)
        status = pg_backup_manifest_filter_finish(filter, summary, &err);
    if (status == OK && pg_backup_manifest_filter_seal(filter, digest, &err) != OK)
        abort();
    pg_backup_manifest_filter_freep(&filter);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_backup_manifest_summary first;
    struct pg_backup_manifest_summary second;
    struct seen once = {.out = BUFFER_INIT(OUT_MAX)};
    struct seen twice = {.out = BUFFER_INIT(OUT_MAX)};

    if (size < 1)
        return 0;
    once.choice = twice.choice = input[0];
    if (filter_text((struct bytes){input + 1, size - 1}, &once, &first) == OK)
    {
        if (filter_text(buffer_bytes(&once.out), &twice, &second) != OK ||
            second.file_count != once.kept || twice.kept != once.kept ||
            !bytes_equal(buffer_bytes(&once.out), buffer_bytes(&twice.out)))
            abort();
    }
    buffer_release(&once.out);
    buffer_release(&twice.out);
    return 0;
}
