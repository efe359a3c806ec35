"""An archive of videos, sounds or pictures as a folder of Parquet files: embedded, or judged hop by hop.

>>> from lookhear import archive
>>> result = archive.embed("clips/", "embeddings/", what="audio", hop=0.5)
>>> result.rows, result.failed

The folder grows by shards. Each is made of some files, or of one WebDataset tar, and gets its name when it is complete: the same call
goes on after a run that was stopped or killed, and no row is there twice. lookhear.ray does the same on many cores and machines.
What the columns are is told in docs/archives.md.
"""

import hashlib
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Literal, Optional, Union

import numpy as np

from ._lookhear import DamageWarning, Event, MediaError, Model, ModelError, Session, endings
from ._shards import (
    Inputs,
    Record,
    Shard,
    Source,
    Trouble,
    Writer,
    clear,
    deaths,
    find,
    is_tar,
    members,
    needed,
    plan,
    read_record,
    read_records,
    written,
)

__all__ = ["Result", "Trouble", "embed", "judge"]

_Path = Union[str, "os.PathLike[str]"]
# Of what the columns hold and how they are computed.
_VERSION = 1
# How often a shard is begun again whose worker was killed: a file that takes every worker with it must not go round for ever.
_RETRIES = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What is in the folder after a run. `made` shards are of this run, the others were there."""

    folder: Path
    shards: int
    made: int
    sources: int
    rows: int
    failed: list[Trouble]
    damaged: list[Trouble]


def embed(
    inputs: Inputs,
    out: _Path,
    *,
    what: Literal["audio", "vision", "ave"] = "audio",
    hop: float = 0.1,
    center: bool = True,
    pool: Optional[Literal["grid", "global"]] = None,
    model: Optional[_Path] = None,
    threads: Optional[int] = None,
    files_per_shard: int = 64,
    retry_failed: bool = False,
) -> Result:
    """Embeds all files, as Model.embed_file does each: a row for every window of sound or video frame.

    `inputs` is a folder, a file, a WebDataset tar, or several of them; `out` a folder, of this archive alone. `model` is a bundle
    (None: the built-in one), `threads` are those of the network. The other settings are Model.embed_file's.

    A file that cannot be read is told in the result and costs no other; with `retry_failed` its shard is made anew. Shards that
    are there are kept, unless one of their files is newer.

    Raises ValueError for arguments and for a folder that holds something else, or shards of other settings or another model.
    """
    job = embedding(what, hop, center, pool, model, threads)
    return run(job, inputs, out, files_per_shard, retry_failed, _one_after_the_other)


def judge(
    inputs: Inputs,
    out: _Path,
    *,
    hop: float = 0.08,
    model: Optional[_Path] = None,
    gallery: Optional[_Path] = None,
    threads: Optional[int] = None,
    files_per_shard: int = 64,
    retry_failed: bool = False,
) -> Result:
    """Judges all videos, as Model.judge_video does each: a row for every hop.

    `gallery` is a file of names. The rest is as for embed.
    """
    job = judging(hop, model, gallery, threads)
    return run(job, inputs, out, files_per_shard, retry_failed, _one_after_the_other)


@dataclass(frozen=True)
class Job:
    """What is to be done with each file; it goes to every worker. `label` is what the rows depend on besides the files."""

    label: dict[str, Any]
    model: Optional[str]
    gallery: Optional[str]
    threads: Optional[int]

    @property
    def endings(self) -> list[str]:
        return endings(self.label.get("what", "video"))


def embedding(
    what: Literal["audio", "vision", "ave"],
    hop: float,
    center: bool,
    pool: Optional[Literal["grid", "global"]],
    model: Optional[_Path],
    threads: Optional[int],
) -> Job:
    """The job of embed, with its arguments checked."""
    network = Model(model, threads=threads)
    network.dims(what, pool)
    network.embed_audio(np.zeros(1, np.float32), 48_000, hop=hop, pool="global")
    label: dict[str, Any] = {"version": _VERSION, "model": network.hash, "what": what, "hop": round(hop * 48_000) / 48_000}
    # Settings without influence would make two kinds of one.
    if what != "ave":
        label["pool"] = pool or "grid"
    if what != "vision":
        label["center"] = center
    return Job(label, _named(model), None, threads)


def judging(hop: float, model: Optional[_Path], gallery: Optional[_Path], threads: Optional[int]) -> Job:
    """The job of judge, with its arguments checked."""
    network = Model(model, gallery=gallery, threads=threads)
    Session(network, hop=hop)
    label: dict[str, Any] = {"version": _VERSION, "model": network.hash, "judged": True, "hop": hop}
    if gallery is not None:
        label["gallery"] = hashlib.sha256(Path(gallery).read_bytes()).hexdigest()
    return Job(label, _named(model), _named(gallery), threads)


def _named(path: Optional[_Path]) -> Optional[str]:
    return None if path is None else os.path.abspath(path)


def run(
    job: Job,
    inputs: Inputs,
    out: _Path,
    files_per_shard: int,
    retry_failed: bool,
    work: Callable[[Job, Path, list[Shard]], None],
) -> Result:
    """Makes what is missing of a folder, by `work`, and tells what is there."""
    if files_per_shard < 1:
        raise ValueError(f"files_per_shard {files_per_shard}: give 1 or more")
    needed("pyarrow")
    folder = Path(out).absolute()
    sources = find(inputs, job.endings)
    folder.mkdir(parents=True, exist_ok=True)
    shards = plan(folder, job.label, sources, files_per_shard, retry_failed)
    clear(folder)
    if shards:
        work(job, folder, shards)
    clear(folder)
    records = read_records(folder, job.label)
    names = [name for record in records.values() for name in record.sources]
    if len(set(names)) < len(names):
        raise RuntimeError(f"{folder} has files twice: did two runs write there at a time? Begin anew in another folder")
    if missing := {source.name for source in sources} - set(names):
        raise RuntimeError(f"{len(missing)} files were not done, {min(missing)} among them: call again")
    return Result(
        folder=folder,
        shards=len(records),
        made=len(shards),
        sources=len(names),
        rows=sum(record.rows for record in records.values()),
        failed=[trouble for record in records.values() for trouble in record.failed],
        damaged=[trouble for record in records.values() for trouble in record.damaged],
    )


def _one_after_the_other(job: Job, folder: Path, shards: list[Shard]) -> None:
    worker = Worker(job, folder)
    for done, shard in enumerate(shards, 1):
        rows = worker.make(shard)
        _log.info("%s: %d rows (%d of %d shards)", shard.file, rows, done, len(shards))


class Worker:
    """Holds the model and makes shards of files."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._model = Model(job.model, gallery=job.gallery, threads=job.threads)
        if self._model.hash != job.label["model"]:
            raise ModelError(f"the model here ({job.model or 'built in'}) is another than where the run was begun")
        self._rows, self._schema = self._embedded() if "what" in job.label else self._judged()

    def make(self, shard: Shard) -> int:
        """Makes a shard unless it is there; returns its rows."""
        target = self._folder / shard.file
        there = None if shard.anew or not target.exists() else read_record(target)
        if there and (there.label, there.sources) == (self._job.label, shard.names):
            return there.rows
        if deaths(target) > _RETRIES:
            files = shard.names[0] if len(shard.names) == 1 else f"{shard.names[0]} to {shard.names[-1]}"
            raise RuntimeError(f"{_RETRIES + 1} workers were killed at {shard.file} ({files}): leave out the file that it is")
        record = Record(self._job.label, shard.names, [], [])
        rows = 0
        with written(target, self._schema) as writer:
            for source, trouble in self._media(shard):
                if trouble:
                    record.failed.append(trouble)
                else:
                    rows += self._file(source, writer, record)
            writer.record(record)
        for trouble in record.failed:
            _log.warning("%s: %s", trouble.source, trouble.reason)
        return rows

    def _media(self, shard: Shard) -> Iterator[tuple[Source, Optional[Trouble]]]:
        for source in shard.sources:
            if is_tar(source.path):
                with closing(members(source, self._job.endings)) as found:
                    yield from found
            else:
                yield source, None

    def _file(self, source: Source, writer: Writer, record: Record) -> int:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", DamageWarning)
            try:
                columns = self._rows(source.path)
            except ModelError:
                raise
            except (OSError, ValueError) as error:
                # Without it, all the others would fail, too.
                if isinstance(error, MediaError) and not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
                    raise RuntimeError(f"{error}; ffmpeg is not here") from error
                record.failed.append(Trouble(source.name, _of(source, error)))
                return 0
        record.damaged.extend(Trouble(source.name, _of(source, one.message)) for one in told)
        count = len(columns[0])
        arrow = needed("pyarrow")
        # Names of files need not be text; what is no text is shown as such.
        name = os.fsencode(source.name).decode(errors="replace")
        text = [arrow.repeat(arrow.scalar(word, arrow.string()), count) for word in (name, self._model.hash)]
        writer.rows([text[0], *columns, text[1]])
        return count

    def _embedded(self) -> tuple[Callable[[str], list[Any]], Any]:
        arrow, label = needed("pyarrow"), self._job.label
        what, pool = label["what"], label.get("pool")
        dims = self._model.dims(what, pool)

        def rows(path: str) -> list[Any]:
            embedding, timestamps = self._model.embed_file(
                path, what=what, hop=label["hop"], center=label.get("center", True), pool=pool
            )
            values = arrow.FixedSizeListArray.from_arrays(arrow.array(embedding.reshape(-1)), dims)
            return [arrow.array(timestamps), values]

        return rows, _schema({"timestamp": arrow.float64(), "embedding": arrow.list_(arrow.float32(), dims)})

    def _judged(self) -> tuple[Callable[[str], list[Any]], Any]:
        arrow, hop = needed("pyarrow"), self._job.label["hop"]
        number, text = arrow.float64(), arrow.string()
        kinds = {
            "t": number,
            "score": number,
            "state": text,
            "confidence": number,
            "peak": arrow.list_(number, 2),
            "box": arrow.list_(number, 4),
            "name": text,
        }

        def rows(path: str) -> list[Any]:
            events: list[Event] = self._model.judge_video(path, hop=hop)
            return [arrow.array([getattr(event, field) for event in events], kind) for field, kind in kinds.items()]

        return rows, _schema({"timestamp" if field == "t" else field: kind for field, kind in kinds.items()})


def _schema(columns: dict[str, Any]) -> Any:
    arrow = needed("pyarrow")
    return arrow.schema([("source", arrow.string()), *columns.items(), ("model", arrow.string())])


def _of(source: Source, words: object) -> str:
    """A message that tells the file by its name in the archive."""
    return str(words).replace(source.path, source.name)
