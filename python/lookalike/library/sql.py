"""Every statement of the catalog, in SQL that SQLite and PostgreSQL both read, with `?` for a value.

What the two spell differently is named in braces, and each store gives its words: `{big}` a whole number of
64 bits, `{blob}` bytes, `{serial}` a primary key that the database counts up and never gives twice.
"""

from __future__ import annotations

__all__ = ["COLUMNS", "MIGRATIONS", "READABLE", "SCHEMA", "SCHEMA_VERSION", "among"]

SCHEMA_VERSION = 3
READABLE = 2
"""The oldest version that can be read as it is, where it cannot be written: it has no keypoints."""

COLUMNS = (
    "number",
    "image",
    "place",
    "size",
    "mtime_ns",
    "digest",
    "width",
    "height",
    "format",
    "owner",
    "listing",
    "time",
    "facts",
    "codes",
    "warning",
    "error",
    "added",
    "quality",
    "parts",
)
"""The columns of `images`, in the order of a `Record`'s fields."""

# In a table of their own: they are ten times as long as all else, and are read for few rows at a time.
_LOOKS = "CREATE TABLE IF NOT EXISTS looks (number {big} PRIMARY KEY, look {blob} NOT NULL)"

# Numbered as they come, for a row may get them long after its codes: the index over them goes by `seq`. Their bytes
# stand apart, in pieces of `PIECE` at the places `seq * PLACES` and on: eight pieces fill a page of 16 KB to the last
# twenty bytes, which holds 2.7 images of 160 keypoints then; in one piece, 2 would fit.
_KEYPOINTS = (
    "CREATE TABLE IF NOT EXISTS keypoints (seq {serial}, number {big} NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS keypoint_bytes (place {big} PRIMARY KEY, bytes {blob} NOT NULL)",
)
PIECE = 2_032
PLACES = 8

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS images (
        number {big} PRIMARY KEY,
        image TEXT NOT NULL,
        place TEXT NOT NULL,
        size {big}, mtime_ns {big},
        digest TEXT,
        width {big}, height {big}, format TEXT,
        owner TEXT NOT NULL, listing TEXT NOT NULL,
        time TEXT,
        facts TEXT,
        codes {blob},
        warning TEXT, error TEXT,
        added TEXT NOT NULL,
        quality {big},
        parts {blob})""",
    _LOOKS,
    *_KEYPOINTS,
    "CREATE UNIQUE INDEX IF NOT EXISTS images_by_place ON images (place, owner, listing)",
    "CREATE INDEX IF NOT EXISTS images_by_digest ON images (digest) WHERE digest IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS images_failed ON images (number) WHERE error IS NOT NULL",
    # Rows that are gone, for those who hold them in segments or in memory.
    "CREATE TABLE IF NOT EXISTS removed (seq {serial}, number {big} NOT NULL)",
    """CREATE TABLE IF NOT EXISTS segments (
        home TEXT NOT NULL, file TEXT NOT NULL,
        kind TEXT NOT NULL,
        first_row {big} NOT NULL, last_row {big} NOT NULL, codes {big} NOT NULL,
        generation {big} NOT NULL, checksum TEXT NOT NULL,
        PRIMARY KEY (home, file))""",
    """CREATE TABLE IF NOT EXISTS marks (
        kind TEXT NOT NULL, code TEXT NOT NULL, mark TEXT NOT NULL, reason TEXT, added TEXT NOT NULL,
        PRIMARY KEY (mark, kind, code))""",
)

MIGRATIONS = {
    1: ("ALTER TABLE images ADD COLUMN quality {big}", "ALTER TABLE images ADD COLUMN parts {blob}", _LOOKS),
    2: _KEYPOINTS,
}
"""What makes a catalog of an older version one of the next. Rows of version 1 have no looks, of 2 no keypoints."""

_ALL = ", ".join(COLUMNS)

GET_META = "SELECT key, value FROM meta"
SET_META = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
ONE_META = "SELECT value FROM meta WHERE key = ?"

INSERT_IMAGE = f"INSERT INTO images ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"
UPDATE_IMAGE = f"UPDATE images SET {', '.join(f'{name} = ?' for name in COLUMNS[1:])} WHERE number = ?"
DELETE_IMAGE = "DELETE FROM images WHERE number = ?"

BY_PLACES = f"SELECT {_ALL} FROM images WHERE place IN "
BY_NUMBERS = f"SELECT {_ALL} FROM images WHERE number IN "
BY_DIGEST = f"SELECT {_ALL} FROM images WHERE digest = ? ORDER BY number"
NUMBERS_BY_PLACES = "SELECT number, place FROM images WHERE place IN "
NUMBERS_BY_IMAGES = "SELECT number, image FROM images WHERE image IN "
ALL_IMAGES = f"SELECT {_ALL} FROM images WHERE number > ? ORDER BY number LIMIT ?"
FAILED_IMAGES = f"SELECT {_ALL} FROM images WHERE error IS NOT NULL AND number > ? ORDER BY number LIMIT ?"
FILES = (
    "SELECT number, place, size, mtime_ns FROM images WHERE mtime_ns IS NOT NULL AND number > ? ORDER BY number LIMIT ?"
)
SAME_BYTES = """SELECT number, digest FROM images WHERE digest IN
    (SELECT digest FROM images WHERE digest IS NOT NULL GROUP BY digest HAVING count(*) > 1) ORDER BY number"""
CODES = "SELECT number, codes, parts FROM images WHERE number BETWEEN ? AND ? AND codes IS NOT NULL ORDER BY number"
COUNTS = """SELECT count(*), count(codes), count(error), count(warning), coalesce(max(number), 0),
    coalesce(sum(size), 0) FROM images"""
DISTINCT = """SELECT count(DISTINCT nullif(owner, '')), count(DISTINCT nullif(listing, '')), count(DISTINCT place)
    FROM images"""

INSERT_LOOK = "INSERT INTO looks (number, look) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET look = excluded.look"
DELETE_LOOK = "DELETE FROM looks WHERE number = ?"
LOOKS_BY_NUMBERS = "SELECT number, look FROM looks WHERE number IN "
COUNT_LOOKS = "SELECT count(*) FROM looks"

INSERT_KEYPOINTS = "INSERT INTO keypoints (number) VALUES (?)"
DELETE_KEYPOINTS = "DELETE FROM keypoints WHERE number = ?"
INSERT_PIECE = "INSERT INTO keypoint_bytes (place, bytes) VALUES (?, ?)"
DELETE_PIECES = f"""DELETE FROM keypoint_bytes WHERE place >= (SELECT seq * {PLACES} FROM keypoints WHERE number = ?)
    AND place < (SELECT (seq + 1) * {PLACES} FROM keypoints WHERE number = ?)"""
SEQS_BY_NUMBERS = "SELECT number, seq FROM keypoints WHERE number IN "
PIECES_BY_NUMBERS = f"""SELECT number, place, bytes FROM keypoints JOIN keypoint_bytes
    ON place >= seq * {PLACES} AND place < (seq + 1) * {PLACES} WHERE number IN """
PIECES = "SELECT place, bytes FROM keypoint_bytes WHERE place >= ? AND place < ? ORDER BY place"
HAVE_KEYPOINTS = "SELECT number FROM keypoints WHERE number IN "
NUMBERS_OF_KEYPOINTS = "SELECT number FROM keypoints ORDER BY number"
NUMBERS_BETWEEN = "SELECT number FROM keypoints WHERE seq BETWEEN ? AND ? ORDER BY seq"
COUNT_KEYPOINTS = "SELECT count(*) FROM keypoints"
LAST_KEYPOINTS = "SELECT coalesce(max(seq), 0) FROM keypoints"
KEYPOINTS = "SELECT seq, number FROM keypoints WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_LACKING = """FROM images WHERE mtime_ns IS NOT NULL AND codes IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM keypoints WHERE keypoints.number = images.number)"""
LACK_KEYPOINTS = f"SELECT number, place, owner, listing {_LACKING} AND number > ? ORDER BY number LIMIT ?"
COUNT_LACKING = f"SELECT count(*) {_LACKING}"

COUNT_POOR = "SELECT count(*) FROM images WHERE quality < ?"
COUNT_PARTS = "SELECT coalesce(sum(length(parts)), 0) FROM images"

INSERT_REMOVED = "INSERT INTO removed (number) VALUES (?)"
REMOVED_SINCE = "SELECT seq, number FROM removed WHERE seq > ? ORDER BY seq"
# Segments of another machine may hold these rows still.
DROP_REMOVED = "DELETE FROM removed WHERE number <= ? AND NOT EXISTS (SELECT 1 FROM segments WHERE home <> ?)"

SEGMENTS = """SELECT home, file, kind, first_row, last_row, codes, generation, checksum FROM segments
    WHERE home = ? ORDER BY first_row, kind"""
INSERT_SEGMENT = "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
DELETE_SEGMENT = "DELETE FROM segments WHERE home = ? AND file = ?"

ADD_MARK = """INSERT INTO marks (kind, code, mark, reason, added) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (mark, kind, code) DO UPDATE SET reason = excluded.reason"""
DROP_MARK = "DELETE FROM marks WHERE mark = ? AND kind = ? AND code = ?"
MARKS = "SELECT kind, code, mark, reason, added FROM marks WHERE mark = ? ORDER BY kind, code"


def among(count: int) -> str:
    """The list of `count` values after an `IN`."""
    return f"({', '.join('?' * count)})"
