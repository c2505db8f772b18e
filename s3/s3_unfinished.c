// SPDX-License-Identifier: PostgreSQL
/*
 * Uploads that nobody will complete, by ListMultipartUploads.  Their parts are
 * in no listing of objects and are paid for until somebody aborts them.
 */
#include "s3/s3_internal.h"
#include "s3/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    PAGE_UPLOADS_MAX = 10000, /* services send 1000 */
    UPLOAD_ID_SIZE = 2049
};

struct unfinished
{
    char key[S3_FULL_KEY_SIZE]; /* with the store's prefix */
    char id[UPLOAD_ID_SIZE];
    time_us initiated;
};

struct page
{
    struct unfinished *uploads; /* owned */
    size_t count;
    struct unfinished element; /* the one being read */
    bool truncated;
    struct unfinished next; /* where the next page begins */
};

static void
page_release(struct page *page)
{
    free(page->uploads);
    page->uploads = NULL;
}

static enum status
copy_text(char *to, size_t size, const char *text, struct error *err)
{
    if (strlen(text) >= size)
        return error_set(err, STATUS_CORRUPT, "the listing of uploads has a text of %zu bytes",
                         strlen(text));
    snprintf(to, size, "%s", text);
    return OK;
}

static enum status
add_upload(struct page *page, struct error *err)
{
    if (page->count == PAGE_UPLOADS_MAX)
        return error_set(err, STATUS_CORRUPT, "the listing has more than %d uploads in one page",
                         PAGE_UPLOADS_MAX);
    if (page->count % 64 == 0)
    {
        struct unfinished *grown =
            realloc(page->uploads, (page->count + 64) * sizeof(*page->uploads));

        if (grown == NULL)
            return error_no_memory(err);
        page->uploads = grown;
    }
    page->uploads[page->count++] = page->element;
    page->element = (struct unfinished){0};
    return OK;
}

static enum status
read_element(void *arg, const char *path, const char *text, struct error *err)
{
    static const char root[] = "ListMultipartUploadsResult/";
    struct page *page = arg;
    const char *name = path + strlen(root);

    if (strncmp(path, root, strlen(root)) != 0)
        return OK;
    if (strcmp(name, "Upload/Key") == 0)
        return copy_text(page->element.key, sizeof(page->element.key), text, err);
    if (strcmp(name, "Upload/UploadId") == 0)
        return copy_text(page->element.id, sizeof(page->element.id), text, err);
    if (strcmp(name, "Upload/Initiated") == 0)
        return time_parse(text, &page->element.initiated, err) == OK ? OK : STATUS_CORRUPT;
    if (strcmp(name, "Upload") == 0)
        return add_upload(page, err);
    if (strcmp(name, "NextKeyMarker") == 0)
        return copy_text(page->next.key, sizeof(page->next.key), text, err);
    if (strcmp(name, "NextUploadIdMarker") == 0)
        return copy_text(page->next.id, sizeof(page->next.id), text, err);
    if (strcmp(name, "IsTruncated") == 0)
        page->truncated = strcmp(text, "true") == 0;
    return OK;
}

/* What is to be aborted. */
struct search
{
    struct s3_store *store;
    char prefix[S3_FULL_KEY_SIZE];
    time_us before;
    uint64_t *count;
    struct unfinished next; /* where the next page begins; no key: the first one */
};

static enum status
fetch_page(const struct search *search, struct page *page, struct error *err)
{
    SCOPED(request_reply_release) struct request_reply reply = REQUEST_REPLY_INIT;
    struct request request = {
        .method = "GET",
        .query = {{"uploads", ""}, {"prefix", search->prefix}},
        .answer = "ListMultipartUploadsResult",
    };
    enum status status;

    if (search->next.key[0] != '\0')
    {
        request.query[2] = (struct sigv4_pair){"key-marker", search->next.key};
        request.query[3] = (struct sigv4_pair){"upload-id-marker", search->next.id};
    }
    TRY(request_send(search->store->client, &request, &reply, err));
    status = xml_each(buffer_bytes(&reply.http.body), read_element, page, err);
    if (status != OK)
        error_context(err, "could not list the uploads in bucket \"%s\"",
                      search->store->base.location);
    return status;
}

/* Not every service honours the prefix; ours alone are ours to abort. */
static enum status
abort_page(const struct search *search, const struct page *page, struct error *err)
{
    for (size_t index = 0; index < page->count; index++)
    {
        const struct unfinished *upload = &page->uploads[index];

        if (strncmp(upload->key, search->prefix, strlen(search->prefix)) != 0 ||
            upload->id[0] == '\0' || upload->initiated == 0 || upload->initiated >= search->before)
            continue;
        TRY(s3_upload_abort(search->store, upload->key, upload->id, 0, err));
        (*search->count)++;
    }
    return OK;
}

static enum status
search_page(struct search *search, bool *more, struct error *err)
{
    SCOPED(page_release) struct page page = {0};

    TRY(fetch_page(search, &page, err));
    TRY(abort_page(search, &page, err));
    *more = page.truncated;
    if (!page.truncated)
        return OK;
    if (page.next.key[0] == '\0' || (strcmp(page.next.key, search->next.key) == 0 &&
                                     strcmp(page.next.id, search->next.id) == 0))
        return error_set(err, STATUS_CORRUPT, "the listing of uploads in %s repeats itself",
                         search->store->base.location);
    search->next = page.next;
    return OK;
}

enum status
s3_unfinished_remove(struct store *base, const char *prefix, time_us before, uint64_t *count,
                     struct error *err)
{
    struct search search = {.store = (struct s3_store *) base, .before = before, .count = count};
    bool more;

    s3_store_full_key(search.store, prefix, search.prefix);
    do
        TRY(search_page(&search, &more, err));
    while (more);
    return OK;
}
