// SPDX-License-Identifier: PostgreSQL
/*
 * document.h - the document beside a dump: all that is known of it, for people,
 * for whoever loads it, and for checks.
 *
 * JSON, "<name>.json", written last of a dump's objects.  Only a dump that
 * succeeded has one.  Memory: some 100 bytes per table.
 */
#pragma once

#include "repo/dump.h"

struct dump_table
{
    char *schema; /* owned */
    char *name;   /* owned */
    int64_t rows; /* in the dump; -1: not known */
    bool counted; /* exactly, in the dump's snapshot; else the server's estimate */
};

/* A list of owned texts. */
struct dump_texts
{
    char **items;
    size_t count;
};

struct dump_document
{
    struct dump dump;
    char *tool;                  /* owned; "pg_dump (PostgreSQL) 15.18 (...)" */
    char *server;                /* owned; the server's version in full */
    struct dump_texts arguments; /* pg_dump's, without the connection */
    struct dump_texts roles;     /* that own something in it, or are granted or refused something */
    struct dump_texts extensions; /* that it creates */
    char *encoding;               /* these are owned, of the database, and "" for none */
    char *collate;
    char *ctype;
    char *locale_provider; /* "libc", "icu", "builtin" */
    char *locale;          /* ICU's or the builtin provider's */
    char *icu_rules;
    char *owner;
    struct dump_table *tables; /* owned */
    size_t table_count;
    char *last_words; /* owned; what pg_dump said last on standard error; "" for none */
};

/* A copy of text, behind the others. */
NODISCARD enum status dump_texts_add(struct dump_texts *texts, const char *text, struct error *err);
void dump_texts_release(struct dump_texts *texts);

/* Write it to its object; CONFLICT: there is one. */
NODISCARD enum status dump_document_store(struct repo *repo, const struct dump_document *document,
                                          struct error *err);

/* CORRUPT: it is none, or of another dump. */
NODISCARD enum status dump_document_load(struct repo *repo, const char *id,
                                         struct dump_document *document, struct error *err);

/* For SCOPED on an initialised struct. */
void dump_document_release(struct dump_document *document);
