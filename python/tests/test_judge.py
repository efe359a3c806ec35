"""Judging: pairs and streams."""

import json

import numpy as np
import pytest
from conftest import RATE, chirp, picture

import lookhear


def test_a_dog_and_its_bark_match_and_a_dog_and_a_violin_do_not(model, stamp):
    dog, violin = "animals/mammals/dogs/dog", "hobbies/music/string/violin"
    for sight in (dog, violin):
        for sound in (dog, violin):
            event = model.judge(stamp(f"{sight}.png"), stamp(f"{sound}.ogg"))
            assert event.state == ("match" if sight == sound else "no_visible_source"), event
            assert (event.box is not None) == (sight == sound)
            if event.box:
                (left, top, right, bottom), (x, y) = event.box, event.peak
                assert left <= x <= right and top <= y <= bottom
                assert event.confidence == event.score


def test_an_event_is_complete(model):
    event = model.judge(picture(), chirp(1.0), RATE)
    assert event.state in ("match", "no_visible_source")
    assert 0 <= event.score <= 1 and 0 <= event.confidence <= 1
    assert (event.map.shape, event.map.dtype) == ((14, 14), np.float32)
    assert (event.map >= 0).all() and (event.map <= 1).all()
    assert (event.t, event.name) == (0.0, None)
    said = json.loads(event.to_json())
    assert (said["score"], said["state"], tuple(said["peak"])) == (event.score, event.state, event.peak)
    assert np.array_equal(np.array(said["map"], np.float32), event.map)
    assert str(event.score) in repr(event) and event.sentence.endswith(".")
    with pytest.raises(AttributeError):
        event.score = 1.0


def test_silence_is_silent_and_the_loudest_second_counts(model):
    quiet = np.zeros(3 * RATE, np.float32)
    event = model.judge(picture(), quiet, RATE)
    assert (event.state, event.box, event.sentence) == ("silent", None, "It is quiet.")
    loud = quiet.copy()
    loud[RATE : 2 * RATE] = chirp(1.0)
    assert model.judge(picture(), loud, RATE).to_json() == model.judge(picture(), chirp(1.0), RATE).to_json()


def test_samples_need_a_rate_and_files_have_one(model, stamp):
    with pytest.raises(TypeError, match="their rate"):
        model.judge(picture(), chirp(1.0))
    with pytest.raises(TypeError, match="leave sr out"):
        model.judge(picture(), stamp("animals/mammals/dogs/dog.ogg"), RATE)
    with pytest.raises(FileNotFoundError, match="absent.ogg"):
        model.judge(picture(), "absent.ogg")
    with pytest.raises(lookhear.MediaError):
        model.judge(stamp("animals/mammals/dogs/dog.ogg"), stamp("animals/mammals/dogs/dog.ogg"))


def test_what_was_enrolled_has_a_name(program, ffmpeg, stamp, tmp_path):
    dog = "animals/mammals/dogs/dog"
    sight = f"movie={stamp(dog + '.png')},loop=-1:1,fps=25,trim=duration=4,scale=320:240,format=yuv420p"
    sound = f"amovie={stamp(dog + '.ogg')}:loop=0,asetpts=N/SR/TB,atrim=duration=4"
    clip, gallery = ffmpeg(tmp_path / "dog.mp4", sight, sound), tmp_path / "names.gallery"
    program("enroll", "Rex", "--from", clip, "--gallery", gallery)
    model = lookhear.Model(gallery=gallery)
    assert model.judge(f"{clip}@2", f"{clip}@2").name == "Rex"
    violin = stamp("hobbies/music/string/violin.ogg")
    assert model.judge(stamp(f"{dog}.png"), violin).name is None
    session = lookhear.Session(model)
    session.frame(f"{clip}@2")
    assert session.sound(np.zeros(10_000, np.float32))[-1].name is None


def test_a_stream_is_judged_hop_by_hop_however_it_comes():
    def events(chunks):
        session = lookhear.Session(hop=0.08)
        assert session.sound(np.zeros(0, np.float32)) == []
        session.frame(picture())
        sound, found, place = chirp(0.3), [], 0
        while place < len(sound):
            size = chunks[len(found) % len(chunks)]
            found += session.sound(sound[place : place + size])
            place += size
        return found

    at_once = events([100_000])
    assert [event.t for event in at_once] == [0.08, 0.16, 0.24]
    assert all(event.map.shape == (14, 14) for event in at_once)
    for chunks in ([480], [1_000, 3_841, 7]):
        assert [event.to_json() for event in events(chunks)] == [event.to_json() for event in at_once]


def test_a_stream_may_have_any_rate_and_needs_a_frame(model):
    session = lookhear.Session(model, hop=0.1, sr=44_100, channels=2)
    sound = np.stack([chirp(1.0, 44_100)] * 2, axis=1)
    assert session.sound(sound[:20_000]) == [], "nothing was seen"
    session.frame(picture())
    events = session.sound(sound[20_000:])
    assert 4 <= len(events) <= 6
    for mono in (sound[:, 0], sound.T):
        with pytest.raises(ValueError, match="channels|transpose"):
            session.sound(mono)
    for wrong in ({"hop": 0}, {"sr": 0}, {"channels": 0}):
        with pytest.raises(ValueError):
            lookhear.Session(model, **wrong)
    with pytest.raises(TypeError):
        lookhear.Session("model")
