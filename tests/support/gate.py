# SPDX-License-Identifier: PostgreSQL
"""A TCP port in front of another, which can be shut and opened: a network that fails
and comes back while programs run."""

import contextlib
import socket
import threading

_CHUNK = 1 << 18


class Gate:
    """Forwards connections to localhost until it is shut; listens again when opened."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.port = 0
        self.listener = None
        self.pairs = []
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self):
        """Refuse new connections and cut those that exist."""
        # A thread that waits in accept keeps the port unless it is woken up.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                _cut(end)

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                return
            self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    _cut(source)
    _cut(sink)


def _cut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
