// SPDX-License-Identifier: PostgreSQL
#include "repo/keyring.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "stream/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_PREFIX  "redoubt-key-1:"
#define KEY_OBJECT_LIMIT 4096
#define KEY_NAME_SIZE    96
#define SALT_SIZE        32
#define WRAPPED_SIZE     (SECRET_SIZE + AEAD_TAG_SIZE)

/* scrypt's cost: 64 MiB and about 0.2 s.  Written into each key's object. */
#define SCRYPT_N UINT64_C(65536)
#define SCRYPT_R 8
#define SCRYPT_P 1

struct loaded_key
{
    struct loaded_key *next;
    struct seal_key_id id;
    struct secret data_key;
};

struct keyring
{
    struct store *store; /* these do not change once it is open */
    uint8_t repository_id[REPOSITORY_ID_SIZE];
    bool by_passphrase;
    struct secret file_secret;
    struct buffer passphrase;

    pthread_mutex_t lock; /* guards what follows */
    bool active_known;
    struct seal_key_id active;
    struct loaded_key *loaded;
};

/* A key as keys/<id>.json has it. */
struct wrapped_key
{
    struct seal_key_id id;
    bool by_passphrase;
    uint64_t scrypt_n;
    uint8_t salt[SALT_SIZE];
    uint8_t sealed[WRAPPED_SIZE];
};

enum status
keyring_create_key_file(const char *path, struct error *err)
{
    struct secret secret;
    char line[sizeof(KEY_FILE_PREFIX) + 2 * SECRET_SIZE + 1];
    enum status status;

    TRY(random_bytes(secret.bytes, SECRET_SIZE, err));
    memcpy(line, KEY_FILE_PREFIX, sizeof(KEY_FILE_PREFIX));
    hex_encode((struct bytes){secret.bytes, SECRET_SIZE}, line + sizeof(KEY_FILE_PREFIX) - 1);
    line[sizeof(line) - 2] = '\n';
    status = file_create(path, 0600, (struct bytes){(uint8_t *) line, sizeof(line) - 1}, err);
    secret_wipe(&secret);
    OPENSSL_cleanse(line, sizeof(line));
    return status;
}

static void
warn_if_exposed(const char *path)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO) & ~S_IRGRP) != 0)
        log_warning("\"%s\" may be read or changed by others: chmod 0600 it", path);
}

static void
wipe_buffer(struct buffer *buffer)
{
    if (buffer->data != NULL)
        OPENSSL_cleanse(buffer->data, buffer->capacity);
    buffer_release(buffer);
}

static enum status
read_secret_file(const char *path, const char *what, struct buffer *content, struct error *err)
{
    enum status status = file_read(path, content, err);

    if (status == OK)
    {
        warn_if_exposed(path);
        return OK;
    }
    error_context(err, "%s", what);
    /* Without its key a repository is not absent: it is closed to us. */
    return status == STATUS_NOT_FOUND ? STATUS_CONFIG : status;
}

static enum status
read_key_file(struct keyring *keyring, const char *path, struct error *err)
{
    SCOPED(wipe_buffer) struct buffer content = BUFFER_INIT(4096);
    const size_t prefix_size = sizeof(KEY_FILE_PREFIX) - 1;
    const char *text;

    TRY(read_secret_file(path, "the key file", &content, err));
    while (content.size > 0 && content.data[content.size - 1] == '\n')
        content.size--;
    TRY(buffer_text(&content, &text, err));
    if (strncmp(text, KEY_FILE_PREFIX, prefix_size) != 0 ||
        !hex_decode(text + prefix_size, keyring->file_secret.bytes, SECRET_SIZE))
    {
        error_set(err, STATUS_CONFIG, "\"%s\" is not a key file", path);
        error_hint(err, "A key file is one line that begins with \"%s\". Restore it from its copy.",
                   KEY_FILE_PREFIX);
        return STATUS_CONFIG;
    }
    return OK;
}

static enum status
read_passphrase(struct keyring *keyring, const char *path, struct error *err)
{
    keyring->by_passphrase = true;
    TRY(read_secret_file(path, "the passphrase file", &keyring->passphrase, err));
    while (keyring->passphrase.size > 0 &&
           keyring->passphrase.data[keyring->passphrase.size - 1] == '\n')
        keyring->passphrase.size--;
    if (keyring->passphrase.size == 0)
        return error_set(err, STATUS_CONFIG, "passphrase file \"%s\" is empty", path);
    return OK;
}

enum status
keyring_open(struct keyring **keyring, struct store *store,
             const uint8_t repository_id[REPOSITORY_ID_SIZE], const struct keyring_unlock *unlock,
             struct error *err)
{
    SCOPED(keyring_freep) struct keyring *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->store = store;
    memcpy(made->repository_id, repository_id, REPOSITORY_ID_SIZE);
    made->passphrase = BUFFER_INIT(4096);
    pthread_mutex_init(&made->lock, NULL);
    if (unlock->key_file != NULL)
        TRY(read_key_file(made, unlock->key_file, err));
    else
        TRY(read_passphrase(made, unlock->passphrase_file, err));
    *keyring = made;
    made = NULL;
    return OK;
}

void
keyring_freep(struct keyring **keyring)
{
    struct keyring *gone = *keyring;

    if (gone == NULL)
        return;
    while (gone->loaded != NULL)
    {
        struct loaded_key *key = gone->loaded;

        gone->loaded = key->next;
        OPENSSL_cleanse(key, sizeof(*key));
        free(key);
    }
    wipe_buffer(&gone->passphrase);
    secret_wipe(&gone->file_secret);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *keyring = NULL;
}

/* The key that wraps one data key: of the unlocking secret, the salt and the ids. */
static enum status
derive_wrapping_key(struct keyring *keyring, const struct wrapped_key *wrapped, struct aead **aead,
                    struct error *err)
{
    static const char purpose[] = "redoubt wrap 1"; /* with its terminator */
    uint8_t info[sizeof(purpose) + REPOSITORY_ID_SIZE + SEAL_KEY_ID_SIZE];
    struct secret secret = keyring->file_secret;
    enum status status = OK;

    memcpy(info, purpose, sizeof(purpose));
    memcpy(info + sizeof(purpose), keyring->repository_id, REPOSITORY_ID_SIZE);
    memcpy(info + sizeof(purpose) + REPOSITORY_ID_SIZE, wrapped->id.bytes, SEAL_KEY_ID_SIZE);
    if (keyring->by_passphrase &&
        EVP_PBE_scrypt((const char *) keyring->passphrase.data, keyring->passphrase.size,
                       wrapped->salt, SALT_SIZE, wrapped->scrypt_n, SCRYPT_R, SCRYPT_P,
                       UINT64_C(1) << 30, secret.bytes, SECRET_SIZE) != 1)
        status = error_set(err, STATUS_IO, "could not derive a key from the passphrase");
    if (status == OK)
        status = secret_derive(&secret, (struct bytes){wrapped->salt, SALT_SIZE},
                               (struct bytes){info, sizeof(info)}, &secret, err);
    if (status == OK)
        status = aead_create(aead, &secret, err);
    secret_wipe(&secret);
    return status;
}

static void
key_prefix(const struct keyring *keyring, char prefix[KEY_NAME_SIZE])
{
    char text[2 * REPOSITORY_ID_SIZE + 1];

    hex_encode((struct bytes){keyring->repository_id, REPOSITORY_ID_SIZE}, text);
    snprintf(prefix, KEY_NAME_SIZE, "keys/%s/", text);
}

static void
key_object_name(const struct keyring *keyring, const struct seal_key_id *id,
                char name[KEY_NAME_SIZE])
{
    char text[2 * SEAL_KEY_ID_SIZE + 1];
    size_t used;

    hex_encode((struct bytes){id->bytes, SEAL_KEY_ID_SIZE}, text);
    key_prefix(keyring, name);
    used = strlen(name);
    snprintf(name + used, KEY_NAME_SIZE - used, "%s.json", text);
}

/* Each wrapping key serves one message, so that its nonce can be zero. */
static const struct aead_nonce zero_nonce = {{0}};

static enum status
put_wrapped(struct keyring *keyring, const struct wrapped_key *wrapped, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(KEY_OBJECT_LIMIT);
    SCOPED(json_freep) json_t *object = NULL;
    char id[2 * SEAL_KEY_ID_SIZE + 1];
    char salt[2 * SALT_SIZE + 1];
    char sealed[2 * WRAPPED_SIZE + 1];
    char created[TIME_TEXT_SIZE];
    char name[KEY_NAME_SIZE];

    hex_encode((struct bytes){wrapped->id.bytes, SEAL_KEY_ID_SIZE}, id);
    hex_encode((struct bytes){wrapped->salt, SALT_SIZE}, salt);
    hex_encode((struct bytes){wrapped->sealed, WRAPPED_SIZE}, sealed);
    time_format(clock_now(), created);
    object = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "version", 1, "id", id, "created", created,
                       "method", wrapped->by_passphrase ? "scrypt" : "key-file", "salt", salt,
                       "sealed", sealed);
    if (object == NULL || (wrapped->by_passphrase &&
                           json_object_set_new(object, "n", json_u64(wrapped->scrypt_n)) != 0))
        return error_no_memory(err);
    TRY(json_append(object, &text, err));
    key_object_name(keyring, &wrapped->id, name);
    return store_put(keyring->store, name, buffer_bytes(&text), err);
}

/* Remember a key.  Call with the lock. */
static enum status
remember(struct keyring *keyring, const struct seal_key_id *id, const struct secret *data_key,
         struct error *err)
{
    struct loaded_key *key = calloc(1, sizeof(*key));

    if (key == NULL)
        return error_no_memory(err);
    key->id = *id;
    key->data_key = *data_key;
    key->next = keyring->loaded;
    keyring->loaded = key;
    return OK;
}

/* Ids sort by time: 8 bytes of microseconds, big-endian, then 8 random ones. */
static enum status
make_key_id(struct seal_key_id *id, struct error *err)
{
    uint64_t now = (uint64_t) clock_now();

    for (int index = 0; index < 8; index++)
        id->bytes[index] = (uint8_t) (now >> (56 - 8 * index));
    return random_bytes(id->bytes + 8, 8, err);
}

enum status
keyring_add_key(struct keyring *keyring, struct error *err)
{
    struct wrapped_key wrapped = {.by_passphrase = keyring->by_passphrase, .scrypt_n = SCRYPT_N};
    SCOPED(aead_freep) struct aead *aead = NULL;
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    enum status status;

    TRY(make_key_id(&wrapped.id, err));
    TRY(random_bytes(wrapped.salt, SALT_SIZE, err));
    TRY(random_bytes(data_key.bytes, SECRET_SIZE, err));
    TRY(derive_wrapping_key(keyring, &wrapped, &aead, err));
    TRY(aead_seal(aead, &zero_nonce, (struct bytes){NULL, 0},
                  (struct bytes){data_key.bytes, SECRET_SIZE}, wrapped.sealed, err));
    TRY(put_wrapped(keyring, &wrapped, err));
    pthread_mutex_lock(&keyring->lock);
    status = remember(keyring, &wrapped.id, &data_key, err);
    keyring->active = wrapped.id;
    keyring->active_known = status == OK;
    pthread_mutex_unlock(&keyring->lock);
    return status;
}

static enum status
parse_wrapped(struct bytes text, struct wrapped_key *wrapped, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    const char *method;
    uint32_t version;

    TRY(json_parse(text, KEY_OBJECT_LIMIT, &object, err));
    TRY(member_u32(object, "version", &version, err));
    if (version != 1)
        return error_set(err, STATUS_UNSUPPORTED, "it has version %u, expected 1", version);
    TRY(member_hex(object, "id", wrapped->id.bytes, SEAL_KEY_ID_SIZE, err));
    TRY(member_text(object, "method", &method, err));
    wrapped->by_passphrase = strcmp(method, "scrypt") == 0;
    if (!wrapped->by_passphrase && strcmp(method, "key-file") != 0)
        return error_set(err, STATUS_UNSUPPORTED, "unknown method \"%s\"", method);
    if (wrapped->by_passphrase)
        TRY(member_u64(object, "n", &wrapped->scrypt_n, err));
    TRY(member_hex(object, "salt", wrapped->salt, SALT_SIZE, err));
    return member_hex(object, "sealed", wrapped->sealed, WRAPPED_SIZE, err);
}

static enum status
unwrap(struct keyring *keyring, const struct wrapped_key *wrapped, struct secret *data_key,
       struct error *err)
{
    SCOPED(aead_freep) struct aead *aead = NULL;

    if (wrapped->by_passphrase != keyring->by_passphrase)
        return error_set(err, STATUS_CONFIG,
                         "it is wrapped by a %s, and the configuration gives a %s",
                         wrapped->by_passphrase ? "passphrase" : "key file",
                         keyring->by_passphrase ? "passphrase" : "key file");
    TRY(derive_wrapping_key(keyring, wrapped, &aead, err));
    if (aead_open(aead, &zero_nonce, (struct bytes){NULL, 0},
                  (struct bytes){wrapped->sealed, WRAPPED_SIZE}, data_key->bytes, err) == OK)
        return OK;
    error_set(err, STATUS_CORRUPT, "the configured %s does not open it",
              keyring->by_passphrase ? "passphrase" : "key file");
    error_hint(err, "Configure the key that this repository was made with.");
    return STATUS_CORRUPT;
}

static enum status
fetch(struct keyring *keyring, const struct seal_key_id *id, struct secret *data_key,
      struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(KEY_OBJECT_LIMIT);
    struct wrapped_key wrapped;
    char name[KEY_NAME_SIZE];
    enum status status;

    key_object_name(keyring, id, name);
    status = store_get(keyring->store, name, &text, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_CORRUPT, "data key \"%s\" is not in the repository", name);
    if (status == OK)
        status = parse_wrapped(buffer_bytes(&text), &wrapped, err);
    if (status == OK && memcmp(&wrapped.id, id, sizeof(*id)) != 0)
        status = error_set(err, STATUS_CORRUPT, "it holds another key's id");
    if (status == OK)
        status = unwrap(keyring, &wrapped, data_key, err);
    if (status != OK)
        error_context(err, "data key \"%s\"", name);
    return status;
}

/* Call with the lock. */
static enum status
find_or_fetch(struct keyring *keyring, const struct seal_key_id *id, struct secret *data_key,
              struct error *err)
{
    for (struct loaded_key *key = keyring->loaded; key != NULL; key = key->next)
        if (memcmp(&key->id, id, sizeof(*id)) == 0)
        {
            *data_key = key->data_key;
            return OK;
        }
    TRY(fetch(keyring, id, data_key, err));
    return remember(keyring, id, data_key, err);
}

enum status
keyring_find(struct keyring *keyring, const struct seal_key_id *id, struct secret *data_key,
             struct error *err)
{
    enum status status;

    pthread_mutex_lock(&keyring->lock);
    status = find_or_fetch(keyring, id, data_key, err);
    pthread_mutex_unlock(&keyring->lock);
    return status;
}

struct key_visitor
{
    enum status (*visit)(void *arg, const char *key, const struct seal_key_id *id,
                         struct error *err);
    void *arg;
};

static enum status
visit_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct key_visitor *visitor = arg;
    char text[2 * SEAL_KEY_ID_SIZE + 1];
    struct seal_key_id id;
    int used = 0;

    (void) size_bytes;
    if (sscanf(path_name(key), "%32[0-9a-f].json%n", text, &used) != 1 ||
        path_name(key)[used] != '\0' || !hex_decode(text, id.bytes, SEAL_KEY_ID_SIZE))
        return error_set(err, STATUS_CORRUPT, "unexpected object \"%s\" among the keys", key);
    return visitor->visit(visitor->arg, key, &id, err);
}

/* Keys are listed in the order of their ids, which begin with the time. */
enum status
keyring_visit(struct keyring *keyring,
              enum status (*visit)(void *arg, const char *key, const struct seal_key_id *id,
                                   struct error *err),
              void *arg, struct error *err)
{
    struct key_visitor visitor = {visit, arg};
    char prefix[KEY_NAME_SIZE];

    key_prefix(keyring, prefix);
    return store_list(keyring->store, prefix, "", visit_key, &visitor, err);
}

/* What a listing of the keys found. */
struct newest_key
{
    bool known;
    struct seal_key_id id;
};

static enum status
note_key(void *arg, const char *key, const struct seal_key_id *id, struct error *err)
{
    struct newest_key *newest = arg;

    (void) key;
    (void) err;
    newest->known = true;
    newest->id = *id;
    return OK;
}

/* Call with the lock. */
static enum status
find_active(struct keyring *keyring, struct seal_key_id *id, struct secret *data_key,
            struct error *err)
{
    /* A listing that was cut short must not leave an older key as the newest. */
    if (!keyring->active_known)
    {
        struct newest_key newest = {0};

        TRY(keyring_visit(keyring, note_key, &newest, err));
        if (!newest.known)
            return error_set(err, STATUS_CORRUPT, "the repository has no data key");
        keyring->active = newest.id;
        keyring->active_known = true;
    }
    *id = keyring->active;
    return find_or_fetch(keyring, id, data_key, err);
}

enum status
keyring_active(struct keyring *keyring, struct seal_key_id *id, struct secret *data_key,
               struct error *err)
{
    enum status status;

    pthread_mutex_lock(&keyring->lock);
    status = find_active(keyring, id, data_key, err);
    pthread_mutex_unlock(&keyring->lock);
    return status;
}

static enum status
find_for_seal(void *arg, const struct seal_key_id *id, struct secret *data_key, struct error *err)
{
    return keyring_find(arg, id, data_key, err);
}

struct seal_key_source
keyring_source(struct keyring *keyring)
{
    return (struct seal_key_source){find_for_seal, keyring};
}
