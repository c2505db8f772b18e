# SPDX-License-Identifier: PostgreSQL
"""A real S3 server for tests, and a small client of our own to look behind the
program's back: create buckets, list, read, replace and delete objects.

The client shares nothing with the program: another language, another SigV4.
"""

import hashlib
import hmac
import http.client
import os
import socket
import ssl
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from pathlib import Path

from support import process

REGION = "us-east-1"
ACCESS_KEY = "redoubttestaccess001"
SECRET_KEY = "redoubttestsecret00000000000000000000001"

_SCRIPT = Path(__file__).with_name("s3-server")
_EMPTY = hashlib.sha256(b"").hexdigest()

# The server takes this many ports from its first one on.
_PORTS = 20


class S3Error(Exception):
    """The server's refusal."""

    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status} {body[:500]!r}")
        self.status = status


class Server:
    """The server of one test session, in a directory of its own."""

    def __init__(self, directory, block_gb=None):
        self.directory = Path(directory)
        self.environment = {"AK": ACCESS_KEY, "SK": SECRET_KEY, "TLS": "1"}
        if block_gb is not None:
            # Heavy loads outgrow a store in memory.
            self.environment.update(STORE="bluestore", BLOCK_GB=str(block_gb))

    def start(self):
        assert _SCRIPT.exists(), f"{_SCRIPT} is missing"
        for _ in range(5):
            self.port = _free_ports(_PORTS)
            result = process.run([_SCRIPT, "start", self.directory, self.port],
                                 env=self.environment, seconds=120, check=False)
            if result.code == 0:
                break
        assert result.code == 0, str(result)
        self.tls_port = self.port + 10
        self.ca_file = self.directory / "tls" / "cert.pem"
        return self

    def stop(self):
        process.run([_SCRIPT, "stop", self.directory], env=self.environment, seconds=60,
                    check=False)

    def version(self):
        """As "Ceph 16.2.15"."""
        words = process.run(["radosgw", "--version"]).out.split()
        return f"Ceph {words[2]}"

    @property
    def endpoint(self):
        return f"https://localhost:{self.tls_port}"

    def client(self, access_key=ACCESS_KEY, secret_key=SECRET_KEY):
        return Client("localhost", self.tls_port, self.ca_file, access_key, secret_key)

    # A provider's console: users, and their pairs of access key and secret key

    def create_user(self, name, access_key, secret_key):
        self._administer("user", "create", f"--uid={name}", f"--display-name={name}",
                         f"--access-key={access_key}", f"--secret-key={secret_key}")

    def add_key(self, name, access_key, secret_key):
        self._administer("key", "create", "--key-type=s3", f"--uid={name}",
                         f"--access-key={access_key}", f"--secret-key={secret_key}")

    def revoke_key(self, name, access_key):
        self._administer("key", "rm", "--key-type=s3", f"--uid={name}",
                         f"--access-key={access_key}")

    def _administer(self, *arguments):
        process.run(["radosgw-admin", "-c", self.directory / "ceph.conf", *arguments])


class Client:
    """Signature version 4, path style, one connection at a time."""

    def __init__(self, host, port, ca_file, access_key, secret_key):
        self.host = host
        self.port = port
        self.context = ssl.create_default_context(cafile=ca_file)
        self.access_key = access_key
        self.secret_key = secret_key

    def create_bucket(self, bucket):
        self._request("PUT", f"/{bucket}")

    def delete_bucket(self, bucket):
        for key in self.list(bucket):
            self.delete(bucket, key)
        self._request("DELETE", f"/{bucket}")

    def put(self, bucket, key, body):
        self._request("PUT", f"/{bucket}/{key}", body=body)

    def get(self, bucket, key):
        return self._request("GET", f"/{bucket}/{key}")

    def delete(self, bucket, key):
        self._request("DELETE", f"/{bucket}/{key}")

    def put_policy(self, bucket, policy):
        self._request("PUT", f"/{bucket}", query={"policy": ""}, body=policy.encode())

    def list(self, bucket, prefix=""):
        """Every key, in the server's order."""
        keys, token = [], None
        while True:
            query = {"list-type": "2", "prefix": prefix}
            if token:
                query["continuation-token"] = token
            root = ElementTree.fromstring(self._request("GET", f"/{bucket}", query=query))
            namespace = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
            keys += [e.text for e in root.iter(namespace + "Key")]
            token = root.findtext(namespace + "NextContinuationToken")
            if not token:
                return keys

    def uploads(self, bucket):
        """The keys of multipart uploads that are neither completed nor aborted."""
        root = ElementTree.fromstring(self._request("GET", f"/{bucket}", query={"uploads": ""}))
        return [e.text for e in root.iter() if e.tag.rpartition("}")[2] == "Key"]

    def _request(self, method, path, *, query=None, body=b""):
        path = urllib.parse.quote(path, safe="/-_.~")
        canonical_query = "&".join(
            f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}"
            for k, v in sorted((query or {}).items()))
        headers = self._sign(method, path, canonical_query, body)
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=60,
                                                 context=self.context)
        try:
            target = path + ("?" + canonical_query if canonical_query else "")
            connection.request(method, target, body=body or None, headers=headers)
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        if reply.status >= 300:
            raise S3Error(method, path, reply.status, data)
        return data

    def _sign(self, method, path, query, body):
        now = datetime.now(timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        digest = hashlib.sha256(body).hexdigest() if body else _EMPTY
        signed = {"host": f"{self.host}:{self.port}", "x-amz-content-sha256": digest,
                  "x-amz-date": stamp}
        names = ";".join(sorted(signed))
        canonical = "\n".join([method, path, query,
                               *(f"{k}:{v}" for k, v in sorted(signed.items())), "", names, digest])
        scope = f"{day}/{REGION}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for part in (day, REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers = {k: v for k, v in signed.items() if k != "host"}
        headers["Host"] = signed["host"]
        headers["Content-Length"] = str(len(body))
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return headers


def _free_ports(count):
    """The first of so many neighbouring ports that nobody uses just now, chosen by chance:
    other sessions do the same at the same time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        first = 20000 + int.from_bytes(os.urandom(2), "big") % 10000
        if all(_is_free(first + i) for i in range(count)):
            return first
    raise AssertionError(f"found no {count} free ports in a row")


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
