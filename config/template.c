// SPDX-License-Identifier: PostgreSQL
#include "config/template.h"

/* A text as YAML's double-quoted scalar, whatever is in it. */
static enum status
append_scalar(struct buffer *into, const char *text, struct error *err)
{
    TRY(buffer_append(into, BYTES("\""), err));
    for (; *text != '\0'; text++)
    {
        unsigned char letter = (unsigned char) *text;

        if (letter == '"' || letter == '\\')
            TRY(buffer_append_text(into, err, "\\%c", letter));
        else if (letter < ' ' || letter == 0x7f)
            TRY(buffer_append_text(into, err, "\\x%02x", letter));
        else
            TRY(buffer_append(into, (struct bytes){&letter, 1}, err));
    }
    return buffer_append(into, BYTES("\"\n"), err);
}

static enum status
append_postgres(const struct config_template *values, struct buffer *into, struct error *err)
{
    TRY(buffer_append_text(into, err,
                           "postgres:\n"
                           "  # A libpq connection string.  The role needs REPLICATION, and\n"
                           "  # pg_hba.conf a line for it with the database \"replication\".\n"));
    if (values->connection[0] == '\0')
        TRY(buffer_append_text(into, err, "  # connection: \"host=/var/run/postgresql\"\n"));
    else
    {
        TRY(buffer_append_text(into, err, "  connection: "));
        TRY(append_scalar(into, values->connection, err));
    }
    TRY(buffer_append_text(into, err, "  # Where the server's files are, if they are here.\n"));
    if (values->data_directory == NULL)
        return buffer_append_text(into, err, "  # data_directory: /var/lib/postgresql/15/main\n\n");
    TRY(buffer_append_text(into, err, "  data_directory: "));
    TRY(append_scalar(into, values->data_directory, err));
    return buffer_append_text(into, err, "\n");
}

static enum status
append_repository(const struct config_template *values, struct buffer *into, struct error *err)
{
    TRY(buffer_append_text(into, err,
                           "repository:\n"
                           "  # A directory: of another machine, or it is lost with this one.\n"
                           "  store: file\n"
                           "  path: "));
    TRY(append_scalar(into, values->repository_path, err));
    return buffer_append_text(into, err,
                              "  # Or a bucket of any S3-compatible service:\n"
                              "  # store: s3\n"
                              "  # endpoint: https://s3.example.com\n"
                              "  # region: us-east-1\n"
                              "  # bucket: backups\n"
                              "  # credentials: environment\n\n");
}

static enum status
append_encryption(const struct config_template *values, struct buffer *into, struct error *err)
{
    TRY(buffer_append_text(into, err,
                           "encryption:\n"
                           "  # Keep a copy of this file elsewhere: without it nothing can be\n"
                           "  # restored, and nobody can help.\n"
                           "  key_file: "));
    return append_scalar(into, values->key_file, err);
}

enum status
config_template_write(const struct config_template *values, struct buffer *into, struct error *err)
{
    TRY(buffer_append_text(into, err,
                           "# What redoubt backs up, and where to.  \"redoubt doctor\" checks it.\n"
                           "\n"
                           "# The cluster's name in the repository.  It outlives upgrades.\n"
                           "cluster: "));
    TRY(append_scalar(into, values->cluster, err));
    TRY(buffer_append_text(into, err, "\n"));
    TRY(append_postgres(values, into, err));
    TRY(append_repository(values, into, err));
    TRY(append_encryption(values, into, err));
    return buffer_append_text(into, err,
                              "\n"
                              "# What is not set has these values.\n"
                              "# compression_level: 1   # zstd's\n"
                              "# memory: 256MiB\n"
                              "# workers: 2             # one for each processor\n"
                              "# retention: {daily: 7, weekly: 4, monthly: 3, "
                              "recovery_window: 14d}\n"
                              "\n"
                              "# Copies of the repository, by names of your own. WAL goes to all "
                              "of them;\n"
                              "# \"redoubt copy --to offsite\" brings backups. Keys as in "
                              "\"repository\".\n"
                              "# repositories:\n"
                              "#   offsite: {store: file, path: /mnt/offsite, required: false}\n");
}
