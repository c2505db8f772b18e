// SPDX-License-Identifier: PostgreSQL
#include "tests/support/receipt_build.h"

#include "tests/support/assert.h"

#include <stdio.h>

#define NIGHT (INT64_C(1795140000) * US_PER_SECOND) /* 2026-11-20 02:00 UTC */
#define DAY   (INT64_C(86400) * US_PER_SECOND)

struct drill
drill_build(unsigned number, enum drill_verdict verdict)
{
    struct drill drill = {
        .backup_id = "2026-11-20T00-00-00-abcd",
        .target = "the end of the archived WAL",
        .verdict = verdict,
        .started = NIGHT + number * DAY,
        .finished = NIGHT + number * DAY + 300 * US_PER_SECOND + 123456,
        .rto_ms = 60000 + INT64_C(1000) * number,
        .rpo_ms = 4512,
        .findings = verdict == DRILL_PASSED ? 0 : 1,
    };
    char time[TIME_TEXT_SIZE];

    time_format_name(drill.started, time);
    snprintf(drill.id, sizeof(drill.id), "%.19s-%04x", time, number & 0xffff);
    return drill;
}

static void
add_checks(struct receipt *receipt)
{
    const struct check_result results[] = {
        {.kind = CHECK_ROWS,
         .name = "rows of orders",
         .expected = "1000 or more",
         .found = "1234",
         .state = CHECK_PASSED,
         .duration_ms = 12},
        {.kind = CHECK_FRESHNESS,
         .name = "newest placed_at of orders",
         .expected = "within 1h",
         .found = "there are no rows",
         .state = CHECK_SKIPPED},
    };
    const struct checks_count count = {"public", "orders", 1234, true};
    const struct checks_count estimate = {"sales", "Order Items", UINT64_C(1) << 60, false};
    struct error err = {0};

    assert_ok(receipt_add_check(receipt, LAYER_TABLES, "shop", &results[0], &err));
    assert_ok(receipt_add_check(receipt, LAYER_FRESHNESS, "shop", &results[1], &err));
    assert_ok(receipt_add_count(receipt, "shop", &count, &err));
    assert_ok(receipt_add_count(receipt, "shop", &estimate, &err));
}

static void
pass_layers(struct receipt *receipt)
{
    for (unsigned layer = 0; layer < LAYER_COUNT; layer++)
    {
        struct layer_result *result = &receipt->layers[layer];

        result->state = CHECK_PASSED;
        result->duration_ms = 100 + (int64_t) layer;
        snprintf(result->found, sizeof(result->found), "all is well with layer %u", layer);
    }
    receipt->layers[LAYER_COMMAND].state = CHECK_SKIPPED;
    receipt->layers[LAYER_COMMAND].duration_ms = 0;
}

void
receipt_build(struct receipt *receipt, unsigned number)
{
    receipt_init(receipt);
    receipt->drill = drill_build(number, DRILL_PASSED);
    snprintf(receipt->cluster, sizeof(receipt->cluster), "shop");
    snprintf(receipt->host, sizeof(receipt->host), "drill.example.com");
    snprintf(receipt->program, sizeof(receipt->program), "redoubt 0.1.0");
    snprintf(receipt->server, sizeof(receipt->server), "17.2 (Debian 17.2-1)");
    snprintf(receipt->reached_reason, sizeof(receipt->reached_reason), "no more WAL");
    receipt->timeline = 3;
    receipt->reached_lsn = 0x30000f8;
    receipt->reached_time = receipt->drill.started - 4 * US_PER_SECOND;
    receipt->fetch = (struct receipt_phase){30000, UINT64_C(3) << 30};
    receipt->restored_bytes = UINT64_C(9) << 30;
    receipt->replay = (struct receipt_phase){20000, UINT64_C(1) << 30};
    receipt->start_ms = 1500;
    receipt->checks_ms = 40000;
    receipt->predicted_rto_ms = 75000;
    receipt->rpo_source = RPO_CANARY;
    receipt->disaster = receipt->drill.started;
    receipt->disaster_by_primary = true;
    receipt->newest = receipt->disaster - 4512000;
    receipt->primary_lsn = 0x31000f8;
    pass_layers(receipt);
    add_checks(receipt);
    receipt_judge(receipt);
}

void
receipt_build_fail(struct receipt *receipt, enum drill_layer layer, const char *found)
{
    struct check_result result = {.kind = CHECK_EXISTS,
                                  .name = "table customers",
                                  .expected = "to exist",
                                  .state = CHECK_FAILED,
                                  .duration_ms = 3};
    struct error err = {0};

    snprintf(result.found, sizeof(result.found), "%s", found);
    assert_ok(receipt_add_check(receipt, layer, "shop", &result, &err));
    receipt->layers[layer].state = CHECK_FAILED;
    receipt->layers[layer].findings = 1;
    snprintf(receipt->layers[layer].found, sizeof(receipt->layers[layer].found), "%s", found);
    receipt_judge(receipt);
}

void
receipt_build_commit(struct repo *repo, struct catalog *catalog, const struct receipt *receipt)
{
    const struct catalog_entry entry = {.drill = &receipt->drill};
    struct error err = {0};

    assert_ok(receipt_store(repo, receipt, &err));
    assert_ok(catalog_append(repo, catalog, &entry, (struct catalog_check){0}, &err));
}
