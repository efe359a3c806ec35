"""Embeddings: shapes, types, what is accepted and what is refused."""

import numpy as np
import pytest
from conftest import RATE, chirp, picture

import lookhear


def test_the_built_in_model_tells_what_it_is(model):
    assert (model.name, model.path, len(model.hash)) == ("edge-swift", None, 64)
    assert model.spec["vision"]["input"] == [3, 224, 224]
    assert 0 < model.thresholds["on"] < 1
    assert [model.dims(), model.dims("vision"), model.dims("ave")] == [2304, 3072, 128]
    assert [model.dims(what, "global") for what in ("audio", "vision")] == [192, 192]
    assert "edge-swift" in repr(model)


def test_sound_gives_a_row_a_hop(model):
    embedding, timestamps = model.embed_audio(chirp(1.8), RATE)
    assert (embedding.shape, embedding.dtype) == ((14, 2304), np.float32)
    assert (timestamps.shape, timestamps.dtype) == ((14,), np.float64)
    np.testing.assert_allclose(timestamps, np.arange(14) / 10)
    assert embedding.flags.c_contiguous and embedding.flags.writeable and (embedding >= 0).all()

    embedding, timestamps = model.embed_audio(chirp(1.8), RATE, hop=0.4, center=False, pool="global")
    assert (embedding.shape, timestamps.tolist()) == ((3, 192), [0.0, 0.4, 0.8])
    embedding, _ = model.embed_audio(chirp(0.2), RATE, what="ave", center=False)
    assert embedding.shape == (1, 128)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-3)


def test_types_and_layouts_of_sound_change_nothing(model):
    pcm = (chirp(1.0) * 32_767).astype(np.int16)
    floats = pcm.astype(np.float32) / 32_768
    expected = model.embed_audio(floats, RATE, pool="global")[0]
    strided = np.zeros((RATE, 3), np.float32)
    strided[:, 1] = floats
    alike = [
        pcm,
        floats.astype(np.float64),
        (pcm.astype(np.int32) << 16),
        floats.tolist(),
        floats[:, np.newaxis],
        strided[:, 1],
        floats.astype(">f4").astype(np.float32),
    ]
    for samples in alike:
        assert np.array_equal(model.embed_audio(samples, RATE, pool="global")[0], expected)
    floats.flags.writeable = False
    assert np.array_equal(model.embed_audio(floats, RATE, pool="global")[0], expected)


def test_other_rates_and_channels_become_one(model):
    expected, _ = model.embed_audio(chirp(1.0), RATE, pool="global", center=False)
    other, _ = model.embed_audio(chirp(1.0, 44_100), 44_100, pool="global", center=False)
    assert other.shape == expected.shape
    assert 0.99 < np.corrcoef(other[0], expected[0])[0, 1]
    # Two channels have the power of both.
    both = np.stack([chirp(1.0)] * 2, axis=1) / np.float32(np.sqrt(2))
    stereo, _ = model.embed_audio(both, RATE, pool="global", center=False)
    fortran = np.asfortranarray(both)
    assert np.array_equal(model.embed_audio(fortran, RATE, pool="global", center=False)[0], stereo)
    assert 0.999 < np.corrcoef(stereo[0], expected[0])[0, 1]


@pytest.mark.parametrize(
    ("samples", "sr", "more", "words"),
    [
        (np.zeros(0, np.float32), RATE, {}, "it is empty"),
        (np.zeros((2, 48_000), np.float32), RATE, {}, "transpose"),
        (np.zeros((2, 2, 2), np.float32), RATE, {}, r"\[2, 2, 2\]"),
        (np.zeros((5, 0), np.float32), RATE, {}, r"\[5, 0\]"),
        (np.zeros(9, np.complex64), RATE, {}, "complex64"),
        (np.float32(0.0), RATE, {}, "float32"),
        ("no sound", RATE, {}, "no sound|str|<U"),
        (chirp(0.1), 0, {}, "sr 0"),
        (chirp(0.1), 44_100.5, {}, "44100.5"),
        (chirp(0.1), 1_000, {}, "1000 Hz"),
        (chirp(0.1), RATE, {"hop": 0}, "^hop 0: give 0.005 to 60 seconds"),
        (chirp(0.1), RATE, {"pool": "mean"}, "mean"),
        (chirp(0.1), RATE, {"what": "vision"}, "'audio' or 'ave'"),
        (chirp(0.1), RATE, {"what": "ave", "pool": "grid"}, "not pooled"),
    ],
)
def test_sound_that_cannot_be_embedded_is_a_value_error(model, samples, sr, more, words):
    with pytest.raises(ValueError, match=words):
        model.embed_audio(samples, sr, **more)


def test_values_that_are_no_numbers_count_as_0_and_are_told(model):
    samples = chirp(1.0)
    samples[[5, 500, 5_000]] = [np.nan, np.inf, -1e30]
    with pytest.warns(lookhear.DamageWarning, match="3 values"):
        damaged, _ = model.embed_audio(samples, RATE, pool="global")
    samples[[5, 500, 5_000]] = 0
    assert np.array_equal(model.embed_audio(samples, RATE, pool="global")[0], damaged)


def test_pictures_give_a_row_or_one_a_place(model):
    shown = picture()
    row = model.embed_image(shown)
    assert (row.shape, row.dtype) == ((3072,), np.float32)
    assert model.embed_image(shown, pool="global").shape == (192,)
    assert model.embed_image(shown, what="ave").shape == (14 * 14, 128)
    # However it lies in memory.
    assert np.array_equal(model.embed_image(np.asfortranarray(shown)), row)
    assert np.array_equal(model.embed_image(shown[::-1][::-1]), row)
    grey = shown[..., 0]
    assert np.array_equal(model.embed_image(grey), model.embed_image(np.stack([grey] * 3, axis=-1)))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((8, 8, 4), np.uint8), "fourth channel"),
        (np.zeros((3, 224, 224), np.uint8), r"\[3, 224, 224\]"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"\[2, 8, 8, 3\]"),
        (np.zeros((0, 8, 3), np.uint8), r"\[0, 8, 3\]"),
        (np.zeros((8, 8, 3), np.float64), "float64.*astype"),
        (None, "object"),
    ],
)
def test_pictures_that_are_none_are_a_value_error(model, image, words):
    with pytest.raises(ValueError, match=words):
        model.embed_image(image)


def test_files_and_arrays_give_the_same(model, ffmpeg, tmp_path):
    sound = ffmpeg(tmp_path / "a.wav", "sine=frequency=500:sample_rate=48000:duration=1.3")
    # A canonical header, then 16 bits.
    pcm = np.frombuffer(sound.read_bytes()[-2 * round(1.3 * RATE) :], np.int16)
    from_file, from_array = model.embed_file(sound), model.embed_audio(pcm, RATE)
    assert all(np.array_equal(a, b) for a, b in zip(from_file, from_array))

    clip = ffmpeg(tmp_path / "c.mkv", "testsrc=size=96x64:rate=25:duration=1", more=["-c:v", "ffv1"])
    embedding, timestamps = model.embed_video(clip, hop=0.2)
    assert (embedding.shape, timestamps.shape) == ((5, 3072), (5,))
    assert np.array_equal(model.embed_image(f"{clip}@0.4"), embedding[2])
    assert np.array_equal(model.embed_image(str(clip)), embedding[0])


def test_files_that_cannot_be_read_have_pythons_own_errors(model, tmp_path):
    absent = tmp_path / "absent.wav"
    for call in (model.embed_file, model.embed_video, model.embed_image):
        with pytest.raises(FileNotFoundError) as error:
            call(absent)
        assert str(absent) in str(error.value)
    with pytest.raises(FileNotFoundError) as error:
        lookhear.Model(absent)
    assert error.value.filename == str(absent)
    text = tmp_path / "notes.wav"
    text.write_text("this is no sound")
    with pytest.raises(lookhear.MediaError, match="notes.wav"):
        model.embed_file(text)
    with pytest.raises(lookhear.ModelError, match="not a LookHear bundle"):
        lookhear.Model(text)
    with pytest.raises(lookhear.ModelError, match="notes.wav"):
        lookhear.Model(gallery=text)
    with pytest.raises(FileNotFoundError):
        lookhear.Model(gallery=absent)
    with pytest.raises(TypeError):
        model.embed_file(3)
    assert issubclass(lookhear.MediaError, OSError) and issubclass(lookhear.ModelError, ValueError)


def test_what_is_damaged_is_told_and_the_rest_is_embedded(model, ffmpeg, tmp_path):
    good = ffmpeg(tmp_path / "good.mp3", "sine=frequency=500:sample_rate=48000:duration=3", more=["-b:a", "128k"])
    data = bytearray(good.read_bytes())
    middle = data.index(b"\xff\xfb", len(data) // 2)
    data[middle + 4 : middle + 300] = b"\xff" * 296
    damaged = tmp_path / "damaged.mp3"
    damaged.write_bytes(bytes(data))
    with pytest.warns(lookhear.DamageWarning, match="damaged.mp3: .*the rest was used"):
        embedding, _ = model.embed_file(damaged, pool="global")
    assert np.array_equal(embedding[:5], model.embed_file(good, pool="global")[0][:5])
