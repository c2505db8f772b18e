// SPDX-License-Identifier: PostgreSQL
/* The file's beginning is the fuzzer's; it gets the checksum that its version wants. */
#include "pg/control.h"

#include "base/crc32c.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const struct
    {
        uint32_t versions[2];
        size_t crc_at;
    } layouts[] = {{{1300, 202209061}, 288},
                   {{1300, 202307071}, 288},
                   {{1700, 202406281}, 288},
                   {{1800, 202506291}, 292},
                   {{1905, 202610061}, 308}};
    uint8_t file[PG_CONTROL_FILE_SIZE] = {0};
    struct pg_control control;
    struct error err;
    size_t row;
    uint32_t crc;

    if (size < 1)
        return 0;
    row = input[0] % 6;
    memcpy(file, input + 1, size - 1 < sizeof(file) ? size - 1 : sizeof(file));
    if (row < 5)
    {
        memcpy(file + 8, layouts[row].versions, 8);
        crc = crc32c_update(CRC32C_INIT, (struct bytes){file, layouts[row].crc_at});
        crc = crc32c_finish(crc);
        memcpy(file + layouts[row].crc_at, &crc, 4);
    }
    if (pg_control_parse((struct bytes){file, sizeof(file)}, &control, &err) == OK &&
        pg_control_state_name(control.state) == NULL)
        abort();
    return 0;
}
