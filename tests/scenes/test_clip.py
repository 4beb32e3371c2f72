"""What is written comes back: pixels, times, samples, and above all the lag between picture and sound."""

from __future__ import annotations

import multiprocessing
import os
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinema.errors import BrokenClip
from kinema.files import sha256_of
from kinema.scenes.clip import Clip, Limits, Reader, read_clip, write_clip

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"
RATE = 48_000


def flash_and_click(moment: float = 0.5, *, fps: int = 24, rate: int = RATE, channels: int = 2, size: int = 64) -> Clip:
    """A second of dark with one bright frame, and a click of 8 samples that begins when it is shown."""
    frames = np.full((fps, size, size, 3), 16, np.uint8)
    frames[round(moment * fps)] = 255
    sound = np.zeros((channels, rate), np.float32)
    start = round(moment * rate)
    sound[:, start : start + 8] = [0.9, -0.9, 0.8, -0.8, 0.7, -0.7, 0.6, -0.6]
    return Clip(frames, np.arange(fps) / fps, sound, rate)


def lag_ms(clip: Clip) -> float:
    """From the flash to the first sample of more than half the click's peak."""
    level = np.abs(clip.sound).max(axis=0)
    heard = int(np.argmax(level > level.max() / 2)) / clip.sound_rate
    return float(heard - clip.times[clip.frames.mean(axis=(1, 2, 3)).argmax()]) * 1000


def film(path: Path, form: str, video: str | None, audio: str | None, clip: Clip, **options: Any) -> None:
    """Write a clip as other programs do; ``bf`` B-frames, ``start`` seconds late, ``shape`` of the pixels, ``tags`` of the container."""
    start = options.get("start", 0.0)
    with av.open(str(path), "w", format=form, options=options.get("tags", {})) as container:
        packets: list[Any] = []
        if video:
            bf = {"bf": str(options["bf"]), "b_strategy": "0"} if "bf" in options else {}
            stream = container.add_stream(video, rate=24, options={**bf, "threads": "1"})
            stream.height, stream.width = clip.frames.shape[1:3]
            stream.pix_fmt = "yuvj420p" if video == "mjpeg" else "yuv420p"
            stream.codec_context.sample_aspect_ratio = options.get("shape", Fraction(1))
            stream.codec_context.time_base = Fraction(1, 24) if form == "avi" else Fraction(1, 24000)
            for pixels, t in zip(clip.frames, clip.times, strict=True):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.time_base = stream.codec_context.time_base
                frame.pts = round((t + start) / frame.time_base)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        if audio:
            layout = {1: "mono", 2: "stereo", 8: "7.1"}[len(clip.sound)]
            track = container.add_stream(audio, rate=clip.sound_rate, layout=layout)
            whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.sound.T).reshape(1, -1), format="flt", layout=layout)
            whole.sample_rate, whole.time_base, whole.pts = clip.sound_rate, Fraction(1, clip.sound_rate), round(start * clip.sound_rate)
            turn = av.AudioResampler(format=track.format.name, layout=layout, frame_size=track.codec_context.frame_size or None)
            for part in [*turn.resample(whole), *turn.resample(None), None]:
                packets += track.encode(part)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)


def patched(path: Path, box: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes at ``offset`` after the first box of that type."""
    content = bytearray(path.read_bytes())
    at = content.index(box) + 4 + offset
    content[at : at + len(value)] = value
    path.write_bytes(content)


@pytest.fixture(scope="module")
def scrap() -> Clip:
    """Ten frames of smooth colour, and noise up to full scale."""
    y, x = np.mgrid[:48, :64]
    frames = np.stack([np.stack([2 * x + 8 * t, 200 - 3 * y, x + y], -1) for t in range(10)]).astype(np.uint8)
    sound = np.random.default_rng(1).uniform(-1, 1, (2, 16_000)).astype(np.float32)
    return Clip(frames, np.arange(10) / 24, sound, 32_000)


def test_a_clip_comes_back(tmp_path: Path, scrap: Clip) -> None:
    write_clip(scrap, tmp_path / "a.mp4")
    back = read_clip(tmp_path / "a.mp4")
    error = back.frames.astype(float) - scrap.frames
    assert back.times.tolist() == scrap.times.tolist()
    assert np.sqrt((error**2).mean()) < 2.5
    assert back.sound_rate == 32_000
    assert np.abs(back.sound - scrap.sound).max() <= 2.0**-24 * 1.001  # half a step of 24 bits
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.flac", "a.mp4"]


def test_colour_is_neither_darker_nor_shifted(tmp_path: Path) -> None:
    y, x = np.mgrid[:48, :64]
    slopes = np.stack([70 + x, 180 - 2 * y, 60 + x + y], -1)[None].astype(np.uint8)  # half a pixel of chroma would show as 0.4 levels
    write_clip(Clip(slopes, np.zeros(1), np.zeros((0, 0), np.float32)), tmp_path / "a.mp4", crf=0)  # what is left is colour conversion
    error = read_clip(tmp_path / "a.mp4").frames.astype(float) - slopes
    assert np.abs(error.mean(axis=(0, 1, 2))).max() < 0.1
    assert np.sqrt((error**2).mean()) < 0.8


def test_level_is_absolute_and_clipped_at_full_scale(tmp_path: Path) -> None:
    sound = np.array([[1e-6, 0.25, 1.0, 3.0, -3.0]], np.float32)
    write_clip(Clip(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), sound, 8000), tmp_path / "a.mp4")
    assert read_clip(tmp_path / "a.mp4").sound[0] == pytest.approx([1e-6, 0.25, 1.0, 1.0, -1.0], abs=1.2e-7)


def test_the_same_clip_gives_the_same_bytes(tmp_path: Path, scrap: Clip) -> None:
    for name in ("a", "b"):
        write_clip(scrap, tmp_path / f"{name}.mp4")
    assert sha256_of(tmp_path / "a.mp4") == sha256_of(tmp_path / "b.mp4")
    assert sha256_of(tmp_path / "a.flac") == sha256_of(tmp_path / "b.flac")


def test_worse_rate_factors_give_worse_pictures(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3)).repeat(4, 1).repeat(4, 2).astype(np.uint8)
    errors, sizes = [], []
    for crf in (4, 16, 30, 45):
        write_clip(Clip(noise, np.arange(6) / 24, np.zeros((0, 0), np.float32)), tmp_path / "a.mp4", crf=crf)
        errors.append(np.abs(read_clip(tmp_path / "a.mp4").frames.astype(int) - noise).mean())
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert errors == sorted(errors)
    assert sizes == sorted(sizes, reverse=True)


def test_click_stays_on_its_flash(tmp_path: Path) -> None:
    for rate, channels in ((48_000, 2), (44_100, 1), (16_000, 1), (12_345, 2), (48_000, 8)):
        write_clip(flash_and_click(rate=rate, channels=channels), tmp_path / "a.mp4")
        assert abs(lag_ms(read_clip(tmp_path / "a.mp4"))) <= 0.1
        (tmp_path / "a.flac").unlink()
        through_aac = read_clip(tmp_path / "a.mp4")
        assert len(through_aac.sound) == channels
        assert abs(lag_ms(through_aac)) <= 2.0


FORMATS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("mp4", "mp4", "libx264", "aac", {"bf": 3}),
    ("mp4", "mp4", "libx264", "aac", {"bf": 3, "start": 0.5}),
    ("mp4", "mp4", "libx264", "aac", {"bf": 2, "tags": {"movflags": "frag_keyframe+empty_moov+delay_moov"}}),
    ("mp4", "mp4", "libx264", "libmp3lame", {}),
    ("mov", "mov", "libx264", "pcm_s16le", {}),
    ("mov", "mov", "mpeg4", "alac", {"bf": 2}),
    ("matroska", "mkv", "libx264", "aac", {"bf": 3}),
    ("matroska", "mkv", "ffv1", "flac", {}),
    ("webm", "webm", "libvpx-vp9", "libopus", {}),
    ("avi", "avi", "mpeg4", "pcm_s16le", {"bf": 2}),
    ("avi", "avi", "libx264", "pcm_s16le", {"bf": 3}),
    ("avi", "avi", "mjpeg", "pcm_s16le", {}),
]


@pytest.mark.parametrize(("form", "suffix", "video", "audio", "options"), FORMATS)
def test_other_programs_files(tmp_path: Path, form: str, suffix: str, video: str, audio: str, options: dict[str, Any]) -> None:
    film(tmp_path / f"a.{suffix}", form, video, audio, flash_and_click(), **options)
    clip = read_clip(tmp_path / f"a.{suffix}")
    assert clip.frames.shape == (24, 64, 64, 3)
    assert clip.times == pytest.approx(np.arange(24) / 24, abs=6e-4)  # Matroska counts milliseconds
    assert clip.frames.mean(axis=(1, 2, 3)).argmax() == 12
    assert abs(lag_ms(clip)) <= 2.0


@pytest.mark.parametrize(("suffix", "codec", "channels"), [("wav", "pcm_s24le", 2), ("wav", "pcm_s16le", 8), ("flac", "flac", 1)])
def test_sound_alone(tmp_path: Path, suffix: str, codec: str, channels: int) -> None:
    clip = flash_and_click(channels=channels)
    film(tmp_path / f"a.{suffix}", suffix, None, codec, clip)
    back = read_clip(tmp_path / f"a.{suffix}")
    assert back.frames.shape == (0, 0, 0, 3)
    assert back.times.shape == (0,)
    assert back.seconds == 1.0
    assert np.abs(back.sound - clip.sound).max() < 4e-5  # 16 bits


def test_sound_that_starts_early_is_cut_and_late_is_padded(tmp_path: Path) -> None:
    clip = flash_and_click()
    film(tmp_path / "early.mkv", "matroska", "ffv1", "pcm_s16le", Clip(clip.frames[6:], clip.times[6:], clip.sound))
    film(tmp_path / "late.mkv", "matroska", "ffv1", "pcm_s16le", clip)
    early = read_clip(tmp_path / "early.mkv")
    assert early.times[0] == 0
    assert early.sound.shape[1] == RATE - RATE // 4
    assert abs(lag_ms(early)) < 1
    with av.open(str(tmp_path / "gap.mkv"), "w", format="matroska") as container:
        picture, sound = container.add_stream("ffv1", rate=24), container.add_stream("pcm_s16le", rate=8000, layout="mono")
        picture.width = picture.height = 16
        picture.pix_fmt = "yuv420p"
        for i in range(24):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
            if i in (6, 18):
                part = av.AudioFrame.from_ndarray(np.full((1, 800), 16384, np.int16), format="s16", layout="mono")
                part.sample_rate, part.time_base, part.pts = 8000, Fraction(1, 8000), i * 8000 // 24
                container.mux(sound.encode(part))
        container.mux(picture.encode(None))
    level = read_clip(tmp_path / "gap.mkv").sound[0]
    expected = np.zeros(6800)
    expected[2000:2800] = expected[6000:6800] = 0.5
    assert level == pytest.approx(expected)


def test_edit_list_hides_the_first_frames(tmp_path: Path) -> None:
    write_clip(flash_and_click(), tmp_path / "a.mp4")
    (tmp_path / "a.flac").unlink()
    patched(tmp_path / "a.mp4", b"elst", 12, struct.pack(">i", 6 * 90_000 // 24))  # the picture's media time, after its duration
    clip = read_clip(tmp_path / "a.mp4")
    assert len(clip.frames) == 18
    assert clip.times[0] == 0
    assert lag_ms(clip) == pytest.approx(250, abs=2)  # six frames were skipped, no sound


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((0, 1, -1, 0), lambda f: np.rot90(f, -1)),  # a telephone held upright
        ((0, -1, 1, 0), lambda f: np.rot90(f, 1)),
        ((-1, 0, 0, -1), lambda f: np.rot90(f, 2)),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
    ],
)
def test_rotation_is_applied(tmp_path: Path, scrap: Clip, matrix: tuple[int, ...], shown: Any) -> None:
    write_clip(scrap, tmp_path / "a.mp4")
    plain = read_clip(tmp_path / "a.mp4").frames[0]
    a, b, c, d = (65536 * v for v in matrix)
    patched(tmp_path / "a.mp4", b"tkhd", 40, struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    assert np.array_equal(read_clip(tmp_path / "a.mp4").frames[0], shown(plain))


def test_oblong_pixels_become_square(tmp_path: Path, scrap: Clip) -> None:
    film(tmp_path / "wide.mp4", "mp4", "libx264", None, scrap, shape=Fraction(4, 3))
    film(tmp_path / "tall.mkv", "matroska", "libx264", None, scrap, shape=Fraction(1, 2))
    assert read_clip(tmp_path / "wide.mp4").frames.shape[1:3] == (48, 85)
    assert read_clip(tmp_path / "tall.mkv").frames.shape[1:3] == (96, 64)


def test_of_two_frames_at_one_moment_the_last_is_kept(tmp_path: Path) -> None:
    frames = np.stack([np.full((16, 16, 3), level, np.uint8) for level in (20, 120, 220)])
    film(tmp_path / "a.mkv", "matroska", "ffv1", None, Clip(frames, np.array([0.0, 0.5, 0.5003]), np.zeros((0, 0), np.float32)))
    clip = read_clip(tmp_path / "a.mkv")  # Matroska rounds both to 500 ms
    assert clip.times.tolist() == [0.0, 0.5]
    assert clip.frames[:, 0, 0, 0] == pytest.approx([20, 220], abs=2)


def test_without_sound_no_old_sound_stays_beside(tmp_path: Path, scrap: Clip) -> None:
    write_clip(scrap, tmp_path / "a.mp4")
    write_clip(Clip(scrap.frames, scrap.times, np.zeros((0, 0), np.float32)), tmp_path / "a.mp4")
    back = read_clip(tmp_path / "a.mp4")
    assert back.sound.shape == (0, 0)
    assert back.silent


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    gaps=st.lists(st.integers(1, 200_000), max_size=6),
    channels=st.integers(0, 8),
    samples=st.integers(1, 5000),
    rate=st.sampled_from([8000, 16_000, 44_100, 48_000, 96_000]),
)
def test_any_size_any_rate(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, gaps: list[int], channels: int, samples: int, rate: int
) -> None:
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    times = np.cumsum([0, *gaps]) / 90_000
    grey = np.arange(len(times), dtype=np.uint8)[:, None, None, None] * 30 + 20
    sound = np.linspace(-1, 1, channels * samples, dtype=np.float32).reshape(channels, samples if channels else 0)
    write_clip(Clip(np.broadcast_to(grey, (len(times), height, width, 3)), times, sound, rate), path)
    back = read_clip(path)
    assert back.frames.shape == (len(times), height, width, 3)
    assert back.frames[:, 0, 0, 0] == pytest.approx(grey.ravel(), abs=3)
    assert back.times == pytest.approx(times, abs=1e-9)
    assert back.sound == pytest.approx(sound, abs=1.2e-7)


@pytest.mark.parametrize(
    ("clip", "why"),
    [
        (Clip(np.zeros((0, 8, 8, 3), np.uint8), np.zeros(0), np.zeros((1, 9), np.float32)), "no frame"),
        (Clip(np.zeros((2, 8, 8, 3), np.uint8), np.array([0.0, 0.0]), np.zeros((0, 0), np.float32)), "do not rise"),
        (Clip(np.zeros((2, 8, 8, 3), np.uint8), np.array([0.1, 0.2]), np.zeros((0, 0), np.float32)), "start at 0"),
        (Clip(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), np.full((1, 9), np.nan, np.float32)), "not numbers"),
        (Clip(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), np.zeros((9, 9), np.float32)), "8 channels"),
        (Clip(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), np.zeros((1, 9), np.float32), 0), "rate of its sound"),
    ],
)
def test_what_no_file_can_hold_is_refused(tmp_path: Path, clip: Clip, why: str) -> None:
    with pytest.raises(BrokenClip, match=rf"a\.mp4: cannot be written: .*{why}"):
        write_clip(clip, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_seconds_and_silence() -> None:
    frames, none = np.zeros((3, 2, 2, 3), np.uint8), np.zeros((0, 0), np.float32)
    assert Clip(frames, np.array([0.0, 0.1, 0.2]), none).seconds == pytest.approx(0.3)
    assert Clip(frames[:1], np.zeros(1), np.zeros((1, 480), np.float32)).seconds == pytest.approx(0.01)
    assert Clip(frames, np.arange(3.0), none).silent
    assert not Clip(frames, np.arange(3.0), np.full((1, 4), 1e-9, np.float32)).silent


def _shape_of(path: Path) -> tuple[int, ...]:
    return read_clip(path).frames.shape


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_have_decoders_of_their_own(tmp_path: Path, scrap: Clip, method: str) -> None:
    write_clip(scrap, tmp_path / "a.mp4")
    assert _shape_of(tmp_path / "a.mp4") == scrap.frames.shape  # this process's decoder is up before the fork
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_shape_of, [tmp_path / "a.mp4"] * 6) == [scrap.frames.shape] * 6
    assert _shape_of(tmp_path / "a.mp4") == scrap.frames.shape


def test_a_reader_leaves_no_process_behind(tmp_path: Path, scrap: Clip) -> None:
    write_clip(scrap, tmp_path / "a.mp4")
    with Reader(Limits(frames=9)) as reader:
        with pytest.raises(BrokenClip, match="10 frames, over the limit of 9"):
            reader.read(tmp_path / "a.mp4")
        assert len(reader.read(tmp_path / "a.mp4", Limits()).frames) == 10
        child = reader._decoder._process.pid  # type: ignore[union-attr]
        os.kill(child, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason=f"no clips at {REAL}")
def test_real_clips() -> None:
    clip = read_clip(REAL / "physics" / "necro_ball.mp4")
    assert clip.frames.shape == (334, 640, 360, 3)
    assert clip.times[1] == pytest.approx(1000 / 29921)
    assert clip.sound.shape == (2, 492_544)
    assert clip.sound_rate == 44_100
    silent = read_clip(REAL / "physics" / "lucaoflaif_ball.mp4")
    assert silent.frames.shape == (27, 1080, 1920, 3)
    assert silent.sound.size
    assert silent.silent
