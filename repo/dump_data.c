// SPDX-License-Identifier: PostgreSQL
#include "repo/dump_data.h"

#include "stream/gzip.h"

enum status
dump_data_push_open_stages(struct repo *repo, const char *key, bool gzip, struct sink **sink,
                           struct error *err)
{
    if (!gzip)
        return object_push_open_stages(repo, key, OBJECT_COMPRESSED, sink, err);
    TRY(sink_push_gunzip(sink, err));
    return object_push_open_stages(repo, key, OBJECT_PLAIN, sink, err);
}
