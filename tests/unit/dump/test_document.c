// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "dump/document.h"
#include "repo/object.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

static char *
copy_of(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return copy;
}

/* All members are set; the caller releases it. */
static struct dump_document
make_document(void)
{
    struct dump_document document = {
        .dump = {.database = "sh op",
                 .name = "backup-2026-11-21T03-00-00",
                 .format = DUMP_PLAIN,
                 .server_version = 150018,
                 .raw_bytes = 12},
        .tool = copy_of("pg_dump (PostgreSQL) 15.18"),
        .server = copy_of("PostgreSQL 15.18 on x86_64"),
        .encoding = copy_of("UTF8"),
        .collate = copy_of("C"),
        .ctype = copy_of("C.UTF-8"),
        .locale_provider = copy_of("icu"),
        .locale = copy_of("de-AT"),
        .icu_rules = copy_of("&a < b"),
        .last_words = copy_of("pg_dump: warning: \"x\"\n"),
        .tables = calloc(2, sizeof(*document.tables)),
        .table_count = 2,
    };
    struct error err = {0};

    assert_non_null(document.tables);
    document.tables[0] = (struct dump_table){copy_of("public"), copy_of("схема \"t\""), 42, true};
    document.tables[1] = (struct dump_table){copy_of("s"), copy_of("t"), -1, false};
    assert_ok(dump_texts_add(&document.arguments, "--format=plain", &err));
    assert_ok(dump_texts_add(&document.roles, "Märta \"O'Hara\"", &err));
    assert_ok(dump_texts_add(&document.roles, "postgres", &err));
    assert_ok(dump_texts_add(&document.extensions, "pg_trgm", &err));
    return document;
}

static void
assert_same_texts(const struct dump_texts *left, const struct dump_texts *right)
{
    assert_int_equal(left->count, right->count);
    for (size_t index = 0; index < left->count; index++)
        assert_string_equal(left->items[index], right->items[index]);
}

static void
what_is_stored_is_loaded(void **state)
{
    SCOPED(dump_document_release) struct dump_document stored = make_document();
    SCOPED(dump_document_release) struct dump_document loaded = {0};
    struct test_repository test;
    struct error err = {0};
    char id[DUMP_ID_SIZE];

    (void) state;
    test_repository_open(&test, true);
    dump_id(&stored.dump, id);
    assert_ok(dump_document_store(test.repo, &stored, &err));
    assert_status(dump_document_store(test.repo, &stored, &err), STATUS_CONFLICT);
    assert_ok(dump_document_load(test.repo, id, &loaded, &err));

    assert_string_equal(loaded.dump.database, "sh op");
    assert_int_equal(loaded.dump.raw_bytes, 12);
    assert_string_equal(loaded.tool, stored.tool);
    assert_string_equal(loaded.server, stored.server);
    assert_string_equal(loaded.encoding, "UTF8");
    assert_string_equal(loaded.collate, "C");
    assert_string_equal(loaded.ctype, "C.UTF-8");
    assert_string_equal(loaded.locale_provider, "icu");
    assert_string_equal(loaded.locale, "de-AT");
    assert_string_equal(loaded.icu_rules, "&a < b");
    assert_string_equal(loaded.last_words, stored.last_words);
    assert_same_texts(&loaded.arguments, &stored.arguments);
    assert_same_texts(&loaded.roles, &stored.roles);
    assert_same_texts(&loaded.extensions, &stored.extensions);
    assert_int_equal(loaded.table_count, 2);
    assert_string_equal(loaded.tables[0].name, "схема \"t\"");
    assert_int_equal(loaded.tables[0].rows, 42);
    assert_true(loaded.tables[0].counted);
    assert_int_equal(loaded.tables[1].rows, -1);
    assert_false(loaded.tables[1].counted);
    test_repository_close(&test);
}

/* pg_dump's messages are in the encoding of whoever wrote them. */
static void
what_is_no_utf8_keeps_its_ascii(void **state)
{
    SCOPED(dump_document_release) struct dump_document stored = make_document();
    SCOPED(dump_document_release) struct dump_document loaded = {0};
    struct test_repository test;
    struct error err = {0};
    char id[DUMP_ID_SIZE];

    (void) state;
    test_repository_open(&test, false);
    memcpy(stored.last_words, "na\xefve", 6);
    dump_id(&stored.dump, id);
    assert_ok(dump_document_store(test.repo, &stored, &err));
    assert_ok(dump_document_load(test.repo, id, &loaded, &err));
    assert_string_equal(loaded.last_words, "na?ve");
    test_repository_close(&test);
}

static void
another_dumps_document_and_what_is_none_are_corrupt(void **state)
{
    static const char *const texts[] = {"", "{}", "[]", "{\"dump\": 1}"};
    SCOPED(dump_document_release) struct dump_document stored = make_document();
    struct test_repository test;
    struct error err = {0};
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];
    char other[STORE_KEY_MAX + 1];

    (void) state;
    test_repository_open(&test, false);
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(dump_document_release) struct dump_document loaded = {0};

        snprintf(id, sizeof(id), "a/backup-2026-11-21T03-00-0%zu", index);
        assert_ok(dump_key(test.repo, id, DUMP_EXTENSION_DOCUMENT, key, &err));
        assert_ok(object_put(test.repo, key, OBJECT_PLAIN, bytes_of(texts[index]), &err));
        assert_status(dump_document_load(test.repo, id, &loaded, &err), STATUS_CORRUPT);
        assert_message(key);
    }
    {
        SCOPED(dump_document_release) struct dump_document loaded = {0};
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);

        dump_id(&stored.dump, id);
        assert_ok(dump_document_store(test.repo, &stored, &err));
        assert_ok(dump_key(test.repo, id, DUMP_EXTENSION_DOCUMENT, key, &err));
        assert_ok(object_get(test.repo, key, OBJECT_PLAIN, &text, &err));
        assert_ok(dump_key(test.repo, "b/backup-2026-11-21T03-00-00", DUMP_EXTENSION_DOCUMENT,
                           other, &err));
        assert_ok(object_put(test.repo, other, OBJECT_PLAIN, buffer_bytes(&text), &err));
        assert_status(dump_document_load(test.repo, "b/backup-2026-11-21T03-00-00", &loaded, &err),
                      STATUS_CORRUPT);
        assert_message("it is of dump \"sh%20op/backup-2026-11-21T03-00-00\"");
    }
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_is_loaded),
        cmocka_unit_test(what_is_no_utf8_keeps_its_ascii),
        cmocka_unit_test(another_dumps_document_and_what_is_none_are_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
