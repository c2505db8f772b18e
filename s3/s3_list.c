// SPDX-License-Identifier: PostgreSQL
/*
 * Listing by ListObjectsV2, a page at a time.  Keys come percent-encoded, since
 * XML cannot carry every key; each page is sorted here, because not every
 * service does, and pages must follow each other in order.
 */
#include "s3/s3_internal.h"
#include "s3/xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    PAGE_KEYS_MAX = 10000, /* services send 1000 */
    TOKEN_LIMIT = 4096
};

struct entry
{
    char *key; /* without the store's prefix */
    uint64_t size_bytes;
};

struct page
{
    const struct s3_store *store;
    struct entry *entries;
    size_t count;
    bool encoded;   /* the service honoured encoding-type=url */
    bool truncated; /* another page follows */
    char token[TOKEN_LIMIT];

    /* The element being read. */
    char key[3 * S3_FULL_KEY_SIZE];
    uint64_t size_bytes;
};

static void
page_release(struct page *page)
{
    for (size_t index = 0; index < page->count; index++)
        free(page->entries[index].key);
    free(page->entries);
    page->entries = NULL;
    page->count = 0;
}

/* In place.  Some services write a space as '+'; no key of ours has either. */
static bool
percent_decode(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++, to++)
    {
        *to = *text;
        if (*text != '%')
            continue;
        int high = hex_digit(text[1]);
        int low = high < 0 ? -1 : hex_digit(text[2]);

        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to = (char) (high << 4 | low);
        text += 2;
    }
    *to = '\0';
    return true;
}

/* Objects that are not the store's, a console's "folder/" for one, are passed over. */
static enum status
add_entry(struct page *page, struct error *err)
{
    size_t prefix_size = strlen(page->store->prefix);
    const char *key = page->key + prefix_size;

    if (page->encoded && !percent_decode(page->key))
        return error_set(err, STATUS_CORRUPT, "the listing has a key in a wrong encoding");
    if (strncmp(page->key, page->store->prefix, prefix_size) != 0 || !store_key_is_valid(key))
        return OK;
    if (page->count == PAGE_KEYS_MAX)
        return error_set(err, STATUS_CORRUPT, "the listing has more than %d keys in one page",
                         PAGE_KEYS_MAX);
    if (page->count % 256 == 0)
    {
        struct entry *grown = realloc(page->entries, (page->count + 256) * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        page->entries = grown;
    }
    page->entries[page->count].key = strdup(key);
    if (page->entries[page->count].key == NULL)
        return error_no_memory(err);
    page->entries[page->count++].size_bytes = page->size_bytes;
    return OK;
}

static enum status
read_size(struct page *page, const char *text, struct error *err)
{
    char *end;

    errno = 0;
    page->size_bytes = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return error_set(err, STATUS_CORRUPT, "the listing has the size \"%.32s\"", text);
    return OK;
}

static enum status
read_element(void *arg, const char *path, const char *text, struct error *err)
{
    struct page *page = arg;

    if (strcmp(path, "ListBucketResult/Contents/Key") == 0)
    {
        if (strlen(text) >= sizeof(page->key))
            return error_set(err, STATUS_CORRUPT, "the listing has a key of %zu bytes",
                             strlen(text));
        snprintf(page->key, sizeof(page->key), "%s", text);
    }
    else if (strcmp(path, "ListBucketResult/Contents/Size") == 0)
        return read_size(page, text, err);
    else if (strcmp(path, "ListBucketResult/Contents") == 0)
        return add_entry(page, err);
    else if (strcmp(path, "ListBucketResult/IsTruncated") == 0)
        page->truncated = strcmp(text, "true") == 0;
    else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0)
    {
        if (strlen(text) >= sizeof(page->token))
            return error_set(err, STATUS_CORRUPT,
                             "the listing has a continuation token of %zu bytes", strlen(text));
        snprintf(page->token, sizeof(page->token), "%s", text);
    }
    return OK;
}

/* EncodingType may stand behind the keys that it speaks of. */
static enum status
read_encoding(void *arg, const char *path, const char *text, struct error *err)
{
    (void) err;
    if (strcmp(path, "ListBucketResult/EncodingType") == 0)
        ((struct page *) arg)->encoded = strcmp(text, "url") == 0;
    return OK;
}

static int
compare_entries(const void *left, const void *right)
{
    return strcmp(((const struct entry *) left)->key, ((const struct entry *) right)->key);
}

/* What a listing asks for. */
struct listing
{
    struct s3_store *store;
    char prefix[S3_FULL_KEY_SIZE];
    char after[S3_FULL_KEY_SIZE]; /* "" for none */
    char token[TOKEN_LIMIT];      /* "" for the first page */
};

static enum status
fetch_page(struct listing *listing, struct page *page, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    struct request request = {
        .method = "GET",
        .query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", listing->prefix}},
        .answer = "ListBucketResult",
    };
    enum status status;

    if (listing->token[0] != '\0')
        request.query[3] = (struct sigv4_pair){"continuation-token", listing->token};
    else if (listing->after[0] != '\0')
        request.query[3] = (struct sigv4_pair){"start-after", listing->after};
    TRY(request_send(listing->store->client, &request, &reply, err));
    status = xml_each(buffer_bytes(&reply.http.body), read_encoding, page, err);
    if (status == OK)
        status = xml_each(buffer_bytes(&reply.http.body), read_element, page, err);
    if (status != OK)
    {
        error_context(err, "could not list bucket \"%s\"", listing->store->base.location);
        return status;
    }
    if (page->count > 0)
        qsort(page->entries, page->count, sizeof(page->entries[0]), compare_entries);
    return OK;
}

/* A listing without end, or one that leaves a page out, must not pass for a whole one. */
static enum status
advance(struct listing *listing, const struct page *page, struct error *err)
{
    if (page->token[0] == '\0')
        return error_set(err, STATUS_CORRUPT,
                         "the listing of %s is truncated and has no continuation token",
                         listing->store->base.location);
    if (strcmp(page->token, listing->token) == 0)
        return error_set(err, STATUS_CORRUPT, "the listing of %s repeats itself",
                         listing->store->base.location);
    snprintf(listing->token, sizeof(listing->token), "%s", page->token);
    return OK;
}

/* Where the caller's visitor goes, and the last key it saw. */
struct visitor
{
    enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err);
    void *arg;
    const char *prefix;
    char last[STORE_KEY_MAX + 1];
    bool visited;
};

static enum status
visit_page(const struct page *page, struct visitor *visitor, struct error *err)
{
    for (size_t index = 0; index < page->count; index++)
    {
        const struct entry *entry = &page->entries[index];
        int order = strcmp(entry->key, visitor->last);

        if (strncmp(entry->key, visitor->prefix, strlen(visitor->prefix)) != 0)
            continue;
        /* Before any visit `last` is where to begin, which not every service honours. */
        if (order <= 0 && !visitor->visited)
            continue;
        if (order <= 0)
            return error_set(err, STATUS_UNSUPPORTED,
                             "the listing is out of order: \"%s\" follows \"%s\"", entry->key,
                             visitor->last);
        snprintf(visitor->last, sizeof(visitor->last), "%s", entry->key);
        visitor->visited = true;
        TRY(visitor->visit(visitor->arg, entry->key, entry->size_bytes, err));
    }
    return OK;
}

static enum status
list_page(struct listing *listing, struct visitor *visitor, bool *more, struct error *err)
{
    SCOPED(page_release) struct page page = {.store = listing->store};

    TRY(fetch_page(listing, &page, err));
    TRY(visit_page(&page, visitor, err));
    *more = page.truncated;
    return page.truncated ? advance(listing, &page, err) : OK;
}

enum status
s3_list(struct store *base, const char *prefix, const char *after,
        enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err),
        void *arg, struct error *err)
{
    struct listing listing = {.store = (struct s3_store *) base};
    struct visitor visitor = {.visit = visit, .arg = arg, .prefix = prefix};
    bool more;

    if (strlen(prefix) > STORE_KEY_MAX || strlen(after) > STORE_KEY_MAX)
        return error_set(err, STATUS_CONFIG, "a prefix or key is longer than %d bytes",
                         STORE_KEY_MAX);
    s3_store_full_key(listing.store, prefix, listing.prefix);
    if (after[0] != '\0')
        s3_store_full_key(listing.store, after, listing.after);
    snprintf(visitor.last, sizeof(visitor.last), "%s", after);
    do
        TRY(list_page(&listing, &visitor, &more, err));
    while (more);
    return OK;
}
