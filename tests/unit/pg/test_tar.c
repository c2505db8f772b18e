// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/tar.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK 512

/* What came out, one line for each call. */
struct seen
{
    char text[4096];
    struct pg_tar_member member;
    enum status answer;
};

static void
note(struct seen *seen, const char *word, const char *what, uint64_t number)
{
    size_t used = strlen(seen->text);

    snprintf(seen->text + used, sizeof(seen->text) - used, "%s %s %llu\n", word, what,
             (unsigned long long) number);
}

static enum status
see_begin(void *arg, const struct pg_tar_member *member, struct error *err)
{
    static const char *const types[] = {"file", "directory", "symlink"};
    struct seen *seen = arg;

    if (seen->answer != OK)
        return error_set(err, seen->answer, "seen enough");
    seen->member = *member;
    note(seen, types[member->type], member->path, member->size_bytes);
    if (member->link_target[0] != '\0')
        note(seen, "to", member->link_target, 0);
    return OK;
}

/* Data is joined, so that pieces do not show. */
static enum status
see_data(void *arg, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->text);

    (void) err;
    if (used + bytes.size < sizeof(seen->text))
        memcpy(seen->text + used, bytes.data, bytes.size);
    return OK;
}

static enum status
see_end(void *arg, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    strcat(seen->text, ".\n");
    return OK;
}

static void
set_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (int index = 0; index < BLOCK; index++)
        sum += header[index];
    snprintf((char *) header + 148, 8, "%06o", sum);
}

struct entry
{
    const char *name;
    char type;
    const char *content;
    const char *link_target;
};

static void
make_header(uint8_t header[BLOCK], const struct entry *entry, size_t size)
{
    memset(header, 0, BLOCK);
    memcpy(header, entry->name, strlen(entry->name));
    memcpy(header + 100, "0000600", 7);
    memcpy(header + 108, "0000000", 7);
    memcpy(header + 116, "0000000", 7);
    snprintf((char *) header + 124, 12, "%011zo", size);
    memcpy(header + 136, "14767250516", 11);
    header[156] = (uint8_t) entry->type;
    if (entry->link_target != NULL)
        memcpy(header + 157, entry->link_target, strlen(entry->link_target));
    memcpy(header + 257, "ustar\00000", 8);
    memcpy(header + 265, "postgres", 8);
    memcpy(header + 297, "postgres", 8);
    set_checksum(header);
}

static void
add(struct buffer *archive, struct entry entry)
{
    static const uint8_t zeros[BLOCK];
    size_t size = entry.content == NULL ? 0 : strlen(entry.content);
    uint8_t header[BLOCK];
    struct error err;

    make_header(header, &entry, size);
    assert_ok(buffer_append(archive, (struct bytes){header, BLOCK}, &err));
    if (size == 0)
        return;
    assert_ok(buffer_append(archive, bytes_of(entry.content), &err));
    assert_ok(buffer_append(archive, (struct bytes){zeros, (BLOCK - size % BLOCK) % BLOCK}, &err));
}

static void
add_zeros(struct buffer *archive, size_t count)
{
    static const uint8_t zeros[BLOCK];
    struct error err;

    for (size_t block = 0; block < count; block++)
        assert_ok(buffer_append(archive, (struct bytes){zeros, BLOCK}, &err));
}

static void
make_archive(struct buffer *archive)
{
    char block[BLOCK + 1] = {0};

    memset(block, 'x', BLOCK);
    add(archive, (struct entry){"backup_label", '0', "START WAL LOCATION\n", NULL});
    add(archive, (struct entry){"base/", '5', NULL, NULL});
    add(archive, (struct entry){"./pg_wal/archive_status/", '5', NULL, NULL});
    add(archive, (struct entry){"base/5/1259", '0', NULL, NULL});
    add(archive, (struct entry){"base/5/2619", '0', block, NULL});
    add(archive, (struct entry){"pg_tblspc/16384/", '2', NULL, "/srv/fast"});
    add_zeros(archive, 2);
}

static enum status
read_archive(struct bytes archive, size_t piece_size, bool end_optional, struct seen *seen,
             struct error *err)
{
    SCOPED(pg_tar_reader_freep) struct pg_tar_reader *reader = NULL;
    struct pg_tar_handler handler = {see_begin, see_data, see_end, seen};

    TRY(pg_tar_reader_create(&reader, &handler, err));
    for (size_t at = 0; at < archive.size; at += piece_size)
    {
        size_t left = archive.size - at;
        struct bytes piece = {archive.data + at, left < piece_size ? left : piece_size};

        TRY(pg_tar_reader_feed(reader, piece, err));
    }
    return pg_tar_reader_finish(reader, end_optional, err);
}

static void
members_come_in_order_in_any_pieces(void **state)
{
    (void) state;
    static const size_t sizes[] = {1, 7, 511, 512, 513, 4096};
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    char block[BLOCK + 1] = {0};
    char want[2048];

    memset(block, 'x', BLOCK);
    make_archive(&archive);
    snprintf(want, sizeof(want),
             "file backup_label 19\nSTART WAL LOCATION\n.\n"
             "directory base 0\n.\n"
             "directory pg_wal/archive_status 0\n.\n"
             "file base/5/1259 0\n.\n"
             "file base/5/2619 512\n%s.\n"
             "symlink pg_tblspc/16384 0\nto /srv/fast 0\n.\n",
             block);

    for (size_t row = 0; row < sizeof(sizes) / sizeof(sizes[0]); row++)
    {
        struct seen seen = {0};
        struct error err;

        assert_ok(read_archive(buffer_bytes(&archive), sizes[row], false, &seen, &err));
        assert_string_equal(seen.text, want);
    }
}

static void
mode_and_time_are_read(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    struct seen seen = {0};
    struct error err;

    add(&archive, (struct entry){"a", '0', "x", NULL});
    assert_ok(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err));
    assert_int_equal(seen.member.mode, 0600);
    assert_int_equal(seen.member.mtime, 014767250516);
}

static void
a_name_may_fill_its_field(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    char name[101] = {0};
    struct seen seen = {0};
    struct error err;

    memset(name, 'n', 100);
    add(&archive, (struct entry){name, '0', NULL, NULL});
    assert_ok(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err));
    assert_non_null(strstr(seen.text, name));
}

static void
a_size_of_8_gib_is_in_base_256(void **state)
{
    (void) state;
    uint8_t header[BLOCK];
    struct seen seen = {0};
    struct error err;

    make_header(header, &(struct entry){"huge", '0', NULL, NULL}, 0);
    memset(header + 124, 0, 12);
    header[124] = 0x80;
    header[131] = 2; /* 8 GiB */
    header[135] = 1;
    set_checksum(header);
    assert_status(read_archive((struct bytes){header, BLOCK}, 4096, true, &seen, &err),
                  STATUS_CORRUPT);
    assert_message("cut off after 512 bytes");
    assert_string_equal(seen.text, "file huge 8589934593\n");
}

static void
a_size_beyond_reason_is_corrupt(void **state)
{
    (void) state;
    uint8_t header[BLOCK];
    struct seen seen = {0};
    struct error err;

    make_header(header, &(struct entry){"huge", '0', NULL, NULL}, 0);
    memset(header + 124, 0xff, 12);
    header[124] = 0x80;
    set_checksum(header);
    assert_status(read_archive((struct bytes){header, BLOCK}, 4096, true, &seen, &err),
                  STATUS_CORRUPT);
    assert_message("malformed number");
}

static void
members_that_a_server_would_not_send_are_refused(void **state)
{
    (void) state;
    static const struct
    {
        struct entry entry;
        const char *message;
    } rows[] = {
        {{"/etc/passwd", '0', NULL, NULL}, "path that leaves"},
        {{"../outside", '0', NULL, NULL}, "path that leaves"},
        {{"base/../../outside", '0', NULL, NULL}, "path that leaves"},
        {{".//etc/passwd", '0', NULL, NULL}, "path that leaves"},
        {{"./../outside", '0', NULL, NULL}, "path that leaves"},
        {{"./", '5', NULL, NULL}, "path that leaves"},
        {{"base//", '5', NULL, NULL}, "path that leaves"},
        {{"base/", '0', NULL, NULL}, "path that leaves"},
        {{"", '0', NULL, NULL}, "path that leaves"},
        {{"a\nb", '0', NULL, NULL}, "path that leaves"},
        {{"link", '1', NULL, "target"}, "no file, directory or symbolic link"},
        {{"device", '3', NULL, NULL}, "no file, directory or symbolic link"},
        {{"global", 'g', NULL, NULL}, "no file, directory or symbolic link"},
        {{"extended", 'x', NULL, NULL}, "no file, directory or symbolic link"},
        {{"long", 'L', NULL, NULL}, "no file, directory or symbolic link"},
        {{"old", '\0', NULL, NULL}, "no file, directory or symbolic link"},
        {{"directory", '5', "content", NULL}, "with content"},
        {{"link", '2', NULL, NULL}, "link target"},
        {{"file", '0', NULL, "target"}, "link target"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
        struct seen seen = {0};
        struct error err;

        add(&archive, rows[row].entry);
        assert_status(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err),
                      STATUS_CORRUPT);
        assert_message(rows[row].message);
        assert_string_equal(seen.text, "");
    }
}

static void
each_changed_byte_of_a_header_is_found(void **state)
{
    (void) state;

    for (size_t at = 0; at < BLOCK; at++)
    {
        uint8_t header[BLOCK];
        struct seen seen = {0};
        struct error err;

        make_header(header, &(struct entry){"backup_label", '0', NULL, NULL}, 0);
        header[at] ^= 0x01;
        /* Behind the checksum's digits nobody looks at more than white space. */
        if (at == 154 || at == 155)
            continue;
        assert_status(read_archive((struct bytes){header, BLOCK}, 4096, true, &seen, &err),
                      STATUS_CORRUPT);
        assert_message("wrong header checksum");
    }
}

static void
another_kind_of_tar_is_refused(void **state)
{
    (void) state;
    uint8_t header[BLOCK];
    struct seen seen = {0};
    struct error err;

    make_header(header, &(struct entry){"file", '0', NULL, NULL}, 0);
    memcpy(header + 257, "ustar  ", 8);
    set_checksum(header);
    assert_status(read_archive((struct bytes){header, BLOCK}, 4096, true, &seen, &err),
                  STATUS_CORRUPT);
    assert_message("another kind of tar");

    make_header(header, &(struct entry){"file", '0', NULL, NULL}, 0);
    memcpy(header + 345, "prefix", 6);
    set_checksum(header);
    assert_status(read_archive((struct bytes){header, BLOCK}, 4096, true, &seen, &err),
                  STATUS_CORRUPT);
    assert_message("another kind of tar");
}

static void
an_archive_cut_anywhere_is_corrupt(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);

    make_archive(&archive);
    for (size_t size = 0; size < archive.size; size++)
    {
        struct seen seen = {0};
        struct error err;

        assert_status(read_archive((struct bytes){archive.data, size}, 4096, false, &seen, &err),
                      STATUS_CORRUPT);
        assert_message("cut off");
    }
}

static void
the_end_may_be_left_out_only_between_members_and_when_told(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    struct seen seen = {0};
    struct error err;

    add(&archive, (struct entry){"a", '0', "content", NULL});
    assert_ok(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err));
    assert_status(read_archive(buffer_bytes(&archive), 4096, false, &seen, &err), STATUS_CORRUPT);
    archive.size--;
    assert_status(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err), STATUS_CORRUPT);
}

static void
after_the_end_come_zeros_or_nothing(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    struct seen seen = {0};
    struct error err;

    make_archive(&archive);
    add_zeros(&archive, 10);
    assert_ok(read_archive(buffer_bytes(&archive), 700, false, &seen, &err));
    archive.data[archive.size - 1] = 1;
    assert_status(read_archive(buffer_bytes(&archive), 700, false, &seen, &err), STATUS_CORRUPT);
    assert_message("data after the end");
}

static void
one_block_of_zeros_is_no_end(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    struct seen seen = {0};
    struct error err;

    add_zeros(&archive, 1);
    assert_status(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err), STATUS_CORRUPT);
    add(&archive, (struct entry){"a", '0', NULL, NULL});
    assert_status(read_archive(buffer_bytes(&archive), 4096, true, &seen, &err), STATUS_CORRUPT);
    assert_message("member after a block of zeros");
}

static void
the_callers_failure_comes_back(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer archive = BUFFER_INIT(64 * 1024);
    struct seen seen = {.answer = STATUS_CANCELLED};
    struct error err;

    make_archive(&archive);
    assert_status(read_archive(buffer_bytes(&archive), 4096, false, &seen, &err), STATUS_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_order_in_any_pieces),
        cmocka_unit_test(mode_and_time_are_read),
        cmocka_unit_test(a_name_may_fill_its_field),
        cmocka_unit_test(a_size_of_8_gib_is_in_base_256),
        cmocka_unit_test(a_size_beyond_reason_is_corrupt),
        cmocka_unit_test(members_that_a_server_would_not_send_are_refused),
        cmocka_unit_test(each_changed_byte_of_a_header_is_found),
        cmocka_unit_test(another_kind_of_tar_is_refused),
        cmocka_unit_test(an_archive_cut_anywhere_is_corrupt),
        cmocka_unit_test(the_end_may_be_left_out_only_between_members_and_when_told),
        cmocka_unit_test(after_the_end_come_zeros_or_nothing),
        cmocka_unit_test(one_block_of_zeros_is_no_end),
        cmocka_unit_test(the_callers_failure_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
