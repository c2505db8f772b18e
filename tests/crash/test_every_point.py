# SPDX-License-Identifier: PostgreSQL
"""No marked step is without a story."""

import importlib
import sys
from pathlib import Path

from support import crash_points


def test_every_crash_point_is_in_a_story():
    here = Path(__file__)
    sys.path.insert(0, str(here.parent))
    told = set()
    for path in here.parent.glob("test_*.py"):
        if path != here:
            loaded = importlib.import_module(path.stem)
            told.update(loaded.POINTS, getattr(loaded, "FILE_POINTS", []))

    assert sorted(set(crash_points.every()) - told) == []
