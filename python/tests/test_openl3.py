"""OpenL3's functions: names, shapes, errors."""

import warnings

import numpy as np
import pytest
from conftest import RATE, chirp, picture

from lookhear import openl3


def test_sound_one_or_a_list(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedding, timestamps = openl3.get_audio_embedding(chirp(1.0), RATE)
    assert (embedding.shape, timestamps.shape) == ((6, 2304), (6,))
    assert np.array_equal(embedding, model.embed_audio(chirp(1.0), RATE)[0])
    embedding, timestamps = openl3.get_audio_embedding(
        chirp(1.0), RATE, model=model, embedding_size=192, center=False, hop_size=0.5, batch_size=1, verbose=False
    )
    assert (embedding.shape, timestamps.tolist()) == ((1, 192), [0.0])

    stereo = np.stack([chirp(0.4, 16_000)] * 2, axis=1)
    embeddings, timestamps = openl3.get_audio_embedding([chirp(0.3), stereo], [RATE, 16_000], embedding_size=192)
    assert [len(embeddings), len(timestamps)] == [2, 2]
    assert all(e.shape == (1, 192) for e in embeddings)


def test_pictures_one_or_many_with_or_without_a_rate():
    shown = picture()
    embedding = openl3.get_image_embedding(shown, embedding_size=192)
    assert embedding.shape == (1, 192)
    many, timestamps = openl3.get_image_embedding(np.stack([shown] * 3), frame_rate=25, embedding_size=192)
    assert np.array_equal(many, np.repeat(embedding, 3, axis=0))
    np.testing.assert_allclose(timestamps, [0, 0.04, 0.08])
    listed = openl3.get_image_embedding([shown, np.stack([shown] * 2)])
    assert [e.shape for e in listed] == [(1, 3072), (2, 3072)]
    listed, timestamps = openl3.get_image_embedding([shown, shown], frame_rate=[10, 25])
    assert [t.tolist() for t in timestamps] == [[0.0], [0.0]]


def test_what_chooses_among_openl3s_weights_is_warned_of(model):
    with pytest.warns(openl3.OpenL3Warning, match="content_type"):
        assert openl3.load_audio_embedding_model(content_type="env", embedding_size=192).hash == model.hash
    with pytest.warns(openl3.OpenL3Warning, match="input_repr"):
        openl3.get_image_embedding(picture(), input_repr="mel256")
    with pytest.warns(openl3.OpenL3Warning, match="zeros"):
        openl3.get_audio_embedding(np.zeros(RATE), RATE)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: openl3.get_audio_embedding(chirp(0.1), RATE, embedding_size=6144), "2304 or 192"),
        (lambda: openl3.get_image_embedding(picture(), embedding_size=8192), "3072 or 192"),
        (lambda: openl3.get_audio_embedding(chirp(0.1), RATE, content_type="speech"), "speech"),
        (lambda: openl3.get_audio_embedding(chirp(0.1), RATE, model="keras"), "lookhear.Model, not str"),
        (lambda: openl3.get_audio_embedding([chirp(0.1)], [RATE, RATE]), "2 sample rates"),
        (lambda: openl3.get_audio_embedding(chirp(0.1), -1), "sr -1"),
        (lambda: openl3.get_audio_embedding(chirp(0.1), RATE, hop_size=0), "hop 0"),
        (lambda: openl3.get_audio_embedding(np.zeros(0), RATE), "empty"),
        (lambda: openl3.get_image_embedding(picture()[..., :2]), r"\[120, 160, 2\]"),
        (lambda: openl3.get_image_embedding(picture(), frame_rate=0), "frame_rate 0"),
        (lambda: openl3.process_audio_file("absent.wav", verbose=False), "absent.wav"),
    ],
)
def test_errors_are_openl3s(call, words):
    with pytest.raises(openl3.OpenL3Error, match=words):
        call()


def test_files_become_npz_beside_them_or_in_a_folder(model, ffmpeg, tmp_path, capsys):
    clip = ffmpeg(tmp_path / "c.mkv", "testsrc=size=96x64:rate=25:duration=1", "sine=duration=1", more=["-c:v", "ffv1"])
    still = ffmpeg(tmp_path / "s.png", "testsrc=size=96x64:rate=1", more=["-frames:v", "1"])
    openl3.process_audio_file(str(clip), suffix="x", embedding_size=192, hop_size=0.5)
    with np.load(tmp_path / "c_x.npz") as saved:
        embedding, timestamps = model.embed_file(clip, hop=0.5, pool="global")
        assert np.array_equal(saved["embedding"], embedding) and np.array_equal(saved["timestamps"], timestamps)
    out = tmp_path / "made" / "on the way"
    openl3.process_image_file([str(still)], output_dir=str(out), verbose=False)
    with np.load(out / "s.npz") as saved:
        assert saved.files == ["embedding"] and saved["embedding"].shape == (1, 3072)
    openl3.process_video_file(clip, output_dir=str(out), image_hop_size=0.5)
    assert sorted(path.name for path in out.iterdir()) == ["c_audio.npz", "c_image.npz", "s.npz"]
    with np.load(out / "c_image.npz") as saved:
        assert saved["embedding"].shape == (len(saved["timestamps"]), 3072)
        assert saved["timestamps"][:2].tolist() == [0.0, 0.5]

    before = (out / "c_image.npz").stat().st_mtime_ns
    capsys.readouterr()
    openl3.process_video_file(clip, output_dir=str(out))
    assert (out / "c_image.npz").stat().st_mtime_ns == before
    assert "is kept" in capsys.readouterr().out
    openl3.process_video_file(clip, output_dir=str(out), overwrite=True, suffix="y")
    assert (out / "c_image_y.npz").exists()
