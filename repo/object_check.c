// SPDX-License-Identifier: PostgreSQL
/*
 * Two stages: one on top sees the stored bytes and learns the digest from the
 * first of them; one at the bottom sees the content and takes its digest.  No
 * content comes out before the whole head went in, so the bottom knows its key
 * in time.
 */
#include "repo/object_check.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

/* The bottom stage. */
struct content_sink
{
    struct sink base;
    struct repo *repo;
    struct digest expected;
    struct object_digest_key key;
    bool known; /* the two above */
    struct hasher *hasher;
};

static enum status
start_hasher(struct content_sink *sink, struct error *err)
{
    if (!sink->known)
        return error_set(err, STATUS_CORRUPT, "it carries no digest");
    return hasher_create(&sink->hasher, sink->key.keyed ? &sink->key.secret : NULL, err);
}

static enum status
content_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct content_sink *sink = (struct content_sink *) self;

    if (sink->hasher == NULL)
        TRY(start_hasher(sink, err));
    TRY(hasher_update(sink->hasher, chunk, err));
    return sink_write(self->next, chunk, err);
}

static enum status
content_finish(struct sink *self, struct error *err)
{
    struct content_sink *sink = (struct content_sink *) self;
    struct digest digest;

    if (sink->hasher == NULL)
        TRY(start_hasher(sink, err));
    TRY(hasher_finish(sink->hasher, &digest, err));
    if (!digest_equal(&digest, &sink->expected))
        return error_set(err, STATUS_CORRUPT, "its content is not what its digest was taken of");
    return sink_finish(self->next, err);
}

static void
content_free(struct sink *self)
{
    struct content_sink *sink = (struct content_sink *) self;

    hasher_freep(&sink->hasher);
    object_digest_key_wipe(&sink->key);
    free(sink);
}

static const struct sink_ops content_ops = {
    .name = "digest check",
    .write = content_write,
    .finish = content_finish,
    .free = content_free,
};

/* The top stage. */
struct head_sink
{
    struct sink base;
    struct content_sink *content; /* below, and freed after this one */
    uint8_t bytes[SEAL_HEADER_SIZE];
    size_t size;
};

static enum status
head_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct head_sink *sink = (struct head_sink *) self;
    struct content_sink *content = sink->content;
    size_t wanted = object_head_size(content->repo);

    if (sink->size < wanted)
    {
        size_t size = chunk.size < wanted - sink->size ? chunk.size : wanted - sink->size;

        memcpy(sink->bytes + sink->size, chunk.data, size);
        sink->size += size;
        if (sink->size == wanted)
            TRY(object_head_digest(content->repo, (struct bytes){sink->bytes, wanted},
                                   &content->expected, &content->key, err));
        content->known = sink->size == wanted;
    }
    return sink_write(self->next, chunk, err);
}

static enum status
head_finish(struct sink *self, struct error *err)
{
    return sink_finish(self->next, err);
}

static void
head_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops head_ops = {
    .name = "digest head",
    .write = head_write,
    .finish = head_finish,
    .free = head_free,
};

enum status
object_check_push_stages(struct repo *repo, const char *key, struct sink **sink, struct error *err)
{
    struct content_sink *content = calloc(1, sizeof(*content));
    struct head_sink *head;

    if (content == NULL)
        return error_no_memory(err);
    content->base.ops = &content_ops;
    content->repo = repo;
    sink_push(sink, &content->base);
    TRY(object_push_open_stages(repo, key, OBJECT_COMPRESSED, sink, err));
    head = calloc(1, sizeof(*head));
    if (head == NULL)
        return error_no_memory(err);
    head->base.ops = &head_ops;
    head->content = content;
    sink_push(sink, &head->base);
    return OK;
}
