// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdlib.h>

#define KEY "shop/object"

/* Around the sizes of a prologue, a sealed header and a sealed chunk. */
static const size_t sizes[] = {0, 1, 47, 48, 49, 96, 65535, 65536, 65537, 300000};

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

static void
remove_object(struct repo *repo)
{
    struct error err = {0};

    assert_ok(store_delete(repo->store, KEY, &err));
}

/* Content that looks like nothing else, and like itself at every size. */
static uint8_t *
content_of(size_t size)
{
    uint8_t *content = malloc(size + 1);

    for (size_t index = 0; index < size; index++)
        content[index] = (uint8_t) (index * 31 + index / 251);
    return content;
}

static void
put_stream(struct repo *repo, enum object_form form, const struct digest *digest,
           struct bytes content)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    assert_ok(object_create(repo, KEY, form, digest, &sink, &err));
    assert_ok(sink_write(sink, content, &err));
    assert_ok(sink_finish(sink, &err));
}

static void
assert_reads_back(struct repo *repo, enum object_form form, struct bytes want)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_ok(object_get(repo, KEY, form, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), want));
}

static void
objects_of_every_form_and_size_read_back(void **state)
{
    struct repo *repos[] = {encrypted.repo, plain.repo};
    const struct digest digest = {{7}};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < 2 * sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        struct repo *repo = repos[index % 2];
        size_t size = sizes[index / 2];
        SCOPED(freep) uint8_t *content = content_of(size);

        for (int form = OBJECT_PLAIN; form <= OBJECT_COMPRESSED; form++)
        {
            assert_ok(object_put(repo, KEY, (enum object_form) form, (struct bytes){content, size},
                                 &err));
            assert_reads_back(repo, (enum object_form) form, (struct bytes){content, size});
            remove_object(repo);
            put_stream(repo, (enum object_form) form, NULL, (struct bytes){content, size});
            assert_reads_back(repo, (enum object_form) form, (struct bytes){content, size});
            remove_object(repo);
        }
        put_stream(repo, OBJECT_COMPRESSED, &digest, (struct bytes){content, size});
        assert_reads_back(repo, OBJECT_COMPRESSED, (struct bytes){content, size});
        remove_object(repo);
    }
}

static void
a_digest_is_found_by_a_short_read(void **state)
{
    struct repo *repos[] = {encrypted.repo, plain.repo};
    const struct digest want = {{1, 2, 3, 255}};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < 2; index++)
    {
        SCOPED(object_digest_key_wipe) struct object_digest_key active = {0};
        SCOPED(object_digest_key_wipe) struct object_digest_key found = {0};
        struct digest got;

        put_stream(repos[index], OBJECT_COMPRESSED, &want, BYTES("content"));
        assert_ok(object_digest_key_active(repos[index], &active, &err));
        assert_ok(object_digest(repos[index], KEY, &got, &found, &err));
        assert_true(digest_equal(&want, &got));
        assert_int_equal(active.keyed, index == 0);
        assert_memory_equal(&active.secret, &found.secret, sizeof(found.secret));
        remove_object(repos[index]);
    }
}

static void
an_object_without_a_digest_says_so(void **state)
{
    struct repo *repos[] = {encrypted.repo, plain.repo};
    SCOPED(freep) uint8_t *content = content_of(5000);
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < 2; index++)
    {
        struct object_digest_key key;
        struct digest got;

        put_stream(repos[index], OBJECT_PLAIN, NULL, (struct bytes){content, 5000});
        assert_status(object_digest(repos[index], KEY, &got, &key, &err), STATUS_CORRUPT);
        assert_message("object \"" KEY "\": it carries no digest");
        remove_object(repos[index]);
        assert_status(object_digest(repos[index], KEY, &got, &key, &err), STATUS_NOT_FOUND);
    }
}

/* What is stored, with one change of the caller's. */
static enum status
read_changed(struct repo *repo, const char *key, struct bytes stored, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    enum status status;

    TRY(store_put(repo->store, key, stored, err));
    status = object_get(repo, key, OBJECT_COMPRESSED, &content, err);
    if (store_delete(repo->store, key, &(struct error){0}) != OK)
        return STATUS_REFUSED;
    return status;
}

static void
a_sealed_object_changed_cut_or_moved_is_corrupt(void **state)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(1 << 20);
    struct error err = {0};

    (void) state;
    put_stream(encrypted.repo, OBJECT_COMPRESSED, &(struct digest){{3}}, BYTES("segment"));
    assert_ok(store_get(encrypted.repo->store, KEY, &stored, &err));
    remove_object(encrypted.repo);
    assert_ok(read_changed(encrypted.repo, KEY, buffer_bytes(&stored), &err));
    assert_status(read_changed(encrypted.repo, KEY "2", buffer_bytes(&stored), &err),
                  STATUS_CORRUPT);
    for (size_t index = 0; index < stored.size; index++)
    {
        enum status status;

        assert_status(read_changed(encrypted.repo, KEY, (struct bytes){stored.data, index}, &err),
                      STATUS_CORRUPT);
        stored.data[index] ^= 4;
        status = read_changed(encrypted.repo, KEY, buffer_bytes(&stored), &err);
        assert_true(status == STATUS_CORRUPT || (status == STATUS_UNSUPPORTED && index == 8));
        stored.data[index] ^= 4;
    }
}

/* Or a thief could hand us objects that he made himself. */
static void
an_object_that_nobody_sealed_is_corrupt_where_objects_are_sealed(void **state)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(1 << 20);
    struct error err = {0};

    (void) state;
    put_stream(plain.repo, OBJECT_COMPRESSED, NULL, BYTES("forged"));
    assert_ok(store_get(plain.repo->store, KEY, &stored, &err));
    remove_object(plain.repo);
    assert_status(read_changed(encrypted.repo, KEY, buffer_bytes(&stored), &err), STATUS_CORRUPT);
}

static void
an_existing_object_conflicts(void **state)
{
    struct error err = {0};

    (void) state;
    assert_ok(object_put(encrypted.repo, KEY, OBJECT_PLAIN, BYTES("first"), &err));
    assert_status(object_put(encrypted.repo, KEY, OBJECT_PLAIN, BYTES("first"), &err),
                  STATUS_CONFLICT);
    assert_reads_back(encrypted.repo, OBJECT_PLAIN, BYTES("first"));
    remove_object(encrypted.repo);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_every_form_and_size_read_back),
        cmocka_unit_test(a_digest_is_found_by_a_short_read),
        cmocka_unit_test(an_object_without_a_digest_says_so),
        cmocka_unit_test(a_sealed_object_changed_cut_or_moved_is_corrupt),
        cmocka_unit_test(an_object_that_nobody_sealed_is_corrupt_where_objects_are_sealed),
        cmocka_unit_test(an_existing_object_conflicts),
    };

    return cmocka_run_group_tests(tests, open_repositories, close_repositories);
}
