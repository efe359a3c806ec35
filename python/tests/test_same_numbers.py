"""The numbers are those of the command line, bit for bit."""

import subprocess

import numpy as np
import pytest
from conftest import RATE

import lookhear

SWEEP = "aevalsrc=0.3*sin(300*t+2000*t*t):s={rate}:d=1.7"


def same(program, model, path, out, **settings):
    """Whether `lookhear embed` and the package say the same of a file."""
    options = {
        "what": ("--what", settings.get("what", "audio")),
        "hop": ("--hop", settings.get("hop", 0.1)),
        "pool": ("--pool", settings.get("pool", "grid")),
    }
    if settings.get("what") == "ave":
        del options["pool"]
    if not settings.get("center", True):
        options["center"] = ("--uncentred",)
    program("embed", path, "--out", out, *[word for option in options.values() for word in option])
    [written] = out.iterdir()
    with np.load(written) as expected:
        embedding, timestamps = model.embed_file(path, **settings)
        assert embedding.dtype == expected["embedding"].dtype
        assert np.array_equal(embedding, expected["embedding"])
        assert np.array_equal(timestamps, expected["timestamps"])


@pytest.mark.parametrize(
    "settings",
    [{}, {"pool": "global"}, {"hop": 0.08, "center": False, "pool": "global"}, {"what": "ave", "hop": 0.31}],
)
def test_of_sounds(program, model, ffmpeg, tmp_path, settings):
    path = ffmpeg(tmp_path / "a.flac", SWEEP.format(rate=RATE))
    same(program, model, path, tmp_path / "out", **settings)


@pytest.mark.parametrize("settings", [{}, {"pool": "global", "hop": 0.25}, {"what": "ave"}])
def test_of_videos_and_pictures(program, model, ffmpeg, stamp, tmp_path, settings):
    settings = {"what": "vision", **settings}
    clip = ffmpeg(tmp_path / "c.mp4", "testsrc=size=160x120:rate=25:duration=0.8", "sine=duration=0.8")
    for number, path in enumerate([clip, stamp("animals/birds/hen.png")]):
        same(program, model, path, tmp_path / str(number), **settings)


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 1), (44_100, 2), (16_000, 1)])
def test_of_samples_in_memory(program, model, ffmpeg, tmp_path, rate, channels):
    more = ["-ac", str(channels), "-c:a", "pcm_s16le"]
    path = ffmpeg(tmp_path / "a.wav", SWEEP.format(rate=rate), more=more)
    pcm = np.frombuffer(path.read_bytes()[-round(1.7 * rate) * 2 * channels :], np.int16).reshape(-1, channels)
    program("embed", path, "--out", tmp_path / "out")
    with np.load(tmp_path / "out" / "a_audio.npz") as expected:
        for samples in (pcm, pcm.astype(np.float32) / 32_768):
            embedding, timestamps = model.embed_audio(samples, rate)
            assert np.array_equal(embedding, expected["embedding"])
            assert np.array_equal(timestamps, expected["timestamps"])


def test_of_pairs(judged, model, stamp):
    for sight in ("animals/mammals/dogs/dog", "animals/birds/hen"):
        for sound in ("animals/mammals/dogs/dog", "hobbies/music/string/violin"):
            pair = stamp(f"{sight}.png"), stamp(f"{sound}.ogg")
            [expected] = judged(*pair)
            event = model.judge(*pair)
            found = {name: getattr(event, name) for name in ("t", "score", "state", "confidence")}
            assert found == {name: expected[name] for name in found}
            assert list(event.peak) == expected["peak"]
            assert (event.box and list(event.box)) == expected["box"]
            assert np.array_equal(event.map, np.array(expected["map"], np.float32))


def test_of_moments_and_arrays(judged, model, ffmpeg, tmp_path):
    clip = ffmpeg(
        tmp_path / "c.mkv", "testsrc=size=160x120:rate=25:duration=3", SWEEP.format(rate=RATE), more=["-c:v", "ffv1"]
    )
    [expected] = judged(f"{clip}@1.2", f"{clip}@0.9")
    event = model.judge(f"{clip}@1.2", f"{clip}@0.9")
    assert (event.t, event.score, list(event.peak)) == (1.2, expected["score"], expected["peak"])

    sound = ffmpeg(tmp_path / "a.wav", SWEEP.format(rate=44_100))
    pcm = np.frombuffer(sound.read_bytes()[-round(1.7 * 44_100) * 2 :], np.int16)
    [expected] = judged(clip, sound)
    event = model.judge(clip, pcm, 44_100)
    assert (event.score, event.confidence) == (expected["score"], expected["confidence"])
    assert np.array_equal(event.map, np.array(expected["map"], np.float32))


def test_of_streams(program, ffmpeg, stamp, tmp_path):
    import json

    # One picture for the whole of it, without loss, and two channels, as ffmpeg gives them.
    still, clip = stamp("animals/mammals/dogs/dog.png"), tmp_path / "c.mkv"
    plain = ffmpeg(tmp_path / "p.png", f"movie={still},format=rgb24,scale=320:240")
    sound = ffmpeg(tmp_path / "a.wav", "aevalsrc=0.3*sin(300*t+2000*t*t)|0.2*sin(900*t):s=48000:d=1.5")
    loop = f"movie={plain},loop=-1:1,fps=25,trim=duration=1.5,format=bgr0"
    ffmpeg(clip, loop, f"amovie={sound}", more=["-c:v", "ffv1", "-c:a", "pcm_s16le", "-t", "1.5"])
    expected = [json.loads(line) for line in program("watch", clip, "--json", "--map").splitlines()]
    session = lookhear.Session(channels=2)
    session.frame(plain)
    events = session.sound(np.frombuffer(sound.read_bytes()[-round(1.5 * RATE) * 4 :], np.int16).reshape(-1, 2))
    assert len(events) > 15
    for found, line in zip(events, expected):
        assert (found.t, found.score, found.state) == (line["t"], line["score"], line["state"])
        assert np.array_equal(found.map, np.array(line["map"], np.float32))


@pytest.mark.parametrize("hop", [0.08, 0.5])
def test_of_videos_that_are_judged(program, model, ffmpeg, tmp_path, hop):
    import json

    # Sound that ends before the picture, and a picture that begins late.
    early = ffmpeg(tmp_path / "a.mp4", "testsrc=size=160x120:rate=25:duration=2.3", "sine=duration=1.1")
    late = ["-itsoffset", "0.4", "-i", str(early), "-map", "0:v", "-map", "1:a", "-c", "copy"]
    clips = early, ffmpeg(tmp_path / "b.mkv", "testsrc=size=64x48:rate=5:duration=1", "sine=300:duration=1.9"), tmp_path / "c.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(early), *late, str(clips[2])], check=True)
    for clip in clips:
        lines = program("watch", clip, "--json", "--map", "--hop", hop).splitlines()
        events = model.judge_video(clip, hop=hop)
        assert len(events) > 1
        assert [json.loads(event.to_json()) for event in events] == [json.loads(line) for line in lines]
