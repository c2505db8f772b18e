// SPDX-License-Identifier: PostgreSQL
#include "dump/source.h"

#include "repo/dump_data.h"
#include "stream/sink.h"

static enum status
require_digest(const struct dump *dump, const struct digest *found, const char *key,
               struct error *err)
{
    char wanted_text[DIGEST_TEXT_SIZE];
    char found_text[DIGEST_TEXT_SIZE];

    if (digest_equal(&dump->digest, found))
        return OK;
    digest_format(&dump->digest, wanted_text);
    digest_format(found, found_text);
    error_set(err, STATUS_CORRUPT, "object \"%s\" does not hold what was dumped", key);
    error_detail(err, "Its SHA-256 is %s, expected %s.", found_text, wanted_text);
    return STATUS_CORRUPT;
}

/* All of the object through the chain. */
static enum status
read_through(struct repo *repo, const char *key, struct sink *sink, struct error *err)
{
    enum status status = store_read(repo->store, key, 0, STORE_TO_END, sink, err);

    if (status == OK)
        status = sink_finish(sink, err);
    if (status == STATUS_CORRUPT)
        error_context(err, "object \"%s\"", key);
    return status;
}

enum status
source_read(struct repo *repo, const struct dump *dump, struct source_target target,
            struct error *err)
{
    struct digest digest = {{0}};
    SCOPED(sink_freep) struct sink *sink = NULL;
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];

    dump_id(dump, id);
    TRY(dump_key(repo, id, dump_extension(dump), key, err));
    TRY(sink_open_call(&sink, target.write, target.arg, err));
    TRY(sink_push_digest(&sink, NULL, &digest, err));
    TRY(dump_data_push_open_stages(repo, key, dump->compression == DUMP_GZIP, &sink, err));
    TRY(read_through(repo, key, sink, err));
    return require_digest(dump, &digest, key, err);
}

enum status
source_read_globals(struct repo *repo, const struct dump *dump, struct source_target target,
                    struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];

    dump_id(dump, id);
    TRY(dump_key(repo, id, DUMP_EXTENSION_GLOBALS, key, err));
    TRY(sink_open_call(&sink, target.write, target.arg, err));
    return object_read(repo, key, OBJECT_COMPRESSED, &sink, err);
}
