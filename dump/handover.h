// SPDX-License-Identifier: PostgreSQL
/*
 * handover.h - a small file in memory that a child opens by a path: what it shall
 * read, or write where a pipe would have to be read at the same time.
 *
 * Gone with the last process that has it open, however that ends.
 */
#pragma once

#include "base/bytes.h"

struct handover
{
    int fd;
    char path[32]; /* for a child that is started while it is open */
};

#define HANDOVER_INIT ((struct handover){.fd = -1})

NODISCARD enum status handover_open(struct handover *handover, struct error *err);

/* Append all that is in it to the buffer. */
NODISCARD enum status handover_read(const struct handover *handover, struct buffer *content,
                                    struct error *err);

/* For SCOPED on an initialised struct. */
void handover_close(struct handover *handover);
