// SPDX-License-Identifier: PostgreSQL
#include "stream/aead.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct aead
{
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

enum status
aead_create(struct aead **aead, const struct secret *key, struct error *err)
{
    SCOPED(aead_freep) struct aead *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->seal = EVP_CIPHER_CTX_new();
    made->open = EVP_CIPHER_CTX_new();
    if (made->seal == NULL || made->open == NULL ||
        EVP_EncryptInit_ex(made->seal, EVP_aes_256_gcm(), NULL, key->bytes, NULL) != 1 ||
        EVP_DecryptInit_ex(made->open, EVP_aes_256_gcm(), NULL, key->bytes, NULL) != 1)
        return error_set(err, STATUS_IO, "could not set up AES-256-GCM");
    *aead = made;
    made = NULL;
    return OK;
}

void
aead_freep(struct aead **aead)
{
    if (*aead == NULL)
        return;
    EVP_CIPHER_CTX_free((*aead)->seal);
    EVP_CIPHER_CTX_free((*aead)->open);
    free(*aead);
    *aead = NULL;
}

enum status
aead_seal(struct aead *aead, const struct aead_nonce *nonce, struct bytes bound, struct bytes plain,
          uint8_t *out, struct error *err)
{
    int size = 0;
    int last = 0;

    if (plain.size > INT_MAX ||
        EVP_EncryptInit_ex(aead->seal, NULL, NULL, NULL, nonce->bytes) != 1 ||
        EVP_EncryptUpdate(aead->seal, NULL, &size, bound.data, (int) bound.size) != 1 ||
        (plain.size > 0 &&
         EVP_EncryptUpdate(aead->seal, out, &size, plain.data, (int) plain.size) != 1) ||
        EVP_EncryptFinal_ex(aead->seal, out + plain.size, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(aead->seal, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, out + plain.size) !=
            1)
        return error_set(err, STATUS_IO, "could not encrypt");
    return OK;
}

enum status
aead_open(struct aead *aead, const struct aead_nonce *nonce, struct bytes bound,
          struct bytes sealed, uint8_t *out, struct error *err)
{
    size_t plain_size = sealed.size - AEAD_TAG_SIZE;
    uint8_t tag[AEAD_TAG_SIZE];
    int size = 0;
    int last = 0;

    if (sealed.size < AEAD_TAG_SIZE || plain_size > INT_MAX)
        return error_set(err, STATUS_CORRUPT, "too short to be sealed: %zu bytes", sealed.size);
    for (size_t index = 0; index < AEAD_TAG_SIZE; index++)
        tag[index] = sealed.data[plain_size + index];
    if (EVP_DecryptInit_ex(aead->open, NULL, NULL, NULL, nonce->bytes) != 1 ||
        EVP_DecryptUpdate(aead->open, NULL, &size, bound.data, (int) bound.size) != 1 ||
        (plain_size > 0 &&
         EVP_DecryptUpdate(aead->open, out, &size, sealed.data, (int) plain_size) != 1) ||
        EVP_CIPHER_CTX_ctrl(aead->open, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, tag) != 1 ||
        EVP_DecryptFinal_ex(aead->open, out + plain_size, &last) != 1)
        return error_set(err, STATUS_CORRUPT,
                         "authentication failed: it was changed or is under "
                         "another key");
    return OK;
}
