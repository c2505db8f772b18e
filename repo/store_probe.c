// SPDX-License-Identifier: PostgreSQL
#include "base/random.h"
#include "repo/store_delete.h"

#include <stdio.h>

#define PROBE_LIMIT 1024

static const struct bytes first_content = {(const uint8_t *) "first", 5};
static const struct bytes second_content = {(const uint8_t *) "second", 6};

static enum status
choose_key(char *key, size_t size, struct error *err)
{
    uint8_t random[16];
    char text[2 * sizeof(random) + 1];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, text);
    snprintf(key, size, "probe/%s", text);
    return OK;
}

/* The object is there now: what does creating it again do? */
static enum status
create_again(struct store *store, const char *key, struct store_dialect *dialect, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(PROBE_LIMIT);
    enum status status = store_put(store, key, second_content, err);

    if (status == OK)
    {
        dialect->description = "replaces an existing object without a word";
        return OK;
    }
    if (status != STATUS_CONFLICT)
        return status;
    TRY(store_get(store, key, &content, err));
    if (!bytes_equal(buffer_bytes(&content), first_content))
    {
        dialect->description = "reports a conflict and replaces the existing object all the same";
        return OK;
    }
    dialect->conditional_create = true;
    dialect->description = "refuses to replace an existing object";
    return OK;
}

enum status
store_probe(struct store *store, struct store_dialect *dialect, struct error *err)
{
    char key[64];
    struct error first;
    enum status status;
    enum status removed;

    *dialect = (struct store_dialect){0};
    TRY(choose_key(key, sizeof(key), err));
    status = store_put(store, key, first_content, err);
    if (status == STATUS_UNSUPPORTED)
    {
        /* Backblaze B2 and others know the condition and answer 501 to it. */
        dialect->description = "has no conditional creation";
        return OK;
    }
    if (status == OK)
        status = create_again(store, key, dialect, err);
    first = *err;
    removed = store_delete(store, key, err);
    if (status == OK)
        return removed;
    *err = first;
    return status;
}
