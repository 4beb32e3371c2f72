"""The process that decodes files which nobody vouches for, so that a crash, a hang or a memory bomb ends it and not the run.

:class:`kinema.scenes.clip.Reader` starts this file by its path; it imports nothing of Kinema, to be up in a quarter of a second.

Protocol, over stdin and stdout. Every message is a length (4 bytes, big endian) and that much JSON. The child says ``{}`` once it is
ready. A request is ``{"path": ..., "limits": {...}}``. The answer is ``{"error": sentence}``, or
``{"frames": [T, H, W, 3], "sound": [channels, n], "rate": Hz}`` and after it the bytes of the times (float64), the frames (uint8) and the
sound (float32) in the machine's own order. Nothing is pickled.

What keeps a hostile file in its place: the container format is found by its first bytes and pinned, so no text playlist is ever
parsed; the file is handed over opened, so its name is not read as an address; every protocol is refused, so nothing inside the file
can open another; only the decoders listed here are started; limits are compared with the header first and again while decoding.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import stat
import struct
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from av import AudioFrame, VideoFrame
    from av.audio.resampler import AudioResampler
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from numpy.typing import NDArray

__all__ = ["LENGTH", "Decoded", "Limits", "Refused", "decode", "sniff"]

LENGTH = struct.Struct(">I")

SPARE_BYTES = 1 << 30  # address space of the interpreter, its libraries and a decoder's own pictures, beside what is kept
SPARE_SECONDS = 5  # the child outlives the reader's patience by this much, then ends by itself in case nobody is left to end it
SPLICE = 0.005  # s; sound whose stamp is off by less goes on without a seam: coarse clocks jitter (Matroska: 1 ms), real gaps are longer

# By FFmpeg's names: what cameras, people and generators write. The many decoders of games and of old recorders stay closed.
DECODERS = frozenset(
    "av1 cinepak dnxhd dvvideo ffv1 ffvhuff h263 h264 hevc huffyuv libdav1d libvpx libvpx-vp9 mjpeg mpeg1video mpeg2video mpeg4 msmpeg4 "
    "msmpeg4v2 png prores qtrle rawvideo svq1 svq3 theora utvideo v210 vp8 vp9 wmv1 wmv2 "
    "aac ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms alac eac3 flac libopus mp2 mp2float mp3 mp3float opus pcm_alaw pcm_f32be pcm_f32le "
    "pcm_f64be pcm_f64le pcm_mulaw pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le pcm_s8 pcm_u8 vorbis wmav2".split()
)


MATRICES = frozenset({1, 4, 5, 6, 7, 9})  # BT.709, FCC, BT.601 twice, SMPTE 240M, BT.2020 by ITU-T H.273 table 4: what swscale knows


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
    wall_seconds: float = 180.0  # to decode a clip and hand it over, however busy the machine is


class Refused(Exception):
    """Why a file gives no clip: the end of a sentence that begins with the file's name."""


class Decoded(NamedTuple):
    """A clip as it came out of its file: (H, W, 3) frames, seconds from the first of them, (channels, n) samples and their rate."""

    frames: list[NDArray[np.uint8]]
    times: list[float]
    sound: NDArray[np.float32]
    rate: int


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


def decode(path: str, limits: Limits) -> Decoded:
    """Picture and sound of a file; where a ``.flac`` lies beside a picture, its sound is that one.

    Raises:
        Refused: the file gives no clip; the message says why.
    """
    purse = _Purse(limits)
    beside = os.path.splitext(path)[0] + ".flac"  # noqa: PTH122  (only strings come over the pipe)
    has_beside = beside != path and os.path.lexists(beside)
    picture, sound = _decode_file(path, purse, skip_sound=has_beside)
    if picture is None and sound is None:
        raise Refused("has no track of picture or sound")
    if picture is None:
        assert sound is not None
        samples = sound.samples(sound.start)
        if not samples.size:
            raise Refused("holds no picture, and no sound that can be decoded")
        return Decoded([], [], samples, sound.rate)
    frames, times, origin = picture.in_order()
    if not frames:
        raise Refused("its track of picture holds no frame that can be decoded")
    if has_beside:
        try:
            sound = _decode_file(beside, purse, skip_picture=True)[1]
        except Refused as problem:
            raise Refused(f"has {os.path.basename(beside)} beside it for its sound, which {problem}") from None  # noqa: PTH119
        origin = sound.start if sound else origin
    if sound is None:
        return Decoded(frames, times, _no_sound(), 48_000)
    return Decoded(frames, times, sound.samples(origin), sound.rate)


class _Purse:
    """What is left of the limits that picture and sound share."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.decoded_bytes

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Refused(f"decodes to more than the limit of {self.limits.decoded_bytes} bytes")


class _Picture:
    """A track of picture while it is being decoded."""

    def __init__(self, stream: Any, purse: _Purse, *, is_avi: bool) -> None:
        from av.video.reformatter import VideoReformatter

        self._purse = purse
        self._clock = Fraction(stream.time_base or 1)
        self._interval = 1 / Fraction(stream.average_rate) if stream.average_rate else Fraction(1, 25)
        # AVI has no presentation times, and those that a decoder's delay makes up are late against the sound.
        self._origin = stream.start_time * self._clock if is_avi and stream.start_time is not None else None
        self._pixel_ratio = _pixel_ratio(stream.sample_aspect_ratio)
        self._frames: list[NDArray[np.uint8]] = []
        self._stamps: list[Fraction | None] = []
        self._to_rgb = VideoReformatter()

    def keep(self, frame: VideoFrame) -> None:
        """Take a decoded frame in."""
        limits, ratio = self._purse.limits, self._pixel_ratio
        # The short side of an oblong pixel is stretched, so that round things are round.
        width, height = max(frame.width, round(frame.width * ratio)), max(frame.height, round(frame.height / ratio))
        _at_most(limits.pixels, width * height, "pixels in a frame")
        _at_most(limits.frames, len(self._frames) + 1, "frames")
        self._purse.spend(width * height * 3)
        pixels = _upright(_rgb(self._to_rgb, frame, width, height), _display_matrix(frame))
        if self._frames and pixels.shape != self._frames[0].shape:
            raise Refused(f"changes its size to {pixels.shape[1]}x{pixels.shape[0]} after {len(self._frames)} frames")
        self._frames.append(pixels)
        self._stamps.append(None if frame.pts is None else frame.pts * self._clock)

    def in_order(self) -> tuple[list[NDArray[np.uint8]], list[float], Fraction]:
        """Frames, their times from 0, and the file's clock at the first of them.

        A decoder hands frames out in the order in which they are shown, so where the stamps do not rise the stamps are wrong (AVI
        with B-frames: 1, 4, 3, 5, 2): they are sorted, the frames are not. Of several at one moment the last one stays.
        """
        stamps: list[Fraction] = []
        for stamp in self._stamps:
            stamps.append(stamp if stamp is not None else stamps[-1] + self._interval if stamps else Fraction(0))
        stamps.sort()
        seen = [i for i, stamp in enumerate(stamps) if i + 1 == len(stamps) or stamps[i + 1] > stamp]
        first = stamps[0] if stamps else Fraction(0)
        _at_most(self._purse.limits.seconds, float(stamps[-1] - first) if stamps else 0.0, "seconds")
        origin = first if self._origin is None else self._origin
        return [self._frames[i] for i in seen], [float(stamps[i] - first) for i in seen], origin


class _Sound:
    """A track of sound while it is being decoded."""

    def __init__(self, stream: Any, purse: _Purse) -> None:
        self._purse = purse
        self._clock = Fraction(stream.time_base or 1)
        self._pieces: list[tuple[Fraction | None, NDArray[np.float32]]] = []
        self._count = 0
        self._to_floats: AudioResampler | None = None
        self.rate = 48_000

    @property
    def start(self) -> Fraction:
        """When it starts, on the file's clock."""
        return next((start for start, _ in self._pieces if start is not None), Fraction(0))

    def keep(self, frame: AudioFrame) -> None:
        """Take decoded samples in."""
        import numpy as np
        from av import AudioResampler

        limits, channels = self._purse.limits, frame.layout.nb_channels
        _at_most(limits.channels, channels, "channels of sound")
        _at_most(limits.sound_rate, frame.sample_rate, "samples of sound a second")
        self._count += frame.samples
        _at_most(limits.seconds, self._count / max(1, frame.sample_rate), "seconds of sound")
        self._purse.spend(4 * channels * frame.samples)
        if self._pieces and (frame.sample_rate, channels) != (self.rate, len(self._pieces[0][1])):
            raise Refused("changes its number of channels or its sampling rate on the way")
        self.rate = frame.sample_rate
        start = None if frame.pts is None else frame.pts * self._clock
        # Always through the resampler and into packed samples: frames of 7.1 AAC claim more planes than they have, and
        # to_ndarray() believes them.
        self._to_floats = self._to_floats or AudioResampler(format="flt")
        packed = [piece.to_ndarray().reshape(-1, channels).T for piece in self._to_floats.resample(frame)]
        self._pieces.append((start, np.concatenate(packed, axis=1) if packed else np.zeros((channels, 0), np.float32)))

    def samples(self, origin: Fraction) -> NDArray[np.float32]:
        """(channels, n) from ``origin`` on: gaps are silence, what lies before is cut off."""
        import numpy as np

        placed: list[tuple[int, NDArray[np.float32]]] = []
        end: int | None = None
        for start, piece in self._pieces:
            at = end if start is None else round((start - origin) * self.rate)
            if at is None or (end is not None and abs(at - end) <= SPLICE * self.rate):
                at = end or 0
            placed.append((at, piece))
            end = at + piece.shape[1]
        length = max((at + piece.shape[1] for at, piece in placed), default=0)
        if length <= 0:
            return _no_sound()
        _at_most(self._purse.limits.seconds, length / self.rate, "seconds of sound")
        channels = len(placed[0][1])
        self._purse.spend(4 * channels * max(0, length - self._count))  # gaps
        sound = np.zeros((channels, length), np.float32)
        for at, piece in placed:
            kept = piece[:, max(0, -at) :]
            sound[:, max(0, at) : max(0, at) + kept.shape[1]] = kept
        if not np.isfinite(sound).all():
            raise Refused("holds samples of sound that are not numbers")
        return sound


def _decode_file(
    path: str, purse: _Purse, *, skip_picture: bool = False, skip_sound: bool = False
) -> tuple[_Picture | None, _Sound | None]:
    from av.stream import Disposition

    with _opened(path, purse.limits) as file:
        form, container = _container(file, purse.limits)
        with container:
            shown = () if skip_picture else container.streams.video
            moving = [stream for stream in shown if not stream.disposition & Disposition.attached_pic][:1]
            heard = [] if moving and skip_sound else container.streams.audio[:1]
            streams: list[Any] = [*moving, *heard]
            _check_header(container, streams, purse.limits)
            picture = _Picture(moving[0], purse, is_avi=form == "avi") if moving else None
            sound = _Sound(heard[0], purse) if heard else None
            good, bad = {"video": 0, "audio": 0}, {"video": 0, "audio": 0}
            for kind, frames in _frames(container, streams):
                bad[kind] += frames is None
                good[kind] += len(frames or ())
                for frame in frames or ():
                    (picture if kind == "video" else sound).keep(frame)  # type: ignore[union-attr]
    for kind, name in (("video", "picture"), ("audio", "sound")):
        if bad[kind] > good[kind]:
            raise Refused(f"has {bad[kind]} packets of {name} that cannot be decoded, and {good[kind]} frames that can")
    return picture, sound


def _frames(container: InputContainer, streams: list[Any]) -> Iterator[tuple[str, list[Any] | None]]:
    """The kind of a track and what one of its packets decodes to, None for a damaged one, in the file's order.

    Players show what they can, so a damaged packet costs only its own frames, and a file that breaks off is a shorter one.
    """
    import av

    def attempt(stream: Any, packet: Any) -> tuple[str, list[Any] | None]:
        try:
            return stream.type, stream.codec_context.decode(packet)
        except av.error.MemoryError:
            raise
        except av.FFmpegError:
            return stream.type, None

    for stream in streams:
        stream.codec_context.thread_count = 1
    packets = container.demux(streams) if streams else iter(())
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError) as end:
            if isinstance(end, av.error.MemoryError):
                raise
            break
        if packet.size:
            yield attempt(packet.stream, packet)
    for stream in streams:
        yield stream.type, attempt(stream, None)[1] or []


@contextlib.contextmanager
def _opened(path: str, limits: Limits) -> Iterator[BinaryIO]:
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
        _at_most(limits.file_bytes, status.st_size, "bytes")
        yield file


def _container(file: BinaryIO, limits: Limits) -> tuple[str, InputContainer]:
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
        raise Refused(f"begins like {form.upper()} but cannot be opened: {_reason(problem)}") from None


def _check_header(container: InputContainer, streams: list[Any], limits: Limits) -> None:
    _at_most(limits.seconds, (container.duration or 0) / 1e6, "seconds")
    for stream in streams:
        codec = stream.codec_context
        if codec is None or codec.name not in DECODERS:
            raise Refused(f"holds a track of {stream.type} in a codec that is not read here")
        _at_most(limits.seconds, float((stream.duration or 0) * (stream.time_base or 0)), "seconds")
        if stream.type == "video":
            size = codec.width * codec.height
            _at_most(limits.pixels, size, "pixels in a frame")
            _at_most(limits.frames, stream.frames, "frames")
            _at_most(limits.decoded_bytes, size * 3 * stream.frames, "bytes of decoded frames")
        else:
            _at_most(limits.channels, codec.channels, "channels of sound")
            _at_most(limits.sound_rate, codec.sample_rate, "samples of sound a second")


def _pixel_ratio(ratio: Fraction | None) -> Fraction:
    """Width of a pixel over its height; what no camera makes is taken for a mistake."""
    return ratio if ratio is not None and Fraction(1, 4) <= ratio <= 4 else Fraction(1)


def _display_matrix(frame: VideoFrame) -> tuple[int, ...]:
    """The file's wish to be turned or mirrored for display: a, b, c, d of ``x' = a x + c y, y' = b x + d y``."""
    side = frame.side_data.get("DISPLAYMATRIX")
    if side is None:
        return (1, 0, 0, 1)
    matrix = struct.unpack("=9i", bytes(side))
    return matrix[0], matrix[1], matrix[3], matrix[4]


def _upright(pixels: NDArray[np.uint8], matrix: tuple[int, ...]) -> NDArray[np.uint8]:
    """The frame as it is to be shown; turned by the nearest multiple of 90 degrees, as cameras write them."""
    import numpy as np

    a, b, c, d = matrix
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, across, down = pixels.swapaxes(0, 1), c, b
    else:
        across, down = a, d
    return np.ascontiguousarray(pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _rgb(reformatter: VideoReformatter, frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 3) sRGB by the file's own colour matrix; without one BT.709 from 720 lines up, else BT.601, as players do."""
    import av
    from av.video.reformatter import Interpolation

    untold = 1 if frame.height >= 720 else 5  # swscale's numbers of BT.709 and BT.601
    keeps_tag = frame.format.is_rgb or frame.colorspace in MATRICES
    try:
        shown = reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=None if keeps_tag else untold,
            dst_colorspace=1,
            dst_color_range=2,  # full
            # Without exact rounding swscale darkens by one level, and its fast paths differ between processors.
            interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT,
            threads=1,
        )
    except av.error.MemoryError:
        raise
    except av.FFmpegError as problem:
        raise Refused(f"has frames of {frame.format.name} that cannot be turned into RGB: {_reason(problem)}") from None
    return cast("NDArray[np.uint8]", shown.to_ndarray())


def _no_sound() -> NDArray[np.float32]:
    import numpy as np

    return np.zeros((0, 0), np.float32)


def _at_most(limit: float, value: float, of_what: str) -> None:
    if not value <= limit:
        raise Refused(f"has {value:.10g} {of_what}, over the limit of {limit:.10g}")


def _reason(problem: Exception) -> str:
    """The library's own words, without its file name and number."""
    return str(getattr(problem, "strerror", None) or type(problem).__name__).rstrip(".")


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
            _send(answers, {"error": f"cannot be decoded: {type(problem).__name__}: {_reason(problem)}"})
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
