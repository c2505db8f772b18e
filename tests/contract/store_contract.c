// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/contract/store_fixture.h"

#include "base/clock.h"
#include "base/group.h"
#include "repo/store_delete.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>

enum
{
    CONTENT_LIMIT = 64 << 20,
    WRITER_COUNT = 8,
    PAGED_COUNT = 1005 /* S3 lists a thousand at a time */
};

/* cmocka hands a setup function the state of its test, which first is this. */
const struct store_contract *driver;

struct fixture
{
    struct store *store;
    void *context;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    assert_non_null(fixture);
    assert_ok(driver->open(driver->arg, &fixture->store, &fixture->context, &err));
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    store_freep(&fixture->store);
    if (driver->close != NULL)
        driver->close(driver->arg, fixture->context);
    free(fixture);
    return 0;
}

struct store *
store_of(void **state)
{
    return ((struct fixture *) *state)->store;
}

/* Bytes that differ from place to place, so that a piece out of place shows. */
uint8_t *
make_content(size_t size)
{
    uint8_t *content = malloc(size + 1);

    assert_non_null(content);
    for (size_t index = 0; index < size; index++)
        content[index] = (uint8_t) (index * 2654435761U >> 13);
    return content;
}

static void
assert_content(struct store *store, const char *key, struct bytes want)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(CONTENT_LIMIT);
    struct error err = {0};

    assert_ok(store_get(store, key, &got, &err));
    if (!bytes_equal(buffer_bytes(&got), want))
        fail_msg("object \"%s\": %zu bytes differ from the %zu written", key, got.size, want.size);
}

static void
write_stream(struct store *store, const char *key, struct bytes content, size_t chunk_size)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    assert_ok(store_create(store, key, &sink, &err));
    while (content.size > 0)
    {
        struct bytes chunk = {content.data, content.size < chunk_size ? content.size : chunk_size};

        assert_ok(sink_write(sink, chunk, &err));
        content = (struct bytes){content.data + chunk.size, content.size - chunk.size};
    }
    assert_ok(sink_finish(sink, &err));
}

static void
what_is_put_is_read_back(void **state)
{
    static const size_t sizes[] = {0, 1, 1000, 300 * 1024 + 7};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = make_content(sizes[index]);
        struct bytes bytes = {content, sizes[index]};
        char key[32];
        uint64_t size_bytes = 99;

        snprintf(key, sizeof(key), "sizes/%zu", sizes[index]);
        assert_ok(store_put(store_of(state), key, bytes, &err));
        assert_content(store_of(state), key, bytes);
        assert_ok(store_size(store_of(state), key, &size_bytes, &err));
        assert_int_equal(size_bytes, sizes[index]);
    }
}

static void
a_stream_of_any_length_is_read_back(void **state)
{
    const size_t part = driver->part_size_bytes;
    const size_t sizes[] = {0, 1, part - 1, part, part + 1, 2 * part, 2 * part + 5};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = make_content(sizes[index]);
        struct bytes bytes = {content, sizes[index]};
        char key[48];

        snprintf(key, sizeof(key), "streams/%zu", sizes[index]);
        write_stream(store_of(state), key, bytes, 1000003);
        assert_content(store_of(state), key, bytes);
    }
}

static void
putting_what_exists_conflicts_and_changes_nothing(void **state)
{
    struct error err = {0};

    assert_ok(store_put(store_of(state), "a/key", BYTES("old"), &err));

    assert_status(store_put(store_of(state), "a/key", BYTES("new"), &err), STATUS_CONFLICT);

    assert_message("a/key");
    assert_content(store_of(state), "a/key", BYTES("old"));
}

static void
putting_the_same_content_again_conflicts_too(void **state)
{
    struct error err = {0};

    assert_ok(store_put(store_of(state), "same", BYTES("content"), &err));

    assert_status(store_put(store_of(state), "same", BYTES("content"), &err), STATUS_CONFLICT);
}

/* CONFLICT may come at create, at a write that passes a part, or at finish. */
static enum status
try_stream(struct store *store, const char *key, struct bytes content, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(store_create(store, key, &sink, err));
    TRY(sink_write(sink, content, err));
    return sink_finish(sink, err);
}

static void
streaming_to_what_exists_conflicts_and_changes_nothing(void **state)
{
    const size_t sizes[] = {3, driver->part_size_bytes + 3};
    struct error err = {0};

    assert_ok(store_put(store_of(state), "taken", BYTES("old"), &err));
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = make_content(sizes[index]);
        struct bytes bytes = {content, sizes[index]};

        assert_status(try_stream(store_of(state), "taken", bytes, &err), STATUS_CONFLICT);
        assert_content(store_of(state), "taken", BYTES("old"));
    }
}

/* The object appears while ours is being written. */
static void
a_stream_that_was_overtaken_conflicts_at_finish(void **state)
{
    const size_t sizes[] = {3, driver->part_size_bytes + 3};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = make_content(sizes[index]);
        SCOPED(sink_freep) struct sink *sink = NULL;
        char key[32];

        snprintf(key, sizeof(key), "overtaken/%zu", index);
        assert_ok(store_create(store_of(state), key, &sink, &err));
        assert_ok(sink_write(sink, (struct bytes){content, sizes[index]}, &err));
        assert_ok(store_put(store_of(state), key, BYTES("winner"), &err));

        assert_status(sink_finish(sink, &err), STATUS_CONFLICT);

        assert_content(store_of(state), key, BYTES("winner"));
    }
}

static enum status
count_keys(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    (*(size_t *) arg)++;
    return OK;
}

static size_t
count_of(struct store *store, const char *prefix)
{
    struct error err = {0};
    size_t count = 0;

    assert_ok(store_list(store, prefix, "", count_keys, &count, &err));
    return count;
}

static void
a_stream_is_invisible_until_it_finishes(void **state)
{
    SCOPED(freep) uint8_t *content = make_content(driver->part_size_bytes + 3);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    uint64_t size_bytes;

    assert_ok(store_create(store_of(state), "later", &sink, &err));
    assert_ok(sink_write(sink, (struct bytes){content, driver->part_size_bytes + 3}, &err));

    assert_status(store_size(store_of(state), "later", &size_bytes, &err), STATUS_NOT_FOUND);
    assert_int_equal(count_of(store_of(state), ""), 0);
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(count_of(store_of(state), ""), 1);
}

static void
an_abandoned_stream_leaves_nothing(void **state)
{
    const size_t sizes[] = {0, 3, driver->part_size_bytes + 3};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        SCOPED(freep) uint8_t *content = make_content(sizes[index]);
        SCOPED(sink_freep) struct sink *sink = NULL;

        assert_ok(store_create(store_of(state), "abandoned", &sink, &err));
        assert_ok(sink_write(sink, (struct bytes){content, sizes[index]}, &err));
        sink_freep(&sink);
        assert_int_equal(count_of(store_of(state), ""), 0);
    }
    assert_ok(store_put(store_of(state), "abandoned", BYTES("free to use"), &err));
}

static enum status
read_range(struct store *store, uint64_t offset, uint64_t length, struct buffer *into,
           struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_buffer(&sink, into, err));
    TRY(store_read(store, "digits", offset, length, sink, err));
    return sink_finish(sink, err);
}

static void
ranges_are_exact(void **state)
{
    static const struct
    {
        const char *name;
        uint64_t offset;
        uint64_t length;
        enum status status;
        const char *want;
    } cases[] = {
        {"the beginning", 0, 3, OK, "012"},
        {"the middle", 4, 2, OK, "45"},
        {"the last byte", 9, 1, OK, "9"},
        {"all by length", 0, 10, OK, "0123456789"},
        {"all to the end", 0, STORE_TO_END, OK, "0123456789"},
        {"from within to the end", 7, STORE_TO_END, OK, "789"},
        {"nothing", 3, 0, OK, ""},
        {"nothing, at the end", 10, 0, OK, ""},
        {"from the end to the end", 10, STORE_TO_END, OK, ""},
        {"one byte too many", 0, 11, STATUS_CORRUPT, NULL},
        {"one byte behind the end", 10, 1, STATUS_CORRUPT, NULL},
        {"from behind the end", 11, STORE_TO_END, STATUS_CORRUPT, NULL},
        {"nothing, behind the end", 11, 0, STATUS_CORRUPT, NULL},
        {"more than there can be", 5, STORE_TO_END - 2, STATUS_CORRUPT, NULL},
    };
    struct error err = {0};

    assert_ok(store_put(store_of(state), "digits", BYTES("0123456789"), &err));
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
        enum status status =
            read_range(store_of(state), cases[index].offset, cases[index].length, &got, &err);

        if (status != cases[index].status)
            fail_msg("%s: %s: %s", cases[index].name, status_name(status), err.message);
        if (status == OK && !bytes_equal(buffer_bytes(&got), bytes_of(cases[index].want)))
            fail_msg("%s: got \"%.*s\"", cases[index].name, (int) got.size, (char *) got.data);
    }
}

static void
an_empty_object_can_be_read(void **state)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct error err = {0};

    assert_ok(store_put(store_of(state), "digits", BYTES(""), &err));

    assert_ok(read_range(store_of(state), 0, STORE_TO_END, &got, &err));
    assert_ok(read_range(store_of(state), 0, 0, &got, &err));
    assert_status(read_range(store_of(state), 0, 1, &got, &err), STATUS_CORRUPT);
    assert_int_equal(got.size, 0);
}

static void
what_is_not_there_is_not_found(void **state)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);
    struct error err = {0};
    uint64_t size_bytes;

    assert_ok(store_put(store_of(state), "digits-and-more", BYTES("x"), &err));

    assert_status(store_get(store_of(state), "digits", &got, &err), STATUS_NOT_FOUND);
    assert_message("digits");
    assert_status(read_range(store_of(state), 5, 3, &got, &err), STATUS_NOT_FOUND);
    assert_status(read_range(store_of(state), 0, 0, &got, &err), STATUS_NOT_FOUND);
    assert_status(store_size(store_of(state), "digits", &size_bytes, &err), STATUS_NOT_FOUND);
    assert_status(store_size(store_of(state), "no/such/folder", &size_bytes, &err),
                  STATUS_NOT_FOUND);
}

static void
the_reader_s_failure_is_passed_on(void **state)
{
    SCOPED(buffer_release) struct buffer small = BUFFER_INIT(4);
    struct error err = {0};

    assert_ok(store_put(store_of(state), "digits", BYTES("0123456789"), &err));

    assert_status(read_range(store_of(state), 0, STORE_TO_END, &small, &err), STATUS_NO_MEMORY);
    assert_message("full");
}

struct names
{
    struct buffer text;
    size_t stop_after;
    size_t count;
};

static enum status
collect(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct names *names = arg;

    if (names->count++ == names->stop_after)
        return error_set(err, STATUS_REFUSED, "enough");
    return buffer_append_text(&names->text, err, "%s:%d ", key, (int) size_bytes);
}

void
assert_listing(struct store *store, const char *prefix, const char *after, const char *want)
{
    struct names names = {.text = BUFFER_INIT(65536), .stop_after = 1000000};
    struct error err = {0};
    const char *got;

    assert_ok(store_list(store, prefix, after, collect, &names, &err));
    assert_ok(buffer_text(&names.text, &got, &err));
    assert_string_equal(got, want);
    buffer_release(&names.text);
}

void
put_all(struct store *store, const char *const *keys, size_t count)
{
    struct error err = {0};

    for (size_t index = 0; index < count; index++)
        assert_ok(store_put(store, keys[index], bytes_of(keys[index]), &err));
}

/* No key is another's folder: a file system cannot have both. */
static void
listing_is_in_byte_order(void **state)
{
    static const char *const keys[] = {"b",   "a/b/c", "a-b", "a.b", "a=b", "a_b",
                                       "a%b", "a/d",   "a0b", "B",   "aa",  "a/a"};

    put_all(store_of(state), keys, sizeof(keys) / sizeof(keys[0]));

    assert_listing(store_of(state), "", "",
                   "B:1 a%b:3 a-b:3 a.b:3 a/a:3 a/b/c:5 a/d:3 a0b:3 a=b:3 a_b:3 aa:2 b:1 ");
}

static void
listing_honours_prefix_and_after(void **state)
{
    static const char *const keys[] = {"log/1", "log/2", "log/3", "logs/1", "wal/1"};
    static const struct
    {
        const char *prefix;
        const char *after;
        const char *want;
    } cases[] = {
        {"log/", "", "log/1:5 log/2:5 log/3:5 "},
        {"log", "", "log/1:5 log/2:5 log/3:5 logs/1:6 "},
        {"log/", "log/1", "log/2:5 log/3:5 "},
        {"log/", "log/10", "log/2:5 log/3:5 "},
        {"log/", "log/3", ""},
        {"log/", "zzz", ""},
        {"wal/", "log/2", "wal/1:5 "},
        {"none/", "", ""},
        {"", "log/3", "logs/1:6 wal/1:5 "},
        {"log/2", "", "log/2:5 "},
    };

    put_all(store_of(state), keys, sizeof(keys) / sizeof(keys[0]));
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
        assert_listing(store_of(state), cases[index].prefix, cases[index].after, cases[index].want);
}

static void
listing_stops_at_the_visitor_s_failure(void **state)
{
    static const char *const keys[] = {"1", "2", "3"};
    struct names names = {.text = BUFFER_INIT(1024), .stop_after = 1};
    struct error err = {0};

    put_all(store_of(state), keys, 3);

    assert_status(store_list(store_of(state), "", "", collect, &names, &err), STATUS_REFUSED);

    assert_string_equal(err.message, "enough");
    assert_int_equal(names.count, 2);
    buffer_release(&names.text);
}

static enum status
expect_next(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    size_t *next = arg;
    char want[32];

    (void) size_bytes;
    snprintf(want, sizeof(want), "many/%05zu", (*next)++);
    if (strcmp(key, want) != 0)
        return error_set(err, STATUS_CORRUPT, "got %s, want %s", key, want);
    return OK;
}

static void
listing_is_whole_over_many_pages(void **state)
{
    struct error err = {0};
    size_t next = 0;

    for (size_t index = 0; index < PAGED_COUNT; index++)
    {
        char key[32];

        snprintf(key, sizeof(key), "many/%05zu", index);
        assert_ok(store_put(store_of(state), key, BYTES("x"), &err));
    }

    assert_ok(store_list(store_of(state), "many/", "", expect_next, &next, &err));

    assert_int_equal(next, PAGED_COUNT);
}

static void
every_allowed_key_works(void **state)
{
    char longest[STORE_KEY_MAX + 1];
    struct error err = {0};

    for (size_t index = 0; index < STORE_KEY_MAX; index++)
        longest[index] = index % 100 == 99 && index + 1 < STORE_KEY_MAX ? '/' : 'k';
    longest[STORE_KEY_MAX] = '\0';

    assert_ok(store_put(store_of(state), longest, BYTES("long"), &err));
    assert_content(store_of(state), longest, BYTES("long"));
    assert_ok(store_put(store_of(state), "aZ09._-=%25/%2F/...x/%", BYTES("odd"), &err));
    assert_content(store_of(state), "aZ09._-=%25/%2F/...x/%", BYTES("odd"));
    assert_int_equal(count_of(store_of(state), "aZ09._-=%25/%2F/"), 1);
}

static void
other_keys_are_refused(void **state)
{
    static const char *const keys[] = {"",    "/a",  "a/",  "a//b", ".",        "..",  "a/../b",
                                       "a/.", "a b", "a+b", "a\nb", "\xc3\xa9", "a\\b"};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(keys) / sizeof(keys[0]); index++)
        assert_status(store_put(store_of(state), keys[index], BYTES("x"), &err), STATUS_CONFIG);
}

/* One of several writers of the same key. */
struct writer
{
    struct store *store;
    char content[16];
    enum status status;
};

static enum status
write_contested(void *arg, struct error *err)
{
    struct writer *writer = arg;

    writer->status = store_put(writer->store, "contested", bytes_of(writer->content), err);
    return writer->status == STATUS_CONFLICT ? OK : writer->status;
}

static void
of_racing_writers_exactly_one_wins(void **state)
{
    SCOPED(group_freep) struct group *group = NULL;
    struct writer writers[WRITER_COUNT];
    const char *winner = NULL;
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    for (size_t index = 0; index < WRITER_COUNT; index++)
    {
        writers[index] = (struct writer){.store = store_of(state)};
        snprintf(writers[index].content, sizeof(writers[index].content), "writer %zu", index);
        assert_ok(group_start(group, write_contested, &writers[index], &err));
    }
    assert_ok(group_join(group, &err));

    for (size_t index = 0; index < WRITER_COUNT; index++)
    {
        if (writers[index].status != OK)
            continue;
        assert_null(winner);
        winner = writers[index].content;
    }
    assert_non_null(winner);
    assert_content(store_of(state), "contested", bytes_of(winner));
}

static enum status
write_own_keys(void *arg, struct error *err)
{
    struct writer *writer = arg;
    char key[64];

    for (int index = 0; index < 20; index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1024);

        snprintf(key, sizeof(key), "own/%s/%d", writer->content, index);
        TRY(store_put(writer->store, key, bytes_of(key), err));
        TRY(store_get(writer->store, key, &got, err));
        if (!bytes_equal(buffer_bytes(&got), bytes_of(key)))
            return error_set(err, STATUS_CORRUPT, "\"%s\" has another's content", key);
    }
    return OK;
}

static void
many_threads_may_use_one_store(void **state)
{
    SCOPED(group_freep) struct group *group = NULL;
    struct writer writers[WRITER_COUNT];
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    for (size_t index = 0; index < WRITER_COUNT; index++)
    {
        writers[index] = (struct writer){.store = store_of(state)};
        snprintf(writers[index].content, sizeof(writers[index].content), "%zu", index);
        assert_ok(group_start(group, write_own_keys, &writers[index], &err));
    }
    assert_ok(group_join(group, &err));

    assert_int_equal(count_of(store_of(state), "own/"), WRITER_COUNT * 20);
}

static void
the_store_tells_the_time(void **state)
{
    struct error err = {0};
    int64_t now = 0;

    assert_ok(store_server_time(store_of(state), &now, &err));

    assert_between(now, clock_now() - 60 * US_PER_SECOND, clock_now() + 60 * US_PER_SECOND);
}

static void
the_probe_finds_conditional_creation_and_leaves_nothing(void **state)
{
    struct store_dialect dialect = {0};
    struct error err = {0};

    assert_ok(store_probe(store_of(state), &dialect, &err));

    assert_true(dialect.conditional_create);
    assert_non_null(dialect.description);
    assert_int_equal(count_of(store_of(state), ""), 0);
}

int
store_contract_run(const struct store_contract *contract)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CLAIM(what_is_put_is_read_back),
        CLAIM(a_stream_of_any_length_is_read_back),
        CLAIM(putting_what_exists_conflicts_and_changes_nothing),
        CLAIM(putting_the_same_content_again_conflicts_too),
        CLAIM(streaming_to_what_exists_conflicts_and_changes_nothing),
        CLAIM(a_stream_that_was_overtaken_conflicts_at_finish),
        CLAIM(a_stream_is_invisible_until_it_finishes),
        CLAIM(an_abandoned_stream_leaves_nothing),
        CLAIM(ranges_are_exact),
        CLAIM(an_empty_object_can_be_read),
        CLAIM(what_is_not_there_is_not_found),
        CLAIM(the_reader_s_failure_is_passed_on),
        CLAIM(listing_is_in_byte_order),
        CLAIM(listing_honours_prefix_and_after),
        CLAIM(listing_stops_at_the_visitor_s_failure),
        CLAIM(listing_is_whole_over_many_pages),
        CLAIM(deletion_is_resumable),
        CLAIM(a_visitor_may_delete_what_it_visits),
        CLAIM(an_unfinished_stream_that_is_not_old_is_left_alone),
        CLAIM(an_old_unfinished_stream_is_removed_and_can_not_finish),
        CLAIM(where_nothing_is_unfinished_nothing_is_removed),
        CLAIM(every_allowed_key_works),
        CLAIM(other_keys_are_refused),
        CLAIM(of_racing_writers_exactly_one_wins),
        CLAIM(many_threads_may_use_one_store),
        CLAIM(the_store_tells_the_time),
        CLAIM(the_probe_finds_conditional_creation_and_leaves_nothing),
    };
#undef CLAIM

    driver = contract;
    return cmocka_run_group_tests_name(contract->name, tests, NULL, NULL);
}
