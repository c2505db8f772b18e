// SPDX-License-Identifier: PostgreSQL
#include "repo/store_view.h"

#include "base/file.h"
#include "base/stop.h"
#include "stream/sink.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How long a stop request may wait for us to look. */
#define STOP_LATENCY_MS 250

struct store_view
{
    struct store base;
    struct store *target;
    struct store_view_options options;
    int64_t opened_ms;
    _Atomic uint64_t bytes; /* that have passed */
};

/* A stage on the way to somebody else's sink; it lives as long as one read. */
struct view_sink
{
    struct sink base;
    struct store_view *view;
    struct sink *into;
    bool flip; /* the next byte */
};

/* Wait until so many bytes may have passed. */
static enum status
keep_rate(const struct store_view *view, uint64_t bytes, struct error *err)
{
    int64_t due_ms;

    if (view->options.rate == 0)
        return OK;
    due_ms = view->opened_ms + (int64_t) ((double) bytes * 1000 / (double) view->options.rate);
    for (int64_t left = due_ms - clock_monotonic_ms(); left > 0;
         left = due_ms - clock_monotonic_ms())
    {
        TRY(stop_check(err));
        clock_pause_ms(left < STOP_LATENCY_MS ? left : STOP_LATENCY_MS);
    }
    return OK;
}

static enum status
view_sink_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct view_sink *sink = (struct view_sink *) self;

    TRY(keep_rate(sink->view, atomic_fetch_add(&sink->view->bytes, chunk.size), err));
    if (sink->flip && chunk.size > 0)
    {
        uint8_t flipped = chunk.data[0] ^ 1;

        sink->flip = false;
        TRY(sink_write(sink->into, (struct bytes){&flipped, 1}, err));
        chunk = (struct bytes){chunk.data + 1, chunk.size - 1};
    }
    return sink_write(sink->into, chunk, err);
}

static const struct sink_ops view_sink_ops = {
    .name = "view",
    .write = view_sink_write,
};

static bool
is_named(const char *name, const char *key)
{
    return name != NULL && strcmp(name, key) == 0;
}

/* An archived file may be kept in several places, always under its own name. */
static bool
is_hidden(const struct store_view *view, const char *key)
{
    return is_named(view->options.hidden, path_name(key));
}

static enum status
require_seen(const struct store_view *view, const char *key, struct error *err)
{
    if (!is_hidden(view, key))
        return OK;
    return error_set(err, STATUS_NOT_FOUND, "\"%s\" is hidden", key);
}

static enum status
view_read(struct store *base, const char *key, uint64_t offset, uint64_t length, struct sink *into,
          struct error *err)
{
    struct store_view *view = (struct store_view *) base;
    struct view_sink sink = {
        .base = {.ops = &view_sink_ops},
        .view = view,
        .into = into,
        .flip = is_named(view->options.flipped, key),
    };

    TRY(require_seen(view, key, err));
    return store_read(view->target, key, offset, length, &sink.base, err);
}

static enum status
view_size(struct store *base, const char *key, uint64_t *size_bytes, struct error *err)
{
    struct store_view *view = (struct store_view *) base;

    TRY(require_seen(view, key, err));
    return store_size(view->target, key, size_bytes, err);
}

struct view_listing
{
    const struct store_view *view;
    enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err);
    void *arg;
};

static enum status
visit_seen(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct view_listing *listing = arg;

    if (is_hidden(listing->view, key))
        return OK;
    return listing->visit(listing->arg, key, size_bytes, err);
}

static enum status
view_list(struct store *base, const char *prefix, const char *after,
          enum status (*visit)(void *arg, const char *key, uint64_t size_bytes, struct error *err),
          void *arg, struct error *err)
{
    struct store_view *view = (struct store_view *) base;
    struct view_listing listing = {view, visit, arg};

    return store_list(view->target, prefix, after, visit_seen, &listing, err);
}

static enum status
refuse(const struct store *base, struct error *err)
{
    return error_set(err, STATUS_REFUSED, "the view of \"%s\" can only be read", base->location);
}

static enum status
view_put(struct store *base, const char *key, struct bytes body, struct error *err)
{
    (void) key;
    (void) body;
    return refuse(base, err);
}

static enum status
view_create(struct store *base, const char *key, struct sink **sink, struct error *err)
{
    (void) key;
    (void) sink;
    return refuse(base, err);
}

static enum status
view_remove(struct store *base, const char *key, struct error *err)
{
    (void) key;
    return refuse(base, err);
}

static enum status
view_remove_unfinished(struct store *base, const char *prefix, time_us before, uint64_t *count,
                       struct error *err)
{
    (void) prefix;
    (void) before;
    (void) count;
    return refuse(base, err);
}

static enum status
view_server_time(struct store *base, time_us *now, struct error *err)
{
    return store_server_time(((struct store_view *) base)->target, now, err);
}

static void
view_free(struct store *base)
{
    free(base->location);
    free(base);
}

static const struct store_ops view_ops = {
    .name = "view",
    .put = view_put,
    .create = view_create,
    .read = view_read,
    .size = view_size,
    .list = view_list,
    .remove = view_remove,
    .remove_unfinished = view_remove_unfinished,
    .server_time = view_server_time,
    .free = view_free,
};

enum status
store_open_view(struct store **store, struct store *target,
                const struct store_view_options *options, struct error *err)
{
    struct store_view *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    *made = (struct store_view){
        .base = {.ops = &view_ops,
                 .location = strdup(target->location),
                 .single_writer = target->single_writer},
        .target = target,
        .options = *options,
        .opened_ms = clock_monotonic_ms(),
    };
    *store = &made->base;
    if (made->base.location != NULL)
        return OK;
    store_freep(store);
    return error_no_memory(err);
}

uint64_t
store_view_bytes(const struct store *view)
{
    return atomic_load(&((const struct store_view *) view)->bytes);
}
