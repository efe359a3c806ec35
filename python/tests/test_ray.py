"""Ray: two workers, one killed, and every row is there once."""

import os
import shutil
import signal
import threading

import pytest
from conftest import clips, rows_of, until

from lookhear import archive

ray = pytest.importorskip("ray", reason="no ray: pip install 'ray[data]'")

import lookhear.ray  # noqa: E402

SETTINGS = {"hop": 0.5, "pool": "global"}


@pytest.fixture(scope="module")
def cluster():
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def folder(ffmpeg, tmp_path_factory):
    return clips(ffmpeg, tmp_path_factory.mktemp("ray") / "clips")


@pytest.fixture(scope="module")
def plain(folder, tmp_path_factory):
    """The same without Ray; that it equals the command line is tested beside it."""
    out = tmp_path_factory.mktemp("plain")
    archive.embed(folder, out, **SETTINGS, threads=1, files_per_shard=1)
    return out


def same(out, plain):
    """Whether two folders hold the same shards, byte for byte, and nothing else."""
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    return found == {path.name: path.read_bytes() for path in plain.iterdir()}


def test_the_rows_are_those_without_ray(cluster, folder, plain, tmp_path):
    result = lookhear.ray.embed(folder, tmp_path, **SETTINGS, workers=2, files_per_shard=1)
    assert (result.made, result.shards, result.failed) == (4, 4, [])
    assert same(tmp_path, plain)
    # Another run, with Ray or without, has nothing to do.
    assert lookhear.ray.embed(folder, tmp_path, **SETTINGS, workers=2).made == 0
    assert archive.embed(folder, tmp_path, **SETTINGS).made == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_killed_worker_loses_nothing(cluster, folder, plain, tmp_path):
    # One sound is a pipe that nobody writes to: its worker stands there, in the middle of the run, until it is killed.
    own, out = tmp_path / "clips", tmp_path / "out"
    shutil.copytree(folder, own)
    stuck, real = own / "b.flac", tmp_path / "b.flac"
    stuck.rename(real)
    os.mkfifo(stuck)
    inputs = [own / name for name in ("a.flac", "b.flac", "c.mp4", "deep/d.mp4")]
    told = []
    run = threading.Thread(
        target=lambda: told.append(lookhear.ray.embed(inputs, out, **SETTINGS, workers=2, files_per_shard=1))
    )
    run.start()
    # The part of a shard tells whose it is.
    [part] = until(lambda: list(out.glob(".parts/shard-000001*")))
    os.replace(real, stuck)
    os.kill(int(part.name.split(".")[-1]), signal.SIGKILL)
    run.join(timeout=600)
    [result] = told
    assert (result.made, result.sources, result.failed) == (4, 4, [])
    archive.embed(inputs, tmp_path / "plain", **SETTINGS, threads=1, files_per_shard=1)
    assert same(out, tmp_path / "plain"), "none double, none missing"
    assert result.rows == sum(len(timestamps) for timestamps, _ in rows_of(out).values())


def test_a_bad_file_is_told_and_costs_no_other(cluster, folder, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all" * 100)
    # The default number of workers: one for each processor.
    result = lookhear.ray.judge([folder, bad], tmp_path / "out", hop=0.5, files_per_shard=2)
    assert [trouble.source for trouble in result.failed] == [str(bad)]
    plain = archive.judge([folder, bad], tmp_path / "plain", hop=0.5, threads=1, files_per_shard=2)
    assert same(tmp_path / "out", tmp_path / "plain")
    assert result.rows == plain.rows > 0


def test_arguments_are_checked_before_anything_is_done(folder, tmp_path):
    with pytest.raises(ValueError, match="workers 0"):
        lookhear.ray.embed(folder, tmp_path / "out", workers=0)
    with pytest.raises(ValueError, match="files_per_shard"):
        lookhear.ray.embed(folder, tmp_path / "out", files_per_shard=0)
    assert not (tmp_path / "out").exists()
