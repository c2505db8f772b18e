// SPDX-License-Identifier: PostgreSQL
#include "verify/findings.h"

#include "base/json.h"
#include "base/sorter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SORTER_MEMORY ((size_t) 4 * 1024 * 1024)
#define RECORD_LIMIT  ((size_t) 16 * 1024)

struct findings
{
    pthread_mutex_t lock; /* guards what follows */
    struct sorter *sorter;
    uint64_t counts[VERIFY_SEVERITIES];
};

enum status
findings_create(struct findings **findings, struct error *err)
{
    SCOPED(findings_freep) struct findings *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    TRY(sorter_create(&made->sorter, SORTER_MEMORY, err));
    *findings = made;
    made = NULL;
    return OK;
}

void
findings_freep(struct findings **findings)
{
    if (*findings == NULL)
        return;
    sorter_freep(&(*findings)->sorter);
    pthread_mutex_destroy(&(*findings)->lock);
    free(*findings);
    *findings = NULL;
}

static bool
is_utf8(const char *text)
{
    SCOPED(json_freep) json_t *string = json_string(text);

    return string != NULL;
}

/*
 * A stranger may have named a file in the store: what he wrote goes to a
 * terminal and into JSON.
 */
static enum status
append_string(struct buffer *buffer, const char *text, struct error *err)
{
    bool utf8 = is_utf8(text);
    size_t begin = buffer->size;

    TRY(buffer_append(buffer, (struct bytes){(const uint8_t *) text, strlen(text) + 1}, err));
    for (uint8_t *at = buffer->data + begin; *at != '\0'; at++)
        if (*at < ' ' || *at == 0x7f || (*at >= 0x80 && !utf8))
            *at = '?';
    return OK;
}

/* The key begins with a digit that sorts the worst first. */
static enum status
format(const struct verify_finding *finding, struct buffer *key, struct buffer *value,
       struct error *err)
{
    TRY(buffer_append_text(key, err, "%d", VERIFY_SEVERITIES - finding->severity));
    TRY(append_string(key, finding->kind, err));
    TRY(append_string(key, finding->object, err));
    TRY(append_string(value, finding->text, err));
    return append_string(value, finding->hint, err);
}

enum status
findings_add(struct findings *findings, const struct verify_finding *finding, struct error *err)
{
    SCOPED(buffer_release) struct buffer key = BUFFER_INIT(RECORD_LIMIT);
    SCOPED(buffer_release) struct buffer value = BUFFER_INIT(RECORD_LIMIT);
    enum status status;

    TRY(format(finding, &key, &value, err));
    pthread_mutex_lock(&findings->lock);
    status = sorter_add(findings->sorter, buffer_bytes(&key), buffer_bytes(&value), err);
    findings->counts[finding->severity]++;
    pthread_mutex_unlock(&findings->lock);
    return status;
}

uint64_t
findings_count(struct findings *findings, enum verify_severity severity)
{
    uint64_t count;

    pthread_mutex_lock(&findings->lock);
    count = findings->counts[severity];
    pthread_mutex_unlock(&findings->lock);
    return count;
}

enum status
findings_sort(struct findings *findings, struct error *err)
{
    return sorter_sort(findings->sorter, err);
}

enum status
findings_next(struct findings *findings, bool *more, struct verify_finding *finding,
              struct error *err)
{
    struct bytes key;
    struct bytes value;
    const char *kind;

    TRY(sorter_next(findings->sorter, more, &key, &value, err));
    if (!*more)
        return OK;
    kind = (const char *) key.data + 1;
    *finding = (struct verify_finding){
        .severity = (enum verify_severity)(VERIFY_SEVERITIES - (key.data[0] - '0')),
        .kind = kind,
        .object = kind + strlen(kind) + 1,
        .text = (const char *) value.data,
    };
    finding->hint = finding->text + strlen(finding->text) + 1;
    return OK;
}

const char *
findings_severity_name(enum verify_severity severity)
{
    static const char *const names[] = {
        [VERIFY_INFORMATION] = "information",
        [VERIFY_WARNING] = "warning",
        [VERIFY_DOUBT] = "doubt",
        [VERIFY_DAMAGE] = "damage",
    };

    return names[severity];
}
