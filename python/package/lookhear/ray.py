"""lookhear.archive on many cores and machines, by Ray Data.

>>> import lookhear.ray
>>> result = lookhear.ray.embed("clips/", "embeddings/", what="audio", hop=0.5, workers=16)

Each worker is an actor that holds a model, takes one shard after the other and writes its Parquet file; no row travels through Ray.
Of a worker that dies, the shard is made again by another. The folders, and a model that is no built-in one, must be at the same
paths on every machine. The arguments are those of lookhear.archive; the folder goes on with either.
"""

import os
from pathlib import Path
from typing import Any, Literal, Optional, Union

import numpy as np

from . import archive
from ._shards import Inputs, Shard, needed
from .archive import Job, Result, Trouble

__all__ = ["Result", "Trouble", "embed", "judge"]

_Path = Union[str, "os.PathLike[str]"]
# Blocks are what Ray schedules. More of them only cost.
_BLOCKS = 10_000


def embed(
    inputs: Inputs,
    out: _Path,
    *,
    what: Literal["audio", "vision", "ave"] = "audio",
    hop: float = 0.1,
    center: bool = True,
    pool: Optional[Literal["grid", "global"]] = None,
    model: Optional[_Path] = None,
    workers: Optional[int] = None,
    threads: int = 1,
    files_per_shard: int = 64,
    retry_failed: bool = False,
) -> Result:
    """As lookhear.archive.embed, by `workers` actors (None: one for each of the cluster's processors, shared out by `threads`)."""
    job = archive.embedding(what, hop, center, pool, model, threads)
    return archive.run(job, inputs, out, files_per_shard, retry_failed, _Pool(workers))


def judge(
    inputs: Inputs,
    out: _Path,
    *,
    hop: float = 0.08,
    model: Optional[_Path] = None,
    gallery: Optional[_Path] = None,
    workers: Optional[int] = None,
    threads: int = 1,
    files_per_shard: int = 64,
    retry_failed: bool = False,
) -> Result:
    """As lookhear.archive.judge, by `workers` actors."""
    job = archive.judging(hop, model, gallery, threads)
    return archive.run(job, inputs, out, files_per_shard, retry_failed, _Pool(workers))


class _Actor:
    """A worker in a process of its own."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._worker = archive.Worker(job, folder)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"rows": np.array([self._worker.make(Shard.from_json(str(shard))) for shard in batch["shard"]])}


class _Pool:
    """Makes shards by actors."""

    def __init__(self, workers: Optional[int]) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers {workers}: give 1 or more, or leave it out for one per processor")
        self._workers = workers

    def __call__(self, job: Job, folder: Path, shards: list[Shard]) -> None:
        ray = needed("ray")
        data = needed("ray.data")
        if not ray.is_initialized():
            ray.init()
        threads = job.threads or 1
        workers = self._workers or max(int(ray.cluster_resources().get("CPU", 1)) // threads, 1)
        items = data.from_items([{"shard": shard.to_json()} for shard in shards], override_num_blocks=min(len(shards), _BLOCKS))
        # Ray makes a worker anew that was killed, and gives it its task again.
        pool = data.ActorPoolStrategy(size=min(workers, len(shards)), max_tasks_in_flight_per_actor=1)
        made = items.map_batches(
            _Actor, fn_constructor_args=(job, folder), compute=pool, batch_size=1, num_cpus=threads
        )
        for _ in made.iter_rows():
            pass
