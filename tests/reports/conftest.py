"""A small finished run, made by hand: a ball that falls and bounces, a few generators, hostile words."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from kinema.files import sha256_of, write_json
from kinema.record import write_lines
from kinema.summary import summarise

HOSTILE = """</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'"> & "it's\""""
FPS, SIZE, SECONDS, RATE = 12, 64, 1.0, 16_000
BOUNCES = (0.4, 0.8)
CARDS: dict[str, dict[str, Any]] = {
    "dynamics/law_residual": {"unit": "-", "better": "lower", "gate": False, "scaled": True, "summary": "How far from the law."},
    "dynamics/permanence": {"unit": "-", "better": "higher", "gate": True, "scaled": False, "summary": "Does the body stay?"},
    "sync/offset": {"unit": "ms", "better": "lower", "gate": False, "scaled": True, "summary": "How late is the sound?"},
    "sync/lag": {"unit": "ms", "better": "zero", "gate": False, "scaled": False, "summary": "Signed lag."},
    "adherence/colour": {"unit": "-", "better": "higher", "gate": False, "scaled": True, "summary": "Is it the right colour?"},
    "realism/flicker": {"unit": "-", "better": "lower", "gate": False, "scaled": True, "summary": "Does the light flicker?"},
}
SCALES = {
    "dynamics/law_residual": {"at_100": 0.031, "at_0": 0.62, "floor": "constant_velocity", "takes_sd": 0.012},
    "sync/offset": {"at_100": 4.1, "at_0": 244.0, "floor": "click_track", "takes_sd": 1.6},
    "adherence/colour": {"at_100": 1.0, "at_0": 0.11, "floor": "other_family", "takes_sd": 0.01},
}
CLOSE = "its ends lie 0.1 standard deviations of takes apart, and 4 are needed"
UNSCALED = {"realism/flicker": {"at_100": 0.2, "at_0": 0.21, "floor": "degraded", "takes_sd": 0.3, "reason": CLOSE}}


def height(t: float) -> float:
    """Metres above the floor: dropped from .784 m, then one bounce of the same length."""
    return 0.784 - 4.9 * t * t if t < BOUNCES[0] else max(0.0, 4.9 * (t - BOUNCES[0]) * (BOUNCES[1] - t))


def write_video(path: Path, shift: float, *, sound: bool = True) -> str:
    """A clip of the ball in H.264 and AAC; ``shift`` moves it sideways so that clips differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.width = video.height = SIZE
        video.pix_fmt = "yuv420p"
        audio = out.add_stream("aac", rate=RATE, layout="mono") if sound else None
        rows, columns = np.mgrid[:SIZE, :SIZE]
        for i in range(round(FPS * SECONDS)):
            picture = np.full((SIZE, SIZE, 3), 205, np.uint8)
            x, y = 32 + shift, 56 - 55 * height(i / FPS)
            picture[(columns - x) ** 2 + (rows - y) ** 2 < 36] = (200, 40, 40)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if audio is not None:
            t = np.arange(round(RATE * SECONDS)) / RATE
            wave = sum(np.where(t >= b, np.exp(-30 * np.clip(t - b, 0, None)), 0) for b in BOUNCES) * np.sin(2e3 * t) * 0.3
            block = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
            block.sample_rate, block.pts = RATE, 0
            out.mux(audio.encode(block))
            out.mux(audio.encode())
    return sha256_of(path)


def truth_of(scene: str) -> dict[str, Any]:
    times = [i / 120 for i in range(121)]
    body = {"name": "ball", "colour": "red", "material": "rubber", "radius": 0.09, "mass": 0.8, "shape": "ball", "rod_to": None}
    hit = {"bodies": ["ball", "floor"], "point": [0, 0, 0], "normal": [0, 0, 1], "impulse": 1.0, "approach_speed": 3.9}
    return {
        "schema": 1, "scene": scene, "sheet": {"id": scene, "world": "earth"}, "gravity": 9.81, "floor": "wood", "room": {},
        "bodies": [body], "times": times, "position": [[[0.0, 0.0, height(t)]] for t in times],
        "velocity": [[[0.0, 0.0, 0.0]] for _ in times], "contacts": [{"t": t, **hit} for t in BOUNCES],
        "camera": {"target": [0, 0, 0.5], "distance": 2.5, "yaw": 0.0, "eye_height": 0.6, "view_height": 1.2},
    }  # fmt: skip


def observation_of(shift: float, late: float) -> dict[str, Any]:
    frames = [
        {"i": i, "t": i / FPS, "x": 32 + shift, "y": 56 - 55 * height(i / FPS), "size": 12.0, "confidence": 1.0}
        for i in range(round(FPS * SECONDS)) if i != 5
    ]  # fmt: skip
    return {
        "schema": 1, "width": SIZE, "height": SIZE, "tracks": [{"id": 0, "colour": "red", "frames": frames}],
        "contacts": [{"t": t, "bodies": [0, "floor"]} for t in BOUNCES], "onsets": [{"t": t + late, "level_db": -12.0} for t in BOUNCES],
        "camera": {}, "room": {},
    }  # fmt: skip


def lines_of(scene: str, generator: str, clip: str | None, badness: float) -> list[dict[str, Any]]:
    """Score lines: ``badness`` 0 is the truth, 1 the floor; a clip that is None is lost."""
    common = {
        "schema": 1, "scene": scene, "mode": "t2v", "prompt_id": 0, "sample": 0, "clip": clip, "version": 1, "details": {},
        "generator": generator, "generator_version": "v-" + generator[:6],
    }  # fmt: skip
    rows = []
    for name, card in CARDS.items():
        line: dict[str, Any] = {**common, "metric": name, "unit": card["unit"], "status": "scored"}
        if clip is None:
            worst = {"value": 500.0 if card["unit"] == "ms" else 1.0, "scaled": 0.0 if name in SCALES else None}
            line |= {**worst, "why": "lost: not a video", "details": {"lost": "not a video"}}
        elif name in SCALES:
            ends = SCALES[name]
            value = ends["at_100"] + badness * (ends["at_0"] - ends["at_100"])
            line |= {"value": value, "scaled": 100 * (1 - badness), "why": f"{name} of {generator} is {value:.3g}"}
        elif name == "sync/lag":
            line |= {"status": "unscored", "value": None, "scaled": None, "why": "nothing touches in the truth"}
        else:
            line |= {"value": 1.0, "scaled": None, "why": "always there"}
        rows.append(line)
    return rows


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Path]:
    def make(folder: Path, generators: dict[str, float] | None = None, seeds: int = 2, suite: str = "smoke@0123abcd") -> Path:
        generators = generators or {"oracle": 0.02, "late_sound:ms=250": 0.9, "reference": 0.6, HOSTILE: 0.5}
        scenes = [f"drop@1/seed={seed}" for seed in range(seeds)]
        lines, requests = [], []
        for number, scene in enumerate(scenes):
            write_json(folder / "truth" / f"{scene}.json", truth_of(scene))
            write_video(folder / "truth" / f"{scene}.mp4", 0.0)
            prompt = HOSTILE if number == 1 else "A red rubber ball is dropped on Earth."
            size = {"seconds": SECONDS, "width": SIZE, "height": SIZE, "fps": float(FPS)}
            requests.append({"schema": 1, "scene": scene, "prompt": prompt, "mode": "t2v", "seed": number, "sample": 0, **size})
            for place, (name, badness) in enumerate(generators.items()):
                lost = name == "reference" and number == 1 and HOSTILE in generators
                shift = 2.0 * place + number
                clip = None
                if not lost:
                    draft = folder / "clips" / "draft.mp4"
                    clip = write_video(draft, shift, sound=place != 3)
                    draft.rename(folder / "clips" / f"{clip}.mp4")
                    write_json(folder / "observations" / f"{clip}.json", observation_of(shift, badness / 4))
                lines += lines_of(scene, name, clip, min(1.0, badness + 0.02 * math.sin(7 * number + place)))
        write_lines(folder / "requests.jsonl", requests)
        write_lines(folder / "scores.jsonl", lines)
        write_json(folder / "summary.json", summarise(lines, suite=suite, cards=CARDS, scales=SCALES, unscaled=UNSCALED))
        given = {"suite": "smoke", "generators": list(generators), "samples": 2, "scenes": scenes[:1]}
        info = {"schema": 1, "metrics": CARDS, "config": {"given": given}, "git": {"commit": "abc1234", "dirty": True}}
        write_json(folder / "run.json", {**info, "seeds": {"scored": [0, 1]}, "versions": {"kinema": "0.1.0", "python": "3.11"}})
        return folder

    return make


@pytest.fixture(scope="session")
def run_folder(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "smoke-0123abcd")
