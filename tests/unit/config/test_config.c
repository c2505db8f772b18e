// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "config/config.h"

#define CLUSTER    "cluster: shop\n"
#define REPOSITORY "repository: {store: file, path: /srv/backup}\n"
#define ENCRYPTION "encryption: {key_file: /etc/redoubt/repository.key}\n"
#define MINIMAL    CLUSTER REPOSITORY ENCRYPTION
#define S3(more)   CLUSTER ENCRYPTION "repository:\n  store: s3\n" more

static void
a_minimal_file_gets_the_defaults(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(BYTES(MINIMAL), "f", &config, &err));

    assert_string_equal(config->path, "f");
    assert_string_equal(config->cluster, "shop");
    assert_string_equal(config->postgres.connection, "");
    assert_null(config->postgres.data_directory);
    assert_int_equal(config->repository.store, CONFIG_STORE_FILE);
    assert_string_equal(config->repository.path, "/srv/backup");
    assert_int_equal(config->encryption.mode, CONFIG_ENCRYPTION_KEY_FILE);
    assert_string_equal(config->encryption.key_file, "/etc/redoubt/repository.key");
    assert_int_equal(config->compression_level, 1);
    assert_between(config->workers, 1, 64);
    assert_int_equal(config->memory_bytes, 256 << 20);
    assert_null(config->spool);
    assert_int_equal(config->further.count, 0);
    assert_ptr_equal(config->chosen, &config->repository);
}

static void
every_key_reaches_its_member(void **state)
{
    (void) state;
    static const char text[] = CLUSTER "postgres:\n"
                                       "  connection: host=/run user=redoubt\n"
                                       "  data_directory: /data\n"
                                       "  bin_directory: /bin\n"
                                       "repository:\n"
                                       "  store: s3\n"
                                       "  endpoint: https://s3.example.com:9000\n"
                                       "  region: auto\n"
                                       "  bucket: shop-backups\n"
                                       "  prefix: a/b\n"
                                       "  addressing: virtual-host\n"
                                       "  ca_file: /ca.pem\n"
                                       "  credentials: file\n"
                                       "  profile: backup\n"
                                       "  credentials_file: /credentials\n"
                                       "  single_writer: true\n"
                                       "  retry_limit: 30s\n"
                                       "encryption: {passphrase_file: /passphrase}\n"
                                       "compression_level: 3\n"
                                       "workers: 4\n"
                                       "memory: 1GiB\n"
                                       "spool: /spool\n";
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(BYTES(text), "f", &config, &err));

    assert_string_equal(config->postgres.connection, "host=/run user=redoubt");
    assert_string_equal(config->postgres.data_directory, "/data");
    assert_string_equal(config->postgres.bin_directory, "/bin");
    assert_int_equal(config->repository.store, CONFIG_STORE_S3);
    assert_string_equal(config->repository.endpoint, "https://s3.example.com:9000");
    assert_string_equal(config->repository.region, "auto");
    assert_string_equal(config->repository.bucket, "shop-backups");
    assert_string_equal(config->repository.prefix, "a/b");
    assert_int_equal(config->repository.addressing, CONFIG_ADDRESSING_VIRTUAL_HOST);
    assert_string_equal(config->repository.ca_file, "/ca.pem");
    assert_int_equal(config->repository.credentials, CONFIG_CREDENTIALS_FILE);
    assert_string_equal(config->repository.profile, "backup");
    assert_string_equal(config->repository.credentials_file, "/credentials");
    assert_true(config->repository.single_writer);
    assert_int_equal(config->repository.retry_limit_ms, 30000);
    assert_int_equal(config->encryption.mode, CONFIG_ENCRYPTION_PASSPHRASE_FILE);
    assert_string_equal(config->encryption.passphrase_file, "/passphrase");
    assert_int_equal(config->compression_level, 3);
    assert_int_equal(config->workers, 4);
    assert_int_equal(config->memory_bytes, 1 << 30);
    assert_string_equal(config->spool, "/spool");
}

static void
encryption_can_be_off_only_in_words(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(BYTES(CLUSTER REPOSITORY "encryption: off\n"), "f", &config, &err));
    assert_int_equal(config->encryption.mode, CONFIG_ENCRYPTION_OFF);
}

static const struct refusal
{
    const char *text;
    const char *message;
    const char *hint;
} refusals[] = {
    {"", "f:1:1: \"cluster\" is missing from the configuration", ""},
    {"- a\n", "f:1:1: the configuration must be a mapping, found a list", ""},
    {CLUSTER REPOSITORY, "f:1:1: \"encryption\" is missing from the configuration", ""},
    {CLUSTER ENCRYPTION, "f:1:1: \"repository\" is missing from the configuration", ""},
    {MINIMAL "retentoin: {daily: 7}\n", "f:4:1: unknown key \"retentoin\" in the configuration",
     "Did you mean \"retention\"?"},
    {MINIMAL "worker: 2\n", "f:4:1: unknown key \"worker\" in the configuration",
     "Did you mean \"workers\"?"},
    {MINIMAL "workers: 0\n", "f:4:10: \"workers\" must be between 1 and 64, found \"0\"", ""},
    {MINIMAL "workers: two\n", "f:4:10: \"workers\" must be a whole number, found \"two\"", ""},
    {MINIMAL "workers: 1kB\n", "f:4:10: \"workers\" must be a whole number, found \"1kB\"", ""},
    {MINIMAL "workers: [1]\n", "f:4:10: \"workers\" must be a single value, found a list", ""},
    {MINIMAL "workers:\n", "f:4:1: \"workers\" has no value", ""},
    {MINIMAL "compression_level: 20\n",
     "f:4:20: \"compression_level\" must be between 1 and 19, found \"20\"", ""},
    {MINIMAL "memory: 1MiB\n", "f:4:9: \"memory\" must be between 64MiB and 1TiB, found \"1MiB\"",
     ""},
    {MINIMAL "memory: lots\n", "f:4:9: \"memory\" must be a size, found \"lots\"",
     "Write a number and B, KiB, MiB, GiB or TiB, such as 256MiB."},
    {MINIMAL "spool: var/spool\n", "f:4:8: \"spool\" must be an absolute path, found \"var/spool\"",
     ""},
    {MINIMAL "spool: ''\n", "f:4:8: \"spool\" must not be empty", ""},
    {"cluster: Shop\n" REPOSITORY ENCRYPTION,
     "f:1:10: \"cluster\" may consist of a-z, 0-9, _ and - only, found \"Shop\"", ""},
    {MINIMAL "postgres: {connection: \"host\"}\n",
     "f:4:24: \"connection\" is not a connection string",
     "Write it as libpq does: \"host=/var/run/postgresql user=redoubt\"."},
    {MINIMAL "postgres: text\n", "f:4:11: section \"postgres\" must be a mapping, found text", ""},
    {CLUSTER REPOSITORY "encryption: on\n",
     "f:3:13: \"encryption\" must be off or a mapping with \"key_file\" or \"passphrase_file\"",
     ""},
    {CLUSTER REPOSITORY "encryption: {}\n",
     "f:3:13: section \"encryption\" needs one of \"key_file\" and \"passphrase_file\"", ""},
    {CLUSTER REPOSITORY "encryption: {key_file: /a, passphrase_file: /b}\n",
     "f:3:13: section \"encryption\" needs one of \"key_file\" and \"passphrase_file\"", ""},
    {CLUSTER REPOSITORY "encryption: {keyfile: /a}\n",
     "f:3:14: unknown key \"keyfile\" in section \"encryption\"", "Did you mean \"key_file\"?"},
    {CLUSTER ENCRYPTION "repository: {store: file}\n",
     "f:3:13: \"path\" is missing from section \"repository\"", ""},
    {CLUSTER ENCRYPTION "repository: {path: /a}\n",
     "f:3:13: \"store\" is missing from section \"repository\"", ""},
    {CLUSTER ENCRYPTION "repository: {store: flie, path: /a}\n",
     "f:3:21: \"store\" must be one of file, s3, found \"flie\"", "Did you mean \"file\"?"},
    {CLUSTER ENCRYPTION "repository: {store: file, path: /a, bucket: abc}\n",
     "f:3:37: \"bucket\" has no meaning with \"store: file\"", ""},
    {S3("  bucket: abc\n  region: r\n  path: /a\n"),
     "f:7:3: \"path\" has no meaning with \"store: s3\"", ""},
    {S3("  region: r\n"), "f:4:3: \"bucket\" is missing from section \"repository\"", ""},
    {S3("  bucket: abc\n"), "f:4:3: section \"repository\" needs \"region\" or \"endpoint\"", ""},
    {S3("  bucket: a/b\n"), "f:5:11: \"bucket\" is not a bucket's name: \"a/b\"", ""},
    {S3("  bucket: abc\n  region: a b\n"), "f:6:11: \"region\" is not a region's name: \"a b\"",
     ""},
    {S3("  endpoint: s3.example.com\n"),
     "f:5:13: \"endpoint\" must begin with https:// or http://, found \"s3.example.com\"", ""},
    {S3("  endpoint: https://u:p@host\n"), "f:5:13: \"endpoint\" must be a host and a port at most",
     ""},
    {S3("  prefix: /a\n"), "f:5:11: \"prefix\" is not a key prefix: \"/a\"",
     "Use letters, digits and . _ - = % with single slashes between, none at either end."},
    {S3("  single_writer: yes\n"), "f:5:18: \"single_writer\" must be true or false, found \"yes\"",
     ""},
    {S3("  retry_limit: 5m\n"), "f:5:16: \"retry_limit\" must be a duration, found \"5m\"",
     "Write a number and ms, s, min, h, d or w, such as 30s."},
    {S3("  retry_limit: 2d\n"), "f:5:16: \"retry_limit\" must be between 0 and 1d, found \"2d\"",
     ""},
    {S3("  bucket: abc\n  region: r\n  credentials: instance\n  profile: p\n"),
     "f:8:3: \"profile\" needs \"credentials: file\"", ""},
};

static void
a_wrong_file_is_refused_with_its_place(void **state)
{
    (void) state;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;

        assert_status(config_parse(bytes_of(refusals[index].text), "f", &config, &err),
                      STATUS_CONFIG);
        assert_message(refusals[index].message);
        assert_string_equal(err.hint, refusals[index].hint);
        assert_null(config);
    }
}

static void
a_password_in_a_wrong_connection_is_never_shown(void **state)
{
    (void) state;
    static const char *const connections[] = {
        "password=hunter2 host",
        "postgresql://me:hunter2@[host",
        "host=x passwrod=hunter2",
    };

    for (size_t index = 0; index < sizeof(connections) / sizeof(connections[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1000);
        struct error err = {0};

        assert_ok(buffer_append_text(&text, &err, MINIMAL "postgres: {connection: '%s'}\n",
                                     connections[index]));
        assert_status(config_parse(buffer_bytes(&text), "f", &config, &err), STATUS_CONFIG);
        assert_null(strstr(err.message, "hunter2"));
        assert_null(strstr(err.detail, "hunter2"));
    }
}

static void
what_is_read_from_is_chosen_by_name(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_ok(
        config_parse(BYTES(MINIMAL "repositories: {offsite: {store: file, path: /mnt/copy}}\n"),
                     "f", &config, &err));

    assert_ok(config_choose(config, "offsite", &err));
    assert_string_equal(config->chosen->path, "/mnt/copy");
    assert_ok(config_choose(config, "main", &err));
    assert_ptr_equal(config->chosen, &config->repository);
    assert_ok(config_choose(config, NULL, &err));
    assert_ptr_equal(config->chosen, &config->repository);
    assert_status(config_choose(config, "ofsite", &err), STATUS_CONFIG);
    assert_message("there is no repository \"ofsite\" in \"f\"");
    assert_string_equal(err.hint, "Did you mean \"offsite\"?");
}

static void
a_missing_file_is_not_found(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};

    assert_status(config_load("/nonexistent/redoubt.yaml", &config, &err), STATUS_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minimal_file_gets_the_defaults),
        cmocka_unit_test(every_key_reaches_its_member),
        cmocka_unit_test(encryption_can_be_off_only_in_words),
        cmocka_unit_test(a_wrong_file_is_refused_with_its_place),
        cmocka_unit_test(a_password_in_a_wrong_connection_is_never_shown),
        cmocka_unit_test(what_is_read_from_is_chosen_by_name),
        cmocka_unit_test(a_missing_file_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
