# SPDX-License-Identifier: PostgreSQL
"""Running programs in tests: a clean environment, a time limit on everything,
and an end for whatever a test leaves behind.

Every program gets an environment made here and nothing of the caller's, plus a
mark.  PostgreSQL overwrites its environment (that is how it changes its title),
so its processes are known by their working directory, which is the data
directory.  The two together find every process of a test, and no other.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

MARK = f"REDOUBT_TEST_MARK={os.getpid()}-{os.urandom(6).hex()}"

DEFAULT_SECONDS = 120


class Result:
    """What a finished program said."""

    def __init__(self, argv, code, out, err, seconds):
        self.argv = [str(a) for a in argv]
        self.code = code
        self.out = out
        self.err = err
        self.seconds = seconds

    def __str__(self):
        return (f"$ {' '.join(self.argv)}\nexit code {self.code} after {self.seconds:.1f} s\n"
                f"--- standard output\n{self.out}\n--- standard error\n{self.err}")


def environment(extra=None):
    """An environment that is the same on every machine."""
    name, value = MARK.split("=", 1)
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": os.environ.get("REDOUBT_TEST_HOME", "/nonexistent"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PGCONNECT_TIMEOUT": "10",
        "PGAPPNAME": "redoubt-test",
        name: value,
    }
    for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR"):
        if kept in os.environ:
            env[kept] = os.environ[kept]
    env.update(extra or {})
    return env


def run(argv, *, env=None, input=None, stdin=subprocess.DEVNULL, seconds=DEFAULT_SECONDS,
        check=True, cwd=None):
    """Run a program to its end.  A failure shows the whole output."""
    argv = [str(a) for a in argv]
    begin = time.monotonic()
    child = subprocess.Popen(argv, env=environment(env), cwd=cwd, start_new_session=True,
                             stdin=subprocess.PIPE if input is not None else stdin,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    data = input.encode() if isinstance(input, str) else input
    try:
        out, err = child.communicate(data, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        result = Result(argv, None, _text(out), _text(err), time.monotonic() - begin)
        raise AssertionError(f"not finished within {seconds} s\n{result}") from None
    result = Result(argv, child.returncode, _text(out), _text(err), time.monotonic() - begin)
    if check and result.code != 0:
        raise AssertionError(f"failed\n{result}")
    return result


def start(argv, *, env=None, log, cwd=None):
    """Start a program in the background, its output going to a file."""
    with open(log, "ab") as file:
        return subprocess.Popen([str(a) for a in argv], env=environment(env), cwd=cwd,
                                start_new_session=True, stdin=subprocess.DEVNULL, stdout=file,
                                stderr=subprocess.STDOUT)


def wait_until(condition, seconds, what):
    """Poll a condition until it returns something true, and return that."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def of_directory(directory):
    """Process ids whose working directory is below this one."""
    prefix = os.path.realpath(directory)
    return [pid for pid in _mine() if _is_below(_link(pid, "cwd"), prefix)]


def end_all(directory):
    """Kill what tests started: everything that works below the directory or has our mark."""
    prefix = os.path.realpath(directory)
    mark = MARK.encode()

    def left():
        return [pid for pid in _mine()
                if pid != os.getpid() and (_is_below(_link(pid, "cwd"), prefix)
                                           or mark in _read(pid, "environ").split(b"\0"))]

    def kill():
        pids = left()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
            except (ProcessLookupError, ChildProcessError):
                pass
        return not pids

    wait_until(kill, 20, f"the end of every process of {directory}")


def end_all_after_us(directory, keep):
    """Do the same when this process has ended, even if it was killed: a child waits for that."""
    ours, end = os.pipe()
    os.set_inheritable(end, False)
    if os.fork() > 0:
        os.close(ours)
        return
    os.close(end)
    os.setsid()
    os.chdir("/")
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    os.read(ours, 1)  # nobody writes: it returns when the last process that could has ended
    try:
        end_all(directory)
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    finally:
        os._exit(0)


def is_alive(pid):
    """Does the process exist and is it not merely waiting to be reaped?"""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(fields) and fields[0] not in (b"Z", b"X")


def _mine():
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid() and is_alive(entry.name):
                yield int(entry.name)
        except FileNotFoundError:
            continue


def _link(pid, name):
    try:
        return os.readlink(f"/proc/{pid}/{name}").removesuffix(" (deleted)")
    except OSError:
        return ""


def _read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _is_below(path, prefix):
    return path == prefix or path.startswith(prefix + "/")


def _text(data):
    return data.decode("utf-8", "backslashreplace")
