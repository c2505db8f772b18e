// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/captured_log.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

void
captured_log_begin(struct captured_log *captured)
{
    struct error err = {0};

    assert_ok(file_temporary(&captured->file, &err));
    captured->standard_error = dup(STDERR_FILENO);
    assert_true(captured->standard_error >= 0);
    assert_true(dup2(captured->file, STDERR_FILENO) >= 0);
}

char *
captured_log_end(struct captured_log *captured)
{
    off_t size = lseek(captured->file, 0, SEEK_END);
    char *text = calloc(1, (size_t) size + 1);

    assert_true(dup2(captured->standard_error, STDERR_FILENO) >= 0);
    assert_non_null(text);
    assert_int_equal(pread(captured->file, text, (size_t) size, 0), size);
    close(captured->standard_error);
    close(captured->file);
    return text;
}
