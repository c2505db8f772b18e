// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object_check.h"
#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdlib.h>

#define KEY "shop/object"

/* Around the sizes of a prologue, a sealed header and a sealed chunk. */
static const size_t sizes[] = {0, 1, 48, 96, 65536, 300000};

static struct test_repository encrypted;
static struct test_repository plain;

static int
open_repositories(void **state)
{
    (void) state;
    test_repository_open(&encrypted, true);
    test_repository_open(&plain, false);
    return 0;
}

static int
close_repositories(void **state)
{
    (void) state;
    test_repository_close(&encrypted);
    test_repository_close(&plain);
    return 0;
}

static struct bytes
content_of(size_t size)
{
    static uint8_t content[300000];

    for (size_t index = 0; index < size; index++)
        content[index] = (uint8_t) (index * 31 + index / 251);
    return (struct bytes){content, size};
}

/* Store content with the digest of what was digested; with none when that is NULL. */
static void
store(struct repo *repo, struct bytes content, const struct bytes *digested)
{
    SCOPED(object_digest_key_wipe) struct object_digest_key key = {0};
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct digest digest;
    struct error err = {0};

    assert_ok(object_digest_key_active(repo, &key, &err));
    if (digested != NULL)
        assert_ok(digest_of(key.keyed ? &key.secret : NULL, *digested, &digest, &err));
    assert_ok(object_create(repo, KEY, OBJECT_COMPRESSED, digested == NULL ? NULL : &digest, &sink,
                            &err));
    assert_ok(sink_write(sink, content, &err));
    assert_ok(sink_finish(sink, &err));
}

/* Read what is stored, in pieces, through the check. */
static enum status
check(struct repo *repo, size_t step, struct buffer *out, struct error *err)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(1 << 20);
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(store_get(repo->store, KEY, &stored, err));
    TRY(sink_open_buffer(&sink, out, err));
    TRY(object_check_push_stages(repo, KEY, &sink, err));
    for (size_t at = 0; at < stored.size; at += step)
    {
        size_t left = stored.size - at;

        TRY(sink_write(sink, (struct bytes){stored.data + at, left < step ? left : step}, err));
    }
    return sink_finish(sink, err);
}

static void
expect_content(struct repo *repo, struct bytes content, size_t step)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_ok(check(repo, step, &out, &err));
    assert_true(bytes_equal(buffer_bytes(&out), content));
}

static void
expect_corrupt(struct repo *repo, const char *text)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_status(check(repo, 4096, &out, &err), STATUS_CORRUPT);
    assert_message(text);
    assert_ok(store_delete(repo->store, KEY, &err));
}

static void
content_that_has_its_digest_passes_whole(void **state)
{
    static const size_t steps[] = {1, 47, 96, 65536};
    struct repo *repos[] = {encrypted.repo, plain.repo};
    struct error err = {0};

    (void) state;
    for (size_t repo = 0; repo < 2; repo++)
        for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++)
        {
            struct bytes content = content_of(sizes[size]);

            store(repos[repo], content, &content);
            for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++)
                expect_content(repos[repo], content, steps[step]);
            assert_ok(store_delete(repos[repo]->store, KEY, &err));
        }
}

static void
content_with_the_digest_of_something_else_is_corrupt(void **state)
{
    struct bytes content = content_of(5000);
    struct bytes other = {content.data + 1, 4999};

    (void) state;
    store(encrypted.repo, content, &other);
    expect_corrupt(encrypted.repo, "digest");
    store(plain.repo, content, &other);
    expect_corrupt(plain.repo, "digest");
}

static void
an_object_without_a_digest_is_corrupt(void **state)
{
    (void) state;
    for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++)
    {
        store(encrypted.repo, content_of(sizes[size]), NULL);
        expect_corrupt(encrypted.repo, "carries no digest");
        store(plain.repo, content_of(sizes[size]), NULL);
        expect_corrupt(plain.repo, "carries no digest");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_that_has_its_digest_passes_whole),
        cmocka_unit_test(content_with_the_digest_of_something_else_is_corrupt),
        cmocka_unit_test(an_object_without_a_digest_is_corrupt),
    };

    return cmocka_run_group_tests(tests, open_repositories, close_repositories);
}
