// SPDX-License-Identifier: PostgreSQL
/*
 * tool.h - running pg_dump and pg_dumpall of the server's own major version.
 */
#pragma once

#include "dump/snapshot.h"

struct sink;
struct progress;

struct dump_tool
{
    char *directory; /* owned; with the programs */
    char *version;   /* owned; "pg_dump (PostgreSQL) 15.18" */
};

/*
 * CONFIG: none is there.  UNSUPPORTED: it is of another major version than the
 * server; what it writes might not load there, and an older one refuses anyway.
 */
NODISCARD enum status dump_tool_find(const char *configured, int major, struct dump_tool *tool,
                                     struct error *err);

/* For SCOPED on an initialised struct. */
void dump_tool_release(struct dump_tool *tool);

/* How to reach the database; borrowed. */
struct dump_tool_target
{
    const char *conninfo;
    const char *database;
    const char *snapshot; /* exported, of a transaction that goes on */
};

/*
 * pg_dump's standard output into a sink, which is not finished.  A NULL sink: it
 * writes to a file or directory that the arguments name.  IO: it failed or was
 * ended; the error's detail has its last words.  Those of one that succeeded are
 * warnings, into *last_words, the caller's.
 */
NODISCARD enum status dump_tool_run(const struct dump_tool *tool,
                                    const struct dump_tool_target *target,
                                    const struct dump_texts *arguments, struct sink *sink,
                                    struct progress *progress, char **last_words,
                                    struct error *err);

/* Roles and tablespaces as SQL, with or without the roles' passwords. */
NODISCARD enum status dump_tool_globals(const struct dump_tool *tool,
                                        const struct dump_tool_target *target, bool passwords,
                                        struct buffer *sql, struct error *err);
