// SPDX-License-Identifier: PostgreSQL
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

enum status
random_bytes(void *data, size_t size, struct error *err)
{
    char *next = data;

    while (size > 0)
    {
        ssize_t got = getrandom(next, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, "could not get random bytes");
        next += got;
        size -= (size_t) got;
    }
    return OK;
}
