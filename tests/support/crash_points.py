# SPDX-License-Identifier: PostgreSQL
"""The places where the program can be told to die, read from its source: a new one
takes part in the stories by itself."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def find(*beginnings):
    """The names of the crash points that begin with one of these words."""
    return [name for name in every() if name.startswith(beginnings)]


def every():
    names = set()
    for source in _ROOT.glob("*/*.c"):
        names.update(re.findall(r'CRASH_POINT\(\s*"([^"]+)"\s*\)', source.read_text()))
    return sorted(names)
