# SPDX-License-Identifier: PostgreSQL
"""Sessions by libpq itself, for stories in which every answer counts: what a client
was told, and how its session ended.  A session belongs to one thread."""

import ctypes

_pq = ctypes.CDLL("libpq.so.5")
for _name in ("PQconnectdb", "PQexec"):
    getattr(_pq, _name).restype = ctypes.c_void_p
for _name in ("PQerrorMessage", "PQgetvalue", "PQresultErrorField"):
    getattr(_pq, _name).restype = ctypes.c_char_p
_pq.PQfinish.restype = _pq.PQclear.restype = None

_OK = (1, 2)  # PGRES_COMMAND_OK, PGRES_TUPLES_OK
_SQLSTATE = ord("C")


class Failure(Exception):
    """What the server or libpq said; the SQLSTATE is "" when there is none."""

    def __init__(self, message, sqlstate=""):
        super().__init__(f"{sqlstate} {message}".strip())
        self.message = message
        self.sqlstate = sqlstate


class Session:
    """One connection.  Values come as text."""

    def __init__(self, conninfo):
        self._conn = ctypes.c_void_p(_pq.PQconnectdb(conninfo.encode()))
        if _pq.PQstatus(self._conn) != 0:
            message = self._message()
            self.close()
            raise Failure(message)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._conn:
            _pq.PQfinish(self._conn)
            self._conn = None

    def value(self, command):
        """The first value of a command's answer, None when it has no rows."""
        result = ctypes.c_void_p(_pq.PQexec(self._conn, command.encode()))
        try:
            if _pq.PQresultStatus(result) not in _OK:
                state = _pq.PQresultErrorField(result, _SQLSTATE)
                raise Failure(self._message(), (state or b"").decode())
            if _pq.PQntuples(result) == 0:
                return None
            return _pq.PQgetvalue(result, 0, 0).decode()
        finally:
            _pq.PQclear(result)

    def _message(self):
        return _pq.PQerrorMessage(self._conn).decode("utf-8", "backslashreplace").strip()


def quote(value):
    """A value as a connection string wants it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
