// SPDX-License-Identifier: PostgreSQL
#include "repo/keyring.h"

#include <string.h>

#define KEY_LIMIT 4096

struct key_copy
{
    struct keyring *keyring;
    struct store *from;
    struct store *to;
};

static enum status
compare_key(struct store *store, const char *key, struct bytes expected, struct error *err)
{
    SCOPED(buffer_release) struct buffer found = BUFFER_INIT(KEY_LIMIT);

    TRY(store_get(store, key, &found, err));
    if (found.size == expected.size && memcmp(found.data, expected.data, found.size) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "%s has another \"%s\"", store->location, key);
}

static enum status
copy_key(void *arg, const char *key, const struct seal_key_id *id, struct error *err)
{
    const struct key_copy *copy = arg;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(KEY_LIMIT);
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    enum status status;

    TRY(keyring_find(copy->keyring, id, &data_key, err));
    TRY(store_get(copy->from, key, &text, err));
    status = compare_key(copy->to, key, buffer_bytes(&text), err);
    if (status != STATUS_NOT_FOUND)
        return status;
    status = store_put(copy->to, key, buffer_bytes(&text), err);
    return status == STATUS_CONFLICT ? compare_key(copy->to, key, buffer_bytes(&text), err)
                                     : status;
}

enum status
keyring_copy(struct keyring *keyring, struct store *from, struct store *to, struct error *err)
{
    struct key_copy copy = {keyring, from, to};

    return keyring_visit(keyring, copy_key, &copy, err);
}
