// SPDX-License-Identifier: PostgreSQL
#include "base/sorter.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define RUN_BUFFER_SIZE (128 * 1024)
#define RUN_COUNT_MAX   4096

/* How a record stands in memory and in a run: two sizes, the key, the value. */
struct record_head
{
    uint32_t key_size;
    uint32_t value_size;
};

/* A sorted run in the temporary file, and where its reader is. */
struct run
{
    uint64_t offset; /* of what was not read yet */
    uint64_t end;
    struct buffer window;
    size_t at; /* of the present record in window */
    bool spent;
};

struct sorter
{
    size_t memory_limit;
    struct buffer records; /* one after another */
    size_t *order;         /* their offsets */
    size_t order_count;
    size_t order_capacity;
    int file;
    uint64_t file_size;
    struct run *runs; /* oldest first */
    size_t run_count;
    size_t next; /* in order, when nothing was spilled */
    bool started;
};

enum status
sorter_create(struct sorter **sorter, size_t memory_limit, struct error *err)
{
    struct sorter *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->memory_limit = memory_limit;
    made->records = BUFFER_INIT(memory_limit);
    made->file = -1;
    *sorter = made;
    return OK;
}

void
sorter_freep(struct sorter **sorter)
{
    struct sorter *gone = *sorter;

    if (gone == NULL)
        return;
    for (size_t index = 0; index < gone->run_count; index++)
        buffer_release(&gone->runs[index].window);
    free(gone->runs);
    free(gone->order);
    buffer_release(&gone->records);
    fd_closep(&gone->file);
    free(gone);
    *sorter = NULL;
}

static struct record_head
head_of(const uint8_t *record)
{
    struct record_head head;

    memcpy(&head, record, sizeof(head));
    return head;
}

static size_t
record_size(const uint8_t *record)
{
    struct record_head head = head_of(record);

    return sizeof(head) + head.key_size + head.value_size;
}

/* Order of keys by their bytes, a prefix first. */
static int
compare_records(const uint8_t *left, const uint8_t *right)
{
    struct record_head left_head = head_of(left);
    struct record_head right_head = head_of(right);
    size_t common =
        left_head.key_size < right_head.key_size ? left_head.key_size : right_head.key_size;
    int order = memcmp(left + sizeof(left_head), right + sizeof(right_head), common);

    if (order != 0)
        return order;
    return (left_head.key_size > right_head.key_size) - (left_head.key_size < right_head.key_size);
}

/* Equal keys keep the order in which they lie in memory. */
static int
compare_offsets(const void *left, const void *right, void *records)
{
    size_t left_offset = *(const size_t *) left;
    size_t right_offset = *(const size_t *) right;
    int order =
        compare_records((uint8_t *) records + left_offset, (uint8_t *) records + right_offset);

    if (order != 0)
        return order;
    return (left_offset > right_offset) - (left_offset < right_offset);
}

static void
sort_memory(struct sorter *sorter)
{
    if (sorter->order_count > 1)
        qsort_r(sorter->order, sorter->order_count, sizeof(*sorter->order), compare_offsets,
                sorter->records.data);
}

static enum status
add_run(struct sorter *sorter, uint64_t offset, struct error *err)
{
    struct run *grown;

    if (sorter->run_count == RUN_COUNT_MAX)
        return error_set(err, STATUS_NO_MEMORY, "too many records to sort");
    grown = realloc(sorter->runs, (sorter->run_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    sorter->runs = grown;
    sorter->runs[sorter->run_count++] = (struct run){
        .offset = offset,
        .end = sorter->file_size,
        .window = BUFFER_INIT(sorter->memory_limit),
    };
    return OK;
}

/* Write what memory holds as one sorted run. */
static enum status
spill(struct sorter *sorter, struct error *err)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(sorter->memory_limit);
    uint64_t offset = sorter->file_size;

    if (sorter->file < 0)
        TRY(file_temporary(&sorter->file, err));
    sort_memory(sorter);
    for (size_t index = 0; index < sorter->order_count; index++)
    {
        const uint8_t *record = sorter->records.data + sorter->order[index];

        TRY(buffer_append(&out, (struct bytes){record, record_size(record)}, err));
        if (out.size < RUN_BUFFER_SIZE && index + 1 < sorter->order_count)
            continue;
        TRY(fd_pwrite(sorter->file, buffer_bytes(&out), sorter->file_size, "temporary file", err));
        sorter->file_size += out.size;
        out.size = 0;
    }
    sorter->records.size = 0;
    sorter->order_count = 0;
    return add_run(sorter, offset, err);
}

static enum status
note_offset(struct sorter *sorter, struct error *err)
{
    if (sorter->order_count == sorter->order_capacity)
    {
        size_t capacity = sorter->order_capacity == 0 ? 1024 : sorter->order_capacity * 2;
        size_t *grown = realloc(sorter->order, capacity * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        sorter->order = grown;
        sorter->order_capacity = capacity;
    }
    sorter->order[sorter->order_count++] = sorter->records.size;
    return OK;
}

enum status
sorter_add(struct sorter *sorter, struct bytes key, struct bytes value, struct error *err)
{
    struct record_head head = {(uint32_t) key.size, (uint32_t) value.size};
    size_t size = sizeof(head) + key.size + value.size;

    if (key.size > UINT32_MAX || value.size > UINT32_MAX || size > sorter->memory_limit / 2)
        return error_set(err, STATUS_NO_MEMORY, "record of %zu bytes is too large to sort", size);
    /* The offsets count as memory too. */
    if (sorter->records.size + size + (sorter->order_count + 1) * sizeof(size_t) >
        sorter->memory_limit)
        TRY(spill(sorter, err));
    TRY(note_offset(sorter, err));
    TRY(buffer_append(&sorter->records, (struct bytes){(uint8_t *) &head, sizeof(head)}, err));
    TRY(buffer_append(&sorter->records, key, err));
    return buffer_append(&sorter->records, value, err);
}

/* Have at least size bytes from the run's present record on in its window. */
static enum status
fill_window(struct sorter *sorter, struct run *run, size_t size, struct error *err)
{
    uint64_t left = run->end - run->offset;
    size_t wanted;
    size_t got;

    if (run->window.size - run->at >= size)
        return OK;
    buffer_consume(&run->window, run->at);
    run->at = 0;
    wanted = size - run->window.size < RUN_BUFFER_SIZE ? RUN_BUFFER_SIZE : size - run->window.size;
    if (wanted > left)
        wanted = (size_t) left;
    TRY(buffer_reserve(&run->window, wanted, err));
    TRY(fd_pread(sorter->file, run->window.data + run->window.size, wanted, run->offset, &got,
                 "temporary file", err));
    if (got != wanted)
        return error_set(err, STATUS_IO, "temporary file ends too early");
    run->window.size += got;
    run->offset += got;
    return OK;
}

/* Bring the run's next record into its window whole, or note that there is none. */
static enum status
load_record(struct sorter *sorter, struct run *run, struct error *err)
{
    if (run->at == run->window.size && run->offset == run->end)
    {
        run->spent = true;
        return OK;
    }
    TRY(fill_window(sorter, run, sizeof(struct record_head), err));
    return fill_window(sorter, run, record_size(run->window.data + run->at), err);
}

enum status
sorter_sort(struct sorter *sorter, struct error *err)
{
    if (sorter->run_count == 0)
    {
        sort_memory(sorter);
        return OK;
    }
    TRY(spill(sorter, err));
    free(sorter->order);
    sorter->order = NULL;
    buffer_release(&sorter->records);
    for (size_t index = 0; index < sorter->run_count; index++)
        TRY(load_record(sorter, &sorter->runs[index], err));
    return OK;
}

static void
give(const uint8_t *record, struct bytes *key, struct bytes *value)
{
    struct record_head head = head_of(record);

    *key = (struct bytes){record + sizeof(head), head.key_size};
    *value = (struct bytes){record + sizeof(head) + head.key_size, head.value_size};
}

/* The run whose record comes first; of equals the oldest, which added first. */
static struct run *
first_run(struct sorter *sorter)
{
    struct run *first = NULL;

    for (size_t index = 0; index < sorter->run_count; index++)
    {
        struct run *run = &sorter->runs[index];

        if (!run->spent && (first == NULL || compare_records(run->window.data + run->at,
                                                             first->window.data + first->at) < 0))
            first = run;
    }
    return first;
}

enum status
sorter_next(struct sorter *sorter, bool *more, struct bytes *key, struct bytes *value,
            struct error *err)
{
    struct run *run;

    if (sorter->run_count == 0)
    {
        *more = sorter->next < sorter->order_count;
        if (*more)
            give(sorter->records.data + sorter->order[sorter->next++], key, value);
        return OK;
    }
    /* What was given last stays valid until now: only now its run goes on. */
    run = sorter->started ? first_run(sorter) : NULL;
    if (run != NULL)
    {
        run->at += record_size(run->window.data + run->at);
        TRY(load_record(sorter, run, err));
    }
    sorter->started = true;
    run = first_run(sorter);
    *more = run != NULL;
    if (*more)
        give(run->window.data + run->at, key, value);
    return OK;
}
