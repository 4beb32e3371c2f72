"""Light, shadow, styles and cameras: what pictures must keep whatever they look like."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.scenes.camera import MOVES
from kinema.scenes.palette import COLOURS
from kinema.scenes.picture.floors import FLOOR_LOOKS
from kinema.scenes.picture.light import RIGS
from kinema.scenes.picture.stage import moving_stage, still_stage
from kinema.scenes.picture.style import STYLE_LOOKS
from kinema.scenes.prompts import FLOORS, LIGHTINGS, STYLES
from kinema.scenes.render import render
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES
from kinema.scenes.shapes import Ball, Box, Cylinder, Lathe, turn
from kinema.scenes.truth import Body, Prop, Tie, Truth
from kinema.scenes.world import simulate

pytestmark = pytest.mark.render

Build = Callable[..., Truth]
Named = Callable[..., Body]
ONE = Request(prompt="", seconds=0.1, width=128, height=128, fps=10)
GOLDEN = Path(__file__).parent / "golden" / "first_families.npz"


def falling(staged: Build, body_of: Named, colour: str = "red", **more: object) -> Truth:
    return staged([body_of("ball", colour, radius=0.08)], lambda t: np.stack([0.3 * t, 0 * t, 0.6 - 0.3 * t], -1)[:, None], **more)


def gone(truth: Truth) -> Truth:
    return replace(truth, visible=np.zeros_like(truth.visible))


def test_every_name_that_prompts_use_has_a_look() -> None:
    assert set(STYLE_LOOKS) == set(STYLES)
    assert set(RIGS) == set(LIGHTINGS)
    assert set(FLOOR_LOOKS) == set(FLOORS)


@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum", "collision"])
def test_the_first_families_look_as_they_did(family: str) -> None:
    """Beside pictures that the simulator's renderer drew: less than 1.5 levels apart on average, and edges within .16 pixels."""
    truth = simulate(SCENES[family].load().draw(1).take(1), 2.0)
    frames = render(truth, Request(prompt="", seconds=2.0))[[8, 30]].astype(float)
    golden = np.load(GOLDEN)[family]
    apart = np.abs(frames - golden)
    assert apart.mean(axis=(1, 2, 3)).max() < 0.6
    assert (apart.max(axis=-1) > 12).mean() < 0.02  # edges only


@pytest.mark.parametrize("style", list(STYLES))
def test_a_ball_is_seen_where_it_is_in_every_style(staged: Build, body_of: Named, style: str) -> None:
    truth = falling(staged, body_of, style=style)
    request = Request(prompt="", seconds=1.0, width=128, height=128, fps=3)
    frames, empty = render(truth, request).astype(float), render(gone(truth), request).astype(float)
    track = truth.pixels_at(np.arange(3) / 3, 128, 128)[:, 0]
    rows, columns = np.indices((128, 128)) + 0.5
    for frame, bare, where in zip(frames, empty, track, strict=True):
        near = np.hypot(columns - where[0], rows - where[1]) < 14
        mask = near & (np.abs(frame - bare).max(axis=-1) > 12)
        middle = np.array([columns[mask].mean(), rows[mask].mean()])
        assert mask.sum() > 0.8 * np.pi * 10**2
        assert np.abs(middle - where).max() < 0.8


@pytest.mark.parametrize("colour", list(COLOURS))
@pytest.mark.parametrize("style", [name for name in STYLES if name != "film"])
def test_the_colour_stays_true_in_every_style_but_film(staged: Build, body_of: Named, style: str, colour: str) -> None:
    from kinema.metrics.observe.colour import name_of

    truth = falling(staged, body_of, colour, style=style)
    frame = render(truth, ONE)[0]
    x, y = truth.pixels_at(np.zeros(1), 128, 128)[0, 0].astype(int)
    patch = frame[y - 5 : y + 6, x - 5 : x + 6].reshape(-1, 3)
    assert name_of(patch.mean(axis=0)) == colour


def test_film_has_no_colour_and_new_grain_in_every_frame(staged: Build, body_of: Named) -> None:
    frames = render(staged([body_of("ball")], [[0.0, 0.0, 0.5]], style="film"), Request(prompt="", seconds=0.2, fps=10)).astype(int)
    assert (frames[..., 0] == frames[..., 1]).all()
    assert (frames[..., 1] == frames[..., 2]).all()
    assert 0.5 < np.abs(frames[1] - frames[0]).mean() < 8


@pytest.mark.parametrize("lighting", [name for name in LIGHTINGS if name != "studio"])
def test_each_light_is_another_one(staged: Build, body_of: Named, lighting: str) -> None:
    usual, other = (render(falling(staged, body_of, lighting=name), ONE)[0].astype(float) for name in ("studio", lighting))
    assert np.abs(usual - other).mean() > 0.3


def test_shadows_fall_away_from_the_lamp(staged: Build, body_of: Named) -> None:
    """Lit from the left the shadow is to the right of the foot, and the other way round."""
    for lighting, side in (("studio", 1), ("right", -1), ("evening", 1)):
        truth = staged([body_of("box", "blue", Box((0.16, 0.16, 0.3)))], [[0.0, 0.0, 0.15]], lighting=lighting)
        lost = render(gone(truth), ONE)[0].astype(float).mean(-1) - render(truth, ONE)[0].astype(float).mean(-1)
        foot = truth.camera.project(np.array([0.0, 0.0, 0.0]), 128, 128).astype(int)
        strip = lost[foot[1] - 6 : foot[1] + 10]
        reach = slice(15, 40)
        right, left = strip[:, foot[0] :][:, reach].sum(), strip[:, : foot[0]][:, ::-1][:, reach].sum()
        assert side * (right - left) > 100
        assert max(right, left) > 1.8 * max(min(right, left), 1)  # what it takes of the sky is alike on both sides


def test_bodies_darken_props_and_props_darken_the_floor(staged: Build, body_of: Named) -> None:
    table = Prop(name="table", solid=Box((0.6, 0.5, 0.04)), position=(0.0, 0.0, 0.3))
    truth = staged([body_of("ball", radius=0.08)], [[0.0, -0.05, 0.41]], props=(table,))
    camera = truth.camera
    with_ball, without = render(truth, ONE)[0].astype(float), render(gone(truth), ONE)[0].astype(float)
    x, y = camera.project(np.array([0.09, -0.05, 0.32]), 128, 128).astype(int)
    assert with_ball[y, x].mean() < 0.85 * without[y, x].mean()
    bare = render(gone(replace(truth, props=())), ONE)[0].astype(float)
    x, y = camera.project(np.array([0.1, 0.1, 0.0]), 128, 128).astype(int)
    assert without[y, x].mean() < 0.8 * bare[y, x].mean()


def test_a_screen_hides_a_body_and_glass_does_not(staged: Build, body_of: Named) -> None:
    for opacity, least, most in ((1.0, 0.0, 0.0), (0.35, 10.0, 255.0)):
        screen = Prop(name="screen", solid=Box((0.4, 0.02, 0.4)), position=(0.0, -0.3, 0.3), opacity=opacity, paint="glass")
        truth = staged([body_of("ball", radius=0.08)], [[0.0, 0.1, 0.4]], props=(screen,))
        apart = np.abs(render(truth, ONE)[0].astype(float) - render(gone(truth), ONE)[0])
        x, y = truth.pixels_at(np.zeros(1), 128, 128)[0, 0].astype(int)
        assert least <= apart[y - 3 : y + 4, x - 3 : x + 4].mean() <= most


RING = Lathe(((0.08, -0.05), (0.12, -0.05), (0.12, 0.05), (0.08, 0.05), (0.08, -0.05)))


def test_what_is_hidden_keeps_its_shadow_and_what_is_gone_has_none(staged: Build, body_of: Named) -> None:
    screen = Prop(name="screen", solid=Box((0.3, 0.02, 0.5)), position=(0.0, -0.25, 0.25))
    behind = staged([body_of("ball", radius=0.08)], [[0.0, 0.0, 0.35]], props=(screen,), lighting="evening")
    beside = staged([body_of("ball", radius=0.08)], [[0.4, 0.0, 0.35]], props=(screen,), lighting="evening")
    without = render(replace(behind, bodies=(), position=behind.position[:, :0], orientation=behind.orientation[:, :0],
                             visible=behind.visible[:, :0]), ONE)[0].astype(float)  # fmt: skip
    assert np.abs(render(gone(behind), ONE)[0] - without).max() > 8
    assert np.abs(render(gone(beside), ONE)[0] - without).max() == 0


@pytest.mark.parametrize("solid", [Ball(0.12), Cylinder(0.12, 0.1), RING])
def test_one_sees_round_things_turn(staged: Build, body_of: Named, solid: object) -> None:
    lying = np.array(turn((1, 0, 0), np.pi / 2))

    def turned(t: np.ndarray) -> np.ndarray:
        half = 2.0 * t  # about the world's y, which a wheel's axis is on
        rolled = np.stack([np.cos(half) * lying[0], np.sin(half) * lying[3], -np.sin(half) * lying[0], np.cos(half) * lying[3]], -1)
        return rolled[:, None]

    frames = render(
        staged([body_of("wheel", solid=solid)], lambda t: np.tile([0.0, 0.0, 0.3], (len(t), 1, 1)), turned),
        Request(prompt="", seconds=0.4, fps=5),
    ).astype(float)
    assert np.abs(frames[1] - frames[0]).max(axis=-1).max() > 25


def test_a_ball_that_only_falls_stays_plain(staged: Build, body_of: Named) -> None:
    ball = render(staged([body_of("ball", radius=0.2)], [[0.0, 0.0, 0.5]]), ONE)[0].astype(float)
    middle = ball[50:62, 56:72].mean(axis=-1)
    assert np.abs(np.diff(middle, axis=0)).max() < 12  # no seam


@pytest.mark.parametrize("kind", ["rod", "string", "spring"])
def test_ties_are_drawn_between_their_ends(staged: Build, body_of: Named, kind: str) -> None:
    tie = Tie(kind=kind, start=(None, (0.1, 0.0, 0.9)), end=("ball", (0.0, 0.0, 0.06)))
    with_tie = staged([body_of("ball")], [[0.1, 0.0, 0.3]], ties=(tie,))
    apart = np.abs(render(with_tie, ONE)[0].astype(float) - render(replace(with_tie, ties=()), ONE)[0]).max(axis=-1) > 10
    apart[67:] = False  # the ball, which shows its seam only in the company of a tie
    rows, columns = np.nonzero(apart)
    top, bottom = with_tie.camera.project(np.array([[0.1, 0.0, 0.9], [0.1, 0.0, 0.36]]), 128, 128)
    assert abs(rows.min() - top[1]) < 3
    assert abs(rows.max() - bottom[1]) < 4
    assert np.abs(columns + 0.5 - top[0]).max() < 6


def test_a_string_runs_over_its_pulley(staged: Build, body_of: Named) -> None:
    tie = Tie(kind="string", start=("a", (0.0, 0.0, 0.0)), end=("b", (0.0, 0.0, 0.0)), over=(0.0, 0.0, 0.8))
    truth = staged([body_of("a"), body_of("b")], [[-0.2, 0.0, 0.3], [0.2, 0.0, 0.3]], ties=(tie,))
    apart = np.abs(render(truth, ONE)[0].astype(float) - render(replace(truth, ties=()), ONE)[0]).max(axis=-1)
    for point in ((0.0, 0.0, 0.8), (-0.1, 0.0, 0.55), (0.1, 0.0, 0.55)):
        x, y = truth.camera.project(np.array(point), 128, 128).astype(int)
        assert apart[y - 1 : y + 2, x - 1 : x + 2].max() > 20


@pytest.mark.parametrize("floor", list(FLOORS))
def test_a_moving_camera_sees_the_same_floor_and_wall_as_a_still_one(staged: Build, body_of: Named, floor: str) -> None:
    camera = staged([body_of("ball")], [[0.0, 0.0, 0.5]]).camera
    still, moving = (paint(camera, floor, 0.9, 1.0, 128, 128) for paint in (still_stage, moving_stage))
    assert np.array_equal(still.floor, moving.floor)
    assert np.abs(np.sqrt(still.colour) - np.sqrt(moving.colour)).mean() < 0.006  # 1.5 levels


@pytest.mark.parametrize("move", [name for name in MOVES if name != "static"])
def test_the_picture_moves_as_the_camera_does(staged: Build, body_of: Named, move: str) -> None:
    truth = staged([body_of("ball", radius=0.08)], [[0.1, 0.0, 0.5]], move=move)
    request = Request(prompt="", seconds=1.0, fps=2)
    frames, empty = render(truth, request).astype(float), render(gone(truth), request).astype(float)
    assert np.abs(empty[1] - empty[0]).mean() > 0.05
    where = truth.pixels_at(np.array([0.5]), 128, 128)[0, 0]
    rows, columns = np.indices((128, 128)) + 0.5
    mask = (np.abs(frames[1] - empty[1]).max(axis=-1) > 14) & (np.hypot(columns - where[0], rows - where[1]) < 14)
    assert np.abs([columns[mask].mean() - where[0], rows[mask].mean() - where[1]]).max() < 0.5


@pytest.mark.parametrize("geometry", ["tiny", "egl"])
def test_other_geometry_passes_show_the_same(staged: Build, body_of: Named, geometry: str) -> None:
    """Mean difference below 1 level and no edge off by more than a cell."""
    bodies = [body_of("ball", radius=0.08), body_of("box", "blue", Box((0.2, 0.1, 0.15))), body_of("can", "green", Cylinder(0.06, 0.2))]
    ramp = Prop(name="table", solid=Box((0.5, 0.3, 0.1)), position=(0.1, 0.2, 0.2))
    tie = Tie(kind="string", start=(None, (-0.3, 0.0, 0.9)), end=("ball", (0.0, 0.0, 0.0)))
    truth = staged(bodies, [[-0.3, 0.0, 0.5], [0.2, -0.2, 0.3], [0.0, 0.1, 0.5]], props=(ramp,), ties=(tie,))
    try:
        other = render(truth, ONE, geometry)[0].astype(float)
    except (ConfigError, ImportError) as missing:
        pytest.skip(f"{geometry}: {missing}")
    apart = np.abs(render(truth, ONE)[0].astype(float) - other)
    assert apart.mean() < 1.0
    assert (apart.max(axis=-1) > 40).mean() < 0.01


def test_an_unknown_geometry_pass_is_refused(staged: Build, body_of: Named) -> None:
    with pytest.raises(ConfigError, match="cast, tiny, egl"):
        render(staged([body_of("ball")], [[0.0, 0.0, 0.5]]), ONE, "quantum")


PROCESS = """
import hashlib, sys
import cv2
cv2.setNumThreads(int(sys.argv[1]))
from kinema.scenes.render import render
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import simulate
digest = hashlib.sha256()
for style, move in (("plain", "static"), ("film", "orbit_left"), ("sketch", "static")):
    truth = simulate(scene_from_id("collision@1/seed=1", style=style, move=move), 0.2)
    digest.update(render(truth, Request(prompt="", seconds=0.2, fps=10)).tobytes())
print(digest.hexdigest())
"""


def test_two_processes_with_other_numbers_of_threads_draw_the_same_bytes() -> None:
    digests = set()
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, threads], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        digests.add(done.stdout.split()[-1])
    assert len(digests) == 1
    assert len(digests.pop()) == len(hashlib.sha256().hexdigest())


def test_caches_are_bounded() -> None:
    import kinema.scenes.picture as package

    held = 0
    for path in Path(package.__file__).parent.glob("*.py"):
        module = __import__(f"kinema.scenes.picture.{path.stem}", fromlist=["*"])
        for thing in vars(module).values():
            if hasattr(thing, "cache_info"):
                assert thing.cache_info().maxsize is not None
                held += 1
    assert held > 5
