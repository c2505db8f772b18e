// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/catalog.h"

#include <stdio.h>

#define MIB (UINT32_C(1) << 20)

/* A catalog whose only condemnation has one pack, one folder, one dump, and segments 10 to 12. */
struct fixture
{
    uint8_t pack[1][PACK_ID_SIZE];
    char folder[1][BACKUP_ID_SIZE];
    char dump[1][DUMP_ID_SIZE];
    struct wal_run run;
    struct wal_part part;
    struct condemnation condemnation;
    struct catalog catalog;
};

static int
setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.pack = {{0xaa}},
                               .folder = {"2026-11-21T02-12-34-1f3a"},
                               .dump = {"My%20Shop/backup-2026-11-21T03-00-00"},
                               .run = {1, 10, 12},
                               .part = {7, MIB, {&fixture.run, 1}}};
    fixture.condemnation = (struct condemnation){
        .packs = {fixture.pack, 1, 1},
        .backups = fixture.folder,
        .backup_count = 1,
        .dumps = fixture.dump,
        .dump_count = 1,
    };
    fixture.catalog = (struct catalog){.condemnations = &fixture.condemnation,
                                       .condemnation_count = 1,
                                       .condemned_wal = {&fixture.part, 1}};
    *state = &fixture;
    return 0;
}

static struct backup
backup_of_segments(const char *id, uint64_t first, uint64_t last)
{
    struct backup backup = {
        .system_identifier = 7,
        .wal_segment_size = MIB,
        .start = {1, first * MIB + 40},
        .stop = {1, (last + 1) * MIB},
    };

    snprintf(backup.id, sizeof(backup.id), "%s", id);
    return backup;
}

static void
a_backup_that_needs_nothing_condemned_may_be_committed(void **state)
{
    const struct fixture *fixture = *state;
    struct backup backup = backup_of_segments("2026-11-21T02-12-34-0000", 13, 15);
    struct pack pack = {.id = {0xab}};
    struct error err = {0};

    assert_ok(catalog_check_backup(&fixture->catalog, &backup, &pack, 1, &err));
}

static void
a_backup_that_uses_a_condemned_pack_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct backup backup = backup_of_segments("2026-11-21T02-12-34-0000", 13, 15);
    struct pack packs[2] = {{.id = {0xab}}, {.id = {0xaa}}};
    struct error err = {0};

    for (int deleted = 0; deleted < 2; deleted++)
    {
        fixture->condemnation.deleted = deleted == 1;
        assert_status(catalog_check_backup(&fixture->catalog, &backup, packs, 2, &err),
                      STATUS_REFUSED);
        assert_message("pack aa000000000000000000000000000000 is condemned");
    }
}

static void
a_backup_whose_own_folder_is_condemned_is_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct backup backup = backup_of_segments(fixture->folder[0], 13, 15);
    struct error err = {0};

    assert_status(catalog_check_backup(&fixture->catalog, &backup, NULL, 0, &err), STATUS_REFUSED);
    assert_message("its own folder");
}

static void
a_backup_whose_wal_is_condemned_is_refused(void **state)
{
    static const struct
    {
        uint64_t first;
        uint64_t last;
        enum status want;
    } cases[] = {
        {8, 9, OK},
        {8, 10, STATUS_REFUSED},
        {11, 11, STATUS_REFUSED},
        {8, 20, STATUS_REFUSED},
        {12, 13, STATUS_REFUSED},
        {13, 13, OK},
    };
    const struct fixture *fixture = *state;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct backup backup =
            backup_of_segments("2026-11-21T02-12-34-0000", cases[index].first, cases[index].last);
        struct error err = {0};

        assert_status(catalog_check_backup(&fixture->catalog, &backup, NULL, 0, &err),
                      cases[index].want);
        backup.start.timeline = 3;
        backup.stop.timeline = 3;
        assert_ok(catalog_check_backup(&fixture->catalog, &backup, NULL, 0, &err));
        backup.stop.timeline = 1;
        assert_status(catalog_check_backup(&fixture->catalog, &backup, NULL, 0, &err),
                      cases[index].want);
        backup.system_identifier = 8;
        assert_ok(catalog_check_backup(&fixture->catalog, &backup, NULL, 0, &err));
    }
}

static void
a_dump_whose_objects_are_condemned_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct dump dump = {.database = "My Shop", .name = "backup-2026-11-21T03-00-00"};
    struct dump other = {.database = "My", .name = "backup-2026-11-21T03-00-00"};
    struct error err = {0};

    for (int deleted = 0; deleted < 2; deleted++)
    {
        fixture->condemnation.deleted = deleted == 1;
        assert_status(catalog_check_dump(&fixture->catalog, &dump, &err), STATUS_REFUSED);
        assert_message("its objects are condemned");
        assert_ok(catalog_check_dump(&fixture->catalog, &other, &err));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_backup_that_needs_nothing_condemned_may_be_committed, setup),
        cmocka_unit_test_setup(a_backup_that_uses_a_condemned_pack_is_refused, setup),
        cmocka_unit_test_setup(a_backup_whose_own_folder_is_condemned_is_refused, setup),
        cmocka_unit_test_setup(a_backup_whose_wal_is_condemned_is_refused, setup),
        cmocka_unit_test_setup(a_dump_whose_objects_are_condemned_is_refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
