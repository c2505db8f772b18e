// SPDX-License-Identifier: PostgreSQL
#include "manual/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

static void
print_title(FILE *out, const char *name)
{
    for (; *name != '\0'; name++)
    {
        char letter = (char) toupper((unsigned char) *name);

        roff_text_of(out, ROFF_ROMAN, &letter, 1);
    }
}

void
roff_page(FILE *out, const char *name, int section, const char *summary)
{
    /* The first line asks for tbl(1).  There is no date: it would be the build's. */
    fputs("'\\\" t\n"
          ".\\\" Made of the program's own tables; see manual/ in its sources.\n"
          ".nr HY 0\n"
          ".TH \"",
          out);
    print_title(out, name);
    fprintf(out,
            "\" \"%d\" \"\" \"Redoubt " REDOUBT_VERSION "\" \"Redoubt\"\n"
            ".nh\n"
            ".ad l\n"
            ".SH \"NAME\"\n",
            section);
    roff_text(out, ROFF_ROMAN, name);
    fputs(" \\- ", out);
    roff_text(out, ROFF_ROMAN, summary);
    fputc('\n', out);
}

static void
print_heading(FILE *out, const char *macro, const char *title)
{
    fprintf(out, ".%s \"", macro);
    roff_text(out, ROFF_ROMAN, title);
    fputs("\"\n", out);
}

void
roff_section(FILE *out, const char *title)
{
    print_heading(out, "SH", title);
}

void
roff_subsection(FILE *out, const char *title)
{
    print_heading(out, "SS", title);
}

/* What groff would take for something else, or set as another character; see groff_char(7). */
static const char *
escape_of(char letter)
{
    switch (letter)
    {
    case '\\':
        return "\\(rs";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '"':
        return "\\(dq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    }
    return NULL;
}

/* How many bytes the UTF-8 character has, and which it is; 1 for a byte that begins none. */
static size_t
read_character(const char *text, size_t length, uint32_t *character)
{
    uint8_t first = (uint8_t) text[0];
    size_t size = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;

    *character = first;
    if (size == 1 || size > length)
        return 1;
    *character = first & (0x7fU >> size);
    for (size_t index = 1; index < size; index++)
        *character = *character << 6 | ((uint8_t) text[index] & 0x3fU);
    return size;
}

/* One character of text; returns how many bytes it had. */
static size_t
print_character(FILE *out, const char *text, size_t length)
{
    const char *escape = escape_of(text[0]);
    uint32_t character;
    size_t size = read_character(text, length, &character);

    if (escape != NULL)
        fputs(escape, out);
    else if (character >= 0x80)
        fprintf(out, "\\[u%04X]", (unsigned) character);
    else
        fputc(text[0], out);
    return size;
}

void
roff_text_of(FILE *out, enum roff_font font, const char *text, size_t length)
{
    static const char *const begins[] = {"", "\\fB", "\\fI"};
    size_t index = 0;

    /* At a line's beginning a period would be a macro's; elsewhere \& is nothing. */
    if (length > 0 && text[0] == '.')
        fputs("\\&", out);
    fputs(begins[font], out);
    while (index < length)
    {
        bool blank = isspace((unsigned char) text[index]);

        while (blank && index + 1 < length && isspace((unsigned char) text[index + 1]))
            index++;
        if (blank)
        {
            fputc(' ', out);
            index++;
        }
        else
            index += print_character(out, text + index, length - index);
    }
    if (font != ROFF_ROMAN)
        fputs("\\fR", out);
}

void
roff_text(FILE *out, enum roff_font font, const char *text)
{
    roff_text_of(out, font, text, strlen(text));
}

/* How long the option is that the text begins with, such as "--take-over"; 0: it is none. */
static size_t
option_length(const char *text)
{
    size_t name = strncmp(text, "--", 2) == 0 ? strspn(text + 2, LETTERS "-") : 0;

    while (name > 0 && text[1 + name] == '-')
        name--;
    return name == 0 ? 0 : 2 + name;
}

static void
print_paragraph(FILE *out, const char *text, size_t length)
{
    size_t begin = 0;

    for (size_t index = 0; index < length; index++)
    {
        size_t option = option_length(text + index);

        if (option == 0)
            continue;
        roff_text_of(out, ROFF_ROMAN, text + begin, index - begin);
        roff_text_of(out, ROFF_BOLD, text + index, option);
        index += option - 1;
        begin = index + 1;
    }
    roff_text_of(out, ROFF_ROMAN, text + begin, length - begin);
    fputc('\n', out);
}

static void
print_prose(FILE *out, const char *text, const char *between)
{
    for (;;)
    {
        const char *end = strstr(text, "\n\n");

        print_paragraph(out, text, end == NULL ? strlen(text) : (size_t) (end - text));
        if (end == NULL)
            return;
        fprintf(out, "%s\n", between);
        text = end + 2;
    }
}

void
roff_prose(FILE *out, const char *text)
{
    print_prose(out, text, ".PP");
}

void
roff_prose_of_label(FILE *out, const char *text)
{
    print_prose(out, text, ".IP");
}

void
roff_reference(FILE *out, const char *name, int section)
{
    roff_text(out, ROFF_BOLD, name);
    fprintf(out, "(%d)", section);
}

void
roff_verbatim(FILE *out, const char *line, size_t length)
{
    size_t index = 0;

    if (length > 0 && line[0] == '.')
        fputs("\\&", out);
    while (index < length)
        index += print_character(out, line + index, length - index);
    fputc('\n', out);
}
