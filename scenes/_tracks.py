"""Tracks of picture and sound on the file's own clock, put together on the clip's."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from kinema.scenes._entry import Limits, Purse, Refused, at_most, check_header, container_of, opened, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from av import AudioFrame, VideoFrame
    from av.audio.resampler import AudioResampler
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from numpy.typing import NDArray

__all__ = ["Decoded", "decode"]

SPLICE = 0.005  # s; sound whose stamp is off by less goes on without a seam: coarse clocks jitter (Matroska: 1 ms), real gaps are longer
MATRICES = frozenset({1, 4, 5, 6, 7, 9})  # BT.709, FCC, BT.601 twice, SMPTE 240M, BT.2020 by ITU-T H.273 table 4: what swscale knows


class Decoded(NamedTuple):
    """A clip as it came out of its file: (H, W, 3) frames, seconds from the first of them, (channels, n) samples and their rate."""

    frames: list[NDArray[np.uint8]]
    times: list[float]
    sound: NDArray[np.float32]
    rate: int


def decode(path: str, limits: Limits) -> Decoded:
    """Picture and sound of a file; where a ``.flac`` lies beside a picture, its sound is that one.

    Raises:
        Refused: the file gives no clip; the message says why.
    """
    purse = Purse(limits)
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


class _Picture:
    """A track of picture while it is being decoded."""

    def __init__(self, stream: Any, purse: Purse, *, is_avi: bool) -> None:
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
        at_most(limits.pixels, width * height, "pixels in a frame")
        at_most(limits.frames, len(self._frames) + 1, "frames")
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
        at_most(self._purse.limits.seconds, float(stamps[-1] - first) if stamps else 0.0, "seconds")
        origin = first if self._origin is None else self._origin
        return [self._frames[i] for i in seen], [float(stamps[i] - first) for i in seen], origin


class _Sound:
    """A track of sound while it is being decoded."""

    def __init__(self, stream: Any, purse: Purse) -> None:
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
        at_most(limits.channels, channels, "channels of sound")
        at_most(limits.sound_rate, frame.sample_rate, "samples of sound a second")
        self._count += frame.samples
        at_most(limits.seconds, self._count / max(1, frame.sample_rate), "seconds of sound")
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
        at_most(self._purse.limits.seconds, length / self.rate, "seconds of sound")
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
    path: str, purse: Purse, *, skip_picture: bool = False, skip_sound: bool = False
) -> tuple[_Picture | None, _Sound | None]:
    from av.stream import Disposition

    with opened(path, purse.limits) as file:
        form, container = container_of(file, purse.limits)
        with container:
            shown = () if skip_picture else container.streams.video
            moving = [stream for stream in shown if not stream.disposition & Disposition.attached_pic][:1]
            heard = [] if moving and skip_sound else container.streams.audio[:1]
            streams: list[Any] = [*moving, *heard]
            check_header(container, streams, purse.limits)
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
        raise Refused(f"has frames of {frame.format.name} that cannot be turned into RGB: {reason(problem)}") from None
    return cast("NDArray[np.uint8]", shown.to_ndarray())


def _no_sound() -> NDArray[np.float32]:
    import numpy as np

    return np.zeros((0, 0), np.float32)
