// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/catalog.h"
#include "repo/object_name.h"
#include "repo/store_delete.h"
#include "repo/wal.h"
#include "retention/prune.h"
#include "tests/support/repository.h"

#include <stdlib.h>

#define BACKUP       "2026-01-01T00-00-00-aaaa"
#define DUMP         "shop/backup-2026-01-01T03-00-00"
#define SYSTEM_ID    42
#define SEGMENT_SIZE (UINT32_C(1) << 24)

static const struct catalog_check no_check = {0};

/* An original and its copy; the copy's log is copied by hand, object by object. */
struct fixture
{
    struct test_repository original;
    struct test_repository copy;
    struct catalog catalog; /* the original's */
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    test_repository_open(&fixture->original, true);
    test_repository_open_copy(&fixture->copy, &fixture->original);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    catalog_release(&fixture->catalog);
    test_repository_close(&fixture->copy);
    test_repository_close(&fixture->original);
    free(fixture);
    return 0;
}

static void
put(struct repo *repo, const char *key)
{
    struct error err = {0};

    assert_ok(store_put(repo->store, key, BYTES("12345678"), &err));
}

static void
remove_key(struct repo *repo, const char *key)
{
    struct error err = {0};

    assert_ok(store_delete(repo->store, key, &err));
}

static bool
has(struct repo *repo, const char *key)
{
    uint64_t size_bytes;
    struct error err = {0};
    enum status status = store_size(repo->store, key, &size_bytes, &err);

    if (status != STATUS_NOT_FOUND)
        assert_ok(status);
    return status == OK;
}

static const uint8_t pack_id[PACK_ID_SIZE] = {0xab, 1, 2, 3};

static void
pack_name(struct fixture *fixture, char key[STORE_KEY_MAX + 1])
{
    struct error err = {0};

    assert_ok(pack_key(fixture->original.repo, pack_id, key, &err));
}

static void
wal_name(struct fixture *fixture, const char *name, char key[STORE_KEY_MAX + 1])
{
    const struct wal_file file = {SYSTEM_ID, name};
    struct error err = {0};

    assert_ok(wal_key(fixture->original.repo, &file, key, &err));
}

static uint64_t
append(struct fixture *fixture, const struct catalog_entry *entry)
{
    struct error err = {0};

    assert_ok(catalog_append(fixture->original.repo, &fixture->catalog, entry, no_check, &err));
    return fixture->catalog.last_number;
}

/* Condemn the backup's folder, the dump, the pack and segments 1 to 3. */
static uint64_t
condemn(struct fixture *fixture)
{
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    struct wal_part part = {SYSTEM_ID, SEGMENT_SIZE, {0}};
    struct error err = {0};
    uint64_t number;

    assert_ok(pack_set_add(&condemnation.packs, pack_id, &err));
    assert_ok(condemnation_add_backup(&condemnation, BACKUP, &err));
    assert_ok(condemnation_add_dump(&condemnation, DUMP, &err));
    assert_ok(wal_runs_add(&part.runs, (struct wal_run){1, 1, 3}, &err));
    assert_ok(wal_set_add(&condemnation.wal, &part, &err));
    number = append(fixture, &(struct catalog_entry){.condemnation = &condemnation});
    wal_runs_release(&part.runs);
    return number;
}

static void
tell_deletion(struct fixture *fixture, uint64_t condemnation)
{
    append(fixture, &(struct catalog_entry){.deleted = condemnation});
}

static enum status
copy_entry(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct fixture *fixture = arg;
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 20);
    enum status status;

    (void) size_bytes;
    TRY(store_get(fixture->original.repo->store, key, &body, err));
    status = store_put(fixture->copy.repo->store, key, buffer_bytes(&body), err);
    return status == STATUS_CONFLICT ? OK : status;
}

static uint64_t
prune(struct fixture *fixture)
{
    struct prune_counts counts = {0};
    struct error err = {0};

    assert_ok(
        store_list(fixture->original.repo->store, "shop/log/", "", copy_entry, fixture, &err));
    assert_ok(prune_copy(fixture->original.repo, fixture->copy.repo, 2, &counts, &err));
    assert_int_equal(counts.bytes, counts.objects * 8);
    return counts.objects;
}

static void
what_the_log_says_was_deleted_goes(void **state)
{
    struct fixture *fixture = *state;
    struct repo *copy = fixture->copy.repo;
    static const char *const gone[] = {"000000010000000000000001",
                                       "000000010000000000000003.partial",
                                       "000000010000000000000002.00000028.backup"};
    static const char *const stay[] = {"000000010000000000000004", "000000020000000000000001",
                                       "00000002.history"};
    char key[STORE_KEY_MAX + 1];

    for (size_t index = 0; index < 3; index++)
    {
        wal_name(fixture, gone[index], key);
        put(copy, key);
        wal_name(fixture, stay[index], key);
        put(copy, key);
    }
    pack_name(fixture, key);
    put(copy, key);
    put(copy, "shop/backups/" BACKUP "/manifest");
    put(copy, "shop/backups/" BACKUP "/wal/000000010000000000000001");
    put(copy, "shop/dumps/" DUMP ".json");
    put(copy, "shop/dumps/" DUMP ".sql.gz");
    put(copy, "shop/dumps/" DUMP ".notes");
    put(copy, "shop/dumps/other/backup-2026-01-01T03-00-00.json");
    tell_deletion(fixture, condemn(fixture));

    assert_int_equal(prune(fixture), 8);

    assert_false(has(copy, key));
    assert_false(has(copy, "shop/backups/" BACKUP "/manifest"));
    assert_false(has(copy, "shop/dumps/" DUMP ".json"));
    assert_false(has(copy, "shop/dumps/" DUMP ".sql.gz"));
    assert_true(has(copy, "shop/dumps/" DUMP ".notes"));
    assert_true(has(copy, "shop/dumps/other/backup-2026-01-01T03-00-00.json"));
    for (size_t index = 0; index < 3; index++)
    {
        wal_name(fixture, gone[index], key);
        assert_false(has(copy, key));
        wal_name(fixture, stay[index], key);
        assert_true(has(copy, key));
    }
    assert_int_equal(prune(fixture), 0);
}

static void
what_was_lost_and_not_deleted_stays(void **state)
{
    struct fixture *fixture = *state;
    char key[STORE_KEY_MAX + 1];
    uint64_t number;

    pack_name(fixture, key);
    put(fixture->copy.repo, key);
    put(fixture->copy.repo, "shop/backups/notes.txt");

    /* Nothing was said of it; then it is condemned, which is no deletion yet. */
    assert_int_equal(prune(fixture), 0);
    number = condemn(fixture);
    assert_int_equal(prune(fixture), 0);
    assert_true(has(fixture->copy.repo, key));
    tell_deletion(fixture, number);
    assert_int_equal(prune(fixture), 1);
    assert_true(has(fixture->copy.repo, "shop/backups/notes.txt"));
}

static void
what_the_original_still_has_stays(void **state)
{
    struct fixture *fixture = *state;
    char key[STORE_KEY_MAX + 1];

    pack_name(fixture, key);
    put(fixture->original.repo, key);
    put(fixture->copy.repo, key);
    tell_deletion(fixture, condemn(fixture));

    assert_int_equal(prune(fixture), 0);
    assert_true(has(fixture->copy.repo, key));
    remove_key(fixture->original.repo, key);
    assert_int_equal(prune(fixture), 1);
}

static void
an_original_that_cannot_be_listed_deletes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct prune_counts counts = {0};
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};
    struct store *store = fixture->original.repo->store;
    struct store *faulty;

    pack_name(fixture, key);
    put(fixture->original.repo, key);
    put(fixture->copy.repo, key);
    tell_deletion(fixture, condemn(fixture));
    assert_int_equal(prune(fixture), 0);

    for (unsigned nth = 1; nth <= 3; nth++)
    {
        assert_ok(faulty_store_open(&faulty, store, &err));
        faulty_store_arm(faulty, FAULT_TRANSIENT, nth);
        fixture->original.repo->store = faulty;
        assert_status(prune_copy(fixture->original.repo, fixture->copy.repo, 1, &counts, &err),
                      STATUS_TRANSIENT);
        fixture->original.repo->store = store;
        store_freep(&faulty);
    }
    assert_true(has(fixture->copy.repo, key));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_log_says_was_deleted_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_lost_and_not_deleted_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_original_still_has_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_original_that_cannot_be_listed_deletes_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
