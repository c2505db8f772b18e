// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt.h"
#include "repo/object.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "2026-11-21T02-00-00-0001"

/* Times before 1970 are not what was written as they were read: years then had fewer digits. */
static bool
is_of_our_days(const struct receipt *receipt)
{
    const time_us times[] = {receipt->drill.started, receipt->drill.finished, receipt->reached_time,
                             receipt->disaster, receipt->newest};

    for (size_t index = 0; index < sizeof(times) / sizeof(times[0]); index++)
        if (times[index] < 0 && times[index] != TIME_NONE)
            return false;
    return true;
}

/* A receipt that says the same again. */
static void
write_again(const struct receipt *receipt)
{
    SCOPED(receipt_release) struct receipt again;
    SCOPED(json_freep) json_t *first = receipt_to_json(receipt);
    SCOPED(json_freep) json_t *second = NULL;
    struct error err;

    receipt_init(&again);
    if (first == NULL || receipt_from_json(first, &again, &err) != OK)
        __builtin_trap();
    second = receipt_to_json(&again);
    if (json_equal(first, second) == 0)
        __builtin_trap();
}

static void
write_for_people(const struct receipt *receipt)
{
    SCOPED(buffer_release) struct buffer markdown = BUFFER_INIT((size_t) 64 << 20);
    SCOPED(buffer_release) struct buffer html = BUFFER_INIT((size_t) 64 << 20);
    struct error err;

    if (receipt_markdown(receipt, &markdown, &err) != OK ||
        receipt_html(receipt, &html, &err) != OK)
        __builtin_trap();
}

/* What loads is of the drill that was asked for, and can be written in every form. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(receipt_release) struct receipt receipt;
    struct repo repo = {.cluster = (char *) "fuzz", .conditional_create = true};
    SCOPED(store_freep) struct store *store = NULL;
    struct error err;

    receipt_init(&receipt);
    if (store_open_memory(&store, &err) != OK)
        return 0;
    repo.store = store;
    if (object_put(&repo, "fuzz/drills/" ID ".json", OBJECT_PLAIN, (struct bytes){data, size},
                   &err) != OK ||
        receipt_load(&repo, ID, &receipt, &err) != OK)
        return 0;
    if (strcmp(receipt.drill.id, ID) != 0)
        __builtin_trap();
    if (is_of_our_days(&receipt))
        write_again(&receipt);
    write_for_people(&receipt);
    return 0;
}
