// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/object_name.h"
#include "tests/support/repository.h"

#define BACKUP "2026-11-21T02-12-34-1f3a"
#define PACK   "00112233445566778899aabbccddeeff"
#define DUMP   "backup-2026-11-21T03-00-00"

static const struct
{
    const char *key;
    enum object_kind kind;
} names[] = {
    {"shop/packs/00/" PACK, OBJECT_KIND_PACK},
    {"shop/wal/7310000000000000001/00000002/00000000/000000020000000000000003", OBJECT_KIND_WAL},
    {"shop/wal/7310000000000000001/00000002/00000000/000000020000000000000003.partial",
     OBJECT_KIND_WAL},
    {"shop/wal/7310000000000000001/00000002/00000002.history", OBJECT_KIND_WAL},
    {"shop/wal/7310000000000000001/lineage.json", OBJECT_KIND_LINEAGE},
    {"shop/backups/" BACKUP "/manifest", OBJECT_KIND_MANIFEST},
    {"shop/backups/" BACKUP "/postgres-manifest", OBJECT_KIND_BACKUP},
    {"shop/backups/" BACKUP "/configuration", OBJECT_KIND_BACKUP},
    {"shop/backups/" BACKUP "/wal/000000020000000000000003", OBJECT_KIND_BACKUP_WAL},
    {"shop/dumps/shop/" DUMP ".dump.zst", OBJECT_KIND_DUMP},
    {"shop/dumps/My%20Shop/" DUMP ".sql.gz", OBJECT_KIND_DUMP},
    {"shop/dumps/shop/" DUMP ".tar.zst", OBJECT_KIND_DUMP},
    {"shop/dumps/shop/" DUMP ".globals.sql.zst", OBJECT_KIND_DUMP_GLOBALS},
    {"shop/dumps/shop/" DUMP ".json", OBJECT_KIND_DUMP_DOCUMENT},
    {"shop/drills/" BACKUP ".json", OBJECT_KIND_DRILL},

    /* None of ours, or in the wrong place. */
    {"redoubt.json", OBJECT_KIND_NONE},
    {"shop", OBJECT_KIND_NONE},
    {"shops/packs/00/" PACK, OBJECT_KIND_NONE},
    {"other/packs/00/" PACK, OBJECT_KIND_NONE},
    {"shop/packs/01/" PACK, OBJECT_KIND_NONE},
    {"shop/packs/00/" PACK ".nfs", OBJECT_KIND_NONE},
    {"shop/packs/00/001122", OBJECT_KIND_NONE},
    {"shop/wal/7310000000000000001/00000001/00000000/000000020000000000000003", OBJECT_KIND_NONE},
    {"shop/wal/07/00000002/00000000/000000020000000000000003", OBJECT_KIND_NONE},
    {"shop/wal/7/notes.txt", OBJECT_KIND_NONE},
    {"shop/backups/" BACKUP, OBJECT_KIND_NONE},
    {"shop/backups/" BACKUP "/", OBJECT_KIND_NONE},
    {"shop/backups/" BACKUP "/wal/x", OBJECT_KIND_NONE},
    {"shop/backups/" BACKUP "/other", OBJECT_KIND_NONE},
    {"shop/backups/yesterday/manifest", OBJECT_KIND_NONE},
    {"shop/log/00000000000000000001.json", OBJECT_KIND_NONE},
    {"shop/verified/x-all", OBJECT_KIND_NONE},
    {"shop/dumps/" DUMP ".json", OBJECT_KIND_NONE},
    {"shop/dumps/shop/" DUMP, OBJECT_KIND_NONE},
    {"shop/dumps/shop/" DUMP ".", OBJECT_KIND_NONE},
    {"shop/dumps/shop/" DUMP ".dump", OBJECT_KIND_NONE},
    {"shop/dumps/shop/" DUMP ".json.nfs", OBJECT_KIND_NONE},
    {"shop/dumps/shop/x/" DUMP ".json", OBJECT_KIND_NONE},
    {"shop/dumps/My Shop/" DUMP ".json", OBJECT_KIND_NONE},
    {"shop/dumps/%73hop/" DUMP ".json", OBJECT_KIND_NONE},
    {"shop/dumps/shop/yesterday.json", OBJECT_KIND_NONE},
    {"shop/drills/" BACKUP, OBJECT_KIND_NONE},
    {"shop/drills/" BACKUP ".json.nfs", OBJECT_KIND_NONE},
    {"shop/drills/yesterday.json", OBJECT_KIND_NONE},
    {"shop/drills/x/" BACKUP ".json", OBJECT_KIND_NONE},
    {"shop/drills/../" BACKUP ".json", OBJECT_KIND_NONE},
};

static void
every_name_is_what_the_format_says(void **state)
{
    (void) state;
    struct test_repository test;
    struct error err = {0};

    test_repository_open(&test, false);
    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
    {
        struct object_name name;

        assert_ok(object_name_read(test.repo, names[index].key, &name, &err));
        if (name.kind != names[index].kind)
            fail_msg("\"%s\" is of kind %d, want %d", names[index].key, (int) name.kind,
                     (int) names[index].kind);
    }
    test_repository_close(&test);
}

static void
a_name_tells_what_it_names(void **state)
{
    (void) state;
    static const uint8_t pack[] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    struct test_repository test;
    struct object_name name;
    struct error err = {0};

    test_repository_open(&test, false);
    assert_ok(object_name_read(test.repo, names[0].key, &name, &err));
    assert_memory_equal(name.pack, pack, sizeof(pack));
    assert_ok(object_name_read(test.repo, names[1].key, &name, &err));
    assert_int_equal(name.system_identifier, INT64_C(7310000000000000001));
    assert_int_equal(name.wal.timeline, 2);
    assert_int_equal(name.wal.log_segment, 3);
    assert_ok(object_name_read(test.repo, names[8].key, &name, &err));
    assert_string_equal(name.backup, BACKUP);
    assert_ok(object_name_read(test.repo, names[10].key, &name, &err));
    assert_string_equal(name.dump, "My%20Shop/" DUMP);
    assert_true(name.gzip);
    assert_ok(object_name_read(test.repo, names[11].key, &name, &err));
    assert_false(name.gzip);
    assert_ok(object_name_read(test.repo, "shop/drills/" BACKUP ".json", &name, &err));
    assert_string_equal(name.drill, BACKUP);
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_what_the_format_says),
        cmocka_unit_test(a_name_tells_what_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
