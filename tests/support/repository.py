# SPDX-License-Identifier: PostgreSQL
"""Where a test's repository is, and an adversary's hands in it: list, read,
replace and delete objects, on files or on S3."""

import os
from pathlib import Path

from support import s3


class FileRepository:
    """A directory."""

    kind = "file"

    def __init__(self, path):
        self.path = Path(path)
        self.environment = {}

    def configuration(self):
        return {"store": "file", "path": str(self.path)}

    def keys(self, prefix=""):
        found = [str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file()]
        return sorted(k for k in found if k.startswith(prefix) and not k.startswith("tmp/"))

    def read(self, key):
        return (self.path / key).read_bytes()

    def write(self, key, body):
        """Put other bytes under a name, whether it exists or not."""
        path = self.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.unlink()
        path.write_bytes(body)

    def delete(self, key):
        (self.path / key).unlink()

    def unmount(self):
        """As when the file system is not mounted."""
        os.rename(self.path, self._hidden())

    def mount(self):
        os.rename(self._hidden(), self.path)

    def _hidden(self):
        return self.path.with_name(self.path.name + ".unmounted")

    def remove(self):
        pass  # it lives in the test's directory


class S3Repository:
    """A bucket."""

    kind = "s3"

    def __init__(self, server, bucket, access_key=s3.ACCESS_KEY, secret_key=s3.SECRET_KEY):
        self.server = server
        self.client = server.client(access_key, secret_key)
        self.bucket = bucket
        self.client.create_bucket(bucket)
        self.environment = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}

    def configuration(self):
        return {"store": "s3", "endpoint": self.server.endpoint, "region": s3.REGION,
                "bucket": self.bucket, "credentials": "environment",
                "ca_file": str(self.server.ca_file)}

    def keys(self, prefix=""):
        return sorted(self.client.list(self.bucket, prefix))

    def read(self, key):
        return self.client.get(self.bucket, key)

    def write(self, key, body):
        self.client.put(self.bucket, key, body)

    def delete(self, key):
        self.client.delete(self.bucket, key)

    def remove(self):
        self.client.delete_bucket(self.bucket)
