# SPDX-License-Identifier: PostgreSQL
"""Databases that look like somebody's: shop.sql is an ordinary application's, in any
size, and awkward.sql has all that is legal and seldom."""

from pathlib import Path

_SCRIPTS = Path(__file__).parent


def create(cluster, name="shop", *, scale=1, script="shop", seconds=600):
    """Make a database of one of the scripts; scale 10 is a few hundred thousand rows."""
    quoted = name.replace('"', '""')
    cluster.sql(f'create database "{quoted}"')
    cluster.tool("psql", "-X", "-q", "-v", f"scale={scale}", "-f", _SCRIPTS / f"{script}.sql",
                 database=name, seconds=seconds)
    return name
