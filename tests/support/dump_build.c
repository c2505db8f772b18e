// SPDX-License-Identifier: PostgreSQL
#include "tests/support/dump_build.h"

#include "repo/object.h"
#include "stream/gzip.h"
#include "stream/sink.h"
#include "tests/support/assert.h"

#include <stdio.h>
#include <stdlib.h>

#define CONTENT "what pg_dump wrote of a database\n"

struct dump
dump_build(const char *database, time_us started)
{
    struct dump dump = {.format = DUMP_CUSTOM,
                        .compression = DUMP_ZSTD,
                        .system_identifier = 7,
                        .server_version = 180000,
                        .started = started,
                        .finished = started + 60 * US_PER_SECOND,
                        .lsn = 0x1000028,
                        .database_bytes = 8000000,
                        .raw_bytes = strlen(CONTENT)};
    struct error err = {0};

    snprintf(dump.database, sizeof(dump.database), "%s", database);
    dump_make_name(started, dump.name);
    assert_ok(digest_of(NULL, BYTES(CONTENT), &dump.digest, &err));
    return dump;
}

void
dump_build_key(struct repo *repo, const struct dump *dump, const char *extension,
               char key[STORE_KEY_MAX + 1])
{
    char id[DUMP_ID_SIZE];
    struct error err = {0};

    dump_id(dump, id);
    assert_ok(dump_key(repo, id, extension, key, &err));
}

static void
put_data(struct repo *repo, const struct dump *dump)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    bool gzip = dump->compression == DUMP_GZIP;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    dump_build_key(repo, dump, dump_extension(dump), key);
    assert_ok(object_create(repo, key, gzip ? OBJECT_PLAIN : OBJECT_COMPRESSED, NULL, &sink, &err));
    if (gzip)
        assert_ok(sink_push_gzip(&sink, &err));
    assert_ok(sink_write(sink, BYTES(CONTENT), &err));
    assert_ok(sink_finish(sink, &err));
}

static void
put(struct repo *repo, const struct dump *dump, const char *extension, enum object_form form,
    const char *content)
{
    const struct bytes bytes = {(const uint8_t *) content, strlen(content)};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    dump_build_key(repo, dump, extension, key);
    assert_ok(object_put(repo, key, form, bytes, &err));
}

void
dump_build_put(struct repo *repo, const struct dump *dump)
{
    SCOPED(json_freep) json_t *document = json_pack("{s:o}", "dump", dump_to_json(dump));
    char *text = json_dumps(document, JSON_COMPACT);

    assert_non_null(text);
    put(repo, dump, DUMP_EXTENSION_GLOBALS, OBJECT_COMPRESSED, "CREATE ROLE shop;\n");
    put_data(repo, dump);
    put(repo, dump, DUMP_EXTENSION_DOCUMENT, OBJECT_PLAIN, text);
    free(text);
}

void
dump_build_commit(struct repo *repo, struct catalog *catalog, const struct dump *dump)
{
    const struct catalog_entry entry = {.dump = dump};
    struct error err = {0};

    dump_build_put(repo, dump);
    assert_ok(catalog_append(repo, catalog, &entry, (struct catalog_check){0}, &err));
}
