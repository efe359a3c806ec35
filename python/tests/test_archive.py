"""An archive as Parquet: the rows of the command line, each of them once, whatever was stopped on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from conftest import clips, rows_of, until

from lookhear import archive

parquet = pytest.importorskip("pyarrow.dataset", reason="archives need pyarrow: pip install pyarrow")
SETTINGS = {"hop": 0.5, "pool": "global", "threads": 1}


@pytest.fixture(scope="module")
def folder(ffmpeg, tmp_path_factory):
    return clips(ffmpeg, tmp_path_factory.mktemp("archive") / "clips")


@pytest.fixture(scope="module")
def expected(program, folder, tmp_path_factory):
    """What `lookhear embed` says of the same files: timestamps and embeddings, by name."""
    out = tmp_path_factory.mktemp("expected")
    program("embed", folder, "--out", out, "--hop", 0.5, "--pool", "global")
    found = {}
    for path in folder.rglob("*.*"):
        name = path.relative_to(folder)
        with np.load(out / name.with_name(f"{name.stem}_audio_global_hop0.5.npz")) as arrays:
            found[f"clips/{name}"] = arrays["timestamps"], arrays["embedding"]
    return found


def test_rows_are_those_of_the_command(folder, expected, tmp_path):
    result = archive.embed(folder, tmp_path, **SETTINGS, files_per_shard=2)
    assert (result.shards, result.made, result.sources, result.failed) == (2, 2, 4, [])
    rows = rows_of(tmp_path)
    assert result.rows == sum(len(timestamps) for timestamps, _ in rows.values())
    assert rows.keys() == expected.keys()
    for name, (timestamps, embedding) in expected.items():
        assert np.array_equal(rows[name][0], timestamps)
        assert np.array_equal(rows[name][1], embedding)


def test_models_and_settings_are_told_and_never_mixed(folder, tmp_path, model):
    archive.embed(folder, tmp_path, **SETTINGS)
    table = parquet.dataset(tmp_path).to_table()
    assert set(table["model"].to_pylist()) == {model.hash}
    assert table.column_names == ["source", "timestamp", "embedding", "model"]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"made otherwise \(hop 0.5 there, 0.25 here\)"):
        archive.embed(folder, tmp_path, **{**SETTINGS, "hop": 0.25})
    with pytest.raises(ValueError, match="made otherwise"):
        archive.judge(folder, tmp_path)
    with pytest.raises(ValueError, match="0.005 to 60"):
        archive.embed(folder, tmp_path / "new", hop=0)
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "other.parquet").write_bytes(b"something else")
    with pytest.raises(ValueError, match="no shard"):
        archive.embed(folder, tmp_path, **SETTINGS)


def test_what_is_there_is_kept_and_what_is_new_is_added(folder, tmp_path):
    own, out = tmp_path / "clips", tmp_path / "out"
    shutil.copytree(folder, own)
    first = archive.embed(own, out, **SETTINGS, files_per_shard=2)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = archive.embed(own, out, **SETTINGS, files_per_shard=3)
    assert (again.made, again.rows) == (0, first.rows)
    # One is added, in front of the others, and one becomes newer than its shard.
    shutil.copy(own / "a.flac", own / "0.flac")
    later = (out / "shard-000001.parquet").stat().st_mtime + 60
    os.utime(own / "deep" / "d.mp4", (later, later))
    added = archive.embed(own, out, **SETTINGS, files_per_shard=2)
    assert (added.made, added.shards, added.sources) == (2, 3, 5)
    rows = rows_of(out)
    assert np.array_equal(rows["clips/0.flac"][1], rows["clips/a.flac"][1])
    # The bytes depend on the files alone.
    for name, content in before.items():
        assert (out / name).read_bytes() == content
    (own / "b.flac").unlink()
    with pytest.raises(ValueError, match="b.flac is not among the inputs"):
        os.utime(own / "a.flac", (later + 60, later + 60))
        archive.embed(own, out, **SETTINGS)


def test_a_bad_file_is_told_and_costs_no_other(folder, expected, tmp_path, ffmpeg):
    bad = [tmp_path / "noise.mp4", tmp_path / "mute.mp4"]
    bad[0].write_bytes(bytes(range(256)) * 40)
    ffmpeg(bad[1], "testsrc=size=64x48:rate=5:duration=1")
    inputs = [folder, *bad]
    result = archive.embed(inputs, tmp_path / "out", **SETTINGS)
    assert [trouble.source for trouble in result.failed] == list(map(str, bad))
    assert all(trouble.reason.startswith(trouble.source) for trouble in result.failed)
    assert rows_of(tmp_path / "out").keys() == expected.keys()
    # Told again, though nothing is done; and tried again if it is asked for.
    again = archive.embed(inputs, tmp_path / "out", **SETTINGS)
    assert (again.made, again.failed) == (0, result.failed)
    made = os.stat(bad[1])
    shutil.copy(folder / "a.flac", bad[1])
    os.utime(bad[1], (made.st_atime, made.st_mtime))
    mended = archive.embed(inputs, tmp_path / "out", **SETTINGS, retry_failed=True)
    assert (mended.made, [trouble.source for trouble in mended.failed]) == (1, [str(bad[0])])
    with pytest.raises(FileNotFoundError):
        archive.embed([folder, tmp_path / "absent.mp4"], tmp_path / "other", **SETTINGS)


def test_without_ffmpeg_the_run_ends(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="ffmpeg is not here"):
        archive.embed(folder, tmp_path / "out", **SETTINGS)
    assert not list((tmp_path / "out").glob("*.parquet")), "it would be kept with all videos failed"


def test_shards_of_web_dataset(folder, expected, tmp_path):
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.*"))
    for number, some in enumerate([names[:2], names[2:]]):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as tar:
            for name in some:
                tar.add(folder / name, arcname=str(name))
                (tmp_path / "label.json").write_text("{}")
                tar.add(tmp_path / "label.json", arcname=str(name.with_suffix(".json")))
            # A name that comes twice would give rows twice.
            tar.add(folder / some[0], arcname=str(some[0]))
    torn = tmp_path / "torn.tar"
    torn.write_bytes((tmp_path / "0.tar").read_bytes()[:2000])
    tars = [tmp_path / "0.tar", tmp_path / "1.tar", torn]
    result = archive.embed(tars, tmp_path / "out", **SETTINGS)
    assert (result.shards, result.sources) == (3, 3)
    assert [trouble.source for trouble in result.failed] == [f"{tars[0]}/{names[0]}", f"{tars[1]}/{names[2]}", str(torn)]
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 4
    for number, name in enumerate(names):
        timestamps, embedding = expected[f"clips/{name}"]
        found = rows[f"{tars[number // 2]}/{name}"]
        assert np.array_equal(found[0], timestamps) and np.array_equal(found[1], embedding)


def test_videos_are_judged_as_by_watch(program, folder, tmp_path):
    result = archive.judge(folder, tmp_path, hop=0.4, threads=1)
    table = parquet.dataset(tmp_path).to_table()
    assert set(table["source"].to_pylist()) == {"clips/c.mp4", "clips/deep/d.mp4"}
    assert result.rows == len(table)
    for name in ("c.mp4", "deep/d.mp4"):
        events = [json.loads(line) for line in program("watch", folder / name, "--json", "--hop", 0.4).splitlines()]
        rows = [row for row in table.to_pylist() if row["source"] == f"clips/{name}"]
        assert len(rows) == len(events)
        for row, event in zip(rows, events):
            assert row["timestamp"] == event["t"] and row["name"] is None
            for field in ("score", "state", "confidence", "peak", "box"):
                assert row[field] == event[field]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_run_that_was_killed_goes_on(folder, expected, tmp_path):
    # The third file is a pipe that nobody writes to: there the run stands until it is killed.
    own, out = tmp_path / "clips", tmp_path / "out"
    shutil.copytree(folder, own)
    stuck = own / "c.mp4"
    real = stuck.rename(tmp_path / "c.mp4")
    os.mkfifo(stuck)
    code = "import sys; from lookhear import archive; archive.embed(sys.argv[2:], sys.argv[1], files_per_shard=1, **SETTINGS)"
    inputs = [str(own / name) for name in ("a.flac", "b.flac", "c.mp4", "deep/d.mp4")]
    code = code.replace("SETTINGS", repr(SETTINGS))
    child = subprocess.Popen([sys.executable, "-c", code, str(out), *inputs])
    until(lambda: list(out.glob(".parts/shard-000002*")), child)
    os.replace(real, stuck)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert sorted(path.name for path in out.glob("*.parquet")) == [f"shard-{n:06}.parquet" for n in range(2)]
    kept = [path.stat().st_ino for path in sorted(out.glob("*.parquet"))]
    result = archive.embed(inputs, out, **SETTINGS, files_per_shard=1)
    assert (result.made, result.shards, result.failed) == (2, 4, [])
    assert [path.stat().st_ino for path in sorted(out.glob("*.parquet"))][:2] == kept
    assert not list(out.glob(".*"))
    rows = rows_of(out)
    for path in inputs:
        timestamps, embedding = expected[os.path.relpath(path, tmp_path)]
        assert np.array_equal(rows[path][0], timestamps) and np.array_equal(rows[path][1], embedding)


def test_a_model_from_elsewhere_is_refused(folder, tmp_path):
    job = archive.embedding("audio", 0.5, True, "global", None, 1)
    job.label["model"] = "0" * 64
    with pytest.raises(ValueError, match="another than where the run was begun"):
        archive.Worker(job, tmp_path)
