// SPDX-License-Identifier: PostgreSQL
#include "dump/document.h"

#include "repo/object.h"

#include <stdlib.h>
#include <string.h>

/* Some two million tables. */
#define DOCUMENT_LIMIT ((size_t) 256 << 20)

/* The members that are one text each. */
static const struct
{
    const char *name;
    size_t offset;
} text_members[] = {
    {"tool", offsetof(struct dump_document, tool)},
    {"server", offsetof(struct dump_document, server)},
    {"encoding", offsetof(struct dump_document, encoding)},
    {"collate", offsetof(struct dump_document, collate)},
    {"ctype", offsetof(struct dump_document, ctype)},
    {"locale_provider", offsetof(struct dump_document, locale_provider)},
    {"locale", offsetof(struct dump_document, locale)},
    {"icu_rules", offsetof(struct dump_document, icu_rules)},
    {"owner", offsetof(struct dump_document, owner)},
    {"last_words", offsetof(struct dump_document, last_words)},
};

static const struct
{
    const char *name;
    size_t offset;
} list_members[] = {
    {"arguments", offsetof(struct dump_document, arguments)},
    {"roles", offsetof(struct dump_document, roles)},
    {"extensions", offsetof(struct dump_document, extensions)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char **
text_at(const struct dump_document *document, size_t offset)
{
    return (char **) ((uint8_t *) document + offset);
}

static struct dump_texts *
list_at(const struct dump_document *document, size_t offset)
{
    return (struct dump_texts *) ((uint8_t *) document + offset);
}

enum status
dump_texts_add(struct dump_texts *texts, const char *text, struct error *err)
{
    char **grown = realloc(texts->items, (texts->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    texts->items = grown;
    grown[texts->count] = strdup(text);
    if (grown[texts->count] == NULL)
        return error_no_memory(err);
    texts->count++;
    return OK;
}

void
dump_texts_release(struct dump_texts *texts)
{
    for (size_t index = 0; index < texts->count; index++)
        free(texts->items[index]);
    free(texts->items);
    *texts = (struct dump_texts){0};
}

void
dump_document_release(struct dump_document *document)
{
    for (size_t index = 0; index < COUNT(text_members); index++)
        free(*text_at(document, text_members[index].offset));
    for (size_t index = 0; index < COUNT(list_members); index++)
        dump_texts_release(list_at(document, list_members[index].offset));
    for (size_t index = 0; index < document->table_count; index++)
    {
        free(document->tables[index].schema);
        free(document->tables[index].name);
    }
    free(document->tables);
    *document = (struct dump_document){0};
}

static json_t *
make_text(const void *items, size_t index)
{
    return json_text(((char *const *) items)[index]);
}

static json_t *
make_table(const void *items, size_t index)
{
    const struct dump_table *table = (const struct dump_table *) items + index;

    return json_pack("{s:o, s:o, s:I, s:b}", "schema", json_text(table->schema), "name",
                     json_text(table->name), "rows", (json_int_t) table->rows, "counted",
                     table->counted);
}

/* NULL when out of memory. */
static json_t *
document_to_json(const struct dump_document *document)
{
    json_t *object = json_object();
    int failed = object == NULL;

    failed |= json_object_set_new(object, "dump", dump_to_json(&document->dump));
    for (size_t index = 0; index < COUNT(text_members); index++)
    {
        const char *text = *text_at(document, text_members[index].offset);

        failed |= json_object_set_new(object, text_members[index].name,
                                      json_text(text == NULL ? "" : text));
    }
    for (size_t index = 0; index < COUNT(list_members); index++)
    {
        const struct dump_texts *list = list_at(document, list_members[index].offset);

        failed |= json_object_set_new(object, list_members[index].name,
                                      json_array_of(list->count, make_text, list->items));
    }
    failed |= json_object_set_new(
        object, "tables", json_array_of(document->table_count, make_table, document->tables));
    if (failed)
        json_freep(&object);
    return object;
}

enum status
dump_document_store(struct repo *repo, const struct dump_document *document, struct error *err)
{
    SCOPED(json_freep) json_t *object = document_to_json(document);
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(DOCUMENT_LIMIT);
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];

    if (object == NULL)
        return error_no_memory(err);
    dump_id(&document->dump, id);
    TRY(dump_key(repo, id, DUMP_EXTENSION_DOCUMENT, key, err));
    TRY(json_append(object, &text, err));
    TRY(buffer_append(&text, BYTES("\n"), err));
    return object_put(repo, key, OBJECT_PLAIN, buffer_bytes(&text), err);
}

static enum status
copy(const char *text, char **into, struct error *err)
{
    *into = strdup(text);
    return *into == NULL ? error_no_memory(err) : OK;
}

static enum status
read_texts(const json_t *object, struct dump_document *document, struct error *err)
{
    for (size_t index = 0; index < COUNT(text_members); index++)
    {
        const char *text;

        TRY(member_text(object, text_members[index].name, &text, err));
        TRY(copy(text, text_at(document, text_members[index].offset), err));
    }
    return OK;
}

static enum status
read_list(const json_t *object, const char *name, struct dump_texts *texts, struct error *err)
{
    const json_t *list;

    TRY(member_array(object, name, &list, err));
    for (size_t index = 0; index < json_array_size(list); index++)
    {
        const char *text = json_string_value(json_array_get(list, index));

        if (text == NULL)
            return error_set(err, STATUS_CORRUPT, "member \"%s\": expected texts", name);
        TRY(dump_texts_add(texts, text, err));
    }
    return OK;
}

static enum status
read_table(const json_t *object, struct dump_table *table, struct error *err)
{
    const char *schema;
    const char *name;

    if (!json_is_object(object))
        return error_set(err, STATUS_CORRUPT, "member \"tables\": expected objects");
    TRY(member_text(object, "schema", &schema, err));
    TRY(member_text(object, "name", &name, err));
    TRY(member_i64(object, "rows", &table->rows, err));
    TRY(member_bool(object, "counted", &table->counted, err));
    TRY(copy(schema, &table->schema, err));
    return copy(name, &table->name, err);
}

static enum status
read_tables(const json_t *object, struct dump_document *document, struct error *err)
{
    const json_t *list;

    TRY(member_array(object, "tables", &list, err));
    document->tables = calloc(json_array_size(list) + 1, sizeof(*document->tables));
    if (document->tables == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < json_array_size(list); index++)
    {
        document->table_count++; /* before: what is half read is to be freed too */
        TRY(read_table(json_array_get(list, index), &document->tables[index], err));
    }
    return OK;
}

/* A document that was put in the place of another one says so. */
static enum status
check_id(const struct dump_document *document, const char *id, struct error *err)
{
    char found[DUMP_ID_SIZE];

    dump_id(&document->dump, found);
    if (strcmp(found, id) == 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "it is of dump \"%s\"", found);
}

static enum status
read_document(struct bytes text, const char *id, struct dump_document *document, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    const json_t *dump;

    TRY(json_parse(text, DOCUMENT_LIMIT, &object, err));
    TRY(member_object(object, "dump", &dump, err));
    TRY(dump_from_json(dump, &document->dump, err));
    TRY(check_id(document, id, err));
    TRY(read_texts(object, document, err));
    for (size_t index = 0; index < COUNT(list_members); index++)
        TRY(read_list(object, list_members[index].name,
                      list_at(document, list_members[index].offset), err));
    return read_tables(object, document, err);
}

enum status
dump_document_load(struct repo *repo, const char *id, struct dump_document *document,
                   struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(DOCUMENT_LIMIT);
    char key[STORE_KEY_MAX + 1];
    enum status status;

    TRY(dump_key(repo, id, DUMP_EXTENSION_DOCUMENT, key, err));
    TRY(object_get(repo, key, OBJECT_PLAIN, &text, err));
    status = read_document(buffer_bytes(&text), id, document, err);
    if (status != OK)
        error_context(err, "object \"%s\"", key);
    return status;
}
