// SPDX-License-Identifier: PostgreSQL
#include "pg/command_setting.h"

#include <string.h>

static bool
is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+:=@,%";

    return word[0] != '\0' && word[strspn(word, plain)] == '\0';
}

enum status
pg_command_setting_word(struct buffer *command, const char *word, struct error *err)
{
    const char *quote = is_plain(word) ? "" : "'";

    TRY(buffer_append(command, bytes_of(quote), err));
    for (; *word != '\0'; word++)
    {
        if (*word == '\'')
            TRY(buffer_append(command, BYTES("'\\''"), err));
        else if (*word == '%')
            TRY(buffer_append(command, BYTES("%%"), err));
        else
            TRY(buffer_append(command, (struct bytes){(const uint8_t *) word, 1}, err));
    }
    return buffer_append(command, bytes_of(quote), err);
}
