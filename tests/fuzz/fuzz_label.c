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

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_backup_label label;
    struct error err;

    if (pg_backup_label_parse((struct bytes){input, size}, &label, &err) == OK &&
        label.start.timeline == 0)
        abort();
    read_map((struct bytes){input, size});
    return 0;
}
