# SPDX-License-Identifier: PostgreSQL
"""An S3 service that replaces objects whatever a request's conditions are, as some
do: just enough of the protocol, objects in memory, signatures not looked at."""

import hashlib
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

_PAGE = 100


class CarelessS3:
    """One bucket, on a port of its own."""

    kind = "s3"
    bucket = "careless"

    def __init__(self):
        self.objects = {}
        self.replaced = []  # keys that a second PUT met
        self.lock = threading.Lock()
        self.environment = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.service = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def configuration(self):
        return {"store": "s3", "endpoint": f"http://127.0.0.1:{self.server.server_port}",
                "region": "us-east-1", "bucket": self.bucket, "credentials": "environment"}

    def keys(self, prefix=""):
        with self.lock:
            return sorted(k for k in self.objects if k.startswith(prefix))

    def read(self, key):
        return self.objects[key]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _parse(self):
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        bucket, _, key = urllib.parse.unquote(parts.path)[1:].partition("/")
        assert bucket == CarelessS3.bucket
        return self.server.service, key

    def _answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _missing(self):
        self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

    def do_PUT(self):
        service, key = self._parse()
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        with service.lock:
            if key in service.objects:
                service.replaced.append(key)
            service.objects[key] = body
        self._answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def do_DELETE(self):
        service, key = self._parse()
        with service.lock:
            service.objects.pop(key, None)
        self._answer(204)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        service, key = self._parse()
        if key == "":
            self._list(service)
            return
        with service.lock:
            body = service.objects.get(key)
        if body is None:
            self._missing()
            return
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        wanted = self.headers["Range"]
        if wanted is None:
            self._answer(200, body, ETag=etag)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = body[int(first):int(last) + 1 if last else None]
        if not part:
            self._answer(416, b"<Error><Code>InvalidRange</Code><Message>no</Message></Error>")
            return
        self._answer(206, part, ETag=etag, Content_Range=f"bytes {first}-"
                     f"{int(first) + len(part) - 1}/{len(body)}")

    def _list(self, service):
        prefix = self.query.get("prefix", "")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        keys = [k for k in service.keys(prefix) if k > after]
        more = len(keys) > _PAGE
        keys = keys[:_PAGE]
        rows = "".join(f"<Contents><Key>{escape(k)}</Key><Size>{len(service.objects[k])}</Size>"
                       "</Contents>" for k in keys)
        token = f"<NextContinuationToken>{escape(keys[-1])}</NextContinuationToken>" if more else ""
        answer = (f'<?xml version="1.0"?><ListBucketResult><Name>{CarelessS3.bucket}</Name>'
                  f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>")
        self._answer(200, answer.encode(), Content_Type="application/xml")
