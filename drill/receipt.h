// SPDX-License-Identifier: PostgreSQL
/*
 * receipt.h - all that a drill saw: what was restored, how long each phase took,
 * what each check expected and found, and the verdict.
 *
 * Stored as an object of the repository, which seals and so authenticates it.
 * receipt_markdown.c and receipt_html.c write it for people.
 */
#pragma once

#include "drill/layer.h"
#include "pg/lsn.h"
#include "repo/drill.h"

/* A check of one database, by the layer that it belongs to. */
struct receipt_check
{
    enum drill_layer layer;
    char database[64]; /* "" when it is about the whole cluster */
    struct check_result result;
};

/* Rows that a table had: what the next drill's bands are measured from. */
struct receipt_count
{
    char *database; /* these are owned */
    char *schema;
    char *table;
    uint64_t rows;
    bool counted; /* else the server's estimate */
};

/* How many bytes in how long; 0 bytes: nothing was done. */
struct receipt_phase
{
    int64_t duration_ms;
    uint64_t bytes;
};

enum receipt_rpo_source
{
    RPO_NONE,   /* nothing to measure it by */
    RPO_COMMIT, /* the last commit that was replayed */
    RPO_CANARY, /* the newest row of redoubt.canary: alive even when nobody writes */
};

struct receipt
{
    struct drill drill;
    char cluster[65];
    char host[256];   /* that drilled */
    char program[64]; /* "redoubt 0.1.0" */
    char server[128]; /* the server's version; "" when it never answered */
    bool self_test;

    pg_timeline timeline;     /* recovered along */
    pg_lsn reached_lsn;       /* PG_LSN_NONE: not known */
    time_us reached_time;     /* of the last transaction replayed; TIME_NONE: none or not known */
    char reached_reason[256]; /* the server's own words; "" for none */

    struct receipt_phase fetch;  /* of packs; bytes as stored */
    uint64_t restored_bytes;     /* that they became */
    struct receipt_phase replay; /* bytes of WAL; from the server's start to its target */
    int64_t start_ms;            /* of that, until the server was consistent */
    int64_t checks_ms;
    int64_t predicted_rto_ms; /* of a restore of the newest backup to the newest moment, here */

    enum receipt_rpo_source rpo_source;
    time_us disaster;         /* the moment that the RPO is measured back from */
    bool disaster_by_primary; /* by the primary's own clock, else by ours */
    time_us newest;           /* the newest data found: the canary's or the commit's; TIME_NONE */
    pg_lsn primary_lsn; /* of the primary at that moment; PG_LSN_NONE: it did not answer, or is on
                           another timeline */

    struct layer_result layers[LAYER_COUNT];
    struct receipt_check *checks; /* owned */
    size_t check_count;
    struct receipt_count *counts; /* owned */
    size_t count_count;
};

/* An empty one: every layer is skipped, times are not known. */
void receipt_init(struct receipt *receipt);

/* Add one check; it is copied.  The layer's own state is not touched. */
NODISCARD enum status receipt_add_check(struct receipt *receipt, enum drill_layer layer,
                                        const char *database, const struct check_result *result,
                                        struct error *err);
NODISCARD enum status receipt_add_count(struct receipt *receipt, const char *database,
                                        const struct checks_count *count, struct error *err);

/* Findings and verdict, from the layers. */
void receipt_judge(struct receipt *receipt);

/* NULL when out of memory. */
json_t *receipt_to_json(const struct receipt *receipt);
NODISCARD enum status receipt_from_json(const json_t *object, struct receipt *receipt,
                                        struct error *err);

/* Its object; CONFLICT: there is one. */
NODISCARD enum status receipt_store(struct repo *repo, const struct receipt *receipt,
                                    struct error *err);

/* NOT_FOUND: there is none; CORRUPT: it is none, or of another drill. */
NODISCARD enum status receipt_load(struct repo *repo, const char *id, struct receipt *receipt,
                                   struct error *err);

/* For people, whole documents. */
NODISCARD enum status receipt_markdown(const struct receipt *receipt, struct buffer *text,
                                       struct error *err);
NODISCARD enum status receipt_html(const struct receipt *receipt, struct buffer *text,
                                   struct error *err);

/* For SCOPED on an initialised struct. */
void receipt_release(struct receipt *receipt);
