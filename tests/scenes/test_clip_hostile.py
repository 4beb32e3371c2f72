"""Files that are broken or mean harm give a clip or one clear sentence, never a crash, a hang or another file's contents."""

from __future__ import annotations

import os
import signal
import struct
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from kinema.errors import BrokenClip
from kinema.scenes.clip import Clip, Limits, Reader, write_clip

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = Path(__file__).resolve().parents[2].parent / "shared" / "real" / "broken"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as shared:
        yield shared


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A small, sound clip with AAC inside and no .flac beside."""
    frames = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    sound = np.random.default_rng(1).normal(0, 0.1, (2, 24_000)).astype(np.float32)
    write_clip(Clip(frames, np.arange(12) / 24, sound), tmp_path / "good.mp4")
    (tmp_path / "good.flac").rename(tmp_path / "alone.flac")
    return tmp_path / "good.mp4"


def sentence(reader: Reader, path: Path, limits: Limits | None = None) -> str:
    """The one sentence that refuses a file."""
    with pytest.raises(BrokenClip) as caught:
        reader.read(path, limits)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert "Traceback" not in text
    assert len(text) < len(str(path)) + 250
    return text


def wav(data: bytes, *, size: int | None = None, channels: int = 1, rate: int = 8000, extra: bytes = b"") -> bytes:
    """A 16-bit WAV whose header may lie about the size of its data."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    body = b"WAVE" + form + extra + struct.pack("<4sI", b"data", len(data) if size is None else size) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile good.mp4\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\ngood.mp4\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>good.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>',
}


@pytest.mark.parametrize("kind", list(PLAYLISTS))
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_playlist_in_disguise_opens_no_neighbour(reader: Reader, good: Path, kind: str, suffix: str) -> None:
    trap = good.with_name(f"trap{suffix}")
    trap.write_text(PLAYLISTS[kind])
    assert "is not MP4, MOV, MKV, WebM, AVI, WAV or FLAC" in sentence(reader, trap)


def test_playlist_behind_a_video_signature_is_not_parsed(reader: Reader, good: Path) -> None:
    trap = good.with_name("trap.mp4")
    trap.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + PLAYLISTS["ffconcat"].encode())
    sentence(reader, trap)


def test_playlist_beside_a_good_clip_is_not_its_sound(reader: Reader, good: Path) -> None:
    good.with_suffix(".flac").write_text("ffconcat version 1.0\nfile alone.flac\n")
    assert "good.flac beside it for its sound, which is not MP4" in sentence(reader, good)


def test_names_that_look_like_addresses_are_names(reader: Reader, good: Path) -> None:
    for name in ("concat:good.mp4|good.mp4", "http:..x.mp4", "-i.mp4", "pipe:0", "%d.mp4"):
        odd = good.with_name(name)
        odd.write_bytes(good.read_bytes())
        assert len(reader.read(odd).frames) == 12
    assert "No such file" in sentence(reader, Path("http://127.0.0.1:9/a.mp4"))


def test_what_is_no_file(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("a ball falls\n")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "is empty" in sentence(reader, tmp_path / "empty.mp4")
    assert "is not MP4" in sentence(reader, tmp_path / "text.mp4")
    assert "not a regular file" in sentence(reader, tmp_path / "pipe.mp4")
    assert "not a regular file" in sentence(reader, tmp_path)
    assert "not a regular file" in sentence(reader, Path("/dev/zero"))
    assert "No such file" in sentence(reader, tmp_path / "missing.mp4")


def test_huge_frames_are_refused_before_they_are_decoded(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "huge.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast", "threads": "1"})
        stream.width = stream.height = 4096
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(4096, 4096, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert "16777216 pixels in a frame, over the limit of 8294400" in sentence(reader, path)


def test_header_that_understates_the_size_is_caught_while_decoding(reader: Reader, good: Path) -> None:
    content = bytearray(good.read_bytes())
    at = content.index(b"avc1", content.index(b"stsd")) + 28  # width and height in the sample entry
    content[at : at + 4] = struct.pack(">HH", 2, 2)
    good.write_bytes(content)
    said = sentence(reader, good, Limits(pixels=1000))
    assert "over the limit of 1000" in said or "cannot be decoded" in said


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(file_bytes=1000), "bytes, over the limit of 1000"),
        (Limits(seconds=0.2), "seconds, over the limit of 0.2"),
        (Limits(frames=11), "12 frames, over the limit of 11"),
        (Limits(pixels=1023), "1024 pixels in a frame, over the limit of 1023"),
        (Limits(decoded_bytes=12 * 32 * 32 * 3 - 1), "over the limit of 36863"),
        (Limits(decoded_bytes=12 * 32 * 32 * 3 + 8 * 23_000), "more than the limit of"),
        (Limits(channels=1), "2 channels of sound, over the limit of 1"),
        (Limits(sound_rate=44_100), "48000 samples of sound a second, over the limit of 44100"),
    ],
)
def test_each_limit(reader: Reader, good: Path, limits: Limits, why: str) -> None:
    assert why in sentence(reader, good, limits)
    assert len(reader.read(good).frames) == 12


def test_limits_count_the_sound_beside(reader: Reader, good: Path) -> None:
    good.with_name("alone.flac").rename(good.with_suffix(".flac"))
    assert "good.flac beside it" in sentence(reader, good, Limits(seconds=0.5, decoded_bytes=12 * 32 * 32 * 3 + 8 * 23_000))


def test_damaged_wav(reader: Reader, tmp_path: Path) -> None:
    path, samples = tmp_path / "a.wav", np.arange(800, dtype="<i2").tobytes()
    for lie in (0xFFFFFFFF, 0, 10_000_000):
        path.write_bytes(wav(samples, size=lie))
        try:
            assert reader.read(path).sound.shape == (1, 800)
        except BrokenClip as problem:
            assert str(problem).startswith(f"{path}: ")
    path.write_bytes(wav(samples, extra=struct.pack("<4sI4s4sI", b"LIST", 16, b"INFO", b"INAM", 4) + b"\xff\xfe\xe9\x80"))
    assert reader.read(path).sound.shape == (1, 800)  # a title that is no UTF-8 is not our business
    path.write_bytes(wav(samples, channels=0))
    sentence(reader, path)
    path.write_bytes(wav(samples, channels=30_000))
    sentence(reader, path)
    path.write_bytes(wav(samples, rate=0))
    sentence(reader, path)


def test_sound_that_is_not_a_number(reader: Reader, tmp_path: Path) -> None:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, 8000, 32_000, 4, 32)
    data = np.array([0.0, np.nan, np.inf], "<f4").tobytes() * 100
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    (tmp_path / "a.wav").write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    assert "not numbers" in sentence(reader, tmp_path / "a.wav")


def test_rare_decoders_stay_closed(reader: Reader, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.avi"), "w", format="avi") as container:
        stream = container.add_stream("flv", rate=24)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")), *stream.encode(None)]:
            container.mux(packet)
    assert "a codec that is not read here" in sentence(reader, tmp_path / "a.avi")


def test_a_long_gap_in_the_sound_is_not_filled_at_any_price(reader: Reader, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start in (0, 8000 * 100):
            part = av.AudioFrame.from_ndarray(np.ones((1, 800), np.int16), format="s16", layout="mono")
            part.sample_rate, part.time_base, part.pts = 8000, Fraction(1, 8000), start
            container.mux(stream.encode(part))
    assert reader.read(tmp_path / "a.mkv").sound.shape == (1, 800_800)
    assert "more than the limit of 100000 bytes" in sentence(reader, tmp_path / "a.mkv", Limits(decoded_bytes=100_000))
    assert "seconds" in sentence(reader, tmp_path / "a.mkv", Limits(seconds=50))


def test_track_of_sound_without_sound(reader: Reader, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as container:
        stream, _ = container.add_stream("ffv1", rate=24), container.add_stream("pcm_s16le", rate=8000, layout="mono")
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")), *stream.encode(None)]:
            container.mux(packet)
    clip = reader.read(tmp_path / "a.mkv")
    assert clip.frames.shape == (1, 16, 16, 3)
    assert clip.sound.shape == (0, 0)


def test_truncated_and_flipped(reader: Reader, good: Path) -> None:
    """Forty cuts and sixty flipped bytes, in MP4 and in FLAC."""
    rng = np.random.default_rng(3)
    outcomes = set()
    for source in (good, good.with_name("alone.flac")):
        whole = source.read_bytes()
        victim = source.with_name(f"victim{source.suffix}")
        damaged = [whole[: int(cut)] for cut in rng.integers(0, len(whole), 20)]
        for _ in range(30):
            content = bytearray(whole)
            content[int(rng.integers(0, min(len(content), 3000)))] ^= int(rng.integers(1, 256))
            damaged.append(bytes(content))
        for content in damaged:
            victim.write_bytes(content)
            try:
                reader.read(victim, Limits(wall_seconds=60))
                outcomes.add("clip")
            except BrokenClip as problem:
                assert "ends its decoder" not in str(problem)
                outcomes.add("sentence")
    assert outcomes == {"clip", "sentence"}


def test_a_file_that_breaks_off_is_a_shorter_clip(reader: Reader, good: Path) -> None:
    whole = good.read_bytes()
    good.write_bytes(whole[: len(whole) * 2 // 3])  # the index comes first
    clip = reader.read(good)
    assert 2 <= len(clip.frames) < 12
    assert clip.times.tolist() == [i / 24 for i in range(len(clip.frames))]


def test_a_decoder_that_hangs_is_ended_and_replaced(good: Path) -> None:
    with Reader() as reader:
        reader.read(good)
        os.kill(reader._decoder._process.pid, signal.SIGSTOP)  # type: ignore[union-attr]
        start = time.monotonic()
        assert "is not decoded after 0.3 s" in sentence(reader, good, Limits(wall_seconds=0.3))
        assert time.monotonic() - start < 30
        assert len(reader.read(good).frames) == 12


@pytest.mark.parametrize(("how", "why"), [(signal.SIGSEGV, "ends its decoder (SIGSEGV)"), (signal.SIGXCPU, "after 60 s of processor time")])
def test_a_decoder_that_dies_is_replaced(good: Path, how: signal.Signals, why: str) -> None:
    with Reader() as reader:
        reader.read(good)
        child = reader._decoder._process.pid  # type: ignore[union-attr]
        os.kill(child, signal.SIGSTOP)
        threading.Timer(0.2, lambda: [os.kill(child, how), os.kill(child, signal.SIGCONT)]).start()
        assert why in sentence(reader, good)
        assert len(reader.read(good).frames) == 12


def test_a_decoder_found_dead_costs_no_clip(good: Path) -> None:
    with Reader() as reader:
        reader.read(good)
        process = reader._decoder._process  # type: ignore[union-attr]
        process.kill()
        process.wait()
        assert len(reader.read(good).frames) == 12


def test_the_child_may_not_take_all_the_memory(good: Path) -> None:
    limits = Limits(decoded_bytes=1 << 20)
    with Reader(limits) as reader:
        reader.read(good, Limits(decoded_bytes=1 << 20))
        bounds = Path(f"/proc/{reader._decoder._process.pid}/limits").read_text().splitlines()  # type: ignore[union-attr]
        (line,) = [line for line in bounds if line.startswith("Max address space")]
        assert int(line.split()[3]) <= (1 << 30) + (2 << 20)


@pytest.mark.skipif(not BROKEN.exists(), reason=f"no clips at {BROKEN}")
def test_broken_clips_of_others(reader: Reader) -> None:
    seen = {}
    for path in sorted(BROKEN.glob("*.mp4")):
        try:
            seen[path.stem.removeprefix("mp4parse_").removeprefix("capi_")] = reader.read(path)
        except BrokenClip as problem:
            assert str(problem).startswith(f"{path}: ")
            assert "\n" not in str(problem)
            assert "ends its decoder" not in str(problem)
    assert len(seen) >= 6
    assert seen["video_rotation_90"].frames.shape == (1, 100, 60, 3)
    assert seen["h264_white_frame_sar_16_9"].frames.shape == (1, 480, 1138, 3)
    assert seen["tiny_av1"].frames.shape == (1, 64, 64, 3)
    assert seen["sine-3s-xhe-aac-44khz-mono"].sound.shape[1] > 3 * 44_100
    variable = seen["torchcodec_var_fps_video"]
    assert len(variable.frames) == 300
    gaps = np.diff(variable.times)
    assert gaps.min() == pytest.approx(0.0333, abs=1e-3)
    assert gaps.max() == pytest.approx(0.5333, abs=1e-3)
