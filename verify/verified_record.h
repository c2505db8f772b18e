// SPDX-License-Identifier: PostgreSQL
/*
 * verified_record.h - one object that was found good, and when.
 *
 * As a line of JSON in a memory (docs/format.md), and as a sorter's record.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/sorter.h"
#include "verify/frame_table.h"

#define VERIFIED_LINE_LIMIT ((size_t) 1 << 20)

/* A pack of more frames, which are tiny then, is remembered without them. */
#define VERIFIED_FRAMES_MAX 16384

/* Borrowed, as its frames are. */
struct verified_record
{
    const char *name; /* its key, relative to the cluster's */
    uint64_t size_bytes;
    time_us at;                 /* to the second in a memory */
    struct frame_table *frames; /* of a pack; else NULL */
};

/* {"name":"packs/ab/ab...","size":n,"at":seconds,"frames":[stored, content, ...]} and a line feed
 */
NODISCARD enum status verified_record_append(const struct verified_record *record,
                                             struct buffer *text, struct error *err);

/*
 * The name is borrowed from the object.  The record's frames are filled in, and
 * are NULL afterwards when the line has none.
 */
NODISCARD enum status verified_record_parse(const json_t *object, struct verified_record *record,
                                            struct error *err);

/* Add it to a sorter, by its name. */
NODISCARD enum status verified_record_sort(struct sorter *sorter,
                                           const struct verified_record *record, struct error *err);

/* The record of a sorter's value; its frames go into the table. */
NODISCARD enum status verified_record_decode(const char *name, struct bytes value,
                                             struct frame_table *frames,
                                             struct verified_record *record, struct error *err);

/* When the object of a sorter's value was verified. */
time_us verified_record_time(struct bytes value);
