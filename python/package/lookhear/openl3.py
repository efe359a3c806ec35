"""OpenL3's functions on LookHear's networks: same names, same shapes, other numbers.

>>> from lookhear import openl3
>>> embedding, timestamps = openl3.get_audio_embedding(audio, sr, hop_size=0.5)

What is different, and why, is in docs/python.md. In short: weights and front end are LookHear's, so no classifier that was
trained on OpenL3's embeddings fits these; the sizes are those of the model (Model.dims), not 6144, 8192 and 512; and values
are never negative, as they are taken after the ReLU.
"""

import os
import warnings
from numbers import Real
from typing import Any, Callable, Literal, Optional, Union, cast

import numpy as np
from numpy.typing import NDArray

from ._lookhear import Model

__all__ = [
    "OpenL3Error",
    "OpenL3Warning",
    "get_audio_embedding",
    "get_image_embedding",
    "get_output_path",
    "load_audio_embedding_model",
    "load_image_embedding_model",
    "process_audio_file",
    "process_image_file",
    "process_video_file",
]

_Embedding = NDArray[np.float32]
_Timestamps = NDArray[np.float64]
_Many = Union[str, "os.PathLike[str]", list[Union[str, "os.PathLike[str]"]]]


class OpenL3Error(ValueError):
    """As in OpenL3: an argument that cannot be used."""


class OpenL3Warning(UserWarning):
    """As in OpenL3: an argument that was probably not meant so, or that has no effect here."""


def load_audio_embedding_model(
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    embedding_size: Optional[int] = None,
    frontend: Optional[str] = None,
) -> Model:
    """The built-in model. Which of OpenL3's weights were asked for has no effect, which is warned of.

    One model has both sizes: name `embedding_size` again where embeddings are made.
    """
    _told(input_repr, content_type)
    model = _built_in()
    _pool(model, "audio", embedding_size)
    return model


def load_image_embedding_model(
    input_repr: Optional[str] = None, content_type: Optional[str] = None, embedding_size: Optional[int] = None
) -> Model:
    """The built-in model: it is one for sounds and pictures."""
    _told(input_repr, content_type)
    model = _built_in()
    _pool(model, "vision", embedding_size)
    return model


def get_audio_embedding(
    audio: Any,
    sr: Any,
    model: Optional[Model] = None,
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    embedding_size: Optional[int] = None,
    center: bool = True,
    hop_size: float = 0.1,
    batch_size: int = 32,
    frontend: Optional[str] = None,
    verbose: bool = True,
) -> Any:
    """Embeds sound, a window of a second every `hop_size` seconds.

    `audio` is an array [samples] or [samples, channels], or a list of such; `sr` a rate, or a list of them. `model` is a
    lookhear.Model; None: the built-in one. `embedding_size` is one of the model's two sizes; None: the larger.
    `input_repr`, `content_type`, `batch_size`, `frontend` and `verbose` have no effect.

    Returns embeddings [windows, dims] and timestamps [windows], for a list a list of each.
    """
    _told(input_repr, content_type)
    network = model or _built_in()
    pool = _pool(network, "audio", embedding_size)
    many = isinstance(audio, list)
    sounds = audio if many else [audio]
    rates = sr if isinstance(sr, list) else [sr] * len(sounds)
    if len(rates) != len(sounds):
        raise OpenL3Error(f"there are {len(sounds)} sounds and {len(rates)} sample rates")
    embeddings, timestamps = [], []
    for sound, rate in zip(sounds, rates):
        sound = np.asarray(sound)
        if sound.size and not sound.any():
            warnings.warn("the sound is all zeros", OpenL3Warning, stacklevel=2)
        if not isinstance(rate, Real) or rate <= 0:
            raise OpenL3Error(f"sr {rate}: give samples a second")
        embedding, times = _refusing(
            lambda: network.embed_audio(sound, float(rate), hop=hop_size, center=center, pool=pool)
        )
        embeddings.append(embedding)
        timestamps.append(times)
    return (embeddings, timestamps) if many else (embeddings[0], timestamps[0])


def get_image_embedding(
    image: Any,
    frame_rate: Any = None,
    model: Optional[Model] = None,
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    embedding_size: Optional[int] = None,
    batch_size: int = 32,
    verbose: bool = True,
) -> Any:
    """Embeds pictures of any size.

    `image` is an array of uint8 [height, width, 3] or [pictures, height, width, 3], or a list of such. `frame_rate` is
    frames a second, or a list of them. The other arguments are as for get_audio_embedding.

    Returns embeddings [pictures, dims], and with a `frame_rate` timestamps [pictures]; for a list a list of each.
    """
    _told(input_repr, content_type)
    network = model or _built_in()
    pool = _pool(network, "vision", embedding_size)
    many = isinstance(image, list)
    inputs = image if many else [image]
    rates = frame_rate if isinstance(frame_rate, list) else [frame_rate] * len(inputs)
    if len(rates) != len(inputs):
        raise OpenL3Error(f"there are {len(inputs)} inputs and {len(rates)} frame rates")
    embeddings, timestamps = [], []
    for pictures, rate in zip(inputs, rates):
        pictures = np.asarray(pictures)
        if pictures.ndim not in (3, 4) or pictures.shape[-1] != 3:
            raise OpenL3Error(f"give [height, width, 3] or [pictures, height, width, 3], not {list(pictures.shape)}")
        if pictures.size == 0:
            raise OpenL3Error("there is no picture in it")
        if rate is not None and (not isinstance(rate, Real) or rate <= 0):
            raise OpenL3Error(f"frame_rate {rate}: give frames a second")
        frames = pictures if pictures.ndim == 4 else pictures[np.newaxis]
        rows = [_refusing(lambda: network.embed_image(frame, pool=pool)) for frame in frames]
        embeddings.append(np.stack(rows))
        if rate is not None:
            timestamps.append(np.arange(len(rows)) / float(rate))
    if timestamps:
        return (embeddings, timestamps) if many else (embeddings[0], timestamps[0])
    return embeddings if many else embeddings[0]


def process_audio_file(
    filepath: _Many,
    output_dir: Optional[str] = None,
    suffix: Optional[str] = None,
    model: Optional[Model] = None,
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    embedding_size: Optional[int] = None,
    center: bool = True,
    hop_size: float = 0.1,
    batch_size: int = 32,
    overwrite: bool = False,
    frontend: Optional[str] = None,
    verbose: bool = True,
) -> None:
    """Embeds the sound of files, also of videos, into NPZ files with the arrays `embedding` and `timestamps`.

    They are called <file without ending>.npz or <file without ending>_<suffix>.npz, and lie beside their inputs or in
    `output_dir`. What is there already is skipped unless `overwrite`.
    """
    _told(input_repr, content_type)
    network = model or _built_in()
    pool = _pool(network, "audio", embedding_size)

    def embed(path: str) -> dict[str, Any]:
        embedding, timestamps = network.embed_file(path, hop=hop_size, center=center, pool=pool)
        return {"embedding": embedding, "timestamps": timestamps}

    for path in _paths(filepath, verbose):
        _save(path, suffix or "", output_dir, overwrite, verbose, embed)


def process_image_file(
    filepath: _Many,
    output_dir: Optional[str] = None,
    suffix: Optional[str] = None,
    model: Optional[Model] = None,
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    embedding_size: Optional[int] = None,
    batch_size: int = 32,
    overwrite: bool = False,
    verbose: bool = True,
) -> None:
    """Embeds picture files into NPZ files with the array `embedding`, [1, dims]; named as by process_audio_file."""
    _told(input_repr, content_type)
    network = model or _built_in()
    pool = _pool(network, "vision", embedding_size)
    for path in _paths(filepath, verbose):
        _save(
            path,
            suffix or "",
            output_dir,
            overwrite,
            verbose,
            lambda path: {"embedding": network.embed_image(path, pool=pool)[np.newaxis]},
        )


def process_video_file(
    filepath: _Many,
    output_dir: Optional[str] = None,
    suffix: Optional[str] = None,
    audio_model: Optional[Model] = None,
    image_model: Optional[Model] = None,
    input_repr: Optional[str] = None,
    content_type: Optional[str] = None,
    audio_embedding_size: Optional[int] = None,
    audio_center: bool = True,
    audio_hop_size: float = 0.1,
    image_embedding_size: Optional[int] = None,
    audio_batch_size: int = 32,
    image_batch_size: int = 32,
    audio_frontend: Optional[str] = None,
    overwrite: bool = False,
    verbose: bool = True,
    image_hop_size: float = 0.1,
) -> None:
    """Embeds sound and frames of videos into two files each, <file>_audio.npz and <file>_image.npz.

    Not every frame is embedded: one every `image_hop_size` seconds, an argument that OpenL3 does not have.
    """
    _told(input_repr, content_type)
    audio_network, image_network = audio_model or _built_in(), image_model or _built_in()
    audio_pool = _pool(audio_network, "audio", audio_embedding_size)
    image_pool = _pool(image_network, "vision", image_embedding_size)

    def audio(path: str) -> dict[str, Any]:
        embedding, timestamps = audio_network.embed_file(
            path, hop=audio_hop_size, center=audio_center, pool=audio_pool
        )
        return {"embedding": embedding, "timestamps": timestamps}

    def image(path: str) -> dict[str, Any]:
        embedding, timestamps = image_network.embed_video(path, hop=image_hop_size, pool=image_pool)
        return {"embedding": embedding, "timestamps": timestamps}

    behind = f"_{suffix}" if suffix else ""
    for path in _paths(filepath, verbose):
        _save(path, "audio" + behind, output_dir, overwrite, verbose, audio)
        _save(path, "image" + behind, output_dir, overwrite, verbose, image)


def get_output_path(filepath: str, suffix: str, output_dir: Optional[str] = None) -> str:
    """As in OpenL3: the place of an output, `suffix` being what follows the input's name (`audio.npz`)."""
    folder, name = os.path.split(os.fspath(filepath))
    stem = os.path.splitext(name)[0]
    dot = "" if suffix.startswith(".") else "_"
    return os.path.join(folder if output_dir is None else output_dir, stem + dot + suffix)


# A model does not survive a fork: one for each process.
_models: dict[int, Model] = {}


def _built_in() -> Model:
    process = os.getpid()
    if process not in _models:
        _models[process] = Model()
    return _models[process]


def _told(input_repr: Optional[str], content_type: Optional[str]) -> None:
    """Warns of choices among OpenL3's weights, which are not there."""
    for name, given, known in (
        ("input_repr", input_repr, ("linear", "mel128", "mel256")),
        ("content_type", content_type, ("music", "env")),
    ):
        if given is None:
            continue
        if given not in known:
            raise OpenL3Error(f"{name}: {given!r} is none of {', '.join(known)}")
        warnings.warn(
            f"{name} chooses among OpenL3's weights and has no effect here: lookhear has weights and a front end of its own",
            OpenL3Warning,
            stacklevel=3,
        )


def _pool(model: Model, what: Literal["audio", "vision"], embedding_size: Optional[int]) -> Literal["grid", "global"]:
    """How the activation map is pooled for embeddings of that size."""
    if not isinstance(model, Model):
        raise OpenL3Error(f"model: a lookhear.Model, not {type(model).__name__}")
    if embedding_size is None or embedding_size == model.dims(what, "grid"):
        return "grid"
    if embedding_size == model.dims(what, "global"):
        return "global"
    sizes = f"{model.dims(what, 'grid')} or {model.dims(what, 'global')}"
    raise OpenL3Error(f"embedding_size {embedding_size}: this model has {sizes}; OpenL3's sizes are those of its own weights")


def _refusing(embed: Callable[[], Any]) -> Any:
    """An error of OpenL3's kind for an argument that is refused."""
    try:
        return embed()
    except ValueError as error:
        raise OpenL3Error(str(error)) from error


def _paths(filepath: _Many, verbose: bool) -> Any:
    paths = filepath if isinstance(filepath, list) else [filepath]
    for number, path in enumerate(paths, 1):
        path = os.fspath(path)
        if not os.path.exists(path):
            raise OpenL3Error(f"{path} is not there")
        if verbose:
            print(f"lookhear: {path} ({number} of {len(paths)})")
        yield path


def _save(
    path: str,
    suffix: str,
    output_dir: Optional[str],
    overwrite: bool,
    verbose: bool,
    embed: Callable[[str], dict[str, Any]],
) -> None:
    output = get_output_path(path, suffix + ".npz", output_dir=output_dir)
    if os.path.exists(output) and not overwrite:
        print(f"lookhear: {output} is there already and is kept; overwrite=True replaces it")
        return
    # Before the work, which would be for nothing if this failed.
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    arrays = _refusing(lambda: embed(path))
    # What has its final name is complete, also if the run is killed.
    partial = f"{output}.{os.getpid()}.part"
    try:
        with open(partial, "wb") as file:
            np.savez(cast(Any, file), **arrays)
        os.replace(partial, output)
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    if verbose:
        print(f"lookhear: wrote {output}")
