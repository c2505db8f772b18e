// SPDX-License-Identifier: PostgreSQL
/* backup_label, or tablespace_map: what is read of it can be written and read again. */
#include "pg/label.h"

#include <stdlib.h>
#include <string.h>

static void
read_map(struct bytes content)
{
    struct pg_tablespace_map map = {0};
    struct pg_tablespace_map again = {0};
    struct buffer written = BUFFER_INIT(16 * 1024 * 1024);
    struct error err;

    if (pg_tablespace_map_parse(content, &map, &err) != OK)
        return;
    for (size_t index = 0; index < map.count; index++)
        if (pg_tablespace_map_append(&written, map.entries[index].oid, map.entries[index].location,
                                     &err) != OK)
            abort();
    if (pg_tablespace_map_parse(buffer_bytes(&written), &again, &err) != OK ||
        again.count != map.count)
        abort();
    for (size_t index = 0; index < map.count; index++)
        if (strcmp(map.entries[index].location, again.entries[index].location) != 0)
            abort();
    pg_tablespace_map_release(&map);
    pg_tablespace_map_release(&again);
    buffer_release(&written);
}

/* A label that reads well reads the same without its INCREMENTAL lines, and is shorter. */
static void
strip(struct bytes content)
{
    struct buffer stripped = BUFFER_INIT(16 * 1024 * 1024);
    struct pg_backup_label before;
    struct pg_backup_label after;
    struct error err;

    if (pg_backup_label_strip_incremental(content, &stripped, &err) != OK)
        abort();
    if (pg_backup_label_parse(content, &before, &err) == OK &&
        (pg_backup_label_parse(buffer_bytes(&stripped), &after, &err) != OK || after.incremental ||
         after.start.lsn != before.start.lsn || strcmp(after.label, before.label) != 0 ||
         before.incremental != (stripped.size < content.size)))
        abort();
    buffer_release(&stripped);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_backup_label label;
    struct error err;

    if (pg_backup_label_parse((struct bytes){input, size}, &label, &err) == OK &&
        label.start.timeline == 0)
        abort();
    strip((struct bytes){input, size});
    read_map((struct bytes){input, size});
    return 0;
}
