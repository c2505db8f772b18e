// SPDX-License-Identifier: PostgreSQL
#include "backup/records.h"

#include "base/sorter.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What the sorters keep under path, zero, kind, offset. */
enum record_kind
{
    RECORD_FILE,  /* a struct backup_file */
    RECORD_RANGE, /* a struct backup_range */
};

#define KEY_TAIL_SIZE (1 + 8)

struct backup_records
{
    pthread_mutex_t lock; /* guards the sorters while records are added */
    struct sorter *sorter;
    struct sorter *moved;
    char given[BACKUP_PATH_SIZE]; /* of the file that was given back last */
};

enum status
backup_records_create(struct backup_records **records, size_t sort_memory, struct error *err)
{
    SCOPED(backup_records_freep) struct backup_records *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    TRY(sorter_create(&made->sorter, sort_memory, err));
    TRY(sorter_create(&made->moved, sort_memory / 4, err));
    *records = made;
    made = NULL;
    return OK;
}

void
backup_records_freep(struct backup_records **records)
{
    struct backup_records *gone = *records;

    if (gone == NULL)
        return;
    sorter_freep(&gone->sorter);
    sorter_freep(&gone->moved);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *records = NULL;
}

static enum status
add(struct backup_records *records, struct sorter *sorter, const char *path, enum record_kind kind,
    uint64_t offset, struct bytes value, struct error *err)
{
    uint8_t key[BACKUP_PATH_SIZE + KEY_TAIL_SIZE];
    size_t size = strlen(path) + 1;
    uint64_t big_endian = htobe64(offset);
    enum status status;

    if (size > BACKUP_PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", path);
    memcpy(key, path, size);
    key[size] = (uint8_t) kind;
    memcpy(key + size + 1, &big_endian, sizeof(big_endian));
    pthread_mutex_lock(&records->lock);
    status = sorter_add(sorter, (struct bytes){key, size + KEY_TAIL_SIZE}, value, err);
    pthread_mutex_unlock(&records->lock);
    return status;
}

enum status
backup_records_add_file(struct backup_records *records, const char *path,
                        const struct backup_file *file, struct error *err)
{
    return add(records, records->sorter, path, RECORD_FILE, 0,
               (struct bytes){(const uint8_t *) file, sizeof(*file)}, err);
}

enum status
backup_records_add_range(struct backup_records *records, const char *path,
                         const struct backup_range *range, struct error *err)
{
    return add(records, records->sorter, path, RECORD_RANGE, range->offset,
               (struct bytes){(const uint8_t *) range, sizeof(*range)}, err);
}

enum status
backup_records_add_moved(struct backup_records *records, const char *path,
                         const struct backup_range *range, struct error *err)
{
    return add(records, records->moved, path, RECORD_RANGE, range->offset,
               (struct bytes){(const uint8_t *) range, sizeof(*range)}, err);
}

enum status
backup_records_sort(struct backup_records *records, struct error *err)
{
    TRY(sorter_sort(records->sorter, err));
    return sorter_sort(records->moved, err);
}

enum status
backup_records_next(struct backup_records *records, struct backup_record *record, bool *more,
                    struct error *err)
{
    struct bytes key;
    struct bytes value;
    const char *path;

    TRY(sorter_next(records->sorter, more, &key, &value, err));
    if (!*more)
        return OK;
    path = (const char *) key.data;
    *record = (struct backup_record){.is_file = key.data[strlen(path) + 1] == RECORD_FILE};
    if (!record->is_file)
    {
        memcpy(&record->range, value.data, sizeof(record->range));
        return OK;
    }
    memcpy(&record->file, value.data, sizeof(record->file));
    memcpy(records->given, path, strlen(path) + 1);
    record->file.file.path = records->given;
    return OK;
}

enum status
backup_records_next_moved(struct backup_records *records, const char **path,
                          struct backup_range *range, bool *more, struct error *err)
{
    struct bytes key;
    struct bytes value;

    TRY(sorter_next(records->moved, more, &key, &value, err));
    if (!*more)
        return OK;
    *path = (const char *) key.data;
    memcpy(range, value.data, sizeof(*range));
    return OK;
}
