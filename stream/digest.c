// SPDX-License-Identifier: PostgreSQL
#include "stream/digest.h"

#include "stream/sink.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>

/*
 * HMAC is written out over two SHA-256 contexts (RFC 2104), because EVP_MAC
 * fetches and copies more than a small object is worth.
 */
struct hasher
{
    EVP_MD_CTX *inner;
    bool keyed;
    uint8_t outer_pad[64];
};

void
secret_wipe(struct secret *secret)
{
    OPENSSL_cleanse(secret, sizeof(*secret));
}

bool
digest_equal(const struct digest *left, const struct digest *right)
{
    return CRYPTO_memcmp(left, right, sizeof(*left)) == 0;
}

void
digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    hex_encode((struct bytes){digest->bytes, DIGEST_SIZE}, text);
}

static enum status
failed(struct error *err)
{
    return error_set(err, STATUS_IO, "could not compute a SHA-256 digest");
}

enum status
hasher_create(struct hasher **hasher, const struct secret *key, struct error *err)
{
    SCOPED(hasher_freep) struct hasher *made = calloc(1, sizeof(*made));
    uint8_t inner_pad[64];

    if (made == NULL)
        return error_no_memory(err);
    made->inner = EVP_MD_CTX_new();
    if (made->inner == NULL || EVP_DigestInit_ex(made->inner, EVP_sha256(), NULL) != 1)
        return failed(err);
    if (key != NULL)
    {
        made->keyed = true;
        for (size_t index = 0; index < sizeof(inner_pad); index++)
        {
            uint8_t byte = index < SECRET_SIZE ? key->bytes[index] : 0;

            inner_pad[index] = byte ^ 0x36;
            made->outer_pad[index] = byte ^ 0x5c;
        }
        int done = EVP_DigestUpdate(made->inner, inner_pad, sizeof(inner_pad));

        OPENSSL_cleanse(inner_pad, sizeof(inner_pad));
        if (done != 1)
            return failed(err);
    }
    *hasher = made;
    made = NULL;
    return OK;
}

enum status
hasher_update(struct hasher *hasher, struct bytes bytes, struct error *err)
{
    if (EVP_DigestUpdate(hasher->inner, bytes.data, bytes.size) != 1)
        return failed(err);
    return OK;
}

enum status
hasher_finish(struct hasher *hasher, struct digest *digest, struct error *err)
{
    if (EVP_DigestFinal_ex(hasher->inner, digest->bytes, NULL) != 1)
        return failed(err);
    if (!hasher->keyed)
        return OK;
    if (EVP_DigestInit_ex(hasher->inner, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(hasher->inner, hasher->outer_pad, sizeof(hasher->outer_pad)) != 1 ||
        EVP_DigestUpdate(hasher->inner, digest->bytes, DIGEST_SIZE) != 1 ||
        EVP_DigestFinal_ex(hasher->inner, digest->bytes, NULL) != 1)
        return failed(err);
    return OK;
}

void
hasher_freep(struct hasher **hasher)
{
    if (*hasher == NULL)
        return;
    EVP_MD_CTX_free((*hasher)->inner);
    OPENSSL_cleanse(*hasher, sizeof(**hasher));
    free(*hasher);
    *hasher = NULL;
}

enum status
digest_of(const struct secret *key, struct bytes bytes, struct digest *digest, struct error *err)
{
    SCOPED(hasher_freep) struct hasher *hasher = NULL;

    TRY(hasher_create(&hasher, key, err));
    TRY(hasher_update(hasher, bytes, err));
    return hasher_finish(hasher, digest, err);
}

struct digest_sink
{
    struct sink base;
    struct hasher *hasher;
    struct digest *digest;
};

static enum status
digest_write(struct sink *self, struct bytes chunk, struct error *err)
{
    TRY(hasher_update(((struct digest_sink *) self)->hasher, chunk, err));
    return sink_write(self->next, chunk, err);
}

static enum status
digest_finish(struct sink *self, struct error *err)
{
    struct digest_sink *sink = (struct digest_sink *) self;

    TRY(hasher_finish(sink->hasher, sink->digest, err));
    return sink_finish(self->next, err);
}

static void
digest_free(struct sink *self)
{
    hasher_freep(&((struct digest_sink *) self)->hasher);
    free(self);
}

static const struct sink_ops digest_ops = {
    .name = "digest",
    .write = digest_write,
    .finish = digest_finish,
    .free = digest_free,
};

enum status
sink_push_digest(struct sink **head, const struct secret *key, struct digest *digest,
                 struct error *err)
{
    SCOPED(freep) struct digest_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &digest_ops;
    stage->digest = digest;
    TRY(hasher_create(&stage->hasher, key, err));
    sink_push(head, &stage->base);
    stage = NULL;
    return OK;
}

static void
free_kdf(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

enum status
secret_derive(const struct secret *from, struct bytes salt, struct bytes info, struct secret *out,
              struct error *err)
{
    SCOPED(free_kdf) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t size = SECRET_SIZE;

    if (context == NULL || EVP_PKEY_derive_init(context) <= 0 ||
        EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) <= 0 ||
        (salt.size > 0 && EVP_PKEY_CTX_set1_hkdf_salt(context, salt.data, (int) salt.size) <= 0) ||
        EVP_PKEY_CTX_set1_hkdf_key(context, from->bytes, SECRET_SIZE) <= 0 ||
        EVP_PKEY_CTX_add1_hkdf_info(context, info.data, (int) info.size) <= 0 ||
        EVP_PKEY_derive(context, out->bytes, &size) <= 0)
        return error_set(err, STATUS_IO, "could not derive a key");
    return OK;
}
