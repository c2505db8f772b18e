// SPDX-License-Identifier: PostgreSQL
#include "verify/dump_job.h"

#include "repo/dump_data.h"
#include "stream/sink.h"
#include "verify/object_job.h"

/* Some two million tables. */
#define DOCUMENT_LIMIT ((size_t) 256 << 20)

struct dump_job
{
    struct object_job object;
    const struct dump *dump; /* NULL: nothing to compare with */
    enum object_kind kind;
    bool gzip;
};

static enum status
compare_digest(const struct dump *dump, const struct digest *digest, struct error *err)
{
    char found[DIGEST_TEXT_SIZE];
    char expected[DIGEST_TEXT_SIZE];

    if (dump == NULL || digest_equal(digest, &dump->digest))
        return OK;
    digest_format(digest, found);
    digest_format(&dump->digest, expected);
    return error_set(err, STATUS_CORRUPT,
                     "its content has the SHA-256 digest %s, and pg_dump's output had %s", found,
                     expected);
}

static enum status
check_data(struct verify_context *context, const struct dump_job *job, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct digest digest = {{0}};

    TRY(sink_open_null(&sink, err));
    TRY(sink_push_digest(&sink, NULL, &digest, err));
    TRY(dump_data_push_open_stages(context->repo, job->object.key, job->gzip, &sink, err));
    TRY(context_read(context, job->object.key, &sink, err));
    return compare_digest(job->dump, &digest, err);
}

static enum status
check_globals(struct verify_context *context, const struct dump_job *job, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_null(&sink, err));
    return context_read_object(context, job->object.key, OBJECT_COMPRESSED, &sink, err);
}

static enum status
check_document(struct verify_context *context, const struct dump_job *job, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(DOCUMENT_LIMIT);
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(json_freep) json_t *document = NULL;
    SCOPED(json_freep) json_t *expected = NULL;
    const json_t *found;

    TRY(sink_open_buffer(&sink, &text, err));
    TRY(context_read_object(context, job->object.key, OBJECT_PLAIN, &sink, err));
    TRY(json_parse(buffer_bytes(&text), DOCUMENT_LIMIT, &document, err));
    TRY(member_object(document, "dump", &found, err));
    if (job->dump == NULL)
        return OK;
    expected = dump_to_json(job->dump);
    if (expected == NULL)
        return error_no_memory(err);
    if (json_equal(expected, found) != 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "it does not say of the dump what the log says");
}

static enum status
check_content(struct verify_context *context, const struct object_job *object, struct error *err)
{
    const struct dump_job *job = (const struct dump_job *) object;

    if (job->kind == OBJECT_KIND_DUMP)
        return check_data(context, job, err);
    if (job->kind == OBJECT_KIND_DUMP_DOCUMENT)
        return check_document(context, job, err);
    return check_globals(context, job, err);
}

enum status
dump_job_send(struct crew *crew, struct verify_context *context, const struct inventory_item *item,
              const struct object_name *name, const struct dump *dump, struct error *err)
{
    const struct dump_job job = {
        .object = {.check = check_content}, .dump = dump, .kind = name->kind, .gzip = name->gzip};

    return object_job_send(crew, context, item, &job.object, sizeof(job), err);
}
