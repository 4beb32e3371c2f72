"""What keeps a hostile file in its place before and while it is decoded.

The container format is found by the file's first bytes and pinned, so no text playlist is ever parsed; the file is handed over opened, so
its name is not read as an address; every protocol is refused, so nothing inside the file can open another; only the decoders listed here
are started; limits are compared with the header first and again while decoding.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer

__all__ = ["DECODERS", "Limits", "Purse", "Refused", "at_most", "check_header", "container_of", "opened", "reason", "sniff"]

# By FFmpeg's names: what cameras, people and generators write. The many decoders of games and of old recorders stay closed.
DECODERS = frozenset(
    "av1 cinepak dnxhd dvvideo ffv1 ffvhuff h263 h264 hevc huffyuv libdav1d libvpx libvpx-vp9 mjpeg mpeg1video mpeg2video mpeg4 msmpeg4 "
    "msmpeg4v2 png prores qtrle rawvideo svq1 svq3 theora utvideo v210 vp8 vp9 wmv1 wmv2 "
    "aac ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms alac eac3 flac libopus mp2 mp2float mp3 mp3float opus pcm_alaw pcm_f32be pcm_f32le "
    "pcm_f64be pcm_f64le pcm_mulaw pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le pcm_s8 pcm_u8 vorbis wmav2".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a clip may hold before it is refused. The defaults let 10 s of 1080p at 30 frames a second through.

    Each is compared with what the header says before anything is decoded, and again while decoding, because headers lie.
    """

    file_bytes: int = 512 << 20  # of the file, and of a .flac beside it
    seconds: float = 120.0  # from the first moment to the last, of picture and of sound
    frames: int = 7200  # 120 s at 60 a second
    pixels: int = 3840 * 2160  # of one frame, width x height
    decoded_bytes: int = 2 << 30  # of all frames, 3 bytes a pixel, and of the sound, 4 bytes a sample
    channels: int = 8
    sound_rate: int = 192_000  # Hz
    cpu_seconds: float = 60.0  # of processor time to decode a clip: the limit that a busy machine does not move
    wall_seconds: float = 300.0  # to decode a clip and hand it over, however busy the machine is


class Refused(Exception):
    """Why a file gives no clip: the end of a sentence that begins with the file's name."""


class Purse:
    """What is left of the limits that picture and sound share."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.decoded_bytes

    def spend(self, size: int) -> None:
        """Take ``size`` bytes out, or raise :class:`Refused`."""
        self._left -= size
        if self._left < 0:
            raise Refused(f"decodes to more than the limit of {self.limits.decoded_bytes} bytes")


def sniff(head: bytes) -> str | None:
    """The container format that a file's first bytes belong to, by FFmpeg's name; None where it is none of those read here.

    Example:
        >>> sniff(b"RIFF....WAVEfmt "), sniff(b"ffconcat version 1.0")
        ('wav', None)
    """
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}:
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] in {b"RIFF", b"RF64"}:
        return {b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12])
    return "flac" if head[:4] == b"fLaC" else None


@contextlib.contextmanager
def opened(path: str, limits: Limits) -> Iterator[BinaryIO]:
    """A regular file, opened for reading; a pipe or a device, which could block or never end, is refused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as problem:
        raise Refused(f"cannot be opened: {getattr(problem, 'strerror', None) or problem}") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Refused("is not a regular file")
    with os.fdopen(handle, "rb") as file:
        at_most(limits.file_bytes, status.st_size, "bytes")
        yield file


def container_of(file: BinaryIO, limits: Limits) -> tuple[str, InputContainer]:
    """The name of the format, and the open container."""
    import av

    head = file.read(16)
    file.seek(0)
    form = sniff(head)
    if form is None:
        raise Refused("is not MP4, MOV, MKV, WebM, AVI, WAV or FLAC" if head else "is empty")
    options = {
        "format_whitelist": {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(form, form),
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(sorted(DECODERS)),
        "max_pixels": str(limits.pixels),
        "max_streams": "64",
        "threads": "1",
    }
    try:
        return form, av.open(file, format=form, options=options, metadata_errors="replace")
    except av.error.MemoryError:
        raise
    except (av.FFmpegError, UnicodeError, ValueError) as problem:
        raise Refused(f"begins like {form.upper()} but cannot be opened: {reason(problem)}") from None


def check_header(container: InputContainer, streams: list[Any], limits: Limits) -> None:
    """Hold what the header says against the limits, before anything is decoded."""
    at_most(limits.seconds, (container.duration or 0) / 1e6, "seconds")
    for stream in streams:
        codec = stream.codec_context
        if codec is None or codec.name not in DECODERS:
            raise Refused(f"holds a track of {stream.type} in a codec that is not read here")
        at_most(limits.seconds, float((stream.duration or 0) * (stream.time_base or 0)), "seconds")
        if stream.type == "video":
            size = codec.width * codec.height
            at_most(limits.pixels, size, "pixels in a frame")
            at_most(limits.frames, stream.frames, "frames")
            at_most(limits.decoded_bytes, size * 3 * stream.frames, "bytes of decoded frames")
        else:
            at_most(limits.channels, codec.channels, "channels of sound")
            at_most(limits.sound_rate, codec.sample_rate, "samples of sound a second")


def at_most(limit: float, value: float, of_what: str) -> None:
    """Raise :class:`Refused` where a value is over a limit."""
    if not value <= limit:
        raise Refused(f"has {value:.10g} {of_what}, over the limit of {limit:.10g}")


def reason(problem: Exception) -> str:
    """The library's own words, without its file name and number."""
    return str(getattr(problem, "strerror", None) or type(problem).__name__).rstrip(".")
