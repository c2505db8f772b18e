# SPDX-License-Identifier: PostgreSQL
"""Runs one command and writes what it cost to a file, as JSON.

A process of its own because the kernel lets a command start with the peak
memory of whoever started it: this one is small.  Run it by `python3 -I -S`.
"""

import os
import sys
import time

begin = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - begin
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(f'{{"wall": {wall}, "cpu": {usage.ru_utime + usage.ru_stime}, '
               f'"rss": {usage.ru_maxrss / 1024}}}')
sys.exit(min(max(os.waitstatus_to_exitcode(status), 0), 255) if os.WIFEXITED(status) else 255)
