// SPDX-License-Identifier: PostgreSQL
/* The first byte is the size of the pieces; all pieces must come to the same. */
#include "pg/backup_manifest.h"

#include "base/file.h"

#include <stdlib.h>

static enum status
see_file(void *arg, const struct pg_backup_manifest_file *file, struct error *err)
{
    (void) err;
    if (!path_is_contained(file->path) || file->checksum.size > 64)
        abort();
    ++*(uint64_t *) arg;
    return OK;
}

static enum status
parse(const uint8_t *input, size_t size, size_t step, struct pg_backup_manifest_summary *summary)
{
    uint64_t files = 0;
    struct pg_backup_manifest_handler handler = {.file = see_file, .arg = &files};
    struct pg_backup_manifest *manifest;
    enum status status;
    struct error err;

    if (pg_backup_manifest_create(&manifest, &handler, &err) != OK)
        abort();
    status = OK;
    for (size_t at = 0; at < size && status == OK; at += step)
        status = pg_backup_manifest_feed(
            manifest, (struct bytes){input + at, size - at < step ? size - at : step}, &err);
    if (status == OK)
        status = pg_backup_manifest_finish(manifest, summary, &err);
    if (status == OK && summary->file_count != files)
        abort();
    pg_backup_manifest_freep(&manifest);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_backup_manifest_summary whole;
    struct pg_backup_manifest_summary pieces;

    if (size < 1)
        return 0;
    if (parse(input + 1, size - 1, size, &whole) !=
        parse(input + 1, size - 1, (size_t) input[0] + 1, &pieces))
        abort();
    return 0;
}
