// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/event.h"
#include "repo/catalog_entry.h"

#include <stdio.h>

/* Every kind as the catalog writes it, so that none is forgotten here when it changes there. */
static json_t *
written(const struct catalog_entry *entry)
{
    const struct catalog catalog = {0};
    json_t *members = catalog_entry_to_json(&catalog, entry);

    assert_non_null(members);
    return members;
}

static void
assert_event(json_t *members, const char *kind, const char *what, const char *status)
{
    struct event event;
    struct error err = {0};

    assert_ok(event_read(members, &event, &err));
    assert_string_equal(event.kind, kind);
    assert_string_equal(event.what, what);
    assert_string_equal(event.status, status);
}

static void
a_backup_tells_its_size_its_time_and_its_damage(void **state)
{
    (void) state;
    struct backup backup = {
        .id = "2026-11-21T02-12-34-1f3a", .new_bytes = 4096, .stopped = 2500000};
    SCOPED(json_freep) json_t *good = written(&(struct catalog_entry){.backup = &backup});
    SCOPED(json_freep) json_t *bad = NULL;
    struct event event;
    struct error err = {0};

    assert_event(good, "backup", "2026-11-21T02-12-34-1f3a, full", "ok");
    assert_ok(event_read(good, &event, &err));
    assert_true(event.has_size && event.size_bytes == 4096);
    assert_int_equal(event.took_ms, 2500);

    backup.damaged = true;
    snprintf(backup.parent, sizeof(backup.parent), "2026-11-20T02-12-34-1f3a");
    bad = written(&(struct catalog_entry){.backup = &backup});
    assert_event(bad, "backup", "2026-11-21T02-12-34-1f3a, incremental", "damaged");
}

static void
a_dump_tells_its_size_and_whether_it_is_suspicious(void **state)
{
    (void) state;
    struct dump dump = {.database = "shop", .stored_bytes = 7, .suspicious = true};
    SCOPED(json_freep) json_t *members = NULL;
    struct event event;
    struct error err = {0};

    dump_make_name(0, dump.name);
    members = written(&(struct catalog_entry){.dump = &dump});
    assert_event(members, "dump", "shop/backup-1970-01-01T00-00-00", "suspicious");
    assert_ok(event_read(members, &event, &err));
    assert_true(event.has_size && event.size_bytes == 7);
}

static void
a_dump_that_failed_tells_why(void **state)
{
    (void) state;
    const struct dump_failure failure = {
        .database = "shop", .name = "backup-x", .finished = 1000000, .reason = "disk full"};
    SCOPED(json_freep) json_t *members = written(&(struct catalog_entry){.dump_failure = &failure});
    struct event event;
    struct error err = {0};

    assert_event(members, "dump-failed", "shop/backup-x", "failed");
    assert_ok(event_read(members, &event, &err));
    assert_string_equal(event.reason, "disk full");
    assert_int_equal(event.took_ms, 1000);
    assert_false(event.has_size);
}

static void
what_goes_is_counted(void **state)
{
    (void) state;
    const struct expiry expiries[] = {{"2026-11-21T02-12-34-1f3a", "old"},
                                      {"2026-11-22T02-12-34-1f3a", "old"}};
    const struct expiry dumps[] = {{"shop/backup-1970-01-01T00-00-00", "old"}};
    SCOPED(json_freep)
    json_t *members = written(&(struct catalog_entry){
        .expiries = expiries, .expiry_count = 2, .dump_expiries = dumps, .dump_expiry_count = 1});
    SCOPED(json_freep) json_t *deleted = written(&(struct catalog_entry){.deleted = 12});

    assert_event(members, "expire", "2 backups, 1 dump", "ok");
    assert_event(deleted, "delete", "what entry 12 condemned", "ok");
}

static void
findings_of_a_verification_are_no_success(void **state)
{
    (void) state;
    const struct verification verification = {.objects = 12, .findings = 1, .bytes = 99};
    SCOPED(json_freep)
    json_t *members = written(&(struct catalog_entry){.verification = &verification});

    assert_event(members, "verify", "12 objects, 1 finding", "findings");
}

static void
a_drill_tells_its_backup_and_what_came_of_it(void **state)
{
    (void) state;
    struct drill drill = {.id = "2026-11-22T02-12-34-1f3a",
                          .backup_id = "2026-11-21T02-12-34-1f3a",
                          .verdict = DRILL_FAILED,
                          .finished = 2500000,
                          .rto_ms = 61000,
                          .findings = 2};
    SCOPED(json_freep) json_t *failed = written(&(struct catalog_entry){.drill = &drill});
    SCOPED(json_freep) json_t *copy = NULL;
    SCOPED(json_freep) json_t *broken = NULL;
    struct event event;
    struct error err = {0};

    assert_event(failed, "drill", "2026-11-21T02-12-34-1f3a, RTO 1min 1s, 2 findings", "failed");
    assert_ok(event_read(failed, &event, &err));
    assert_int_equal(event.took_ms, 2500);
    assert_false(event.has_size);

    snprintf(drill.repository, sizeof(drill.repository), "offsite");
    copy = written(&(struct catalog_entry){.drill = &drill});
    assert_event(copy, "drill", "2026-11-21T02-12-34-1f3a, copy offsite, RTO 1min 1s, 2 findings",
                 "failed");

    drill = (struct drill){.id = "2026-11-22T02-12-34-1f3a", .rto_ms = DRILL_UNKNOWN_MS};
    broken = written(&(struct catalog_entry){.drill = &drill});
    assert_event(broken, "drill", "no backup", "broken");
}

static void
holds_and_lineages_tell_what_they_are_about(void **state)
{
    (void) state;
    const struct hold hold = {.id = "2026-11-21T02-12-34-1f3a", .reason = "audit"};
    const struct lineage lineage = {.system_identifier = UINT64_MAX, .major = 15};
    SCOPED(json_freep) json_t *held = written(&(struct catalog_entry){.hold = &hold});
    SCOPED(json_freep)
    json_t *released = written(&(struct catalog_entry){.released = "2026-11-21T02-12-34-1f3a"});
    SCOPED(json_freep) json_t *accepted = written(&(struct catalog_entry){.lineage = &lineage});

    assert_event(held, "hold", "2026-11-21T02-12-34-1f3a", "ok");
    assert_event(released, "release", "2026-11-21T02-12-34-1f3a", "ok");
    assert_event(accepted, "lineage", "system identifier 18446744073709551615, PostgreSQL 15",
                 "ok");
}

static void
an_entry_that_lacks_what_it_must_have_is_damaged(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *members = json_pack("{s:s, s:{}}", "kind", "backup", "backup");
    struct event event;
    struct error err = {0};

    assert_status(event_read(members, &event, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_tells_its_size_its_time_and_its_damage),
        cmocka_unit_test(a_dump_tells_its_size_and_whether_it_is_suspicious),
        cmocka_unit_test(a_dump_that_failed_tells_why),
        cmocka_unit_test(what_goes_is_counted),
        cmocka_unit_test(findings_of_a_verification_are_no_success),
        cmocka_unit_test(a_drill_tells_its_backup_and_what_came_of_it),
        cmocka_unit_test(holds_and_lineages_tell_what_they_are_about),
        cmocka_unit_test(an_entry_that_lacks_what_it_must_have_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
