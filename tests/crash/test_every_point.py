# SPDX-License-Identifier: PostgreSQL
"""No marked step is without a story."""

import importlib
import sys
from pathlib import Path

from support import crash_points


def test_every_crash_point_is_in_a_story():
    sys.path.insert(0, str(Path(__file__).parent))
    told = set()
    for module in ("test_archive_push", "test_backup", "test_restore"):
        loaded = importlib.import_module(module)
        told.update(loaded.POINTS, getattr(loaded, "FILE_POINTS", []))

    assert sorted(set(crash_points.every()) - told) == []
