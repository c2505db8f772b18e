// SPDX-License-Identifier: PostgreSQL
#include "dump/namesake.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TIME_SHAPE "00000000_000000"
#define TIME_SIZE  (sizeof(TIME_SHAPE) - 1)

static const char *const marks[] = {
    [NAMESAKE_RESTORE] = "_restore_",
    [NAMESAKE_BEFORE] = "_before_",
};

#define MARK_COUNT (sizeof(marks) / sizeof(marks[0]))

/* So many bytes of the database's name fit beside the mark and the time. */
static size_t
kept_bytes(const char *database, enum namesake kind)
{
    size_t room = DUMP_DATABASE_SIZE - 1 - strlen(marks[kind]) - TIME_SIZE;
    size_t size = strlen(database);

    if (size <= room)
        return size;
    /* Not in the middle of a character: its later bytes are 10xxxxxx. */
    while (room > 0 && ((unsigned char) database[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* "20261121_030000" */
static void
format_time(time_us now, char text[TIME_TEXT_SIZE])
{
    char name[TIME_TEXT_SIZE];
    size_t used = 0;

    time_format_name(now, name);
    for (const char *byte = name; *byte != '\0'; byte++)
        if (*byte == 'T')
            text[used++] = '_';
        else if (*byte != '-')
            text[used++] = *byte;
    text[used] = '\0';
}

void
namesake_make(const char *database, enum namesake kind, time_us now, char name[DUMP_DATABASE_SIZE])
{
    char time[TIME_TEXT_SIZE];

    format_time(now, time);
    snprintf(name, DUMP_DATABASE_SIZE, "%.*s%s%s", (int) kept_bytes(database, kind), database,
             marks[kind], time);
}

static bool
is_time(const char *text)
{
    for (size_t index = 0; index < TIME_SIZE; index++)
        if (TIME_SHAPE[index] == '0' ? !isdigit((unsigned char) text[index])
                                     : text[index] != TIME_SHAPE[index])
            return false;
    return text[TIME_SIZE] == '\0';
}

/* Where the mark begins; NULL: it is no such name. */
static const char *
find_mark(const char *name, enum namesake *kind)
{
    size_t size = strlen(name);

    for (size_t index = 0; index < MARK_COUNT; index++)
    {
        size_t tail = strlen(marks[index]) + TIME_SIZE;
        const char *mark;

        if (size <= tail)
            continue;
        mark = name + size - tail;
        if (strncmp(mark, marks[index], strlen(marks[index])) != 0 ||
            !is_time(mark + strlen(marks[index])))
            continue;
        *kind = (enum namesake) index;
        return mark;
    }
    return NULL;
}

bool
namesake_is(const char *name, enum namesake *kind)
{
    enum namesake found;

    if (find_mark(name, &found) == NULL)
        return false;
    if (kind != NULL)
        *kind = found;
    return true;
}

bool
namesake_is_of(const char *name, const char *database, enum namesake *kind)
{
    enum namesake found;
    const char *mark = find_mark(name, &found);

    if (mark == NULL || (size_t) (mark - name) != kept_bytes(database, found) ||
        strncmp(name, database, (size_t) (mark - name)) != 0)
        return false;
    if (kind != NULL)
        *kind = found;
    return true;
}
