"""Shards of an archive: which files there are, which of them are done, and Parquet files that are complete or not there.

A shard is some files, or one WebDataset tar, and the Parquet file that is made of them. What is in that file's footer is all that
is kept between runs: there is no other list that could disagree with it.
"""

import importlib
import json
import os
import shutil
import socket
import tarfile
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union

# Of the entry in a shard's footer that is a Record. `lookhear search` takes names with a dot behind the first word for its own.
_KEY = b"lookhear_archive"
# Bytes of rows that wait for a row group.
_GROUP = 32 << 20
_TAR = ".tar"
# Where shards are written. Whoever reads a folder of Parquet files passes over what begins with a dot.
_PARTS = ".parts"

Inputs = Union[str, "os.PathLike[str]", Iterable[Union[str, "os.PathLike[str]"]]]


def needed(module: str) -> Any:
    """A module that only archives need, or how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = "ray" if module.startswith("ray") else "archive"
        name = module.split(".")[0]
        raise ImportError(f"archives need {name}: pip install './python[{extra}]', or pip install {name}") from error


@dataclass(frozen=True)
class Trouble:
    """A file that could not be used, or only in part, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Source:
    """A file, and what it is called in the column `source`."""

    name: str
    path: str


@dataclass(frozen=True)
class Shard:
    """What one Parquet file is made of. `anew`: one that is there is replaced."""

    number: int
    sources: tuple[Source, ...]
    anew: bool = False

    @property
    def file(self) -> str:
        return f"shard-{self.number:06}.parquet"

    @property
    def names(self) -> list[str]:
        return [source.name for source in self.sources]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Shard":
        fields = json.loads(text)
        return cls(fields["number"], tuple(Source(**source) for source in fields["sources"]), fields["anew"])


@dataclass(frozen=True)
class Record:
    """What the footer of a shard tells: how it was made, of what, and what could not be used."""

    label: dict[str, Any]
    sources: list[str]
    failed: list[Trouble]
    damaged: list[Trouble]
    rows: int = 0

    def to_json(self) -> str:
        fields = asdict(self)
        del fields["rows"]  # The format counts them itself.
        return json.dumps(fields)


def read_record(path: Path) -> Optional[Record]:
    """The record of a shard; None: the file is not one."""
    parquet = needed("pyarrow.parquet")
    try:
        footer = parquet.read_metadata(path)
        fields = json.loads((footer.metadata or {})[_KEY])
        failed, damaged = ([Trouble(**trouble) for trouble in fields.pop(name)] for name in ("failed", "damaged"))
        return Record(failed=failed, damaged=damaged, rows=footer.num_rows, **fields)
    except OSError as error:
        if error.errno is not None:
            raise
        return None  # Of a footer that makes no sense.
    except (KeyError, TypeError, ValueError):
        return None


def read_records(folder: Path, label: dict[str, Any]) -> dict[int, Record]:
    """The records of all shards of a folder, by number. Raises ValueError if one is of another kind."""
    records = {}
    for path in sorted(folder.glob("*.parquet")):
        number = path.stem.partition("shard-")[2]
        record = read_record(path) if number.isdigit() else None
        if record is None:
            raise ValueError(f"{path} is no shard of an archive, or a damaged one: move it, or give another folder")
        if record.label != label:
            other = [name for name in {**label, **record.label} if record.label.get(name) != label.get(name)]
            told = ", ".join(f"{name} {record.label.get(name)!r} there, {label.get(name)!r} here" for name in other)
            raise ValueError(f"{path} was made otherwise ({told}): give another folder")
        records[int(number)] = record
    return records


def find(inputs: Inputs, endings: list[str]) -> list[Source]:
    """The files that are meant: paths as they are given; of a folder what ends like media of the kind or like a tar, with its
    sub-folders (nothing hidden, and no folders through links), each called after the folder and its place there."""
    given = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    wanted = {f".{ending}" for ending in endings} | {_TAR}
    sources: list[Source] = []
    for path in [os.fspath(path) for path in given]:
        if not os.path.isdir(path):
            os.stat(path)  # It is there, or this says what is wrong.
            # Workers may stand in other folders.
            sources.append(Source(path, os.path.abspath(path)))
            continue
        folder = os.path.abspath(path)
        found = [Source(os.path.relpath(file, os.path.dirname(folder)), file) for file in _walk(folder, wanted)]
        if not found:
            raise ValueError(f"{path} holds nothing to read ({', '.join(sorted(wanted))})")
        sources += found
    seen: dict[str, str] = {}
    for source in sources:
        if source.name in seen:
            raise ValueError(f"{seen[source.name]} and {source.path} would both be called {source.name}")
        seen[source.name] = source.path
    return sources


def _walk(folder: str, wanted: set[str]) -> Iterator[str]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, wanted)
        elif os.path.splitext(entry.name)[1].lower() in wanted and entry.is_file():
            yield entry.path


def plan(
    folder: Path, label: dict[str, Any], sources: list[Source], files_per_shard: int, retry_failed: bool
) -> list[Shard]:
    """What is left to do: what no shard has yet, and shards of which a file is newer (or, with `retry_failed`, failed)."""
    records = read_records(folder, label)
    by_name = {source.name: source for source in sources}
    shards = []
    for number, record in records.items():
        made = (folder / Shard(number, ()).file).stat().st_mtime_ns
        listed = [by_name[name] for name in record.sources if name in by_name]
        if not any(_changed(source) > made for source in listed) and not (retry_failed and record.failed):
            continue
        if len(listed) < len(record.sources):
            gone = next(name for name in record.sources if name not in by_name)
            raise ValueError(f"{Shard(number, ()).file} must be made anew, but {gone} is not among the inputs: give all of them")
        shards.append(Shard(number, tuple(listed), anew=True))
    done = {name for record in records.values() for name in record.sources}
    free = (number for number in range(len(records) + len(sources)) if number not in records)
    for group in _groups((source for source in sources if source.name not in done), files_per_shard):
        shards.append(Shard(next(free), tuple(group)))
    return shards


def _changed(source: Source) -> int:
    try:
        return os.stat(source.path).st_mtime_ns
    except OSError:
        return 0  # Whoever reads it says so.


def _groups(sources: Iterable[Source], size: int) -> Iterator[list[Source]]:
    """So many files at a time, and each tar by itself."""
    waiting: list[Source] = []
    for source in sources:
        if is_tar(source.path):
            yield [source]
            continue
        waiting.append(source)
        if len(waiting) == size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def is_tar(path: str) -> bool:
    return path.lower().endswith(_TAR)


def members(tar: Source, endings: list[str]) -> Generator[tuple[Source, Optional[Trouble]], None, None]:
    """The media in a tar, one after the other: each a file for as long as it is looked at, called TAR/MEMBER."""
    wanted, seen = {f".{ending}" for ending in endings}, set()
    try:
        archive = tarfile.open(tar.path, "r:")
    except (OSError, tarfile.TarError) as error:
        yield tar, Trouble(tar.name, f"the tar cannot be read: {error}")
        return
    with archive:
        try:
            for member in archive:
                ending = os.path.splitext(member.name)[1].lower()
                if not member.isfile() or ending not in wanted:
                    continue
                source = Source(f"{tar.name}/{member.name}", "")
                if member.name in seen:
                    yield source, Trouble(source.name, "the tar has two of this name; the first was used")
                    continue
                seen.add(member.name)
                content = archive.extractfile(member)
                assert content is not None, "a regular file has content"
                with tempfile.NamedTemporaryFile(suffix=ending) as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                    file.flush()
                    yield replace(source, path=file.name), None
        except tarfile.TarError as error:
            yield tar, Trouble(tar.name, f"the tar cannot be read on: {error}")
            return
    if not seen:
        yield tar, Trouble(tar.name, f"the tar holds nothing to read ({', '.join(sorted(wanted))})")


class Writer:
    """Writes a shard beside its place; `complete` moves it there."""

    def __init__(self, path: str, schema: Any) -> None:
        # Embeddings are no words of which a few come again and again; names are.
        names = [name for name in ("source", "state", "name", "model") if name in schema.names]
        writer = needed("pyarrow.parquet").ParquetWriter
        self._writer = writer(path, schema, compression="zstd", compression_level=1, use_dictionary=names)
        self._schema = schema
        self._waiting: list[Any] = []
        self._bytes = 0

    def rows(self, columns: list[Any]) -> None:
        """Takes the rows of a file, a column an array."""
        table = needed("pyarrow").Table.from_arrays(columns, schema=self._schema)
        self._waiting.append(table)
        self._bytes += table.nbytes
        if self._bytes > _GROUP:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(needed("pyarrow").concat_tables(self._waiting))
        self._waiting, self._bytes = [], 0

    def record(self, record: Record) -> None:
        """Takes what the footer is to tell."""
        self._write()
        self._writer.add_key_value_metadata({_KEY: record.to_json()})

    def close(self) -> None:
        self._writer.close()


@contextmanager
def written(target: Path, schema: Any) -> Iterator[Writer]:
    """A writer whose file gets its name only if all went well."""
    part = target.parent / _PARTS / f"{target.name}.{socket.gethostname()}.{os.getpid()}"
    part.parent.mkdir(exist_ok=True)
    try:
        writer = Writer(str(part), schema)
        try:
            yield writer
        finally:
            writer.close()
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def deaths(target: Path) -> int:
    """How many workers of this run were killed at a shard: the parts of it that they left."""
    return sum(1 for _ in (target.parent / _PARTS).glob(f"{target.name}.*"))


def clear(folder: Path) -> None:
    """Removes what was left by those who were killed."""
    shutil.rmtree(folder / _PARTS, ignore_errors=True)
