# SPDX-License-Identifier: PostgreSQL
"""A repository that has everything, for stories of what verify finds in it."""

from support import workload
from support.cluster import Cluster
from support.redoubt import Redoubt

EXIT_INTERRUPTED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_DOUBT = 4
EXIT_DAMAGE = 5

SEAL_HEADER = 96
FIRST_FRAME = 64  # in a pack
FRAME_HEADER = 16


class Story:
    """A cluster with two backups, WAL before, between and behind, and a copy of its
    repository to heal from."""

    def __init__(self, home, adopt, repository, **settings):
        self.repository = repository
        self.cluster = adopt(Cluster.create(home / "cluster", fresh=True, wal_segsize=1))
        self.redoubt = Redoubt(home / "redoubt", self.cluster, repository, **settings)
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        workload.small(self.cluster, rows=20000)
        self.first = self.redoubt.backup()
        self.early = set(repository.keys())
        for step in range(5):
            self.cluster.commit(f"update t set body = md5(body) where id % 50 = {step}")
            self.cluster.switch_and_archive()
        self.second = self.redoubt.backup()
        for _ in range(2):
            self.cluster.switch_and_archive()
        self.cluster.stop()
        self.redoubt.be_impatient()
        self.objects = {key: repository.read(key) for key in repository.keys()}

    def heal(self):
        """Put every object back as it was, and forget what was verified."""
        there = set(self.repository.keys())
        for key in there - self.objects.keys():
            self.repository.delete(key)
        for key, body in self.objects.items():
            if key not in there or self.repository.read(key) != body:
                self.repository.write(key, body)

    def all(self, part):
        return sorted(k for k in self.objects if part in "/" + k)

    def largest(self, part):
        return max(self.all(part), key=lambda k: (len(self.objects[k]), k))

    def segments(self):
        """The keys of the archived segments, in their order."""
        return sorted(k for k in self.objects
                      if k.startswith("main/wal/") and len(k.rpartition("/")[2]) == 24)

    def between(self):
        """A segment that neither backup needs for itself, and recovery in between does."""
        backups = {b["id"]: b for b in self.redoubt.backups()}
        stop = segment_number(backups[self.first]["stop"]["lsn"])
        start = segment_number(backups[self.second]["start"]["lsn"])
        found = [k for k in self.segments() if stop < number_of(k) < start]
        return found[len(found) // 2]

    def flip(self, key, position):
        body = bytearray(self.objects[key])
        body[position] ^= 0x10
        self.repository.write(key, bytes(body))
        return key

    def cut(self, key, length):
        self.repository.write(key, self.objects[key][:length])
        return key

    def delete(self, key):
        self.repository.delete(key)
        return key

    def swap(self, one, other):
        self.repository.write(one, self.objects[other])
        self.repository.write(other, self.objects[one])
        return one, other

    def verify(self, *arguments, code=0):
        """The report; the exit code must be the one that is wanted."""
        return self.redoubt.json("verify", *arguments, code=code)


def segment_number(lsn):
    """Of a segment of 1 MiB."""
    high, low = lsn.split("/")
    return ((int(high, 16) << 32) + int(low, 16)) >> 20


def number_of(key):
    name = key.rpartition("/")[2]
    return int(name[8:16], 16) * 4096 + int(name[16:24], 16)


def named(report, severity="damage"):
    """The objects of a report's findings."""
    return {f["object"] for f in report["findings"] if f["severity"] == severity}


def kinds(report, severity="damage"):
    return {f["kind"] for f in report["findings"] if f["severity"] == severity}


# What is planted; each tells what is named then.

def flipped_frame(story):
    return story.flip(story.largest("/packs/"), FIRST_FRAME + FRAME_HEADER + 30)


def flipped_frame_header(story):
    return story.flip(story.largest("/packs/"), FIRST_FRAME)


def flipped_pack_header(story):
    return story.flip(story.largest("/packs/"), 33)


def flipped_pack_end(story):
    key = story.largest("/packs/")
    return story.flip(key, len(story.objects[key]) - 3)


def flipped_manifest(story):
    key, = story.all(f"/backups/{story.second}/manifest")
    return story.flip(key, len(story.objects[key]) // 2)


def flipped_server_manifest(story):
    key = story.largest("/postgres-manifest")
    return story.flip(key, len(story.objects[key]) // 2)


def flipped_segment(story):
    key = story.between()
    return story.flip(key, len(story.objects[key]) - 20)


def flipped_digest(story):
    """Of a sealed object it is bound to every chunk; of a plain one it is the digest alone."""
    return story.flip(story.between(), 64 if story.objects["redoubt.json"].count(b"aes") else 20)


def flipped_lineage(story):
    key = story.largest("/lineage.json")
    return story.flip(key, 0)


def cut_pack(story):
    key = story.largest("/packs/")
    return story.cut(key, len(story.objects[key]) // 2)


def cut_manifest(story):
    key, = story.all(f"/backups/{story.first}/manifest")
    return story.cut(key, len(story.objects[key]) - 1)


def cut_segment(story):
    key = story.between()
    return story.cut(key, len(story.objects[key]) // 2)


def emptied_segment(story):
    return story.cut(story.between(), 0)


def longer_pack(story):
    key = story.largest("/packs/")
    story.repository.write(key, story.objects[key] + bytes(40))
    return key


def swapped_segments(story):
    one = story.between()
    return story.swap(one, story.segments()[story.segments().index(one) + 1])


def swapped_manifests(story):
    return story.swap(*story.all("/manifest")[:2])


def deleted_pack(story):
    return story.delete(story.largest("/packs/"))


def deleted_manifest(story):
    return story.delete(story.all(f"/backups/{story.second}/manifest")[0])


def deleted_server_manifest(story):
    return story.delete(story.all(f"/backups/{story.first}/postgres-manifest")[0])


def deleted_lineage(story):
    return story.delete(story.largest("/lineage.json"))
