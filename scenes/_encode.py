"""Writing MP4 (H.264, AAC), MKV (FFV1, FLAC) and FLAC so that the same samples always give the same bytes."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av import AudioFrame
    from numpy.typing import NDArray

__all__ = ["CLOCK", "write_flac", "write_mkv", "write_mp4"]

CLOCK = 90_000  # ticks a second of the picture's track: 24, 25, 30, 50, 60 and 30000/1001 frames a second fall on whole ticks
AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)  # Hz, ISO 14496-3 table 1.18
AAC_BITS = 96_000  # bits a second for each channel; transparent for most sounds
LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")  # by number of channels, as both encoders take them
BIT_EXACT = {"flags": "+bitexact"}  # no name of an encoder, no date


def write_mp4(path: Path, frames: NDArray[np.uint8], times: NDArray[np.float64], sound: NDArray[np.float32], rate: int, crf: float) -> None:
    """Picture and, where there is any, sound, interleaved by time; the index comes first, so that players can start at once."""
    import av

    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        packets = _picture(container, frames, np.rint(times * CLOCK).astype(np.int64), crf)
        if sound.size:
            packets += _aac(container, sound, rate)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)


def write_mkv(path: Path, frames: NDArray[np.uint8], times: NDArray[np.float64], sound: NDArray[np.float32], rate: int) -> None:
    """Picture and sound without loss: FFV1 in RGB and 24-bit FLAC. Matroska keeps times to the millisecond."""
    import av

    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        packets = _ffv1(container, frames, np.rint(times * CLOCK).astype(np.int64))
        if sound.size:
            packets += _flac(container, sound, rate)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)


def write_flac(path: Path, sound: NDArray[np.float32], rate: int) -> None:
    """Sound as 24-bit FLAC: absolute level, cut off at full scale."""
    import av

    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        for packet in _flac(container, sound, rate):
            container.mux(packet)


def _flac(container: Any, sound: NDArray[np.float32], rate: int) -> list[Any]:
    # The encoder takes 24 bits at the top of 32; float32 holds every 24-bit value exactly.
    whole = np.rint(np.clip(sound.astype(np.float64) * 2.0**23, -(2.0**23), 2.0**23 - 1)).astype(np.int32) << 8
    options = {**BIT_EXACT, "bits_per_raw_sample": "24"}
    stream = container.add_stream("flac", rate=rate, layout=LAYOUTS[len(sound) - 1], format="s32", options=options)
    return _encoded(stream, [_packed(whole, rate, "s32")])


def _ffv1(container: Any, frames: NDArray[np.uint8], ticks: NDArray[np.int64]) -> list[Any]:
    import av

    _, height, width, _ = frames.shape
    stream = container.add_stream("ffv1", rate=_usual_rate(ticks))
    codec = stream.codec_context
    stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
    codec.time_base = stream.time_base = Fraction(1, CLOCK)
    codec.thread_count = 1
    # Version 3 with a checksum for every slice, as archives ask for (RFC 9043); the range coder with its larger model.
    stream.options = {**BIT_EXACT, "level": "3", "slices": "4", "slicecrc": "1", "coder": "range_tab", "context": "1"}

    def prepared(pixels: NDArray[np.uint8], tick: int) -> Any:
        four = np.zeros((height, width, 4), np.uint8)
        four[..., :3] = pixels[..., ::-1]
        frame = av.VideoFrame.from_ndarray(four, format="bgra").reformat(format="bgr0")
        frame.pts, frame.time_base = tick, Fraction(1, CLOCK)
        return frame

    return _encoded(stream, [prepared(pixels, int(tick)) for pixels, tick in zip(frames, ticks, strict=True)])


def _picture(container: Any, frames: NDArray[np.uint8], ticks: NDArray[np.int64], crf: float) -> list[Any]:
    import av
    from av.video.reformatter import Interpolation, VideoReformatter

    _, height, width, _ = frames.shape
    stream = container.add_stream("libx264", rate=_usual_rate(ticks))
    codec = stream.codec_context
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"  # 4:2:0 has no odd sizes
    codec.time_base = stream.time_base = Fraction(1, CLOCK)
    codec.thread_count = 1  # x264's output depends on how many share the work
    codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc = 1, 1, 1, 1  # BT.709, 16 to 235
    # No B-frames: decoding order is presentation order, so nothing depends on a reader's handling of edit lists. swscale takes each
    # chroma sample from the middle of its four pixels; unless the stream says so (chromaloc 1), readers shift colour by half a pixel.
    params = "chromaloc=1" + (":asm=avx2" if _has_avx512() else "")
    stream.options = {**BIT_EXACT, "preset": "veryfast", "crf": f"{crf:g}", "bf": "0", "x264-params": params}
    to_yuv = VideoReformatter()
    # Without exact rounding swscale darkens by one level, and its fast paths differ between processors.
    exact = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT

    def prepared(pixels: NDArray[np.uint8], tick: int) -> Any:
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        yuv = to_yuv.reformat(
            rgb,
            format=stream.pix_fmt,
            src_colorspace=1,
            dst_colorspace=1,  # BT.709
            src_color_range=2,
            dst_color_range=1,  # full to limited
            interpolation=Interpolation.BICUBIC | exact,
            threads=1,
        )
        yuv.pts, yuv.time_base = tick, Fraction(1, CLOCK)
        return yuv

    return _encoded(stream, [prepared(pixels, int(tick)) for pixels, tick in zip(frames, ticks, strict=True)])


@lru_cache(maxsize=1)
def _has_avx512() -> bool:
    """x264's AVX-512 code reads past the end of rows of 48 or 96 px: one clip in hundreds has other bytes. Its AVX2 code does not."""
    try:
        return " avx512" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def _aac(container: Any, sound: NDArray[np.float32], rate: int) -> list[Any]:
    import av

    layout = LAYOUTS[len(sound) - 1]
    coded_rate = next((known for known in AAC_RATES if known >= rate), AAC_RATES[-1])
    stream = container.add_stream("aac", rate=coded_rate, layout=layout, options={**BIT_EXACT, "aac_coder": "fast"})
    stream.bit_rate = AAC_BITS * len(sound)
    stream.codec_context.thread_count = 1
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=coded_rate)
    frame = _packed(np.clip(sound, -1, 1), rate, "flt")
    return _encoded(stream, [*resampler.resample(frame), *resampler.resample(None)])


def _packed(sound: NDArray[Any], rate: int, form: str) -> AudioFrame:
    """One frame of all the sound, from time 0; packed, because planar frames of 7.1 are miscounted by the library."""
    import av

    samples = np.ascontiguousarray(sound.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format=form, layout=LAYOUTS[len(sound) - 1])
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def _encoded(stream: Any, frames: list[Any]) -> list[Any]:
    return [packet for frame in (*frames, None) for packet in stream.encode(frame)]


def _usual_rate(ticks: NDArray[np.int64]) -> Fraction:
    """Frames a second, for the encoder's bookkeeping; the times themselves are in the stamps."""
    usual = int(np.median(np.diff(ticks))) if len(ticks) > 1 else CLOCK // 25
    return Fraction(CLOCK, max(1, usual))
