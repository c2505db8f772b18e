// SPDX-License-Identifier: PostgreSQL
/*
 * What a store that fails does to those above it.  It fails at its first
 * operation, at its second and so on until a run passes untouched, each time in
 * each way: what was acknowledged is there, nothing is there by half, and a
 * second try succeeds.
 */
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/catalog.h"
#include "repo/object.h"
#include "repo/wal.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT     "000000010000000000000003"
#define OPERATIONS  1000 /* no sweep here is so long: a limit against running for ever */
#define BEFORE      62   /* entries; the next one is the last before a checkpoint */
#define CATALOG_RUN 2    /* so that the second has to write the checkpoint */

static void
sweep(bool (*run)(enum store_fault fault, unsigned nth))
{
    for (int fault = 0; fault < FAULT_KINDS; fault++)
    {
        unsigned nth = 1;

        while (run((enum store_fault) fault, nth))
            assert_true(++nth < OPERATIONS);
        assert_true(nth > 1);
    }
}

static struct backup
backup_named(unsigned number)
{
    struct backup backup = {.system_identifier = 7, .major = 15, .wal_segment_size = 1 << 24};

    snprintf(backup.id, sizeof(backup.id), "2026-11-21T02-12-34-%04x", number);
    return backup;
}

/* What a caller checks who may be trying again. */
static enum status
is_new(void *arg, const struct catalog *catalog, struct error *err)
{
    if (catalog_find_backup(catalog, arg) == NULL)
        return OK;
    return error_set(err, STATUS_REFUSED, "it is in the log");
}

static enum status
append(struct repo *repo, struct catalog *catalog, unsigned number, struct error *err)
{
    struct backup backup = backup_named(number);
    struct catalog_entry entry = {.backup = &backup};

    return catalog_append(repo, catalog, &entry, (struct catalog_check){is_new, backup.id}, err);
}

static void
assert_backups(struct repo *repo, size_t count)
{
    SCOPED(catalog_release) struct catalog reader = {0};
    struct error err = {0};

    assert_ok(catalog_load(repo, &reader, &err));
    assert_int_equal(reader.backup_count, count);
}

static bool
append_with_fault(enum store_fault fault, unsigned nth)
{
    SCOPED(catalog_release) struct catalog writer = {0};
    struct test_repository test;
    struct error err = {0};
    enum status status = OK;
    size_t done = BEFORE;
    bool struck;

    test_repository_open_faulty(&test);
    for (unsigned number = 0; number < BEFORE; number++)
        assert_ok(append(test.repo, &writer, number, &err));
    faulty_store_arm(test.repo->store, fault, nth);
    while (status == OK && done < BEFORE + CATALOG_RUN)
    {
        status = append(test.repo, &writer, (unsigned) done, &err);
        done += status == OK;
    }
    struck = faulty_store_struck(test.repo->store);
    faulty_store_arm(test.repo->store, fault, 0);
    assert_int_equal(status != OK, struck);

    for (; done < BEFORE + CATALOG_RUN; done++)
    {
        status = append(test.repo, &writer, (unsigned) done, &err);
        assert_true(status == OK || (status == STATUS_REFUSED && fault == FAULT_REPLY_LOST));
    }
    assert_backups(test.repo, BEFORE + CATALOG_RUN);
    test_repository_close(&test);
    return struck;
}

static void
a_log_entry_is_committed_once_whatever_the_store_does(void **state)
{
    (void) state;
    sweep(append_with_fault);
}

static enum status
push(struct repo *repo, struct bytes content, struct error *err)
{
    SCOPED(fd_closep) int source = -1;
    struct wal_file file = {7, SEGMENT};
    enum wal_push_result result;

    TRY(file_temporary(&source, err));
    TRY(fd_write(source, content, "source", err));
    return wal_push(repo, &file, source, "source", &result, err);
}

static enum status
get(struct repo *repo, struct buffer *content, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file file = {7, SEGMENT};

    content->size = 0;
    TRY(sink_open_buffer(&sink, content, err));
    return wal_read(repo, &file, &sink, err);
}

/* Absent or whole. */
static bool
is_archived(struct repo *repo, struct bytes content)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1 << 20);
    struct error err = {0};
    enum status status = get(repo, &got, &err);

    if (status == STATUS_NOT_FOUND)
        return false;
    assert_ok(status);
    assert_true(bytes_equal(buffer_bytes(&got), content));
    return true;
}

static bool
push_with_fault(enum store_fault fault, unsigned nth)
{
    const struct bytes content = BYTES("what PostgreSQL wrote");
    struct test_repository test;
    struct error err = {0};
    enum status status;
    bool struck;

    test_repository_open_faulty(&test);
    faulty_store_arm(test.repo->store, fault, nth);
    status = push(test.repo, content, &err);
    struck = faulty_store_struck(test.repo->store);
    faulty_store_arm(test.repo->store, fault, 0);
    assert_int_equal(status != OK, struck);
    if (status == OK)
        assert_true(is_archived(test.repo, content));
    else
        (void) is_archived(test.repo, content);

    assert_ok(push(test.repo, content, &err));
    assert_true(is_archived(test.repo, content));
    test_repository_close(&test);
    return struck;
}

static void
a_segment_is_archived_whole_or_not_at_all(void **state)
{
    (void) state;
    sweep(push_with_fault);
}

/* A segment that did arrive is never said to be absent. */
static bool
get_with_fault(enum store_fault fault, unsigned nth)
{
    const struct bytes content = BYTES("what PostgreSQL wrote");
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(1 << 20);
    struct test_repository test;
    struct error err = {0};
    enum status status;
    bool struck;

    test_repository_open_faulty(&test);
    assert_ok(push(test.repo, content, &err));
    faulty_store_arm(test.repo->store, fault, nth);
    status = get(test.repo, &got, &err);
    struck = faulty_store_struck(test.repo->store);
    assert_int_equal(status, !struck ? OK : fault == FAULT_IO ? STATUS_IO : STATUS_TRANSIENT);
    test_repository_close(&test);
    return struck;
}

static void
a_store_in_trouble_never_reads_as_a_missing_segment(void **state)
{
    (void) state;
    sweep(get_with_fault);
}

static void
assert_usable(struct repo *repo)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(100);
    struct error err = {0};

    assert_ok(object_put(repo, "shop/x.json", OBJECT_PLAIN, BYTES("{}"), &err));
    assert_ok(object_get(repo, "shop/x.json", OBJECT_PLAIN, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), BYTES("{}")));
}

static char *key_file;

static bool
create_with_fault(enum store_fault fault, unsigned nth)
{
    SCOPED(store_freep) struct store *target = NULL;
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(repo_freep) struct repo *repo = NULL;
    const struct repo_options options = {
        .cluster = "shop", .unlock = {.key_file = key_file}, .compression_level = 1};
    struct store_dialect dialect;
    struct error err = {0};
    enum status status;

    assert_ok(store_open_memory(&target, &err));
    assert_ok(faulty_store_open(&store, target, &err));
    faulty_store_arm(store, fault, nth);
    status = repo_create(store, &options, &dialect, &err);
    bool struck = faulty_store_struck(store);
    faulty_store_arm(store, fault, 0);
    /* A lost refusal is still a refusal: to the probe, the answer it wanted. */
    assert_true(status != OK ? struck : !struck || fault == FAULT_REPLY_LOST);

    if (status != OK)
    {
        status = repo_create(store, &options, &dialect, &err);
        assert_true(status == OK || (status == STATUS_CONFLICT && fault == FAULT_REPLY_LOST));
    }
    assert_ok(repo_open(&repo, store, &options, &err));
    store = NULL;
    assert_usable(repo);
    repo_freep(&repo);
    return struck;
}

static void
a_repository_is_made_at_the_second_try(void **state)
{
    (void) state;
    char *directory = test_directory_create();
    struct error err = {0};

    key_file = path_join(directory, "key");
    assert_ok(keyring_create_key_file(key_file, &err));
    sweep(create_with_fault);
    free(key_file);
    test_directory_remove(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_entry_is_committed_once_whatever_the_store_does),
        cmocka_unit_test(a_segment_is_archived_whole_or_not_at_all),
        cmocka_unit_test(a_store_in_trouble_never_reads_as_a_missing_segment),
        cmocka_unit_test(a_repository_is_made_at_the_second_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
