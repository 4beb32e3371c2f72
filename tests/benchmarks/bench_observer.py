"""How well the observer sees and hears truth clips that it was never tuned on: run ``python tests/benchmarks/bench_observer.py``.

One line for each picture size, compression and style: median track error (px), median error of contact times (ms) and how many contacts
are found, what is left of injected sound delays of -500 to 500 ms (ms) and how often their sign is right, median error of restitution, and
median error of the implied gravity. Below: real clips of ``../shared/real/physics``, where they are, and what observing and scoring costs.
Seeds from 3,000,000 up belong to no suite, no calibration and no training.

    python tests/benchmarks/bench_observer.py --seeds 2 --families drop,toss --sizes 256,64
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics import load_all
from kinema.metrics.ideal import ideal
from kinema.metrics.look import hints_of
from kinema.metrics.metric import METRICS, Case, Scored
from kinema.metrics.observation import Observation
from kinema.metrics.observe.hearing import hear
from kinema.metrics.observe.observer import see
from kinema.metrics.sync_pairs import matches
from kinema.scenes.clip import CRF, Clip, read_clip, write_clip
from kinema.scenes.render import clip_of
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, scene_from_id
from kinema.scenes.world import truth_of

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

FAMILIES = ("drop", "projectile", "toss", "collision", "two_drops", "echo", "ramp_jump", "cradle")
FIRST_SEED = 3_000_000
SECONDS, FPS = 3.0, 24.0
DELAYS = (-500, -200, -100, -50, -20, -5, 5, 20, 50, 100, 200, 500)  # ms
TELLS = 20  # ms from which on the sign must be right
CLOSE = 0.06  # s within which a contact found is the one that there is
REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "physics"
ROPE = [0.64, 1.37, 2.07, 2.77, 3.44, 4.11, 4.78, 5.38, 5.98, 6.55, 7.05, 7.55, 7.99]  # s, wall hits of necro_ball.mp4 by eye
TENNIS_BALL = 0.067  # m, diameter by the rules of tennis


class Condition(NamedTuple):
    """A picture as it is shown."""

    size: int
    crf: float
    style: str

    def __str__(self) -> str:
        return f"{self.size:4d} px  crf {self.crf:<4g} {self.style}"


def conditions(sizes: list[int], crfs: list[float], styles: list[str]) -> list[Condition]:
    """Every size and compression of the first style, and the other styles at the first of each."""
    first = [Condition(size, crf, styles[0]) for size in sizes for crf in crfs]
    return first + [Condition(size, crfs[0], style) for size in sizes for style in styles[1:]]


def shown(truth: Truth, request: Request, crf: float, folder: Path) -> Clip:
    """The truth as a clip, as read back from a file."""
    path = folder / "clip.mp4"
    write_clip(clip_of(truth, request), path, crf=crf)
    return read_clip(path)


def errors_of(truth: Truth, condition: Condition, folder: Path) -> dict[str, list[float]]:
    """What the observer makes of one clip, beside what is true."""
    request = Request(prompt=truth.scene.prompt, seconds=SECONDS, width=condition.size, height=condition.size, fps=FPS)
    clip, case = shown(truth, request, condition.crf, folder), Case.of(truth, request)
    sight = see(clip, hints_of(case))
    seen = Observation(**sight, **hear(clip.sound, clip.sound_rate))
    found: dict[str, list[float]] = defaultdict(list)
    perfect = ideal(truth, request)
    found["track"] += track_errors(seen, perfect)
    wanted = [c.t for c in perfect.contacts if 0.1 < c.t < SECONDS - 0.15]
    got = [c.t for c in seen.contacts if c.confidence >= 0.5]
    pairs = matches(wanted, got, CLOSE)
    found["contact"] += [1000 * abs(got[j] - wanted[i]) for i, j in pairs]
    found["found"].append(len(pairs))
    found["wanted"].append(len(wanted))
    every = np.array([c.t for c in truth.contacts] or [-9.0])
    found["false"].append(sum(float(np.abs(every - t).min()) > CLOSE for t in got))
    for name, key in (("dynamics/restitution", "restitution"), ("dynamics/gravity", "gravity")):
        answer = METRICS[name].load().function(seen, case)
        if isinstance(answer, Scored):
            found[key].append(answer.value)
    for ms in DELAYS:
        later = replace(seen, **hear(delayed(clip, ms), clip.sound_rate))
        answer = METRICS["sync/lag"].load().function(later, case)
        if isinstance(answer, Scored):
            found["delay"].append(abs(answer.value - ms))
            if abs(ms) >= TELLS:
                found["sign"].append(np.sign(answer.value) == np.sign(ms))
    return found


def track_errors(seen: Observation, perfect: Observation) -> list[float]:
    """Pixels from where each body is, in every frame in which it is seen; the nearest track counts as its own."""
    errors = []
    for body in perfect.tracks:
        best: list[float] = []
        for track in seen.tracks:
            common, mine, its = np.intersect1d(track.frame, body.frame, return_indices=True)
            away = np.hypot(track.x[mine] - body.x[its], track.y[mine] - body.y[its])
            if len(common) > len(body.frame) // 3 and (not best or np.median(away) < np.median(best)):
                best = away.tolist()
        errors += best
    return errors


def delayed(clip: Clip, ms: float) -> np.ndarray:
    """Its sound, later (or earlier) by so much, of the same length."""
    samples = round(ms * clip.sound_rate / 1000)
    sound = np.zeros_like(clip.sound)
    if samples >= 0:
        sound[:, samples:] = clip.sound[:, : sound.shape[1] - samples]
    else:
        sound[:, :samples] = clip.sound[:, -samples:]
    return sound


def line(errors: dict[str, list[float]]) -> str:
    """One row of the table."""

    def middle(key: str) -> str:
        return f"{np.median(errors[key]):7.3f}" if errors[key] else "      -"

    many = f"{sum(errors['found']):3.0f} of {sum(errors['wanted']):3.0f}, {sum(errors['false']):2.0f} false"
    sign = f"{100 * np.mean(errors['sign']):5.1f} %" if errors["sign"] else "    -"
    return f"{middle('track')}  {middle('contact')}  {many}  {middle('delay')}  {sign}  {middle('restitution')}  {middle('gravity')}"


def truths(families: list[str], seeds: range, style: str) -> list[Truth]:
    """Scenes that nothing was tuned on, in one style."""
    made = []
    for family in families:
        for seed in seeds:
            scene = scene_from_id(f"{family}@{SCENES[family].load().version}/seed={seed}", style=style, move="static")
            made.append(truth_of(scene, SECONDS))
    return made


def table(families: list[str], seeds: range, wanted: list[Condition], *, by_family: bool) -> None:
    """The figures of each condition."""
    say("                                  track   contact    found               delay    sign   restitution gravity")
    say("                                     px        ms                           ms                       |ln|")
    with tempfile.TemporaryDirectory() as folder:
        for condition in wanted:
            total: dict[str, list[float]] = defaultdict(list)
            for truth in truths(families, seeds, condition.style):
                mine = errors_of(truth, condition, Path(folder))
                for key, values in mine.items():
                    total[key] += values
                if by_family:
                    say(f"    {truth.scene.id:28s} {line(mine)}")
            say(f"{condition!s:32s} {line(total)}")


def real() -> None:
    """Clips that no renderer made, as far as anything is known of them."""
    if not REAL.is_dir():
        say(f"no real clips in {REAL}")
        return
    rope = looked_at(REAL / "necro_ball.mp4")
    hits = np.array([c.t for c in rope.contacts if c.confidence >= 0.5 and 0.55 < c.t < 8.15] or [-9.0])
    away = [1000 * float(np.abs(hits - t).min()) for t in ROPE]
    near = [one for one in away if one < 1000 * CLOSE]
    lag = METRICS["sync/lag"].load().function(rope, Case.outside("a ball on a rope swings into a wall"))
    told = f"{lag.value:.0f} ms" if isinstance(lag, Scored) else lag.reason
    off = f"{np.median(near):.0f} ms" if near else "-"
    say(f"rope: {len(near)} of {len(ROPE)} hits seen, {off} off (by eye +-17 ms); lag {told} (+97 ms known)")
    for name, known in (("lucaoflaif_ball.mp4", 7780.0), ("trflorian_ball.mp4", 10_200.0)):
        seen = looked_at(REAL / name)
        say(f"{name}: {fall(seen)} (known {known:.0f} px/s^2), {sum(c.confidence >= 0.5 for c in seen.contacts)} contacts (known 0)")


def looked_at(path: Path) -> Observation:
    """A file, observed."""
    clip = read_clip(path)
    return Observation(**see(clip), **hear(clip.sound, clip.sound_rate))


def fall(seen: Observation) -> str:
    """Downward acceleration of the surest track."""
    if not seen.tracks:
        return "no track"
    track = seen.tracks[0]
    sure = track.confidence > 0.5
    if len(track.t) and track.t[-1] > 1.0:  # the thrown ball: only its flight
        sure &= (track.t > 0.6) & (track.t < 1.05)
    if sure.sum() < 4:
        return "too few frames"
    return f"{2 * np.polyfit(track.t[sure], track.y[sure], 2)[0]:.0f} px/s^2"


def cost(families: list[str]) -> None:
    """Clips a second on one core: decoding alone, and observing with every metric that needs no weights."""
    decode, look, score = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for truth in truths(families[:4], range(FIRST_SEED, FIRST_SEED + 1), "plain"):
            request = Request(prompt=truth.scene.prompt, seconds=SECONDS, width=256, height=256, fps=FPS)
            case, path = Case.of(truth, request), Path(folder) / "clip.mp4"
            write_clip(clip_of(truth, request), path)
            if not decode:  # what is loaded once does not belong to a clip
                scored_by_all(Observation(**see(read_clip(path), hints_of(case))), case)
            start = time.perf_counter()
            clip = read_clip(path)
            decode.append(time.perf_counter() - start)
            start = time.process_time()
            seen = Observation(**see(clip, hints_of(case)), **hear(clip.sound, clip.sound_rate))
            look.append(time.process_time() - start)
            start = time.process_time()
            scored_by_all(seen, case)
            score.append(time.process_time() - start)
    total = np.mean(decode) + np.mean(look) + np.mean(score)
    say("cost of a clip of 3 s, 256x256, 24 fps, with sound:")
    say(f"      decode {np.mean(decode):.3f} s, observe {np.mean(look):.3f} s, metrics {np.mean(score):.3f} s")
    say(f"      {1 / total:.2f} clips/s on one core, {2 / total:.2f} on two; decoding alone {1 / np.mean(decode):.1f} on one")


def scored_by_all(seen: Observation, case: Case) -> None:
    """Every metric of single clips."""
    for name in METRICS:
        card = METRICS[name].load()
        if card.over == "clip":
            card.function(seen, case)


def say(text: str) -> None:
    """To standard output, at once."""
    print(text, flush=True)


def main() -> None:
    """Everything, or what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="figures on seeds that something was tuned on are none")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--sizes", default="256,64")
    parser.add_argument("--crfs", default=f"{CRF:g},35")
    parser.add_argument("--styles", default="plain,night,clay")
    parser.add_argument("--by-family", action="store_true")
    parser.add_argument("--only", choices=("table", "real", "cost"))
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    load_all()
    families = asked.families.split(",")
    wanted = conditions([int(s) for s in asked.sizes.split(",")], [float(c) for c in asked.crfs.split(",")], asked.styles.split(","))
    if asked.only in (None, "table"):
        table(families, range(asked.first_seed, asked.first_seed + asked.seeds), wanted, by_family=asked.by_family)
    if asked.only in (None, "real"):
        real()
    if asked.only in (None, "cost"):
        cost(families)


if __name__ == "__main__":
    main()
