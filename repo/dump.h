// SPDX-License-Identifier: PostgreSQL
/*
 * dump.h - what the catalog knows of a logical dump, and the names of its objects.
 *
 * "<cluster>/dumps/<database>/<name>.dump.zst" and the like, with the roles and
 * tablespaces of that time beside it as "<name>.globals.sql.zst", and a document,
 * "<name>.json", that says all that is known of it (dump/document.h).  The
 * globals come first: creating them reserves the name.  A dump exists once the
 * cluster's log has an entry for it.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "pg/lsn.h"
#include "repo/repo.h"
#include "stream/digest.h"

#define DUMP_DATABASE_SIZE 64 /* NAMEDATALEN in src/include/pg_config_manual.h */
#define DUMP_NAME_SIZE     27
#define DUMP_ID_SIZE       (3 * (DUMP_DATABASE_SIZE - 1) + 1 + DUMP_NAME_SIZE)

enum dump_format
{
    DUMP_CUSTOM,    /* pg_dump -Fc, not compressed by it: ".dump" */
    DUMP_PLAIN,     /* SQL: ".sql" */
    DUMP_DIRECTORY, /* pg_dump -Fd, made by several jobs, as one tar archive: ".tar" */
};

enum dump_compression
{
    DUMP_ZSTD,
    DUMP_GZIP,
};

struct dump
{
    char database[DUMP_DATABASE_SIZE];
    char name[DUMP_NAME_SIZE]; /* "backup-2026-11-21T03-00-00": when it started, UTC */
    enum dump_format format;
    enum dump_compression compression;
    uint64_t system_identifier;
    uint32_t server_version; /* as PQserverVersion: 150018 */
    time_us started;
    time_us finished;
    pg_lsn lsn;              /* all that it shows was committed up to here */
    uint64_t database_bytes; /* the database's own size then */
    uint64_t raw_bytes;      /* of pg_dump's output, */
    uint64_t stored_bytes;   /* and of its object */
    struct digest digest;    /* SHA-256 of pg_dump's output */
    bool suspicious;         /* far from the size of recent ones: never the last good one */
};

/* A run that made none: for the audit trail. */
struct dump_failure
{
    const char *database;
    const char *name;
    time_us started;
    time_us finished;
    const char *reason; /* for people */
};

/* The name of one that starts now. */
void dump_make_name(time_us now, char name[DUMP_NAME_SIZE]);
bool dump_name_is_valid(const char *name);

/* When the dump of such a name started, to the second; CORRUPT when there is no such time. */
NODISCARD enum status dump_name_time(const char *name, time_us *time, struct error *err);

/*
 * "<database>/<name>", the database encoded: every byte but A-Z a-z 0-9 _ and -
 * as %XX.  It names a dump everywhere in the log and the keys.
 */
void dump_id(const struct dump *dump, char id[DUMP_ID_SIZE]);

/* The database and the name out of such an id; CORRUPT when it is none. */
NODISCARD enum status dump_id_parse(const char *id, struct dump *dump, struct error *err);

/* "dump.zst", "sql.gz", "tar.zst" */
const char *dump_extension(const struct dump *dump);

/* "<cluster>/dumps/<id>.<extension>" */
#define DUMP_EXTENSION_GLOBALS  "globals.sql.zst"
#define DUMP_EXTENSION_DOCUMENT "json"
NODISCARD enum status dump_key(const struct repo *repo, const char *id, const char *extension,
                               char key[STORE_KEY_MAX + 1], struct error *err);

/* NULL when out of memory. */
json_t *dump_to_json(const struct dump *dump);
NODISCARD enum status dump_from_json(const json_t *object, struct dump *dump, struct error *err);

json_t *dump_failure_to_json(const struct dump_failure *failure);
