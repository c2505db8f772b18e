// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPT_VERSION 1

static const char *const source_names[] = {
    [RPO_NONE] = "none",
    [RPO_COMMIT] = "commit",
    [RPO_CANARY] = "canary",
};

/* Whose clock the moment of the disaster is by. */
#define CLOCK_PRIMARY "primary"
#define CLOCK_OURS    "drill"

/* Writing */

static json_t *
time_to_json(time_us time)
{
    char text[TIME_TEXT_SIZE];

    if (time == TIME_NONE)
        return json_null();
    time_format(time, text);
    return json_string(text);
}

static json_t *
lsn_to_json(pg_lsn lsn)
{
    char text[PG_LSN_TEXT_SIZE];

    if (lsn == PG_LSN_NONE)
        return json_null();
    pg_lsn_format(lsn, text);
    return json_string(text);
}

static json_t *
phase_to_json(const struct receipt_phase *phase)
{
    return json_pack("{s:o, s:o}", "seconds", json_seconds(phase->duration_ms), "bytes",
                     json_u64(phase->bytes));
}

static json_t *
rpo_to_json(const struct receipt *receipt)
{
    return json_pack("{s:s, s:o, s:s, s:o, s:o}", "source", source_names[receipt->rpo_source],
                     "disaster", time_to_json(receipt->disaster), "clock",
                     receipt->disaster_by_primary ? CLOCK_PRIMARY : CLOCK_OURS, "newest",
                     time_to_json(receipt->newest), "primary_lsn",
                     lsn_to_json(receipt->primary_lsn));
}

static json_t *
one_layer(const void *items, size_t index)
{
    const struct layer_result *layer = (const struct layer_result *) items + index;

    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", layer_name((enum drill_layer) index),
                     "state", check_state_name(layer->state), "seconds",
                     json_seconds(layer->duration_ms), "findings", json_u64(layer->findings),
                     "found", json_text(layer->found));
}

static json_t *
one_check(const void *items, size_t index)
{
    const struct receipt_check *check = (const struct receipt_check *) items + index;
    SCOPED(json_freep) json_t *result = check_result_to_json(&check->result);
    json_t *object = json_pack("{s:s, s:o}", "layer", layer_name(check->layer), "database",
                               json_text(check->database));

    if (object != NULL && (result == NULL || json_object_update(object, result) != 0))
        json_freep(&object);
    return object;
}

static json_t *
one_count(const void *items, size_t index)
{
    const struct receipt_count *count = (const struct receipt_count *) items + index;

    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "database", json_text(count->database), "schema",
                     json_text(count->schema), "table", json_text(count->table), "rows",
                     json_u64(count->rows), "counted", count->counted);
}

/* What was restored, where, and how far it got. */
static json_t *
subject_to_json(const struct receipt *receipt)
{
    return json_pack(
        "{s:i, s:o, s:s, s:o, s:s, s:o, s:b, s:I, s:{s:o, s:o, s:o}}", "version", RECEIPT_VERSION,
        "drill", drill_to_json(&receipt->drill), "cluster", receipt->cluster, "host",
        json_text(receipt->host), "program", receipt->program, "server", json_text(receipt->server),
        "self_test", receipt->self_test, "timeline", (json_int_t) receipt->timeline, "reached",
        "lsn", lsn_to_json(receipt->reached_lsn), "time", time_to_json(receipt->reached_time),
        "reason", json_text(receipt->reached_reason));
}

static json_t *
measures_to_json(const struct receipt *receipt)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "fetch", phase_to_json(&receipt->fetch),
                     "restored_bytes", json_u64(receipt->restored_bytes), "start_seconds",
                     json_seconds(receipt->start_ms), "replay", phase_to_json(&receipt->replay),
                     "checks_seconds", json_seconds(receipt->checks_ms), "predicted_rto_seconds",
                     json_seconds(receipt->predicted_rto_ms), "rpo", rpo_to_json(receipt));
}

static json_t *
proofs_to_json(const struct receipt *receipt)
{
    return json_pack("{s:o, s:o, s:o}", "layers",
                     json_array_of(LAYER_COUNT, one_layer, receipt->layers), "checks",
                     json_array_of(receipt->check_count, one_check, receipt->checks), "counts",
                     json_array_of(receipt->count_count, one_count, receipt->counts));
}

json_t *
receipt_to_json(const struct receipt *receipt)
{
    SCOPED(json_freep) json_t *measures = measures_to_json(receipt);
    SCOPED(json_freep) json_t *proofs = proofs_to_json(receipt);
    json_t *object = subject_to_json(receipt);

    if (object != NULL &&
        (json_object_update(object, measures) != 0 || json_object_update(object, proofs) != 0))
        json_freep(&object);
    return object;
}

/* Reading */

static enum status
read_time(const json_t *object, const char *name, time_us *time, struct error *err)
{
    *time = TIME_NONE;
    return member_exists(object, name) ? member_time(object, name, time, err) : OK;
}

static enum status
read_lsn(const json_t *object, const char *name, pg_lsn *lsn, struct error *err)
{
    const char *text = NULL;

    *lsn = PG_LSN_NONE;
    TRY(member_text_optional(object, name, &text, err));
    if (text == NULL || pg_lsn_parse(text, lsn, err) == OK)
        return OK;
    return error_set(err, STATUS_CORRUPT, "member \"%s\": no LSN: \"%s\"", name, text);
}

static enum status
read_subject(const json_t *object, struct receipt *receipt, struct error *err)
{
    const json_t *drill;

    TRY(member_object(object, "drill", &drill, err));
    TRY(drill_from_json(drill, &receipt->drill, err));
    TRY(member_text_into(object, "cluster", receipt->cluster, sizeof(receipt->cluster), err));
    TRY(member_text_into(object, "host", receipt->host, sizeof(receipt->host), err));
    TRY(member_text_into(object, "program", receipt->program, sizeof(receipt->program), err));
    TRY(member_text_into(object, "server", receipt->server, sizeof(receipt->server), err));
    return member_bool(object, "self_test", &receipt->self_test, err);
}

static enum status
read_reached(const json_t *object, struct receipt *receipt, struct error *err)
{
    const json_t *reached;

    TRY(member_u32(object, "timeline", &receipt->timeline, err));
    TRY(member_object(object, "reached", &reached, err));
    TRY(read_lsn(reached, "lsn", &receipt->reached_lsn, err));
    TRY(read_time(reached, "time", &receipt->reached_time, err));
    return member_text_into(reached, "reason", receipt->reached_reason,
                            sizeof(receipt->reached_reason), err);
}

static enum status
read_phase(const json_t *object, const char *name, struct receipt_phase *phase, struct error *err)
{
    const json_t *member;

    TRY(member_object(object, name, &member, err));
    TRY(member_seconds(member, "seconds", &phase->duration_ms, err));
    return member_u64(member, "bytes", &phase->bytes, err);
}

static enum status
read_measures(const json_t *object, struct receipt *receipt, struct error *err)
{
    TRY(read_phase(object, "fetch", &receipt->fetch, err));
    TRY(member_u64(object, "restored_bytes", &receipt->restored_bytes, err));
    TRY(member_seconds(object, "start_seconds", &receipt->start_ms, err));
    TRY(read_phase(object, "replay", &receipt->replay, err));
    TRY(member_seconds(object, "checks_seconds", &receipt->checks_ms, err));
    return member_seconds(object, "predicted_rto_seconds", &receipt->predicted_rto_ms, err);
}

static enum status
read_source(const json_t *rpo, enum receipt_rpo_source *source, struct error *err)
{
    const char *text;

    TRY(member_text(rpo, "source", &text, err));
    for (unsigned index = 0; index < sizeof(source_names) / sizeof(source_names[0]); index++)
        if (strcmp(source_names[index], text) == 0)
        {
            *source = (enum receipt_rpo_source) index;
            return OK;
        }
    return error_set(err, STATUS_CORRUPT, "member \"source\": unknown \"%s\"", text);
}

static enum status
read_rpo(const json_t *object, struct receipt *receipt, struct error *err)
{
    const json_t *rpo;
    const char *clock;

    TRY(member_object(object, "rpo", &rpo, err));
    TRY(read_source(rpo, &receipt->rpo_source, err));
    TRY(read_time(rpo, "disaster", &receipt->disaster, err));
    TRY(read_time(rpo, "newest", &receipt->newest, err));
    TRY(read_lsn(rpo, "primary_lsn", &receipt->primary_lsn, err));
    TRY(member_text(rpo, "clock", &clock, err));
    receipt->disaster_by_primary = strcmp(clock, CLOCK_PRIMARY) == 0;
    if (receipt->disaster_by_primary || strcmp(clock, CLOCK_OURS) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "member \"clock\": unknown \"%s\"", clock);
}

static enum status
read_layer(struct receipt *receipt, const json_t *object, struct error *err)
{
    struct layer_result *layer;
    enum drill_layer place;

    TRY(layer_from_json(object, "name", &place, err));
    layer = &receipt->layers[place];
    TRY(check_state_from_json(object, &layer->state, err));
    TRY(member_seconds(object, "seconds", &layer->duration_ms, err));
    TRY(member_u32(object, "findings", &layer->findings, err));
    return member_text_into(object, "found", layer->found, sizeof(layer->found), err);
}

static enum status
read_check(struct receipt *receipt, const json_t *object, struct error *err)
{
    struct check_result result;
    enum drill_layer layer;
    char database[sizeof(receipt->checks->database)];

    TRY(layer_from_json(object, "layer", &layer, err));
    TRY(member_text_into(object, "database", database, sizeof(database), err));
    TRY(check_result_from_json(object, &result, err));
    return receipt_add_check(receipt, layer, database, &result, err);
}

static enum status
read_count(struct receipt *receipt, const json_t *object, struct error *err)
{
    struct checks_count count;
    const char *database;

    TRY(member_text(object, "database", &database, err));
    TRY(member_text(object, "schema", &count.schema, err));
    TRY(member_text(object, "table", &count.table, err));
    TRY(member_u64(object, "rows", &count.rows, err));
    TRY(member_bool(object, "counted", &count.counted, err));
    return receipt_add_count(receipt, database, &count, err);
}

static enum status
read_each(struct receipt *receipt, const json_t *object, const char *name,
          enum status (*read)(struct receipt *receipt, const json_t *object, struct error *err),
          struct error *err)
{
    const json_t *array;

    TRY(member_array(object, name, &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
        TRY(read(receipt, json_array_get(array, index), err));
    return OK;
}

static enum status
check_version(const json_t *object, struct error *err)
{
    uint32_t version;

    TRY(member_u32(object, "version", &version, err));
    if (version == RECEIPT_VERSION)
        return OK;
    return error_set(err, STATUS_UNSUPPORTED, "receipt has version %u, expected %d", version,
                     RECEIPT_VERSION);
}

enum status
receipt_from_json(const json_t *object, struct receipt *receipt, struct error *err)
{
    TRY(check_version(object, err));
    TRY(read_subject(object, receipt, err));
    TRY(read_reached(object, receipt, err));
    TRY(read_measures(object, receipt, err));
    TRY(read_rpo(object, receipt, err));
    TRY(read_each(receipt, object, "layers", read_layer, err));
    TRY(read_each(receipt, object, "checks", read_check, err));
    return read_each(receipt, object, "counts", read_count, err);
}
