"""The process that decodes files which nobody vouches for, so that a crash, a hang or a memory bomb ends it and not the run.

:class:`kinema.scenes.clip.Reader` starts it with ``python -m kinema.scenes._decode``.

Protocol, over stdin and stdout. Every message is a length (4 bytes, big endian) and that much JSON. The child says ``{}`` once it is
ready. A request is ``{"path": ..., "limits": {...}}``. The answer is ``{"error": sentence}``, or
``{"frames": [T, H, W, 3], "sound": [channels, n], "rate": Hz}`` and after it the bytes of the times (float64), the frames (uint8) and the
sound (float32) in the machine's own order. Nothing is pickled.
"""

from __future__ import annotations

import json
import math
import os
import signal
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from kinema.scenes._entry import Limits, Refused, reason
from kinema.scenes._tracks import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LENGTH"]

LENGTH = struct.Struct(">I")

SPARE_BYTES = 1 << 30  # address space of the interpreter, its libraries and a decoder's own pictures, beside what is kept
SPARE_SECONDS = 5  # the child outlives the reader's patience by this much, then ends by itself in case nobody is left to end it


def _serve() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get into the answers
    import av
    import numpy as np

    av.logging.set_level(None)
    _send(answers, {})
    while len(length := requests.read(LENGTH.size)) == LENGTH.size:
        request = json.loads(requests.read(LENGTH.unpack(length)[0]))
        limits = Limits(**request["limits"])
        _confine(limits)
        try:
            decoded = decode(request["path"], limits)
        except Refused as problem:
            _send(answers, {"error": str(problem)})
        except MemoryError:
            _send(answers, {"error": "needs more memory to decode than the limits allow"})
        except Exception as problem:
            _send(answers, {"error": f"cannot be decoded: {type(problem).__name__}: {reason(problem)}"})
        else:
            shape = [len(decoded.frames), *(decoded.frames[0].shape if decoded.frames else (0, 0, 3))]
            times = np.array(decoded.times, np.float64)
            header = {"frames": shape, "sound": list(decoded.sound.shape), "rate": decoded.rate}
            _send(answers, header, times, *decoded.frames, decoded.sound)
            del decoded
        signal.setitimer(signal.ITIMER_REAL, 0)


def _confine(limits: Limits) -> None:
    """Set what the operating system enforces, for one clip: address space, processor time, and an end by alarm."""
    import resource

    bounds = {
        resource.RLIMIT_AS: SPARE_BYTES + 2 * limits.decoded_bytes,
        resource.RLIMIT_CPU: math.ceil(time.process_time() + limits.cpu_seconds),
        resource.RLIMIT_CORE: 0,
    }
    for kind, wanted in bounds.items():
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + SPARE_SECONDS)


def _send(answers: BinaryIO, header: dict[str, Any], *arrays: NDArray[Any]) -> None:
    text = json.dumps(header).encode()
    answers.write(LENGTH.pack(len(text)) + text)
    for array in arrays:
        answers.write(array.data.cast("B") if array.size else b"")
    answers.flush()


if __name__ == "__main__":
    _serve()
