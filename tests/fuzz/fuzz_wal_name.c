// SPDX-License-Identifier: PostgreSQL
/* A segment's name that is read is the name that is written; LSNs and relation paths beside it. */
#include "pg/page.h"
#include "pg/segment.h"

#include <stdlib.h>
#include <string.h>

static void
read_name(const char *text, uint32_t segment_size)
{
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    struct pg_wal_segment segment;
    struct pg_wal_file file;
    struct error err;

    (void) !pg_wal_file_parse(text, 0, &file, &err);
    if (pg_wal_file_parse(text, segment_size, &file, &err) != OK)
        return;
    if (file.kind == PG_WAL_FILE_HISTORY)
        return;
    segment = (struct pg_wal_segment){file.timeline, file.number};
    pg_wal_segment_name(segment, segment_size, name);
    if (strncmp(name, text, strlen(name)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_relation_path relation;
    struct error err;
    pg_lsn lsn;
    char *text;

    if (size < 1)
        return 0;
    text = strndup((const char *) input + 1, size - 1);
    if (text == NULL)
        abort();
    read_name(text, PG_WAL_SEGMENT_SIZE_MIN << input[0] % 11);
    if (pg_relation_path_parse(text, &relation) && relation.relfilenode == 0)
        abort();
    (void) !pg_lsn_parse(text, &lsn, &err);
    free(text);
    return 0;
}
