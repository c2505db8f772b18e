// SPDX-License-Identifier: PostgreSQL
/*
 * conninfo.h - libpq's connection strings: reading, changing and handing them on
 * (https://www.postgresql.org/docs/current/libpq-connect.html).
 */
#pragma once

#include "base/bytes.h"

/* What conninfo gives for one of libpq's keywords; "" when it gives nothing. */
void pg_conninfo_value(const char *conninfo, const char *keyword, char *value, size_t size);

/* The user that conninfo names, for other connections like it; "" when it names none. */
void pg_conninfo_user(const char *conninfo, char *user, size_t size);

/* Append "name=value" as libpq reads it. */
NODISCARD enum status pg_conninfo_append(struct buffer *conninfo, const char *name,
                                         const char *value, struct error *err);

/*
 * Append what keeps the environment, and a service that it names, from leading a
 * connection elsewhere than to the conninfo's host, or from refusing it there.  An
 * empty hostaddr is one that is given: libpq then looks for no other, and connects
 * to the host (conninfo_add_defaults and connectOptions2 in fe-connect.c).
 */
NODISCARD enum status pg_conninfo_append_seclusion(struct buffer *conninfo, struct error *err);

/* The same, but with this value for one of the keywords; in memory of its own. */
NODISCARD enum status pg_conninfo_with(const char *conninfo, const char *keyword, const char *value,
                                       char **changed, struct error *err);

/* The same server and everything, but this database. */
NODISCARD enum status pg_conninfo_with_database(const char *conninfo, const char *database,
                                                char **changed, struct error *err);

/*
 * The same for one of PostgreSQL's programs, which everybody on the host can see
 * the arguments of: what libpq reads from the environment goes there, passwords
 * with it.  Of a secluded one nothing of our own environment that could lead the
 * program elsewhere is left.  CONFIG: a secret can be passed in no such way.
 */
struct pg_program_conninfo
{
    char **environment; /* owned; as struct child_options has it; ends with NULL */
    size_t count;
    char *database; /* owned; what is left, with the database: the value of --dbname */
};

NODISCARD enum status pg_conninfo_for_program(const char *conninfo, const char *database,
                                              struct pg_program_conninfo *made, struct error *err);

/* For SCOPED on an initialised struct.  Wipes nothing: the environment has it anyway. */
void pg_program_conninfo_release(struct pg_program_conninfo *made);
