// SPDX-License-Identifier: PostgreSQL
/* Whatever a service or a proxy replies is taken apart or refused, and its texts stay bounded. */
#include "s3/fault.h"
#include "s3/xml.h"

#include <stdlib.h>
#include <string.h>

static enum status
see(void *arg, const char *path, const char *text, struct error *err)
{
    (void) err;
    if (strlen(path) > 255 || strlen(text) > 65536)
        abort();
    ++*(size_t *) arg;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const struct bytes body = {input, size};
    struct fault fault;
    struct error err;
    size_t count = 0;
    bool found = false;
    enum status parsed = xml_each(body, see, &count, &err);

    fault_read(&fault, 404, body);
    /* Half a document is never an answer. */
    if (fault_status(&fault) == STATUS_NOT_FOUND && parsed != OK)
        abort();
    (void) fault_hint(&fault);
    (void) fault_action(&fault, 0);
    if (fault_in_success(&fault, body, "ListBucketResult", &found, &err) == OK && parsed != OK)
        abort();
    return 0;
}
