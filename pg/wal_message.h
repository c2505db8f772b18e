// SPDX-License-Identifier: PostgreSQL
/*
 * wal_message.h - what a server sends while it streams WAL
 * (https://www.postgresql.org/docs/current/protocol-replication.html).
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

#include <stdbool.h>

struct pg_wal_message
{
    bool reply_wanted; /* a keepalive that wants an answer */
    pg_lsn start;      /* of wal, when there is any */
    struct bytes wal;  /* points into the message */
};

/* CORRUPT: no message that such a stream has. */
NODISCARD enum status pg_wal_message_parse(struct bytes message, struct pg_wal_message *parsed,
                                           struct error *err);
