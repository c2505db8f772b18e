# SPDX-License-Identifier: PostgreSQL
"""What a dump left in a repository that is not encrypted, and loading it with
PostgreSQL's own programs and the system's, not with ours."""

import json
import re
import subprocess

from support import process

EXTENSIONS = {("custom", "zstd"): "dump.zst", ("custom", "gzip"): "dump.gz",
              ("plain", "zstd"): "sql.zst", ("plain", "gzip"): "sql.gz",
              ("directory", "zstd"): "tar.zst", ("directory", "gzip"): "tar.gz"}


def run(redoubt, *arguments, **options):
    """Dump one database; what is reported of it."""
    report = redoubt.json("dump", *arguments, **options)
    assert len(report["dumps"]) == 1 and report["failures"] == []
    return report["dumps"][0]


def key(redoubt, dump, extension=None):
    extension = extension or EXTENSIONS[dump["format"], dump["compression"]]
    return f"{redoubt.name}/dumps/{dump['id']}.{extension}"


def document(redoubt, dump):
    return json.loads(redoubt.repository.read(key(redoubt, dump, "json")))


def rows(redoubt, dump, counted=None):
    """How many rows the document says that each table has."""
    return {f"{t['schema']}.{t['name']}": t["rows"] for t in document(redoubt, dump)["tables"]
            if counted is None or t["counted"] == counted}


def entries(redoubt):
    """The log's entries, oldest first."""
    return [json.loads(redoubt.repository.read(k))
            for k in redoubt.repository.keys(f"{redoubt.name}/log/")]


def download(redoubt, dump, directory):
    """The object as a file."""
    path = directory / dump["name"]
    path.write_bytes(redoubt.repository.read(key(redoubt, dump)))
    return path


def load(cluster, redoubt, dump, database, directory):
    """Into a new database, in the way that the manual of PostgreSQL has it."""
    path = download(redoubt, dump, directory)
    unpack = "zcat" if dump["compression"] == "gzip" else "zstd -dcq"
    into = {"custom": f"'{cluster.bin}/pg_restore' -e -d \"$PGDATABASE\"",
            "plain": f"'{cluster.bin}/psql' -X -q -v ON_ERROR_STOP=1 -f - > /dev/null",
            "directory": f"mkdir t && tar -x -C t && '{cluster.bin}/pg_restore' -e"
                         " -d \"$PGDATABASE\" t"}[dump["format"]]
    quoted = database.replace('"', '""')
    cluster.sql(f'create database "{quoted}" template template0')
    # -o pipefail: an unpacker that fails must not pass for the end of its output.
    process.run(["bash", "-o", "pipefail", "-c", f"{unpack} < '{path}' | ({into})"],
                env=cluster.env(database), cwd=directory)


def picture(cluster, database):
    """All of a database as text, without what pg_dump writes anew each time."""
    made = subprocess.run([cluster.bin / "pg_dump", "--no-sync"], env={
        **process.environment(), **cluster.env(database)}, capture_output=True, check=True)
    return re.sub(rb"(?m)^\\(un)?restrict .*\n", b"", made.stdout).decode()
