// SPDX-License-Identifier: PostgreSQL
#include "repo/dump.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_PREFIX "backup-"

static const char *const format_names[] = {"custom", "plain", "directory"};
static const char *const compression_names[] = {"zstd", "gzip"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
dump_make_name(time_us now, char name[DUMP_NAME_SIZE])
{
    char time[TIME_TEXT_SIZE];

    time_format_name(now, time);
    snprintf(name, DUMP_NAME_SIZE, NAME_PREFIX "%.19s", time);
}

bool
dump_name_is_valid(const char *name)
{
    static const char shape[] = NAME_PREFIX "0000-00-00T00-00-00";

    if (strlen(name) != sizeof(shape) - 1)
        return false;
    for (size_t index = 0; index < sizeof(shape) - 1; index++)
        if (shape[index] == '0' ? !isdigit((unsigned char) name[index])
                                : name[index] != shape[index])
            return false;
    return true;
}

enum status
dump_name_time(const char *name, time_us *time, struct error *err)
{
    if (dump_name_is_valid(name) && time_parse_name(name + strlen(NAME_PREFIX), time))
        return OK;
    return error_set(err, STATUS_CORRUPT, "no dump can be named \"%s\"", name);
}

static bool
is_plain(char byte)
{
    return isalnum((unsigned char) byte) || byte == '_' || byte == '-';
}

void
dump_id(const struct dump *dump, char id[DUMP_ID_SIZE])
{
    char *end = id;

    for (const char *byte = dump->database; *byte != '\0'; byte++)
        if (is_plain(*byte))
            *end++ = *byte;
        else
            end += snprintf(end, 4, "%%%02X", (unsigned char) *byte);
    snprintf(end, DUMP_ID_SIZE - (size_t) (end - id), "/%s", dump->name);
}

/* The encoded database, up to the slash. */
static bool
decode(const char *id, size_t length, char database[DUMP_DATABASE_SIZE])
{
    size_t used = 0;

    for (size_t index = 0; index < length && used + 1 < DUMP_DATABASE_SIZE; index++)
    {
        uint8_t byte = (uint8_t) id[index];

        if (id[index] == '%')
        {
            if (length - index < 3 ||
                !hex_decode((char[]){id[index + 1], id[index + 2], '\0'}, &byte, 1))
                return false;
            index += 2;
        }
        database[used++] = (char) byte;
        if (index + 1 == length)
        {
            database[used] = '\0';
            return true;
        }
    }
    return false;
}

enum status
dump_id_parse(const char *id, struct dump *dump, struct error *err)
{
    const char *slash = strchr(id, '/');
    char again[DUMP_ID_SIZE] = "";

    *dump = (struct dump){0};
    if (slash != NULL && decode(id, (size_t) (slash - id), dump->database) &&
        dump_name_is_valid(slash + 1))
    {
        snprintf(dump->name, sizeof(dump->name), "%s", slash + 1);
        dump_id(dump, again);
    }
    /* Only one spelling of each: other names are not ours. */
    if (again[0] != '\0' && strcmp(again, id) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "invalid dump id \"%s\"", id);
}

const char *
dump_extension(const struct dump *dump)
{
    static const char *const extensions[][2] = {
        [DUMP_CUSTOM] = {"dump.zst", "dump.gz"},
        [DUMP_PLAIN] = {"sql.zst", "sql.gz"},
        [DUMP_DIRECTORY] = {"tar.zst", "tar.gz"},
    };

    return extensions[dump->format][dump->compression];
}

enum status
dump_key(const struct repo *repo, const char *id, const char *extension,
         char key[STORE_KEY_MAX + 1], struct error *err)
{
    return repo_key(repo, key, err, "dumps/%s.%s", id, extension);
}

json_t *
dump_to_json(const struct dump *dump)
{
    char id[DUMP_ID_SIZE];
    char started[TIME_TEXT_SIZE];
    char finished[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];
    char digest[DIGEST_TEXT_SIZE];

    dump_id(dump, id);
    time_format(dump->started, started);
    time_format(dump->finished, finished);
    pg_lsn_format(dump->lsn, lsn);
    digest_format(&dump->digest, digest);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:b}", "id", id,
        "database", dump->database, "name", dump->name, "format", format_names[dump->format],
        "compression", compression_names[dump->compression], "system_identifier",
        json_u64(dump->system_identifier), "server_version", (json_int_t) dump->server_version,
        "started", started, "finished", finished, "lsn", lsn, "database_bytes",
        json_u64(dump->database_bytes), "raw_bytes", json_u64(dump->raw_bytes), "stored_bytes",
        json_u64(dump->stored_bytes), "sha256", digest, "suspicious", dump->suspicious);
}

static enum status
read_choice(const json_t *object, const char *member, const char *const *names, size_t count,
            unsigned *choice, struct error *err)
{
    const char *text;

    TRY(member_text(object, member, &text, err));
    for (*choice = 0; *choice < count; (*choice)++)
        if (strcmp(names[*choice], text) == 0)
            return OK;
    return error_set(err, STATUS_CORRUPT, "member \"%s\": unknown \"%s\"", member, text);
}

static enum status
read_names(const json_t *object, struct dump *dump, struct error *err)
{
    const char *id;
    unsigned format;
    unsigned compression;

    TRY(member_text(object, "id", &id, err));
    TRY(dump_id_parse(id, dump, err));
    TRY(read_choice(object, "format", format_names, COUNT(format_names), &format, err));
    TRY(read_choice(object, "compression", compression_names, COUNT(compression_names),
                    &compression, err));
    dump->format = (enum dump_format) format;
    dump->compression = (enum dump_compression) compression;
    return OK;
}

enum status
dump_from_json(const json_t *object, struct dump *dump, struct error *err)
{
    const char *lsn;

    TRY(read_names(object, dump, err));
    TRY(member_u64(object, "system_identifier", &dump->system_identifier, err));
    TRY(member_u32(object, "server_version", &dump->server_version, err));
    TRY(member_time(object, "started", &dump->started, err));
    TRY(member_time(object, "finished", &dump->finished, err));
    TRY(member_u64(object, "database_bytes", &dump->database_bytes, err));
    TRY(member_u64(object, "raw_bytes", &dump->raw_bytes, err));
    TRY(member_u64(object, "stored_bytes", &dump->stored_bytes, err));
    TRY(member_hex(object, "sha256", dump->digest.bytes, DIGEST_SIZE, err));
    TRY(member_bool(object, "suspicious", &dump->suspicious, err));
    TRY(member_text(object, "lsn", &lsn, err));
    return pg_lsn_parse(lsn, &dump->lsn, err) == OK ? OK : STATUS_CORRUPT;
}

json_t *
dump_failure_to_json(const struct dump_failure *failure)
{
    char started[TIME_TEXT_SIZE];
    char finished[TIME_TEXT_SIZE];

    time_format(failure->started, started);
    time_format(failure->finished, finished);
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "database", failure->database, "name",
                     failure->name, "started", started, "finished", finished, "reason",
                     json_text(failure->reason));
}
