from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, Optional, Union, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypeAlias, final

_Path: TypeAlias = Union[str, PathLike[str]]
_Pool: TypeAlias = Literal["grid", "global"]
_Arrays: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float64]]

__all__ = ["DamageWarning", "Event", "MediaError", "Model", "ModelError", "Session", "__version__", "endings"]

__version__: Final[str]

def endings(what: Literal["audio", "vision", "ave", "video"]) -> list[str]:
    """How the names of media files end that a folder is searched for: `what` is that of Model.embed_file, or "video" for
    Model.judge_video.
    """

class DamageWarning(UserWarning):
    """A part of the input is damaged; the rest was used."""

class MediaError(OSError):
    """A file that holds no picture or sound, or that ffmpeg cannot read."""

class ModelError(ValueError):
    """A model or gallery that cannot be used."""

@final
class Event:
    """What is seen and heard at one moment. Its numbers are those of the command line's JSON."""

    @property
    def t(self) -> float:
        """Seconds since the start of the input."""
    @property
    def score(self) -> float:
        """Probability that picture and sound belong together, 0 to 1."""
    @property
    def state(self) -> Literal["silent", "match", "no_visible_source"]:
        """The decision, by the model's thresholds."""
    @property
    def confidence(self) -> float:
        """How sure the state is, 0 to 1."""
    @property
    def peak(self) -> tuple[float, float]:
        """Where the sound most likely comes from: (x, y) in 0..1 of the picture, origin top left."""
    @property
    def box(self) -> Optional[tuple[float, float, float, float]]:
        """Extent of what sounds, (x0, y0, x1, y1) in 0..1 of the picture; None unless the state is "match"."""
    @property
    def name(self) -> Optional[str]:
        """What sounds, if the model has a gallery that knows it, and the state is "match"."""
    @property
    def map(self) -> Optional[NDArray[np.float32]]:
        """The localization map over the whole picture, [rows, columns], 0..1."""
    @property
    def sentence(self) -> str:
        """The decision in plain words."""
    def to_json(self) -> str:
        """The object that `lookhear judge --json --map` prints, without the names of the files."""

@final
class Model:
    """A trained network, ready to embed and to judge.

    `path` is a bundle; None: the built-in model. `gallery` is a file that `lookhear enroll` made: then events have
    names. `threads` is how many threads compute, 1 to 64; None: one per processor.

    Calls from several threads come one after the other; for more at once make several models with threads=1. A model
    does not survive a fork: make it in each process.

    Raises FileNotFoundError (and other kinds of OSError), ModelError.
    """

    def __new__(
        cls, path: Optional[_Path] = None, *, gallery: Optional[_Path] = None, threads: Optional[int] = None
    ) -> Model: ...
    @property
    def path(self) -> Optional[Path]:
        """The file that the model was read from; None: the built-in one."""
    @property
    def hash(self) -> str:
        """SHA-256 of weights, layer table and thresholds, in hex. Embeddings of models with other hashes do not mix."""
    @property
    def name(self) -> str:
        """The preset that the layer table came from."""
    @property
    def spec(self) -> dict[str, Any]:
        """The layer table: towers and heads."""
    @property
    def thresholds(self) -> dict[str, float]:
        """From which score on a match is said ("on"), below which level it is silent ("silence", dB), and the like."""
    def dims(self, what: Literal["audio", "vision", "ave"] = "audio", pool: Optional[_Pool] = None) -> int:
        """Values of an embedding."""
    def embed_audio(
        self,
        samples: ArrayLike,
        sr: float,
        *,
        hop: float = 0.1,
        center: bool = True,
        pool: Optional[_Pool] = None,
        what: Literal["audio", "ave"] = "audio",
    ) -> _Arrays:
        """Embeds sound: a window of a second every `hop` seconds (0.005 to 60).

        `samples` is [samples] or [samples, channels]: float32 or float64 in -1..1, or int16, int32, uint8 over their
        whole range. `sr` is samples a second, 4000 to 768000. A contiguous float32 array is not copied: leave it alone
        until the call returns, while which other threads go on.

        With `center`, timestamps are the middles of the windows, and the first window begins with half a second of
        silence; else they are their starts. `pool` is what remains of the activation map: "grid" (4 x 3, frequency x
        time; the default) or "global" (1 x 1). what="ave" gives the space that sounds and pictures share.

        Returns embeddings, float32 [windows, dims], and timestamps in seconds, float64 [windows].
        Raises ValueError. Warns (DamageWarning) of values that are no numbers; they count as 0.
        """
    @overload
    def embed_image(
        self, image: Union[ArrayLike, _Path], *, pool: Optional[_Pool] = None, what: Literal["vision"] = "vision"
    ) -> NDArray[np.float32]: ...
    @overload
    def embed_image(
        self, image: Union[ArrayLike, _Path], *, pool: None = None, what: Literal["ave"]
    ) -> NDArray[np.float32]:
        """Embeds a picture of any size.

        `image` is uint8 [height, width, 3], red first, or [height, width], grey; or a file, of a video its first frame
        or that of a moment ("clip.mp4@3.5").

        Returns float32 [dims]; with what="ave", the space that sounds and pictures share, [places, dims], row by row.
        Raises ValueError, FileNotFoundError, MediaError.
        """
    def embed_video(self, path: _Path, *, hop: float = 0.1, pool: Optional[_Pool] = None) -> _Arrays:
        """Embeds the frames of a video, one every `hop` seconds: as embed_file with what="vision"."""
    def embed_file(
        self,
        path: _Path,
        *,
        what: Literal["audio", "vision", "ave"] = "audio",
        hop: float = 0.1,
        center: bool = True,
        pool: Optional[_Pool] = None,
    ) -> _Arrays:
        """Embeds a file, as `lookhear embed` does and with its numbers: its sound, its frames, or a still picture.

        Whatever ffmpeg reads; sound in WAV, FLAC, Ogg Vorbis and MP3 and the usual pictures are read without it.

        Returns embeddings, float32 [rows, dims], and timestamps in seconds, float64 [rows].
        Raises ValueError, FileNotFoundError, MediaError. Warns (DamageWarning) of what was damaged.
        """
    @overload
    def judge(self, image: Union[ArrayLike, _Path], samples: ArrayLike, sr: float) -> Event: ...
    @overload
    def judge(self, image: Union[ArrayLike, _Path], samples: _Path, sr: None = None) -> Event:
        """Says whether a picture and a sound belong together, and where in the picture the sound comes from.

        `image` is as for embed_image, `samples` and `sr` as for embed_audio, or a file without `sr`. Of sound longer than a
        second the loudest second counts, of a file also the moment that is named ("clip.mp4@12").

        Raises and warns as the others do.
        """
    def judge_video(self, path: _Path, *, hop: float = 0.08) -> list[Event]:
        """Judges a video hop by hop, as `lookhear watch --json --map` does and with its numbers: at `hop`, 2 `hop`, ...
        (0.01 to 10 seconds) the newest frame with the second of sound that ends there.

        Raises and warns as embed_file does.
        """

@final
class Session:
    """Judges a stream, hop by hop: the newest frame with the second of sound that ends at the same moment.

    It has a network of its own, made like that of `model` (None: the built-in one). `hop` is seconds between events, 0.01
    to 10; at multiples of 0.08 the built-in model computes only what is new. `sr` and `channels` are those of the sound.
    """

    def __new__(
        cls, model: Optional[Model] = None, *, hop: float = 0.08, sr: float = 48000.0, channels: int = 1
    ) -> Session: ...
    def frame(self, image: Union[ArrayLike, _Path]) -> None:
        """Sets the current picture, as for Model.embed_image. Without one, nothing is decided."""
    def sound(self, samples: ArrayLike) -> list[Event]:
        """Takes samples as they come, any number, [samples] or [samples, channels]; returns an event for each hop that they
        complete. Time is counted in samples, from the first one on. Before the first second is complete, it begins with
        silence. At rates other than 48 kHz, sound is worked on in blocks of 1024.
        """
