// SPDX-License-Identifier: PostgreSQL
#include "agent/dump_listing.h"

#include "agent/report.h"
#include "base/units.h"

#include <stdio.h>

static json_t *
row_to_json(const struct catalog *catalog, const struct dump *dump)
{
    json_t *object = dump_to_json(dump);
    char id[DUMP_ID_SIZE];

    dump_id(dump, id);
    json_object_set_new(object, "held", json_boolean(catalog_find_hold(catalog, id) != NULL));
    return object;
}

json_t *
dump_listing_to_json(const struct catalog *catalog)
{
    json_t *array = json_array();

    for (size_t index = 0; index < catalog->dump_count; index++)
        json_array_append_new(array, row_to_json(catalog, &catalog->dumps[index]));
    return array;
}

static enum status
add_row(struct table *table, const struct catalog *catalog, const struct dump *dump,
        struct error *err)
{
    char id[DUMP_ID_SIZE];
    char started[TIME_TEXT_SIZE];
    char duration[UNITS_TEXT_SIZE];
    char raw[UNITS_TEXT_SIZE];
    char stored[UNITS_TEXT_SIZE];
    char notes[32];

    dump_id(dump, id);
    /* The microseconds would only be noise here. */
    time_format(dump->started - dump->started % US_PER_SECOND, started);
    units_format_duration((dump->finished - dump->started) / 1000, duration);
    units_format_size(dump->raw_bytes, raw);
    units_format_size(dump->stored_bytes, stored);
    snprintf(notes, sizeof(notes), "%s%s", dump->suspicious ? "SUSPICIOUS " : "",
             catalog_find_hold(catalog, id) != NULL ? "held" : "");

    const char *const cells[] = {id, dump_extension(dump), started, duration, raw, stored, notes};

    return table_add(table, cells, err);
}

enum status
dump_listing_print(const struct catalog *catalog, struct error *err)
{
    static const struct table_column columns[] = {
        {"DUMP", false}, {"FORMAT", false}, {"STARTED", false}, {"TOOK", true},
        {"SIZE", true},  {"STORED", true},  {"", false},        {0},
    };
    SCOPED(table_release) struct table table = TABLE_INIT(columns);
    SCOPED(freep) const struct dump **sorted = NULL;

    if (catalog->dump_count == 0)
        return OK;
    TRY(catalog_sort_dumps(catalog, &sorted, err));
    for (size_t index = 0; index < catalog->dump_count; index++)
        TRY(add_row(&table, catalog, sorted[index], err));
    puts("");
    table_print(&table);
    return OK;
}
