// SPDX-License-Identifier: PostgreSQL
#include "s3/sigv4.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE   "s3"
#define ALGORITHM "AWS4-HMAC-SHA256"

enum
{
    DIGEST_SIZE = 32
};

void
sigv4_time(time_us time, char text[SIGV4_TIME_SIZE])
{
    char full[TIME_TEXT_SIZE];
    size_t used = 0;

    time_format(time - time % US_PER_SECOND, full);
    for (const char *from = full; *from != '\0' && used < SIGV4_TIME_SIZE - 1; from++)
    {
        if (*from != '-' && *from != ':')
            text[used++] = *from;
    }
    text[used] = '\0';
}

enum status
sigv4_hash(struct bytes payload, char text[SIGV4_HASH_SIZE], struct error *err)
{
    uint8_t digest[DIGEST_SIZE];

    if (EVP_Digest(payload.data, payload.size, digest, NULL, EVP_sha256(), NULL) != 1)
        return error_set(err, STATUS_IO, "could not compute a SHA-256 digest");
    hex_encode((struct bytes){digest, sizeof(digest)}, text);
    return OK;
}

static enum status
encode(struct buffer *into, const char *text, const char *also_plain, struct error *err)
{
    for (; *text != '\0'; text++)
    {
        unsigned char byte = (unsigned char) *text;

        if ((byte < 128 && isalnum(byte)) || strchr("-_.~", byte) != NULL ||
            strchr(also_plain, byte) != NULL)
            TRY(buffer_append(into, (struct bytes){&byte, 1}, err));
        else
            TRY(buffer_append_text(into, err, "%%%02X", byte));
    }
    return OK;
}

enum status
sigv4_encode_path(struct buffer *into, const char *text, struct error *err)
{
    return encode(into, text, "/", err);
}

enum status
sigv4_encode(struct buffer *into, const char *text, struct error *err)
{
    return encode(into, text, "", err);
}

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

static int
compare_names(const void *left, const void *right)
{
    return strcasecmp(((const struct sigv4_pair *) left)->name,
                      ((const struct sigv4_pair *) right)->name);
}

/*
 * Each pair is encoded as "name=value" and these are sorted as texts.  '=' sorts
 * above '-' and '.', so that sorting whole pairs could differ from sorting
 * names; '=' is replaced by a byte below all others while sorting.
 */
enum status
sigv4_query(struct buffer *into, const struct sigv4_pair *pairs, size_t count, struct error *err)
{
    SCOPED(buffer_release) struct buffer texts = BUFFER_INIT(16384);
    const char *sorted[SIGV4_PAIRS_MAX];
    size_t starts[SIGV4_PAIRS_MAX];

    assert(count <= SIGV4_PAIRS_MAX);
    for (size_t index = 0; index < count; index++)
    {
        starts[index] = texts.size;
        TRY(sigv4_encode(&texts, pairs[index].name, err));
        TRY(buffer_append(&texts, BYTES("\x01"), err));
        TRY(sigv4_encode(&texts, pairs[index].value, err));
        TRY(buffer_append(&texts, (struct bytes){(const uint8_t *) "", 1}, err));
    }
    for (size_t index = 0; index < count; index++)
        sorted[index] = (const char *) texts.data + starts[index];
    qsort(sorted, count, sizeof(sorted[0]), compare_texts);
    for (size_t index = 0; index < count; index++)
    {
        const char *middle = strchr(sorted[index], '\x01');

        TRY(buffer_append_text(into, err, "%s%.*s=%s", index == 0 ? "" : "&",
                               (int) (middle - sorted[index]), sorted[index], middle + 1));
    }
    return OK;
}

/* A header's value without spaces around it and with single ones inside. */
static enum status
append_trimmed(struct buffer *into, const char *value, struct error *err)
{
    bool gap = false;
    size_t start = into->size;

    for (; *value != '\0'; value++)
    {
        if (*value == ' ' || *value == '\t')
        {
            gap = true;
            continue;
        }
        if (gap && into->size > start)
            TRY(buffer_append(into, BYTES(" "), err));
        gap = false;
        TRY(buffer_append(into, (struct bytes){(const uint8_t *) value, 1}, err));
    }
    return OK;
}

static enum status
append_lower(struct buffer *into, const char *name, struct error *err)
{
    for (; *name != '\0'; name++)
    {
        uint8_t byte = (uint8_t) tolower((unsigned char) *name);

        TRY(buffer_append(into, (struct bytes){&byte, 1}, err));
    }
    return OK;
}

static enum status
append_signed_names(struct buffer *into, const struct sigv4_pair *headers, size_t count,
                    struct error *err)
{
    for (size_t index = 0; index < count; index++)
    {
        if (index > 0)
            TRY(buffer_append(into, BYTES(";"), err));
        TRY(append_lower(into, headers[index].name, err));
    }
    return OK;
}

static enum status
build_canonical_request(const struct sigv4_input *input, const struct sigv4_pair *headers,
                        struct buffer *into, struct error *err)
{
    const char *path = input->path[0] == '\0' ? "/" : input->path;

    TRY(buffer_append_text(into, err, "%s\n%s\n%s\n", input->method, path, input->query));
    for (size_t index = 0; index < input->header_count; index++)
    {
        TRY(append_lower(into, headers[index].name, err));
        TRY(buffer_append(into, BYTES(":"), err));
        TRY(append_trimmed(into, headers[index].value, err));
        TRY(buffer_append(into, BYTES("\n"), err));
    }
    TRY(buffer_append(into, BYTES("\n"), err));
    TRY(append_signed_names(into, headers, input->header_count, err));
    return buffer_append_text(into, err, "\n%s", input->payload_hash);
}

static enum status
mac(struct bytes key, const char *text, uint8_t out[DIGEST_SIZE], struct error *err)
{
    unsigned size = DIGEST_SIZE;

    if (HMAC(EVP_sha256(), key.data, (int) key.size, (const uint8_t *) text, strlen(text), out,
             &size) == NULL)
        return error_set(err, STATUS_IO, "could not compute an HMAC");
    return OK;
}

static enum status
derive_key(const struct sigv4_input *input, const char *date, uint8_t key[DIGEST_SIZE],
           struct error *err)
{
    const char *const steps[] = {input->region, SERVICE, "aws4_request"};
    SCOPED(buffer_release) struct buffer secret = BUFFER_INIT(1024);
    enum status status;

    /* Reserved at once, so that growing leaves no copy behind. */
    TRY(buffer_reserve(&secret, strlen("AWS4") + strlen(input->secret_access_key), err));
    TRY(buffer_append(&secret, BYTES("AWS4"), err));
    TRY(buffer_append(&secret, bytes_of(input->secret_access_key), err));
    status = mac(buffer_bytes(&secret), date, key, err);
    OPENSSL_cleanse(secret.data, secret.size);
    for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]) && status == OK; index++)
    {
        uint8_t previous[DIGEST_SIZE];

        memcpy(previous, key, sizeof(previous));
        status = mac((struct bytes){previous, sizeof(previous)}, steps[index], key, err);
        OPENSSL_cleanse(previous, sizeof(previous));
    }
    return status;
}

static bool
cache_holds(const struct sigv4_cache *cache, const struct sigv4_input *input, const char *date)
{
    return strcmp(cache->access_key_id, input->access_key_id) == 0 &&
           strcmp(cache->region, input->region) == 0 && strcmp(cache->date, date) == 0;
}

static enum status
signing_key(const struct sigv4_input *input, const char *date, struct sigv4_cache *cache,
            struct error *err)
{
    if (cache_holds(cache, input, date))
        return OK;
    if (strlen(input->access_key_id) >= sizeof(cache->access_key_id) ||
        strlen(input->region) >= sizeof(cache->region))
        return error_set(err, STATUS_CONFIG, "the access key id or the region is too long");
    cache->date[0] = '\0';
    TRY(derive_key(input, date, cache->key, err));
    snprintf(cache->access_key_id, sizeof(cache->access_key_id), "%s", input->access_key_id);
    snprintf(cache->region, sizeof(cache->region), "%s", input->region);
    snprintf(cache->date, sizeof(cache->date), "%s", date);
    return OK;
}

enum status
sigv4_sign(const struct sigv4_input *input, struct sigv4_cache *cache, struct sigv4_output *output,
           struct error *err)
{
    struct sigv4_pair headers[SIGV4_PAIRS_MAX];
    char time[SIGV4_TIME_SIZE];
    char date[9];
    char hash[SIGV4_HASH_SIZE];
    const char *text;
    uint8_t digest[DIGEST_SIZE];

    assert(input->header_count <= SIGV4_PAIRS_MAX);
    memcpy(headers, input->headers, input->header_count * sizeof(headers[0]));
    qsort(headers, input->header_count, sizeof(headers[0]), compare_names);
    sigv4_time(input->time, time);
    snprintf(date, sizeof(date), "%.8s", time);

    TRY(build_canonical_request(input, headers, &output->canonical_request, err));
    TRY(sigv4_hash(buffer_bytes(&output->canonical_request), hash, err));
    TRY(buffer_append_text(&output->string_to_sign, err,
                           ALGORITHM "\n%s\n%s/%s/" SERVICE "/aws4_request\n%s", time, date,
                           input->region, hash));
    TRY(buffer_text(&output->string_to_sign, &text, err));
    TRY(signing_key(input, date, cache, err));
    TRY(mac((struct bytes){cache->key, sizeof(cache->key)}, text, digest, err));
    hex_encode((struct bytes){digest, sizeof(digest)}, output->signature);

    TRY(buffer_append_text(&output->authorization, err,
                           ALGORITHM " Credential=%s/%s/%s/" SERVICE
                                     "/aws4_request, SignedHeaders=",
                           input->access_key_id, date, input->region));
    TRY(append_signed_names(&output->authorization, headers, input->header_count, err));
    return buffer_append_text(&output->authorization, err, ", Signature=%s", output->signature);
}

void
sigv4_output_release(struct sigv4_output *output)
{
    /* The canonical request may hold a session token. */
    if (output->canonical_request.data != NULL)
        OPENSSL_cleanse(output->canonical_request.data, output->canonical_request.size);
    buffer_release(&output->canonical_request);
    buffer_release(&output->string_to_sign);
    buffer_release(&output->authorization);
}

void
sigv4_cache_release(struct sigv4_cache *cache)
{
    OPENSSL_cleanse(cache, sizeof(*cache));
}
