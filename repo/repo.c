// SPDX-License-Identifier: PostgreSQL
#include "repo/repo.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 1
#define MARKER_KEY     "redoubt.json"
#define MARKER_LIMIT   4096

/* redoubt.json */
struct marker
{
    uint8_t id[REPOSITORY_ID_SIZE];
    bool encrypted;
    bool conditional_create;
};

static enum status
put_marker(struct store *store, const struct marker *marker, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(MARKER_LIMIT);
    SCOPED(json_freep) json_t *object = NULL;
    char id[2 * REPOSITORY_ID_SIZE + 1];
    char created[TIME_TEXT_SIZE];

    hex_encode((struct bytes){marker->id, REPOSITORY_ID_SIZE}, id);
    time_format(clock_now(), created);
    object = json_pack("{s:i, s:s, s:s, s:b, s:s, s:s}", "format", FORMAT_VERSION, "id", id,
                       "encryption", marker->encrypted ? "aes-256-gcm" : "off",
                       "conditional_create", marker->conditional_create, "created", created,
                       "agent", "redoubt " REDOUBT_VERSION);
    if (object == NULL)
        return error_no_memory(err);
    TRY(json_append(object, &text, err));
    TRY(buffer_append(&text, BYTES("\n"), err));
    return store_put(store, MARKER_KEY, buffer_bytes(&text), err);
}

static enum status
parse_marker(struct bytes text, struct marker *marker, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    const char *encryption;
    uint32_t format;

    TRY(json_parse(text, MARKER_LIMIT, &object, err));
    TRY(member_u32(object, "format", &format, err));
    if (format != FORMAT_VERSION)
    {
        error_set(err, STATUS_UNSUPPORTED, "repository format %u, expected %d", format,
                  FORMAT_VERSION);
        error_hint(err, "A newer redoubt made this repository: upgrade this one.");
        return STATUS_UNSUPPORTED;
    }
    TRY(member_hex(object, "id", marker->id, REPOSITORY_ID_SIZE, err));
    TRY(member_text(object, "encryption", &encryption, err));
    TRY(member_bool(object, "conditional_create", &marker->conditional_create, err));
    marker->encrypted = strcmp(encryption, "aes-256-gcm") == 0;
    if (!marker->encrypted && strcmp(encryption, "off") != 0)
        return error_set(err, STATUS_UNSUPPORTED, "unknown encryption \"%s\"", encryption);
    return OK;
}

/*
 * redoubt.json is not authenticated: it must never talk us out of encryption
 * that the configuration asks for.
 */
static enum status
check_encryption(bool encrypted, const struct repo_options *options, struct error *err)
{
    if (encrypted != options->encryption_off)
        return OK;
    error_set(err, STATUS_REFUSED, "the repository says encryption is %s, and the configuration %s",
              encrypted ? "on" : "off", options->encryption_off ? "off" : "on");
    error_hint(err, encrypted
                        ? "Configure encryption.key_file, as at init."
                        : "If this repository was made with \"encryption: off\", say so in the "
                          "configuration; if not, somebody changed it.");
    return STATUS_REFUSED;
}

static enum status
check_dialect(const struct store *store, bool conditional_create, bool single_writer,
              struct error *err)
{
    if (conditional_create || single_writer)
        return OK;
    error_set(err, STATUS_REFUSED, "%s does not honour conditional creation", store->location);
    error_hint(err,
               "Two writers could overwrite each other there. If one host alone ever writes to "
               "this repository, set repository.single_writer: true.");
    return STATUS_REFUSED;
}

/* These names stand beside the clusters' own at the root; see docs/format.md. */
static enum status
check_cluster(const char *cluster, struct error *err)
{
    static const char *const taken[] = {"keys", "probe", "tmp"};

    for (size_t index = 0; index < sizeof(taken) / sizeof(taken[0]); index++)
        if (strcmp(cluster, taken[index]) == 0)
            return error_set(err, STATUS_CONFIG,
                             "a cluster cannot be called \"%s\": the repository itself uses that "
                             "name",
                             cluster);
    return OK;
}

static enum status
add_first_key(struct store *store, const struct marker *marker, const struct repo_options *options,
              struct error *err)
{
    SCOPED(keyring_freep) struct keyring *keyring = NULL;

    TRY(keyring_open(&keyring, store, marker->id, &options->unlock, err));
    return keyring_add_key(keyring, err);
}

/* Is it free to become a repository, and good enough? */
static enum status
prepare_store(struct store *store, const struct repo_options *options,
              struct store_dialect *dialect, struct error *err)
{
    uint64_t size_bytes;
    enum status status;

    TRY(check_cluster(options->cluster, err));
    status = store_size(store, MARKER_KEY, &size_bytes, err);
    if (status == OK)
        return error_set(err, STATUS_CONFLICT, "%s is a repository already", store->location);
    if (status != STATUS_NOT_FOUND)
        return status;
    TRY(store_probe(store, dialect, err));
    return check_dialect(store, dialect->conditional_create, options->single_writer, err);
}

enum status
repo_create(struct store *store, const struct repo_options *options, struct store_dialect *dialect,
            struct error *err)
{
    struct marker marker = {.encrypted = !options->encryption_off};

    TRY(prepare_store(store, options, dialect, err));
    marker.conditional_create = dialect->conditional_create;
    TRY(random_bytes(marker.id, REPOSITORY_ID_SIZE, err));
    if (marker.encrypted)
        TRY(add_first_key(store, &marker, options, err));
    /* Crash here: a key without a repository, which the next init leaves alone. */
    return put_marker(store, &marker, err);
}

enum status
repo_create_copy(struct store *store, struct repo *original, const struct repo_options *options,
                 struct store_dialect *dialect, struct error *err)
{
    struct marker marker = {.encrypted = original->keyring != NULL};

    TRY(prepare_store(store, options, dialect, err));
    marker.conditional_create = dialect->conditional_create;
    memcpy(marker.id, original->id, REPOSITORY_ID_SIZE);
    if (marker.encrypted)
        TRY(keyring_copy(original->keyring, original->store, store, err));
    CRASH_POINT("copy: keys without a repository"); /* the next copy finds them equal */
    return put_marker(store, &marker, err);
}

static enum status
read_marker(struct store *store, struct marker *marker, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(MARKER_LIMIT);
    enum status status = store_get(store, MARKER_KEY, &text, err);

    if (status == STATUS_NOT_FOUND)
    {
        error_set(err, STATUS_NOT_FOUND, "there is no repository in %s", store->location);
        error_hint(err, "Make one with \"redoubt init\", or mount the right file system.");
        return STATUS_NOT_FOUND;
    }
    if (status == OK)
        status = parse_marker(buffer_bytes(&text), marker, err);
    if (status != OK)
        error_context(err, "reading \"" MARKER_KEY "\" of %s", store->location);
    return status;
}

enum status
repo_open(struct repo **repo, struct store *store, const struct repo_options *options,
          struct error *err)
{
    SCOPED(repo_freep) struct repo *made = calloc(1, sizeof(*made));
    struct marker marker;

    if (made == NULL)
        return error_no_memory(err);
    TRY(check_cluster(options->cluster, err));
    TRY(read_marker(store, &marker, err));
    TRY(check_encryption(marker.encrypted, options, err));
    TRY(check_dialect(store, marker.conditional_create, options->single_writer, err));
    memcpy(made->id, marker.id, REPOSITORY_ID_SIZE);
    made->conditional_create = marker.conditional_create;
    made->copy = options->copy;
    made->compression_level = options->compression_level;
    made->threads = options->threads;
    made->cluster = strdup(options->cluster);
    if (made->cluster == NULL)
        return error_no_memory(err);
    if (marker.encrypted)
        TRY(keyring_open(&made->keyring, store, made->id, &options->unlock, err));
    made->store = store;
    *repo = made;
    made = NULL;
    return OK;
}

void
repo_freep(struct repo **repo)
{
    if (*repo == NULL)
        return;
    keyring_freep(&(*repo)->keyring);
    store_freep(&(*repo)->store);
    free((*repo)->cluster);
    free(*repo);
    *repo = NULL;
}

enum status
repo_key(const struct repo *repo, char key[STORE_KEY_MAX + 1], struct error *err,
         const char *format, ...)
{
    int used = snprintf(key, STORE_KEY_MAX + 1, "%s/", repo->cluster);
    va_list args;

    if (used <= STORE_KEY_MAX)
    {
        va_start(args, format);
        used += vsnprintf(key + used, (size_t) (STORE_KEY_MAX + 1 - used), format, args);
        va_end(args);
    }
    if (used > STORE_KEY_MAX)
        return error_set(err, STATUS_CONFIG, "object key \"%s...\" is too long", key);
    return OK;
}
