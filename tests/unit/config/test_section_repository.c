// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "config/config.h"

#define MINIMAL                                                                                    \
    "cluster: shop\n"                                                                              \
    "repository: {store: file, path: /srv/backup}\n"                                               \
    "encryption: off\n"
#define FURTHER(text) MINIMAL "repositories:\n" text

static void
further_repositories_are_in_the_files_order(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(BYTES(FURTHER("  near: {store: file, path: /mnt/copy}\n"
                                         "  far:\n"
                                         "    store: s3\n"
                                         "    region: eu-1\n"
                                         "    bucket: copies\n"
                                         "    required: false\n")),
                           "f", &config, &err));

    assert_int_equal(config->further.count, 2);
    assert_string_equal(config->further.items[0].name, "near");
    assert_string_equal(config->further.items[0].path, "/mnt/copy");
    assert_true(config->further.items[0].required);
    assert_string_equal(config->further.items[1].name, "far");
    assert_string_equal(config->further.items[1].bucket, "copies");
    assert_false(config->further.items[1].required);
    assert_string_equal(config->repository.name, "main");
    assert_true(config->repository.required);
}

static void
postgresql_waits_less_for_what_is_not_required(void **state)
{
    (void) state;
    static const char text[] = FURTHER("  a: {store: s3, region: r, bucket: aaa}\n"
                                       "  b: {store: s3, region: r, bucket: bbb, required: false}\n"
                                       "  c: {store: s3, region: r, bucket: ccc, required: false,"
                                       " retry_limit: 20s}\n");
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(BYTES(text), "f", &config, &err));

    assert_int_equal(config->further.items[0].push_retry_limit_ms, 120000);
    assert_int_equal(config->further.items[1].push_retry_limit_ms, 3000);
    assert_int_equal(config->further.items[1].retry_limit_ms, 120000);
    assert_int_equal(config->further.items[2].push_retry_limit_ms, 20000);
}

static const struct refusal
{
    const char *text;
    const char *message;
} refusals[] = {
    {MINIMAL "repositories: [a]\n",
     "f:4:15: section \"repositories\" must be a mapping, found a list"},
    {FURTHER("  main: {store: file, path: /a}\n"),
     "f:5:3: a further repository cannot be called \"main\""},
    {FURTHER("  Far: {store: file, path: /a}\n"),
     "f:5:3: a repository's name may consist of a-z, 0-9, _ and - only, found \"Far\""},
    {FURTHER("  -x: {store: file, path: /a}\n"), "f:5:3: a repository's name"},
    {FURTHER("  far: {store: file}\n"), "f:5:8: \"path\" is missing from section "
                                        "\"repositories.far\""},
    {FURTHER("  far: {store: s3, region: r}\n"),
     "f:5:8: \"bucket\" is missing from section \"repositories.far\""},
    {FURTHER("  far: {store: s3, bucket: abc}\n"),
     "f:5:8: section \"repositories.far\" needs \"region\" or \"endpoint\""},
    {FURTHER("  far: {store: file, path: /a, required: maybe}\n"),
     "f:5:42: \"required\" must be true or false, found \"maybe\""},
    {FURTHER("  far: {store: file, path: /a, key_file: /b}\n"),
     "f:5:32: unknown key \"key_file\" in section \"repositories.far\""},
    {FURTHER("  far: {store: file, path: /srv/backup}\n"),
     "f:5:8: repository \"far\" is in the same place as \"main\""},
    {FURTHER("  a: {store: s3, region: r, bucket: bbb}\n"
             "  b: {store: s3, region: r, bucket: bbb}\n"),
     "f:6:6: repository \"b\" is in the same place as \"a\""},
    {"cluster: shop\nencryption: off\n"
     "repository: {store: file, path: /a, required: true}\n",
     "f:3:37: unknown key \"required\" in section \"repository\""},
};

static void
a_wrong_section_is_refused_with_its_place(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;
        struct error err = {0};

        assert_status(config_parse(bytes_of(refusals[index].text), "f", &config, &err),
                      STATUS_CONFIG);
        assert_message(refusals[index].message);
        assert_null(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(further_repositories_are_in_the_files_order),
        cmocka_unit_test(postgresql_waits_less_for_what_is_not_required),
        cmocka_unit_test(a_wrong_section_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
