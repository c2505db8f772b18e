// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/manifest.h"
#include "stream/sink.h"

#include <stdio.h>

static const struct frame_place place = {.pack = 0, .number = 3, .offset = 64, .size = 500};

/* What a reading saw. */
struct seen
{
    unsigned packs;
    unsigned files;
    unsigned extents;
    uint64_t covered;
    uint64_t live;
    struct manifest_file last;
    char path[64];
};

static enum status
see_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    seen->packs++;
    seen->live += pack->live_bytes;
    return OK;
}

static enum status
see_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    seen->files++;
    seen->last = *file;
    snprintf(seen->path, sizeof(seen->path), "%s", file->path);
    return OK;
}

static enum status
see_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
           struct error *err)
{
    struct seen *seen = arg;

    (void) file;
    (void) err;
    seen->extents++;
    seen->covered += extent->length;
    return OK;
}

static enum status
read_text(struct bytes text, size_t step, struct seen *seen, struct error *err)
{
    const struct manifest_handler handler = {
        .pack = see_pack, .file = see_file, .extent = see_extent, .arg = seen};
    SCOPED(sink_freep) struct sink *sink = NULL;

    *seen = (struct seen){0};
    TRY(sink_open_manifest(&sink, &handler, err));
    for (; text.size > 0; text.data += step, text.size -= step)
    {
        if (step > text.size)
            step = text.size;
        TRY(sink_write(sink, (struct bytes){text.data, step}, err));
    }
    return sink_finish(sink, err);
}

/* A manifest with one directory, one file of many extents, and one with odd bytes in its name. */
static void
write_manifest(struct buffer *text, unsigned extents)
{
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct pg_tablespace tablespace = {16400, (char *) "/srv/fast"};
    struct manifest_header header = {"2026-11-21T02-12-34-0001", UINT64_MAX, 15, &tablespace, 1};
    struct pack pack = {.size_bytes = 1000, .content_bytes = extents * UINT64_C(100) + 1};
    struct manifest_totals totals;
    struct error err = {0};

    assert_ok(sink_open_buffer(&sink, text, &err));
    assert_ok(manifest_writer_create(&writer, &sink, &header, &err));
    struct manifest_file directory = {.path = "base", .type = MANIFEST_DIRECTORY, .mode = 0700};
    assert_ok(manifest_writer_file(writer, &directory, &err));
    struct manifest_file file = {.path = "base/1",
                                 .mode = 0600,
                                 .size_bytes = extents * 100,
                                 .mtime = 1700000000,
                                 .has_crc32c = true,
                                 .crc32c = 0x00ab00cd};
    assert_ok(manifest_writer_file(writer, &file, &err));
    for (unsigned index = 0; index < extents; index++)
    {
        struct manifest_extent extent = {index * 100, 100, 7, place};

        assert_ok(manifest_writer_extent(writer, &extent, &err));
    }
    struct manifest_file odd = {.path = "base/\xff\xfe", .mode = 0600, .mtime = -5};
    assert_ok(manifest_writer_file(writer, &odd, &err));
    assert_ok(manifest_writer_pack(writer, &pack, &err));
    assert_ok(manifest_writer_finish(writer, &totals, &err));
    assert_int_equal(totals.files, 2);
    assert_int_equal(totals.directories, 1);
}

static void
what_was_written_is_read_whole_and_byte_by_byte(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(8 << 20);
    struct error err = {0};
    struct seen seen;

    write_manifest(&text, 5000);
    for (size_t step = 1; step < 100000; step += 99990)
    {
        assert_ok(read_text(buffer_bytes(&text), step, &seen, &err));
        assert_int_equal(seen.packs, 1);
        assert_int_equal(seen.files, 3);
        assert_int_equal(seen.extents, 5000);
        assert_int_equal(seen.covered, 500000);
        assert_int_equal(seen.live, 500000);
        assert_string_equal(seen.path, "base/\xff\xfe");
        assert_true(seen.last.mtime == -5);
    }
}

static void
a_manifest_cut_anywhere_is_refused(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1 << 20);
    struct error err = {0};
    struct seen seen;

    write_manifest(&text, 3);
    for (size_t size = 0; size < text.size; size++)
        assert_status(read_text((struct bytes){text.data, size}, 4096, &seen, &err),
                      STATUS_CORRUPT);
}

#define HEAD                                                                                       \
    "{\"manifest\":1,\"backup\":\"b\",\"system_identifier\":1,\"major\":15,\"tablespaces\":[]}\n"
#define PACK(content, live)                                                                        \
    "{\"pack\":\"00000000000000000000000000000000\",\"key\":\"00000000000000000000000000000000\"," \
    "\"size\":9,\"content\":" content ",\"live\":" live "}\n"
#define END(files, extents)                                                                        \
    "{\"end\":{\"files\":" files ",\"directories\":0,\"bytes\":10,\"extents\":" extents "}}\n"
#define FILE(path, size, extents)                                                                  \
    "{\"path\":\"" path "\",\"mode\":\"0600\",\"mtime\":0,\"size\":" size ",\"extents\":[" extents \
    "]}\n"

static void
what_could_do_harm_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        const char *text;
        const char *want;
    } cases[] = {
        {"an absolute path", HEAD FILE("/etc/passwd", "0", ""), "out of the data directory"},
        {"a path upwards", HEAD FILE("base/../../x", "0", ""), "out of the data directory"},
        {"paths out of order", HEAD FILE("b", "0", "") FILE("a", "0", ""), "out of order"},
        {"a path twice", HEAD FILE("b", "0", "") FILE("b", "0", ""), "out of order"},
        {"an extent past the file", HEAD FILE("b", "10", "[5,6,0,0,64,100,0]"), "outside its file"},
        {"extents that overlap", HEAD FILE("b", "10", "[0,6,0,0,64,100,0],[5,5,0,0,64,100,0]"),
         "outside its file"},
        {"an unknown pack", HEAD FILE("b", "10", "[0,6,1,0,64,100,0]") PACK("9", "6") END("1", "1"),
         "packs that it does not list"},
        {"a pack of which more is used than there is", HEAD PACK("9", "10"), "impossible pack"},
        {"a file behind the packs", HEAD PACK("9", "6") FILE("b", "0", ""), "after the packs"},
        {"extents behind the packs", HEAD FILE("b", "10", "") PACK("9", "6") "{\"more\":[]}\n",
         "extents without a file"},
        {"a frame in the pack's header", HEAD FILE("b", "10", "[0,6,0,0,63,100,0]"),
         "impossible frame"},
        {"a frame past the pack's end", HEAD FILE("b", "10", "[0,6,0,0,33554400,100,0]"),
         "impossible frame"},
        {"a negative number", HEAD FILE("b", "10", "[0,6,0,0,-64,100,0]"), "no number"},
        {"extents before any file", HEAD "{\"more\":[]}\n", "extents without a file"},
        {"a tablespace that is not absolute",
         "{\"manifest\":1,\"backup\":\"b\",\"system_identifier\":1,\"major\":15,\"tablespaces\":["
         "{\"oid\":1,\"location\":\"x\"}]}\n",
         "not absolute"},
        {"a wrong count",
         HEAD "{\"end\":{\"files\":1,\"directories\":0,\"bytes\":0,\"extents\":0}}\n",
         "does not count"},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct error err = {0};
        struct seen seen;
        enum status status = read_text(bytes_of(cases[index].text), 4096, &seen, &err);

        if (status != STATUS_CORRUPT || strstr(err.message, cases[index].want) == NULL)
            fail_msg("%s: %s: %s", cases[index].name, status_name(status), err.message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_whole_and_byte_by_byte),
        cmocka_unit_test(a_manifest_cut_anywhere_is_refused),
        cmocka_unit_test(what_could_do_harm_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
