// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_head.h"

#include "stream/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct head_sink
{
    struct sink base;
    struct wal_head *seen;
};

static enum status
head_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct wal_head *seen = ((struct head_sink *) self)->seen;

    if (seen->size_bytes < sizeof(seen->bytes))
    {
        size_t room = sizeof(seen->bytes) - seen->size_bytes;

        memcpy(seen->bytes + seen->size_bytes, chunk.data, chunk.size < room ? chunk.size : room);
    }
    seen->size_bytes += chunk.size;
    return sink_write(self->next, chunk, err);
}

static enum status
head_finish(struct sink *self, struct error *err)
{
    return sink_finish(self->next, err);
}

static void
head_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops head_ops = {
    .name = "WAL head",
    .write = head_write,
    .finish = head_finish,
    .free = head_free,
};

enum status
sink_push_wal_head(struct sink **head, struct wal_head *seen, struct error *err)
{
    struct head_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &head_ops;
    stage->seen = seen;
    *seen = (struct wal_head){.size_bytes = 0};
    sink_push(head, &stage->base);
    return OK;
}

enum status
wal_head_check(const struct wal_head *seen, const struct wal_head_wanted *wanted, struct error *err)
{
    struct pg_wal_header header;
    char address[PG_LSN_TEXT_SIZE];

    if (seen->size_bytes != wanted->segment_size)
        return error_set(err, STATUS_CORRUPT,
                         "it has %" PRIu64 " bytes, and this cluster's segments have %" PRIu32,
                         seen->size_bytes, wanted->segment_size);
    TRY(pg_wal_header_parse((struct bytes){seen->bytes, sizeof(seen->bytes)}, &header, err));
    if (header.system_identifier != wanted->system_identifier)
        return error_set(err, STATUS_CORRUPT,
                         "it is of a cluster with system identifier %" PRIu64 ", expected %" PRIu64,
                         header.system_identifier, wanted->system_identifier);
    if (header.page_address == pg_wal_segment_start(wanted->segment, wanted->segment_size) &&
        header.timeline <= wanted->segment.timeline)
        return OK;
    pg_lsn_format(header.page_address, address);
    return error_set(err, STATUS_CORRUPT,
                     "it begins at LSN %s of timeline %" PRIu32 ", which is not what its name says",
                     address, header.timeline);
}
