// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "stream/digest.h"
#include "stream/sink.h"

static void
assert_digest(const struct digest *digest, const char *want)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    assert_string_equal(text, want);
}

/* FIPS 180-2, appendix B.1. */
static void
sha256_of_abc_is_the_published_one(void **state)
{
    (void) state;
    struct error err = {0};
    struct digest digest;

    assert_ok(digest_of(NULL, BYTES("abc"), &digest, &err));
    assert_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Computed with "openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b...". */
static void
hmac_is_that_of_openssl(void **state)
{
    (void) state;
    struct error err = {0};
    struct secret key;
    struct digest digest;

    memset(key.bytes, 0x0b, sizeof(key.bytes));
    assert_ok(digest_of(&key, BYTES("Hi There"), &digest, &err));
    assert_digest(&digest, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
}

static void
a_derived_key_depends_on_salt_and_purpose(void **state)
{
    (void) state;
    struct error err = {0};
    struct secret from = {{1}};
    struct secret keys[4];

    assert_ok(secret_derive(&from, BYTES("salt"), BYTES("purpose"), &keys[0], &err));
    assert_ok(secret_derive(&from, BYTES("salt"), BYTES("purpose"), &keys[1], &err));
    assert_ok(secret_derive(&from, BYTES("other"), BYTES("purpose"), &keys[2], &err));
    assert_ok(secret_derive(&from, (struct bytes){NULL, 0}, BYTES("purpose"), &keys[3], &err));
    assert_memory_equal(&keys[0], &keys[1], sizeof(keys[0]));
    assert_memory_not_equal(&keys[0], &keys[2], sizeof(keys[0]));
    assert_memory_not_equal(&keys[0], &keys[3], sizeof(keys[0]));
}

static void
a_digest_in_a_chain_sees_what_passes(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(10);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    struct digest digest;

    assert_ok(sink_open_buffer(&sink, &out, &err));
    assert_ok(sink_push_digest(&sink, NULL, &digest, &err));
    assert_ok(sink_write(sink, BYTES("a"), &err));
    assert_ok(sink_write(sink, BYTES("bc"), &err));
    assert_ok(sink_finish(sink, &err));
    assert_int_equal(out.size, 3);
    assert_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc_is_the_published_one),
        cmocka_unit_test(hmac_is_that_of_openssl),
        cmocka_unit_test(a_derived_key_depends_on_salt_and_purpose),
        cmocka_unit_test(a_digest_in_a_chain_sees_what_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
