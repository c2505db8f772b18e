// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_message.h"

#include <endian.h>
#include <string.h>

/* 'w', the start of the WAL, the server's end of WAL, and its clock. */
#define WAL_HEADER_SIZE 25

/* 'k', the server's end of WAL, its clock, and whether it wants an answer. */
#define KEEPALIVE_SIZE 18

enum status
pg_wal_message_parse(struct bytes message, struct pg_wal_message *parsed, struct error *err)
{
    uint64_t start;

    *parsed = (struct pg_wal_message){0};
    if (message.size >= KEEPALIVE_SIZE && message.data[0] == 'k')
    {
        parsed->reply_wanted = message.data[KEEPALIVE_SIZE - 1] != 0;
        return OK;
    }
    if (message.size < WAL_HEADER_SIZE || message.data[0] != 'w')
        return error_set(err, STATUS_CORRUPT,
                         "the server sent an unknown message while streaming WAL");
    memcpy(&start, message.data + 1, sizeof(start));
    parsed->start = be64toh(start);
    parsed->wal = (struct bytes){message.data + WAL_HEADER_SIZE, message.size - WAL_HEADER_SIZE};
    return OK;
}
