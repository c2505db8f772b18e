// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/manifest.h"
#include "repo/object.h"
#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/cluster_build.h"
#include "tests/support/dump_build.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define BACKUP  "2026-01-01T00-00-00-aaaa"
#define DAY_MS  (INT64_C(24) * 60 * 60 * 1000)

static const struct cluster_build_file files[] = {
    {"base", NULL, 0},
    {"base/1", "the content of a file", 21},
    {"base/2", "and of another one", 8192},
    {"global", NULL, 0},
    {"global/pg_control", "", 0},
    {0},
};

struct fixture
{
    struct cluster_build cluster;
    struct store *faulty; /* over the cluster's store, and owned by: */
    struct repo *repo;    /* the same repository, opened through it */
};

static void
add_dump(struct repo *repo)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    const struct dump dump = dump_build("My Shop", CLUSTER_BUILD_MINUTE(6));
    struct error err = {0};

    assert_ok(catalog_load(repo, &catalog, &err));
    dump_build_commit(repo, &catalog, &dump);
}

/* A small but complete repository: log, lineage, a backup, WAL before and behind, a dump. */
static int
setup(void **state, bool encrypted)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct cluster_build_backup backup = {
        .backup = {.id = BACKUP,
                   .start = {1, UINT64_C(3) * SEGMENT + 40},
                   .stop = {1, UINT64_C(4) * SEGMENT + 40},
                   .stopped = CLUSTER_BUILD_MINUTE(5)},
        .files = files,
    };
    struct repo_options options = {
        .cluster = "shop", .encryption_off = !encrypted, .compression_level = 1};
    struct wal_build wal;
    char *key_file;
    struct error err = {0};
    char key[STORE_KEY_MAX + 1];

    cluster_build_open(&fixture->cluster, encrypted);
    wal_build_begin(&wal, (struct pg_wal_segment){1, 3});
    cluster_build_fill_to(&wal, 6);
    cluster_build_archive(&fixture->cluster, &wal, 0);
    wal_build_release(&wal);
    cluster_build_backup(&fixture->cluster, &backup);
    /* The server's own manifest, which the build leaves out. */
    assert_ok(backup_key(fixture->cluster.repo, BACKUP, "postgres-manifest", key, &err));
    assert_ok(object_put(fixture->cluster.repo, key, OBJECT_COMPRESSED, BYTES("{}"), &err));
    add_dump(fixture->cluster.repo);

    assert_true(asprintf(&key_file, "%s/key", fixture->cluster.test.directory) > 0);
    options.unlock.key_file = key_file;
    assert_ok(faulty_store_open(&fixture->faulty, fixture->cluster.repo->store, &err));
    assert_ok(repo_open(&fixture->repo, fixture->faulty, &options, &err));
    free(key_file);
    *state = fixture;
    return 0;
}

static int
setup_sealed(void **state)
{
    return setup(state, true);
}

static int
setup_plain(void **state)
{
    return setup(state, false);
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    repo_freep(&fixture->repo);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static const struct verify_options usual = {.older_than_ms = 30 * DAY_MS, .workers = 1};

static void
expect_clean(struct fixture *fixture, const struct verify_options *options,
             struct verify_result *result)
{
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    assert_ok(verify_run(fixture->repo, options, result, &err));
    assert_ok(findings_next(result->findings, &more, &finding, &err));
    if (more)
        fail_msg("%s %s: %s", finding.kind, finding.object, finding.text);
    assert_true(result->complete);
}

static void
a_good_repository_is_read_once_and_remembered(void **state)
{
    SCOPED(verify_result_release) struct verify_result first = {0};
    SCOPED(verify_result_release) struct verify_result second = {0};
    SCOPED(verify_result_release) struct verify_result all = {0};
    struct verify_options everything = usual;

    everything.all = true;
    expect_clean(*state, &usual, &first);
    assert_int_equal(first.remembered, 0);
    assert_true(first.verification.bytes > 0);
    assert_int_equal(first.verification.findings, 0);

    expect_clean(*state, &usual, &second);
    /* A pack, four segments, the server's manifest, a dump's three objects; what is read every
     * time does not count. */
    assert_int_equal(second.remembered, 9);
    assert_true(second.verification.bytes < first.verification.bytes);

    expect_clean(*state, &everything, &all);
    assert_int_equal(all.remembered, 0);
    assert_true(all.verification.bytes >= first.verification.bytes);
}

static void
a_verification_is_in_the_catalog(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(verify_result_release) struct verify_result result = {0};
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct error err = {0};

    expect_clean(fixture, &usual, &result);
    assert_ok(catalog_load(fixture->repo, &catalog, &err));

    assert_true(catalog.has_verification);
    assert_int_equal(catalog.verification.objects, result.verification.objects);
    assert_int_equal(catalog.verification.bytes, result.verification.bytes);
}

static void
one_backup_alone_is_not_a_verification_of_all(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(verify_result_release) struct verify_result result = {0};
    SCOPED(verify_result_release) struct verify_result second = {0};
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct verify_options one = usual;
    struct error err = {0};

    one.backup_id = BACKUP;
    expect_clean(fixture, &one, &result);
    assert_ok(catalog_load(fixture->repo, &catalog, &err));
    assert_false(catalog.has_verification);

    /* Its pack, the two segments that it needs, the server's manifest. */
    expect_clean(fixture, &usual, &second);
    assert_int_equal(second.remembered, 4);
}

static void
an_unknown_backup_is_refused(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(verify_result_release) struct verify_result result = {0};
    struct verify_options one = usual;
    struct error err = {0};

    one.backup_id = "2026-01-01T00-00-00-ffff";
    assert_status(verify_run(fixture->repo, &one, &result, &err), STATUS_REFUSED);
}

/* Replace the object by its own bytes, changed. */
static void
damage(struct fixture *fixture, const char *key, size_t position)
{
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 22);
    struct store *store = fixture->cluster.repo->store;
    struct error err = {0};

    assert_ok(store_get(store, key, &body, &err));
    body.data[position < body.size ? position : body.size - 1] ^= 0x20;
    assert_ok(store_delete(store, key, &err));
    assert_ok(store_put(store, key, buffer_bytes(&body), &err));
}

struct keys
{
    char names[64][STORE_KEY_MAX + 1];
    size_t count;
};

static enum status
note_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct keys *keys = arg;

    (void) size_bytes;
    (void) err;
    assert_true(keys->count < 64);
    snprintf(keys->names[keys->count++], STORE_KEY_MAX + 1, "%s", key);
    return OK;
}

static struct keys *
list_keys(struct fixture *fixture)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    struct error err = {0};

    assert_ok(store_list(fixture->cluster.repo->store, "shop/", "", note_key, keys, &err));
    return keys;
}

/* Else each run would have more to read than the one before. */
static void
remove_others(struct fixture *fixture, const struct keys *keys)
{
    struct keys *there = list_keys(fixture);
    struct error err = {0};

    for (size_t index = 0; index < there->count; index++)
    {
        bool old = false;

        for (size_t other = 0; other < keys->count; other++)
            old |= strcmp(there->names[index], keys->names[other]) == 0;
        if (!old)
            assert_ok(store_delete(fixture->cluster.repo->store, there->names[index], &err));
    }
    free(there);
}

/* Whatever the store refuses once, nothing is called damaged, and nothing unread good. */
static void
doubt_is_never_damage_wherever_the_store_fails(void **state)
{
    struct fixture *fixture = *state;
    struct keys *keys = list_keys(fixture);
    unsigned sweeps = 0;

    for (int fault = 0; fault < FAULT_KINDS; fault++)
        for (unsigned nth = 1;; nth++)
        {
            SCOPED(verify_result_release) struct verify_result result = {0};
            struct verify_options everything = usual;
            struct error err = {0};
            enum status status;
            bool struck;

            everything.all = true;
            faulty_store_arm(fixture->faulty, (enum store_fault) fault, nth);
            status = verify_run(fixture->repo, &everything, &result, &err);
            struck = faulty_store_struck(fixture->faulty);
            faulty_store_arm(fixture->faulty, FAULT_IO, 0);
            assert_int_equal(status, OK);
            assert_int_equal(findings_count(result.findings, VERIFY_DAMAGE), 0);
            remove_others(fixture, keys);
            if (!struck)
                break;
            sweeps++;
            /* Said as a doubt about an object, or as a warning about memory and log. */
            if (findings_count(result.findings, VERIFY_DOUBT) +
                    findings_count(result.findings, VERIFY_WARNING) ==
                0)
                fail_msg("fault %d of operation %u left no trace", fault, nth);
        }
    assert_true(sweeps > 30);
    free(keys);
}

/* Each sealed object, damaged at its end, is found by its name. */
static void
no_object_can_be_damaged_unseen(void **state)
{
    struct fixture *fixture = *state;
    struct keys *keys = list_keys(fixture);
    struct error err = {0};

    assert_true(keys->count >= 9);
    for (size_t index = 0; index < keys->count; index++)
    {
        SCOPED(verify_result_release) struct verify_result result = {0};
        struct verify_finding finding;
        bool more;

        damage(fixture, keys->names[index], SIZE_MAX);
        assert_ok(verify_run(fixture->repo, &usual, &result, &err));
        assert_ok(findings_next(result.findings, &more, &finding, &err));
        assert_true(more);
        assert_int_equal(finding.severity, VERIFY_DAMAGE);
        assert_string_equal(finding.object, keys->names[index]);
        assert_int_equal(findings_count(result.findings, VERIFY_DAMAGE), 1);
        assert_int_equal(result.verification.damage, 1);
        damage(fixture, keys->names[index], SIZE_MAX);
        remove_others(fixture, keys);
    }
    free(keys);
}

static void
a_manifest_that_wants_what_a_pack_has_not_is_a_mismatch(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(verify_result_release) struct verify_result result = {0};
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    const struct manifest_header header = {
        .backup_id = BACKUP, .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER, .major = 15};
    const struct manifest_file file = {.path = "base/1", .mode = 0600, .size_bytes = 22};
    struct manifest_extent extent = {.length = 22, .frame = {.number = 0, .offset = 64}};
    struct keys *keys = calloc(1, sizeof(*keys));
    struct pack pack = {.content_bytes = 21 + 18 + 8192};
    struct manifest_totals totals;
    struct verify_finding finding;
    struct store *store = fixture->cluster.repo->store;
    struct error err = {0};
    bool more;

    /* The only pack, and of its first frame one byte more than it holds. */
    assert_ok(store_list(store, "shop/packs/", "", note_key, keys, &err));
    assert_int_equal(keys->count, 1);
    assert_true(hex_decode(keys->names[0] + strlen("shop/packs/aa/"), pack.id, PACK_ID_SIZE));
    assert_ok(store_size(store, keys->names[0], &pack.size_bytes, &err));
    SCOPED(buffer_release) struct buffer body = BUFFER_INIT(1 << 22);

    assert_ok(store_get(store, keys->names[0], &body, &err));
    memcpy(pack.key_id.bytes, body.data + 16, SEAL_KEY_ID_SIZE);
    memcpy(&extent.frame.size, body.data + 64 + 4, 4);
    extent.frame.size += FRAME_HEADER_SIZE;

    assert_ok(store_delete(store, "shop/backups/" BACKUP "/manifest", &err));
    assert_ok(object_create(fixture->cluster.repo, "shop/backups/" BACKUP "/manifest",
                            OBJECT_COMPRESSED, NULL, &sink, &err));
    assert_ok(manifest_writer_create(&writer, &sink, &header, &err));
    assert_ok(manifest_writer_file(writer, &file, &err));
    assert_ok(manifest_writer_extent(writer, &extent, &err));
    assert_ok(manifest_writer_pack(writer, &pack, &err));
    assert_ok(manifest_writer_finish(writer, &totals, &err));

    assert_ok(verify_run(fixture->repo, &usual, &result, &err));
    assert_ok(findings_next(result.findings, &more, &finding, &err));
    assert_true(more);
    assert_string_equal(finding.kind, "mismatch");
    assert_string_equal(finding.object, keys->names[0]);
    assert_non_null(strstr(finding.text, "frame 0 holds 21 bytes, and 22 are wanted"));
    assert_int_equal(findings_count(result.findings, VERIFY_DAMAGE), 1);
    free(keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_repository_is_read_once_and_remembered, setup_sealed,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_good_repository_is_read_once_and_remembered, setup_plain,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_verification_is_in_the_catalog, setup_sealed, teardown),
        cmocka_unit_test_setup_teardown(one_backup_alone_is_not_a_verification_of_all, setup_sealed,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unknown_backup_is_refused, setup_sealed, teardown),
        cmocka_unit_test_setup_teardown(doubt_is_never_damage_wherever_the_store_fails,
                                        setup_sealed, teardown),
        cmocka_unit_test_setup_teardown(no_object_can_be_damaged_unseen, setup_sealed, teardown),
        cmocka_unit_test_setup_teardown(a_manifest_that_wants_what_a_pack_has_not_is_a_mismatch,
                                        setup_sealed, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
