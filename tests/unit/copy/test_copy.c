// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "copy/copy.h"
#include "copy/copy_debt.h"
#include "repo/difference.h"
#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/cluster_build.h"
#include "tests/support/dump_build.h"
#include "tests/support/receipt_build.h"

#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define BACKUP  "2026-01-01T00-00-00-aaaa"

static const struct copy_options two_workers = {.workers = 2};
static const struct catalog_check no_check = {0};

static const struct cluster_build_file files[] = {
    {"base", NULL, 0},
    {"base/1", "the content of a file", 21},
    {"global", NULL, 0},
    {"global/pg_control", "", 0},
    {0},
};

struct fixture
{
    struct cluster_build cluster;
    struct repo *source;         /* the cluster's */
    struct test_repository copy; /* opened through a faulty store */
};

static void
add_dumps(struct repo *repo)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    const struct dump zstd = dump_build("shop", CLUSTER_BUILD_MINUTE(6));
    struct dump gzip = dump_build("My Shop", CLUSTER_BUILD_MINUTE(6));
    struct error err = {0};

    gzip.format = DUMP_PLAIN;
    gzip.compression = DUMP_GZIP;
    assert_ok(catalog_load(repo, &catalog, &err));
    dump_build_commit(repo, &catalog, &zstd);
    dump_build_commit(repo, &catalog, &gzip);
}

static void
add_drill(struct repo *repo)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};

    receipt_build(&receipt, 1);
    assert_ok(catalog_load(repo, &catalog, &err));
    receipt_build_commit(repo, &catalog, &receipt);
}

static int
set_up(void **state, bool encrypted)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct cluster_build_backup backup = {
        .backup = {.id = BACKUP,
                   .start = {1, UINT64_C(3) * SEGMENT + 40},
                   .stop = {1, UINT64_C(4) * SEGMENT + 40},
                   .stopped = CLUSTER_BUILD_MINUTE(5)},
        .files = files,
    };
    struct wal_build wal;

    cluster_build_open(&fixture->cluster, encrypted);
    wal_build_begin(&wal, (struct pg_wal_segment){1, 3});
    cluster_build_fill_to(&wal, 6);
    cluster_build_archive(&fixture->cluster, &wal, 0);
    cluster_build_keep(&fixture->cluster, &wal, BACKUP, 3);
    wal_build_release(&wal);
    cluster_build_backup(&fixture->cluster, &backup);
    fixture->source = fixture->cluster.repo;
    add_dumps(fixture->source);
    add_drill(fixture->source);
    test_repository_open_copy(&fixture->copy, &fixture->cluster.test);
    *state = fixture;
    return 0;
}

static int
set_up_sealed(void **state)
{
    return set_up(state, true);
}

static int
set_up_plain(void **state)
{
    return set_up(state, false);
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    test_repository_close(&fixture->copy);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static enum status
run_copy(struct fixture *fixture, struct copy_result *result, struct error *err)
{
    return copy_run(fixture->source, fixture->copy.repo, &two_workers, result, err);
}

struct keys
{
    const char *part; /* of the key */
    char found[STORE_KEY_MAX + 1];
};

static enum status
find_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct keys *keys = arg;

    (void) size_bytes;
    (void) err;
    if (strstr(key, keys->part) != NULL)
        memcpy(keys->found, key, strlen(key) + 1);
    return OK;
}

/* The last key with this part. */
static struct keys
key_with(struct store *store, const char *part)
{
    struct keys keys = {.part = part};
    struct error err = {0};

    assert_ok(store_list(store, "", "", find_key, &keys, &err));
    assert_string_not_equal(keys.found, "");
    return keys;
}

static void
replace(struct store *store, const char *key, struct bytes body)
{
    struct error err = {0};

    assert_ok(store_delete(store, key, &err));
    assert_ok(store_put(store, key, body, &err));
}

static void
damage(struct store *store, const char *key)
{
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 26);
    struct error err = {0};

    assert_ok(store_get(store, key, &body, &err));
    body.data[body.size - 5] ^= 1;
    replace(store, key, buffer_bytes(&body));
}

static enum status
compare_key(void *arg, const struct difference *difference, struct error *err)
{
    struct fixture *fixture = arg;
    SCOPED(buffer_release) struct buffer ours = BUFFER_INIT(1 << 26);
    SCOPED(buffer_release) struct buffer theirs = BUFFER_INIT(1 << 26);

    if (strcmp(difference->key, "redoubt.json") == 0)
        return OK;
    if (!difference->in_source || !difference->in_target)
        fail_msg("%s is in one of them only", difference->key);
    TRY(store_get(fixture->source->store, difference->key, &ours, err));
    TRY(store_get(fixture->copy.target, difference->key, &theirs, err));
    assert_int_equal(ours.size, theirs.size);
    assert_memory_equal(ours.data, theirs.data, ours.size);
    return OK;
}

static void
expect_complete(struct fixture *fixture)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct copy_debt debt;
    struct error err = {0};

    assert_ok(difference_visit(fixture->source->store, fixture->copy.target, "", compare_key,
                               fixture, &err));
    assert_ok(catalog_load(fixture->source, &catalog, &err));
    assert_ok(copy_debt_measure(fixture->source, fixture->copy.repo, &catalog, &debt, &err));
    assert_int_equal(debt.objects + debt.log_entries, 0);
}

static void
everything_is_copied_once(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(copy_result_release) struct copy_result first = {0};
    SCOPED(copy_result_release) struct copy_result second = {0};
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct copy_debt debt;
    struct error err = {0};

    assert_ok(catalog_load(fixture->source, &catalog, &err));
    assert_ok(copy_debt_measure(fixture->source, fixture->copy.repo, &catalog, &debt, &err));
    assert_int_equal(debt.log_entries, catalog.last_number);
    assert_int_equal(debt.wal_files, 4);

    assert_ok(run_copy(fixture, &first, &err));
    assert_ok(run_copy(fixture, &second, &err));

    assert_int_equal(first.objects, debt.objects);
    assert_int_equal(first.bytes, debt.bytes);
    assert_int_equal(first.wal_files, 4);
    assert_int_equal(first.log_entries, catalog.last_number);
    assert_int_equal(second.objects + second.log_entries, 0);
    assert_int_equal(second.present, first.objects);
    expect_complete(fixture);
}

static bool
has_part(struct fixture *fixture, const struct dump *dump, const char *extension)
{
    char key[STORE_KEY_MAX + 1];
    uint64_t size_bytes;
    struct error err = {0};

    dump_build_key(fixture->source, dump, extension, key);
    return store_size(fixture->copy.target, key, &size_bytes, &err) == OK;
}

/* What the copy's log has is there, and no document is there without what it describes. */
static void
expect_whole_dumps(struct fixture *fixture, const struct catalog *copied)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct error err = {0};

    assert_ok(catalog_load(fixture->source, &catalog, &err));
    for (size_t index = 0; index < catalog.dump_count; index++)
    {
        const struct dump *dump = &catalog.dumps[index];

        if (index < copied->dump_count)
            assert_true(has_part(fixture, dump, DUMP_EXTENSION_DOCUMENT));
        if (!has_part(fixture, dump, DUMP_EXTENSION_DOCUMENT))
            continue;
        assert_true(has_part(fixture, dump, DUMP_EXTENSION_GLOBALS));
        assert_true(has_part(fixture, dump, dump_extension(dump)));
    }
}

/* Whatever fails in the target, the copy is a repository as of some moment, and the next run
 * completes it. */
static void
a_target_that_fails_anywhere_is_completed_by_the_next_run(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    bool struck = true;

    for (unsigned nth = 1; struck; nth++)
        for (unsigned fault = 0; fault < FAULT_KINDS; fault++)
        {
            SCOPED(copy_result_release) struct copy_result failed = {0};
            SCOPED(copy_result_release) struct copy_result result = {0};
            SCOPED(catalog_release) struct catalog catalog = {0};
            enum status status;

            test_repository_close(&fixture->copy);
            test_repository_open_copy(&fixture->copy, &fixture->cluster.test);
            faulty_store_arm(fixture->copy.repo->store, (enum store_fault) fault, nth);
            status = run_copy(fixture, &failed, &err);
            struck = faulty_store_struck(fixture->copy.repo->store);
            faulty_store_arm(fixture->copy.repo->store, FAULT_IO, 0);

            if (struck && status == OK)
                fail_msg("fault %u of operation %u was not told", fault, nth);
            assert_ok(catalog_load(fixture->copy.repo, &catalog, &err));
            if (catalog.backup_count > 0)
                key_with(fixture->copy.target, "/manifest");
            if (catalog.drill_count > 0)
                key_with(fixture->copy.target, "/drills/");
            expect_whole_dumps(fixture, &catalog);
            assert_ok(run_copy(fixture, &result, &err));
            assert_int_equal(result.finding_count, 0);
            expect_complete(fixture);
        }
}

static void
what_is_damaged_is_told_and_the_rest_is_copied(void **state)
{
    struct fixture *fixture = *state;
    static const char *const parts[] = {"/packs/", "/wal/42/00000001/", "/manifest", ".dump.zst",
                                        ".sql.gz", ".globals.sql.zst",  "/drills/"};
    /* JSON that is not sealed has nothing that tells. */
    const size_t count = sizeof(parts) / sizeof(parts[0]) - (fixture->source->keyring == NULL);

    for (size_t index = 0; index < count; index++)
    {
        const struct keys key = key_with(fixture->source->store, parts[index]);
        SCOPED(buffer_release) struct buffer good = BUFFER_INIT(1 << 26);
        SCOPED(copy_result_release) struct copy_result result = {0};
        uint64_t size_bytes;
        struct error err = {0};

        test_repository_close(&fixture->copy);
        test_repository_open_copy(&fixture->copy, &fixture->cluster.test);
        assert_ok(store_get(fixture->source->store, key.found, &good, &err));
        damage(fixture->source->store, key.found);

        assert_ok(run_copy(fixture, &result, &err));

        assert_int_equal(result.finding_count, 1);
        assert_int_equal(result.findings[0].problem, COPY_DAMAGED);
        assert_string_equal(result.findings[0].key, key.found);
        assert_status(store_size(fixture->copy.target, key.found, &size_bytes, &err),
                      STATUS_NOT_FOUND);
        replace(fixture->source->store, key.found, buffer_bytes(&good));
        copy_result_release(&result);
        assert_ok(run_copy(fixture, &result, &err));
        assert_int_equal(result.objects, 1);
        expect_complete(fixture);
    }
}

/* A source whose pack goes away when it is read, after it was listed. */
static struct vanishing
{
    struct store_ops ops;
    const struct store_ops *original;
    struct fixture *fixture;
    bool condemn; /* as expiry does: the log says so */
    bool done;
} vanishing;

static void
condemn(const char *key)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    const struct expiry expiry = {BACKUP, "the test says so"};
    uint8_t id[PACK_ID_SIZE];
    char dump[DUMP_ID_SIZE];
    struct error err = {0};

    assert_true(hex_decode(path_name(key), id, sizeof(id)));
    assert_ok(catalog_load(vanishing.fixture->source, &catalog, &err));
    assert_ok(catalog_append(vanishing.fixture->source, &catalog,
                             &(struct catalog_entry){.expiries = &expiry, .expiry_count = 1},
                             no_check, &err));
    assert_ok(pack_set_add(&condemnation.packs, id, &err));
    assert_ok(condemnation_add_backup(&condemnation, BACKUP, &err));
    dump_id(&catalog.dumps[0], dump);
    assert_ok(condemnation_add_dump(&condemnation, dump, &err));
    assert_ok(catalog_append(vanishing.fixture->source, &catalog,
                             &(struct catalog_entry){.condemnation = &condemnation}, no_check,
                             &err));
}

static enum status
vanishing_read(struct store *store, const char *key, uint64_t offset, uint64_t length,
               struct sink *into, struct error *err)
{
    if (strstr(key, "/packs/") != NULL && !vanishing.done)
    {
        vanishing.done = true;
        if (vanishing.condemn)
            condemn(key);
        TRY(store_delete(store, key, err));
    }
    return vanishing.original->read(store, key, offset, length, into, err);
}

static void
make_packs_vanish(struct fixture *fixture, bool condemned)
{
    struct store *store = fixture->source->store;

    vanishing = (struct vanishing){
        .ops = *store->ops, .original = store->ops, .fixture = fixture, .condemn = condemned};
    vanishing.ops.read = vanishing_read;
    store->ops = &vanishing.ops;
}

static void
what_expires_while_it_is_copied_is_no_loss(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(copy_result_release) struct copy_result result = {0};
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct error err = {0};

    make_packs_vanish(fixture, true);
    assert_ok(run_copy(fixture, &result, &err));

    /* The copy knows that the backup expired: it never names one that has no pack. */
    assert_int_equal(result.finding_count, 0);
    assert_ok(catalog_load(fixture->copy.repo, &catalog, &err));
    assert_int_equal(catalog.backup_count, 0);
    assert_true(catalog_condemned_backup(&catalog, BACKUP));
}

static void
what_is_lost_while_it_is_copied_is_told(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(copy_result_release) struct copy_result result = {0};
    struct error err = {0};

    make_packs_vanish(fixture, false);
    assert_ok(run_copy(fixture, &result, &err));

    assert_int_equal(result.finding_count, 1);
    assert_int_equal(result.findings[0].problem, COPY_MISSING);
}

static void
what_is_condemned_is_not_copied_and_not_owed(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(copy_result_release) struct copy_result result = {0};
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct copy_debt debt;
    struct error err = {0};

    vanishing.fixture = fixture;
    condemn(key_with(fixture->source->store, "/packs/").found);
    assert_ok(run_copy(fixture, &result, &err));

    assert_ok(catalog_load(fixture->source, &catalog, &err));
    assert_ok(copy_debt_measure(fixture->source, fixture->copy.repo, &catalog, &debt, &err));
    assert_int_equal(debt.objects, 0);
    /* Four segments, the lineage, a dump and a receipt. */
    assert_int_equal(result.objects, 5 + 3 + 1);
}

static void
another_history_is_refused(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(copy_result_release) struct copy_result result = {0};
    SCOPED(catalog_release) struct catalog ours = {0};
    SCOPED(catalog_release) struct catalog theirs = {0};
    const struct hold hold = {.id = BACKUP, .until = HOLD_FOR_EVER};
    const struct catalog_entry entry = {.hold = &hold};
    struct error err = {0};

    assert_ok(run_copy(fixture, &result, &err));
    assert_ok(catalog_load(fixture->copy.repo, &theirs, &err));
    assert_status(catalog_append(fixture->copy.repo, &theirs, &entry, no_check, &err),
                  STATUS_REFUSED);
    fixture->copy.repo->copy = false; /* as when it is configured as the main one */
    assert_ok(catalog_append(fixture->copy.repo, &theirs, &entry, no_check, &err));

    assert_status(run_copy(fixture, &result, &err), STATUS_REFUSED);
    assert_message("entries, more than");
    assert_ok(catalog_load(fixture->source, &ours, &err));
    assert_ok(catalog_append(fixture->source, &ours, &entry, no_check, &err));
    assert_status(run_copy(fixture, &result, &err), STATUS_REFUSED);
    assert_message("two histories");
}

#define SEALED(test) cmocka_unit_test_setup_teardown(test, set_up_sealed, tear_down)
#define PLAIN(test)                                                                                \
    {                                                                                              \
        .name = #test " without encryption", .test_func = test, .setup_func = set_up_plain,        \
        .teardown_func = tear_down                                                                 \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(everything_is_copied_once),
        PLAIN(everything_is_copied_once),
        SEALED(a_target_that_fails_anywhere_is_completed_by_the_next_run),
        SEALED(what_is_damaged_is_told_and_the_rest_is_copied),
        PLAIN(what_is_damaged_is_told_and_the_rest_is_copied),
        SEALED(what_expires_while_it_is_copied_is_no_loss),
        SEALED(what_is_lost_while_it_is_copied_is_told),
        SEALED(what_is_condemned_is_not_copied_and_not_owed),
        SEALED(another_history_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
