"""Clips: frames with presentation times, and sound; written once, and read back from files that nobody vouches for."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kinema.errors import BrokenClip
from kinema.scenes import _decode, _encode
from kinema.scenes._entry import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["CRF", "Clip", "Limits", "Reader", "read_clip", "write_clip"]

CRF = 16.0  # x264's constant rate factor: 0 is lossless, 51 the worst; at 16 what is lost is hard to see

_START_SECONDS = 300.0  # for the decoder to import its libraries: a third of a second of processor time, on however busy a machine
_PIPE_BYTES = 1 << 20  # asked of the system for the decoder's pipe: fewer turns for a large clip


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Moving picture and sound on one time axis that starts at 0.

    Attributes:
        frames: (T, H, W, 3) uint8, sRGB.
        times: (T,) float64, seconds at which each frame is shown, rising.
        sound: (channels, n) float32, sample ``k`` sounds at ``k / sound_rate``; shape (0, 0) where there is none.
        sound_rate: Hz.

    Example:
        >>> clip = Clip(np.zeros((48, 8, 8, 3), np.uint8), np.arange(48) / 24, np.zeros((2, 96000), np.float32))
        >>> clip.seconds, clip.silent
        (2.0, True)
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    sound: NDArray[np.float32]
    sound_rate: int = 48_000

    @property
    def seconds(self) -> float:
        """How long it lasts: the last frame stays for the usual interval; one frame, or none, lasts as long as the sound."""
        if len(self.times) > 1:
            return float(self.times[-1] + np.median(np.diff(self.times)))
        return float(self.sound.shape[1] / self.sound_rate)

    @property
    def silent(self) -> bool:
        """Whether there is no sound, or only zeros."""
        return not np.any(self.sound)


def write_clip(clip: Clip, path: Path | str, *, crf: float = CRF) -> None:
    """Write ``path`` (H.264 and AAC in MP4), and a lossless ``.flac`` of the same stem where the clip has sound; MKV holds both lossless.

    Files are written beside their place and moved into it; the same clip gives the same bytes. Sizes with an odd side are stored without
    chroma subsampling. Sound keeps its level: 24 bits, what is over full scale is cut off there.

    Args:
        clip: what to write; its times start at 0.
        path: ends in ``.mp4``, or in ``.mkv`` for FFV1 and FLAC in one file: every pixel and every 24-bit sample, times to the millisecond.
        crf: x264's constant rate factor, 0 (lossless) to 51.

    Raises:
        BrokenClip: the clip has no frames, or times or samples that no file can hold.

    Example:
        >>> frames = np.full((12, 32, 32, 3), 128, np.uint8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_clip(Clip(frames, np.arange(12) / 24, np.zeros((1, 8000), np.float32), 16000), Path(folder) / "grey.mp4")
        ...     back = read_clip(Path(folder) / "grey.mp4")
        >>> back.frames.shape, back.sound.shape, back.sound_rate, bool(np.all(back.times == np.arange(12) / 24))
        ((12, 32, 32, 3), (1, 8000), 16000, True)
    """
    import av

    path = Path(path)
    fault = _unwritable(clip, path, crf)
    if fault:
        raise BrokenClip(f"{path}: cannot be written: {fault}")
    beside = path.with_suffix(".flac")
    try:
        with _moved_into(path) as picture:
            lossless = path.suffix == ".mkv"
            if lossless:
                _encode.write_mkv(picture, clip.frames, clip.times, clip.sound, clip.sound_rate)
            else:
                _encode.write_mp4(picture, clip.frames, clip.times, clip.sound, clip.sound_rate, crf)
            if clip.sound.size and (not lossless or beside.exists()):  # one that is there is what a reader takes for the sound
                with _moved_into(beside) as sound:
                    _encode.write_flac(sound, clip.sound, clip.sound_rate)
            else:
                beside.unlink(missing_ok=True)  # an earlier clip's sound would be taken for this one's
    except (av.FFmpegError, ValueError) as problem:
        raise BrokenClip(f"{path}: cannot be written: {problem}") from problem


def read_clip(path: Path | str, limits: Limits | None = None) -> Clip:
    """Read MP4, MOV, MKV, WebM, AVI, WAV or FLAC as it would be shown and heard; a file without picture gives no frames.

    Time 0 is the first frame; sound before it is cut off. Rotation, oblong pixels, edit lists and encoder delays are honoured; frames
    keep their own times and sound its own rate. Where a ``.flac`` of the same stem lies beside a picture, it is the sound, from time 0.
    The decoder, one per process, stays up for the next call.

    Raises:
        BrokenClip: the file gives no clip, or goes over a limit.
    """
    return _SHARED.read(path, limits)


class Reader:
    """A decoder in a process of its own, kept warm for many clips and started anew after one that ended it.

    Threads may share it (one clip at a time); a fork of this process starts its own decoder.

    Example:
        >>> with Reader() as reader:
        ...     reader.read("no_such_clip.mp4")
        Traceback (most recent call last):
        kinema.errors.BrokenClip: no_such_clip.mp4: cannot be opened: No such file or directory
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._decoder: _Decoder | None = None
        self._lock = threading.Lock()
        _READERS.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the decoder; the next :meth:`read` would start another."""
        with self._lock:
            self._stop()

    def read(self, path: Path | str, limits: Limits | None = None) -> Clip:
        """The clip that a file holds: see :func:`read_clip`."""
        limits = limits or self.limits
        with self._lock:
            if self._decoder is None or not self._decoder.alive:
                self._stop()
                self._decoder = _Decoder()
            try:
                answer = self._decoder.ask(Path(path), limits)
            except BaseException as problem:
                # An answer that was read in part cannot be followed by another.
                end = self._stop(1.0 if isinstance(problem, EOFError) else 0.0)
                if isinstance(problem, TimeoutError):
                    raise BrokenClip(f"{path}: is not decoded after {limits.wall_seconds:g} s") from None
                if isinstance(problem, EOFError) and end == "SIGXCPU":
                    raise BrokenClip(f"{path}: is not decoded after {limits.cpu_seconds:g} s of processor time") from None
                if isinstance(problem, EOFError):
                    raise BrokenClip(f"{path}: ends its decoder ({end})") from None
                raise
        if isinstance(answer, str):
            raise BrokenClip(f"{path}: {answer}")
        return answer

    def _stop(self, patience: float = 0.0) -> str:
        decoder, self._decoder = self._decoder, None
        return decoder.stop(patience) if decoder else ""

    def _after_fork(self) -> None:
        """In the forked process: let go of the parent's decoder without ending it."""
        if self._decoder:
            self._decoder.let_go()
        self._decoder, self._lock = None, threading.Lock()


class _Decoder:
    """The child process and its two pipes."""

    def __init__(self) -> None:
        # -P keeps the working directory off the module path: nothing that lies beside the user's clips can be imported.
        self._errors = tempfile.TemporaryFile()
        command = [sys.executable, "-P", "-m", "kinema.scenes._decode"]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  (our own file, no shell)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0, env={**os.environ, **one_thread}
        )
        assert self._process.stdin and self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        with contextlib.suppress(ImportError, AttributeError, OSError):  # only Linux has it, and only up to a quota
            import fcntl

            fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            self._message(time.monotonic() + _START_SECONDS)
        except (EOFError, TimeoutError):
            raise RuntimeError(f"the decoder of clips does not start: {self.stop(1.0)}") from None

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, path: Path, limits: Limits) -> Clip | str:
        """The clip, or why there is none; EOFError when the child ends, TimeoutError when it takes too long."""
        deadline = time.monotonic() + limits.wall_seconds
        request = json.dumps({"path": os.fspath(path.absolute()), "limits": asdict(limits)}).encode()
        try:
            self._requests.write(_decode.LENGTH.pack(len(request)) + request)
        except BrokenPipeError:
            raise EOFError from None
        header = self._message(deadline)
        if "error" in header:
            return str(header["error"])
        shape, sound = tuple(header["frames"]), tuple(header["sound"])
        if math.prod(shape) + 4 * math.prod(sound) > limits.decoded_bytes:
            raise EOFError  # the child is no longer itself
        clip = Clip(np.empty(shape, np.uint8), np.empty(shape[0], np.float64), np.empty(sound, np.float32), int(header["rate"]))
        for array in (clip.times, clip.frames, clip.sound):
            self._fill(array.data.cast("B") if array.size else memoryview(b""), deadline)
        return clip

    def stop(self, patience: float = 0.0) -> str:
        """End the child, unless it ends by itself within ``patience`` seconds; says how it ended."""
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read(1 << 16).decode(errors="replace").strip().splitlines()
        self.let_go()
        if code < 0:
            return signal.Signals(-code).name
        return said[-1] if said else f"exit code {code}"

    def let_go(self) -> None:
        """Close this process's ends of the pipes."""
        for file in (self._requests, self._answers, self._errors):
            with contextlib.suppress(OSError):
                file.close()
        if self._process.returncode is None:
            self._process.returncode = 0  # the child of another process now: not ours to wait for

    def _message(self, deadline: float) -> dict[str, Any]:
        length = bytearray(_decode.LENGTH.size)
        self._fill(memoryview(length), deadline)
        text = bytearray(_decode.LENGTH.unpack(length)[0])
        self._fill(memoryview(text), deadline)
        message: dict[str, Any] = json.loads(text)
        return message

    def _fill(self, space: memoryview, deadline: float) -> None:
        handle = self._answers.fileno()
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        while space:
            if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            count = os.readv(handle, [space])
            if not count:
                raise EOFError
            space = space[count:]


def _unwritable(clip: Clip, path: Path, crf: float) -> str:
    """What is wrong with a clip, for the end of a sentence; empty if nothing."""
    frames, ticks = clip.frames, np.rint(np.asarray(clip.times, float) * _encode.CLOCK)
    checks = {
        "the name of a clip ends in .mp4 or .mkv": path.suffix in {".mp4", ".mkv"},
        "its frames are not (T, H, W, 3)": frames.ndim == 4 and frames.shape[-1] == 3,
        "its frames are not uint8": frames.dtype == np.uint8,
        "it has no frame": frames.size > 0,
        "it does not have one time for each frame": ticks.shape == frames.shape[:1],
        "its times do not start at 0": ticks[:1].tolist() == [0.0],
        "its times do not rise, by at least 1/90000 s": bool(np.all(np.diff(ticks) > 0)),
        "its sound is not (channels, n) with at most 8 channels": clip.sound.ndim == 2 and len(clip.sound) <= 8,
        "its sound holds samples that are not numbers": bool(np.all(np.isfinite(clip.sound))),
        "the rate of its sound is not a positive whole number": clip.sound_rate > 0 and clip.sound_rate == int(clip.sound_rate),
        "crf goes from 0 to 51": 0 <= crf <= 51,
    }
    return next((fault for fault, fine in checks.items() if not fine), "")


@contextlib.contextmanager
def _moved_into(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; the file moves into its place once it is whole, and goes if it never is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent.absolute(), prefix=".writing-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


_READERS: weakref.WeakSet[Reader] = weakref.WeakSet()
_SHARED = Reader()
atexit.register(_SHARED.close)


def _let_go_after_fork() -> None:
    for reader in _READERS:
        reader._after_fork()


os.register_at_fork(after_in_child=_let_go_after_fork)
