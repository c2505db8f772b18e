// SPDX-License-Identifier: PostgreSQL
#include "repo/log_entry.h"

#include "base/file.h"
#include "base/random.h"
#include "repo/object.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_LIMIT   ((size_t) 64 << 20)
#define ENTRY_VERSION 1

enum status
log_entry_key(const struct repo *repo, uint64_t number, char key[STORE_KEY_MAX + 1],
              struct error *err)
{
    return repo_key(repo, key, err, "log/%020llu.json", (unsigned long long) number);
}

void
log_entry_release(struct log_entry *entry)
{
    json_freep(&entry->members);
}

static enum status
count_entry(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    uint64_t *last = arg;
    char expected[32];

    (void) size_bytes;
    snprintf(expected, sizeof(expected), "%020llu.json", (unsigned long long) *last + 1);
    if (strcmp(path_name(key), expected) != 0)
        return error_set(err, STATUS_CORRUPT, "the cluster's log has \"%s\" where \"%s\" belongs",
                         path_name(key), expected);
    (*last)++;
    return OK;
}

enum status
log_entry_last(struct repo *repo, uint64_t after, uint64_t *last, struct error *err)
{
    char prefix[STORE_KEY_MAX + 1];
    char known[STORE_KEY_MAX + 1] = "";

    *last = after;
    TRY(repo_key(repo, prefix, err, "log/"));
    if (after > 0)
        TRY(log_entry_key(repo, after, known, err));
    return store_list(repo->store, prefix, known, count_entry, last, err);
}

static enum status
parse_header(struct log_entry *entry, uint64_t number, struct error *err)
{
    const char *id;
    uint32_t version;

    TRY(member_u32(entry->members, "version", &version, err));
    if (version != ENTRY_VERSION)
        return error_set(err, STATUS_UNSUPPORTED, "log entry has version %u, expected %d", version,
                         ENTRY_VERSION);
    TRY(member_u64(entry->members, "number", &entry->number, err));
    if (entry->number != number)
        return error_set(err, STATUS_CORRUPT, "log entry is numbered %llu",
                         (unsigned long long) entry->number);
    TRY(member_text(entry->members, "id", &id, err));
    snprintf(entry->id, sizeof(entry->id), "%s", id);
    return member_time(entry->members, "time", &entry->time, err);
}

enum status
log_entry_read(struct repo *repo, uint64_t number, struct log_entry *entry, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(ENTRY_LIMIT);
    SCOPED(log_entry_release) struct log_entry read = {0};
    char key[STORE_KEY_MAX + 1];
    enum status status;

    TRY(log_entry_key(repo, number, key, err));
    status = object_get(repo, key, OBJECT_PLAIN, &text, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_CORRUPT, "log entry \"%s\" is missing", key);
    if (status == OK)
        status = json_parse(buffer_bytes(&text), ENTRY_LIMIT, &read.members, err);
    if (status == OK)
        status = parse_header(&read, number, err);
    if (status != OK)
    {
        error_context(err, "log entry \"%s\"", key);
        return status;
    }
    *entry = read;
    read.members = NULL;
    return OK;
}

enum status
log_entry_make_id(char id[LOG_ENTRY_ID_SIZE], struct error *err)
{
    uint8_t random[(LOG_ENTRY_ID_SIZE - 1) / 2];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, id);
    return OK;
}

/* The login name, or the number of a user without one. */
static void
name_user(char user[256])
{
    struct passwd record;
    struct passwd *found = NULL;
    char space[4096];

    if (getpwuid_r(geteuid(), &record, space, sizeof(space), &found) == 0 && found != NULL)
        snprintf(user, 256, "%s", found->pw_name);
    else
        snprintf(user, 256, "%u", (unsigned) geteuid());
}

/* Who writes what and when comes first, for those who read the log themselves. */
static json_t *
make_header(const struct log_entry *entry)
{
    char host[256] = "";
    char user[256];
    char time[TIME_TEXT_SIZE];

    gethostname(host, sizeof(host) - 1);
    name_user(user);
    time_format(entry->time, time);
    return json_pack("{s:i, s:o, s:s, s:s, s:s, s:s, s:s}", "version", ENTRY_VERSION, "number",
                     json_u64(entry->number), "id", entry->id, "time", time, "host", host, "user",
                     user, "agent", "redoubt " REDOUBT_VERSION);
}

enum status
log_entry_create(struct repo *repo, struct log_entry *entry, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(ENTRY_LIMIT);
    SCOPED(json_freep) json_t *whole = NULL;
    char key[STORE_KEY_MAX + 1];

    entry->time = clock_now();
    whole = make_header(entry);
    if (whole == NULL || entry->members == NULL || json_object_update(whole, entry->members) != 0)
        return error_no_memory(err);
    TRY(json_append(whole, &text, err));
    TRY(log_entry_key(repo, entry->number, key, err));
    return object_put(repo, key, OBJECT_PLAIN, buffer_bytes(&text), err);
}
