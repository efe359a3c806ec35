"""Does the picture make the sound, and where? And what the network makes of either, for tasks of your own.

>>> import lookhear
>>> model = lookhear.Model()
>>> event = model.judge("dog.png", "bark.wav")
>>> event.state, event.score, event.box
>>> embedding, timestamps = model.embed_audio(samples, 48000)

Model takes pictures, sounds and files; Session takes a stream; lookhear.openl3 has OpenL3's functions.
"""

from ._lookhear import (
    DamageWarning,
    Event,
    MediaError,
    Model,
    ModelError,
    Session,
    __version__,
)

__all__ = [
    "DamageWarning",
    "Event",
    "MediaError",
    "Model",
    "ModelError",
    "Session",
    "__version__",
]
