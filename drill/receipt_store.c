// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt.h"

#include "repo/object.h"

#include <string.h>

/* Some hundred thousand checks, or a million tables. */
#define RECEIPT_LIMIT ((size_t) 256 << 20)

enum status
receipt_store(struct repo *repo, const struct receipt *receipt, struct error *err)
{
    SCOPED(json_freep) json_t *object = receipt_to_json(receipt);
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(RECEIPT_LIMIT);
    char key[STORE_KEY_MAX + 1];

    if (object == NULL)
        return error_no_memory(err);
    TRY(drill_key(repo, receipt->drill.id, key, err));
    TRY(json_append(object, &text, err));
    TRY(buffer_append(&text, BYTES("\n"), err));
    return object_put(repo, key, OBJECT_PLAIN, buffer_bytes(&text), err);
}

/* A receipt that was put in the place of another one says so. */
static enum status
read_receipt(struct bytes text, const char *id, struct receipt *receipt, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;

    TRY(json_parse(text, RECEIPT_LIMIT, &object, err));
    TRY(receipt_from_json(object, receipt, err));
    if (strcmp(receipt->drill.id, id) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "it is of drill \"%s\"", receipt->drill.id);
}

enum status
receipt_load(struct repo *repo, const char *id, struct receipt *receipt, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(RECEIPT_LIMIT);
    char key[STORE_KEY_MAX + 1];
    enum status status;

    if (!backup_id_is_valid(id))
        return error_set(err, STATUS_NOT_FOUND, "no drill can have the id \"%s\"", id);
    TRY(drill_key(repo, id, key, err));
    TRY(object_get(repo, key, OBJECT_PLAIN, &text, err));
    status = read_receipt(buffer_bytes(&text), id, receipt, err);
    if (status != OK)
        error_context(err, "object \"%s\"", key);
    return status;
}
