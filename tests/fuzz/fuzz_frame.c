// SPDX-License-Identifier: PostgreSQL
#include "repo/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct repo repo; /* without encryption: what a thief with the key could write */
    static struct pack_reader *reader;
    const struct pack pack = {.size_bytes = PACK_SIZE};
    const struct frame_place place = {.number = 0, .offset = 64, .size = (uint32_t) size};
    struct bytes content;
    struct error err;

    if (reader == NULL && pack_reader_create(&reader, &repo, &err) != OK)
        return 0;
    if (pack_reader_turn(reader, &pack, &err) == OK &&
        pack_reader_open(reader, (struct bytes){data, size}, &place, &content, &err) == OK &&
        content.size > FRAME_SIZE)
        __builtin_trap();
    return 0;
}
