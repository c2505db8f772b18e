// SPDX-License-Identifier: PostgreSQL
#include "dump/usual_size.h"

#include <string.h>

#define LARGE_FACTOR 5

/* Before there are so many, a database is young, and grows by any factor. */
#define LARGE_COUNT 3

static void
take(struct usual_size *usual, uint64_t raw_bytes)
{
    if (usual->count == 0 || raw_bytes < usual->smallest)
        usual->smallest = raw_bytes;
    if (usual->count == 0 || raw_bytes > usual->largest)
        usual->largest = raw_bytes;
    usual->count++;
}

struct usual_size
usual_size_of(const struct catalog *catalog, const struct dump *dump)
{
    struct usual_size usual = {0};

    for (size_t index = catalog->dump_count; index-- > 0 && usual.count < USUAL_SIZE_COUNT;)
    {
        const struct dump *earlier = &catalog->dumps[index];

        if (strcmp(earlier->database, dump->database) == 0 && earlier->format == dump->format &&
            !earlier->suspicious)
            take(&usual, earlier->raw_bytes);
    }
    return usual;
}

bool
usual_size_is_small(const struct usual_size *usual, uint64_t raw_bytes)
{
    return usual->count > 0 && raw_bytes < usual->smallest &&
           raw_bytes < usual->smallest - raw_bytes;
}

bool
usual_size_is_large(const struct usual_size *usual, uint64_t raw_bytes)
{
    return usual->count >= LARGE_COUNT && raw_bytes > 0 &&
           (raw_bytes - 1) / LARGE_FACTOR >= usual->largest;
}
