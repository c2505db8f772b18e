// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without these nothing was proved, whatever else passed. */
#define LAYER_LAST_NEEDED LAYER_REPLAY

void
receipt_init(struct receipt *receipt)
{
    *receipt = (struct receipt){
        .drill = {.verdict = DRILL_BROKEN,
                  .started = TIME_NONE,
                  .finished = TIME_NONE,
                  .rto_ms = DRILL_UNKNOWN_MS,
                  .rpo_ms = DRILL_UNKNOWN_MS},
        .reached_lsn = PG_LSN_NONE,
        .reached_time = TIME_NONE,
        .start_ms = DRILL_UNKNOWN_MS,
        .checks_ms = DRILL_UNKNOWN_MS,
        .predicted_rto_ms = DRILL_UNKNOWN_MS,
        .rpo_source = RPO_NONE,
        .disaster = TIME_NONE,
        .newest = TIME_NONE,
        .primary_lsn = PG_LSN_NONE,
    };
    for (size_t layer = 0; layer < LAYER_COUNT; layer++)
    {
        receipt->layers[layer].state = CHECK_SKIPPED;
        snprintf(receipt->layers[layer].found, sizeof(receipt->layers[layer].found),
                 "it was not reached");
    }
}

void
receipt_release(struct receipt *receipt)
{
    for (size_t index = 0; index < receipt->count_count; index++)
    {
        free(receipt->counts[index].database);
        free(receipt->counts[index].schema);
        free(receipt->counts[index].table);
    }
    free(receipt->counts);
    free(receipt->checks);
    receipt_init(receipt);
}

/* Room for one more element; it doubles, as receipts may have many.  NULL when out of memory. */
static void *
make_room(void *items, size_t count, size_t size)
{
    if (items != NULL && (count & (count - 1)) != 0)
        return items;
    return reallocarray(items, count == 0 ? 1 : 2 * count, size);
}

enum status
receipt_add_check(struct receipt *receipt, enum drill_layer layer, const char *database,
                  const struct check_result *result, struct error *err)
{
    struct receipt_check *check =
        make_room(receipt->checks, receipt->check_count, sizeof(*receipt->checks));

    if (check == NULL)
        return error_no_memory(err);
    receipt->checks = check;
    check = &receipt->checks[receipt->check_count++];
    *check = (struct receipt_check){.layer = layer, .result = *result};
    snprintf(check->database, sizeof(check->database), "%s", database);
    return OK;
}

enum status
receipt_add_count(struct receipt *receipt, const char *database, const struct checks_count *count,
                  struct error *err)
{
    struct receipt_count *added =
        make_room(receipt->counts, receipt->count_count, sizeof(*receipt->counts));

    if (added == NULL)
        return error_no_memory(err);
    receipt->counts = added;
    added = &receipt->counts[receipt->count_count++];
    *added = (struct receipt_count){.database = strdup(database),
                                    .schema = strdup(count->schema),
                                    .table = strdup(count->table),
                                    .rows = count->rows,
                                    .counted = count->counted};
    if (added->database == NULL || added->schema == NULL || added->table == NULL)
        return error_no_memory(err);
    return OK;
}

static bool
is_red(const struct layer_result *layer)
{
    return layer->state == CHECK_FAILED || layer->state == CHECK_BROKEN;
}

/* A proof that failed outweighs one that could not be made. */
static enum drill_verdict
judge_layers(const struct receipt *receipt)
{
    bool proved = true;

    for (size_t index = 0; index < LAYER_COUNT; index++)
    {
        enum check_state state = receipt->layers[index].state;

        if (state == CHECK_FAILED)
            return DRILL_FAILED;
        if (state == CHECK_BROKEN || (state == CHECK_SKIPPED && index <= LAYER_LAST_NEEDED))
            proved = false;
    }
    return proved ? DRILL_PASSED : DRILL_BROKEN;
}

void
receipt_judge(struct receipt *receipt)
{
    uint64_t findings = 0;

    for (size_t index = 0; index < LAYER_COUNT; index++)
    {
        struct layer_result *layer = &receipt->layers[index];

        if (is_red(layer) && layer->findings == 0)
            layer->findings = 1;
        findings += layer->findings;
    }
    receipt->drill.findings = findings > UINT32_MAX ? UINT32_MAX : (uint32_t) findings;
    receipt->drill.verdict = judge_layers(receipt);
}
