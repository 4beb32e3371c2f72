from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drawn import Ball, bounce, draw

from kinema.metrics.observation import Track, View
from kinema.metrics.observe import observe
from kinema.metrics.observe.contacts import find_contacts


def track(x: np.ndarray, y: np.ndarray, t: np.ndarray, number: int = 0, diameter: float = 20.0) -> Track:
    n = len(t)
    return Track(
        id=number, colour="red", frame=np.arange(n), t=t, x=x, y=y, size=np.full(n, diameter), confidence=np.ones(n), colours=("red",) * n
    )


def shaken(x: np.ndarray, y: np.ndarray, t: np.ndarray, noise: float, seed: int = 0, **more: float) -> Track:
    rng = np.random.default_rng(seed)
    return track(x + noise * rng.standard_normal(len(t)), y + noise * rng.standard_normal(len(t)), t, **more)  # type: ignore[arg-type]


def box(x: np.ndarray, y: np.ndarray, t: np.ndarray, number: int, long: float, short: float, angle: float) -> Track:
    body = track(x, y, t, number, diameter=float(np.sqrt(4 * long * short / np.pi)))
    n = len(t)
    return replace(body, long=np.full(n, long), short=np.full(n, short), angle=np.full(n, angle), shape="box")


def sure(tracks: list[Track]) -> list[float]:
    return [contact.t for contact in find_contacts(tracks) if contact.confidence >= 0.5]


@pytest.mark.parametrize("fps", [16.0, 24.0, 30.0, 60.0])
def test_bounces_are_timed_to_a_fraction_of_a_frame(fps: float) -> None:
    errors = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        t = np.arange(round(2 * fps)) / fps
        height, hits = bounce(80, 400, 0.75, t, 0.05 + rng.uniform(0, 0.1))
        body = track(64 + 12 * t + 0.05 * rng.standard_normal(len(t)), 100 - height + 0.05 * rng.standard_normal(len(t)), t)
        found = [contact for contact in find_contacts([body]) if contact.confidence >= 0.5]
        inside = [hit for hit in hits if 3 / fps < hit < 2 - 4 / fps]
        assert len(found) >= len(inside)
        for hit in inside:
            nearest = min(found, key=lambda contact: abs(contact.t - hit))
            errors.append(nearest.t - hit)
            assert nearest.bodies == (0, "floor")
            assert -nearest.after[1] / nearest.before[1] == pytest.approx(0.75, abs=0.06)
    assert np.median(np.abs(errors)) < 0.002 and np.max(np.abs(errors)) < 0.5 / fps


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_smooth_motion_has_no_contacts(noise: float) -> None:
    t = np.arange(48) / 24
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for period in (0.8, 1.5, 3.0):
            angle = 0.9 * np.cos(2 * np.pi * t / period + seed)
            x, y = 64 + 55 * np.sin(angle), 10 + 55 * np.cos(angle)
            assert sure([track(x + noise * rng.standard_normal(48), y + noise * rng.standard_normal(48), t)]) == []
        x, y = 20 + 40 * t, 90 - 60 * t + 40 * t * t
        assert sure([track(x + noise * rng.standard_normal(48), y + noise * rng.standard_normal(48), t)]) == []


def test_starting_to_fall_is_no_contact_and_landing_for_good_is_one() -> None:
    t = np.arange(48) / 24
    height, hits = bounce(60, 400, 0.0, t, 0.37)
    rng = np.random.default_rng(1)
    found = sure([track(64 + 0.03 * rng.standard_normal(48), 100 - height + 0.03 * rng.standard_normal(48), t)])
    assert len(found) == 1 and found[0] == pytest.approx(hits[0], abs=0.01)


def test_a_wall_turns_a_body_sideways() -> None:
    t = np.arange(48) / 24
    x = np.where(t < 1.013, 100 * t, 101.3 - 60 * (t - 1.013))
    (contact,) = find_contacts([track(x, 60 + 20 * t, t)])
    assert contact.bodies == (0, "wall") and contact.t == pytest.approx(1.013, abs=0.004)
    assert contact.before[0] == pytest.approx(100, abs=2) and contact.after[0] == pytest.approx(-60, abs=2)


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_a_struck_body_gives_one_contact_between_two(noise: float) -> None:
    t = np.arange(48) / 24
    rng = np.random.default_rng(3)
    hit = 0.987
    a = np.where(t < hit, 20 + 33 * t, 20 + 33 * hit - 10 * (t - hit))
    b = np.where(t < hit, 40 + 33 * hit, 40 + 33 * hit + 25 * (t - hit))
    tracks = [track(v + noise * rng.standard_normal(48), 80 + noise * rng.standard_normal(48), t, k) for k, v in enumerate((a, b))]
    (contact,) = find_contacts(tracks)
    assert contact.bodies in {(0, 1), (1, 0)} and contact.t == pytest.approx(hit, abs=0.005)
    speeds = {contact.bodies[0]: (contact.before, contact.after), contact.bodies[1]: (contact.other_before, contact.other_after)}
    assert speeds[0][0][0] == pytest.approx(33, abs=2) and speeds[0][1][0] == pytest.approx(-10, abs=2)
    assert speeds[1][0][0] == pytest.approx(0, abs=2) and speeds[1][1][0] == pytest.approx(25, abs=2)


def test_jitter_does_not_make_contacts() -> None:
    t = np.arange(32) / 16
    found = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        wander = np.cumsum(rng.standard_normal((2, 32)), axis=1) * 0.25 + 0.4 * rng.standard_normal((2, 32))
        found += len(sure([track(32 + wander[0], 20 + 12 * t * t + wander[1], t, diameter=9.0)]))
    assert found <= 2


def test_a_drawn_bounce_is_found_in_pixels() -> None:
    hits: list[float] = []

    def path(t: np.ndarray) -> np.ndarray:
        height, landings = bounce(60, 400, 0.7, t, 0.1)
        hits[:] = landings
        return np.stack([64 + 10 * t, 100 - height], axis=1)

    seen = observe(draw([Ball(path, colour="yellow")]))
    found = [contact.t for contact in seen.contacts if contact.confidence >= 0.5]
    assert len(found) == 2 and np.abs(np.array(found) - hits[:2]).max() < 0.005


def test_rolling_off_an_edge_is_no_contact_and_the_landing_is_one() -> None:
    t = np.arange(48) / 24
    fall = np.maximum(0, t - 0.6)
    down = 40 + 200 * fall**2
    landed = 0.6 + np.sqrt(60 / 200)
    later = np.maximum(0, t - landed)
    y = np.where(t < landed, down, 100 - 0.5 * 400 * (landed - 0.6) * later + 200 * later**2)
    keep = t < 1.5
    found = sure([shaken(20 + 40 * t[keep], y[keep], t[keep], 0.1)])
    assert len(found) == 1 and found[0] == pytest.approx(landed, abs=0.005)


def test_a_soft_landing_is_not_sure() -> None:
    t = np.arange(60) / 24
    hang, press = 0.45, 0.2  # s until it touches, and while it presses
    rate = np.pi / press
    speed = 400 * hang
    y = np.zeros_like(t)
    touch = 100.0
    y[t < hang] = touch - 200 * (hang**2 - t[t < hang] ** 2)
    inside = (t >= hang) & (t < hang + press)
    y[inside] = touch + speed / rate * np.sin(rate * (t[inside] - hang))
    after = t >= hang + press
    y[after] = touch - speed * (t[after] - hang - press) + 200 * (t[after] - hang - press) ** 2
    keep = t < 1.4
    contacts = find_contacts([shaken(50 + 0 * t[keep], y[keep], t[keep], 0.05)])
    assert contacts and all(contact.confidence < 0.5 for contact in contacts if contact.t < 1.0)


def test_the_cameras_own_motion_is_no_contact_and_hides_none() -> None:
    t = np.arange(48) / 24
    n = len(t)
    height, hits = bounce(70, 400, 0.7, t, 0.1)
    wander, sink = 30 * t + 8 * np.sin(5 * t), 6 * np.sin(7 * t)
    view = View(x=wander, y=sink, scale=np.ones(n), roll=np.zeros(n), stray=np.zeros(n), confidence=np.ones(n))
    seen = track(64 - wander, 100 - height - sink, t)
    still, moving = find_contacts([track(64 + 0 * t, 100 - height, t)]), find_contacts([seen], view)
    assert [c.t for c in moving] == pytest.approx([c.t for c in still], abs=1e-3) and len(hits) >= 2
    rest = track(64 - wander, 100 - sink, t)
    assert [c for c in find_contacts([rest], view) if c.confidence >= 0.5] == []


@pytest.mark.parametrize("upright", [True, False])
def test_long_boxes_touch_with_their_sides(upright: bool) -> None:
    t = np.arange(48) / 24
    hit, gap = 1.013, 12.0 if upright else 42.0
    x = np.where(t < hit, 60 + 50 * (t - hit), 60 + 5 * (t - hit))
    other = np.where(t < hit, 60 + gap, 60 + gap + 45 * (t - hit))
    angle = np.pi / 2 if upright else 0.0
    far = box(other + 60, 80 + 0 * t, t, 2, 40, 12, angle)
    tracks = [box(x, 80 + 0 * t, t, 0, 40, 12, angle), box(other, 80 + 0 * t, t, 1, 40, 12, angle), far]
    (contact,) = find_contacts(tracks)
    assert set(contact.bodies) == {0, 1} and contact.t == pytest.approx(hit, abs=0.004)


def test_a_row_is_struck_at_one_end_and_left_at_the_other() -> None:
    t = np.arange(48) / 24
    hit = 0.98
    first = np.where(t < hit, 60 - 55 * (hit - t), 60.0)
    last = np.where(t < hit, 120.0, 120 + 55 * (t - hit))
    rng = np.random.default_rng(2)
    rows = [first, 80 + 0 * t, 100 + 0 * t, last]
    tracks = [track(x + 0.05 * rng.standard_normal(48), 50 + 0.05 * rng.standard_normal(48), t, k) for k, x in enumerate(rows)]
    found = [contact for contact in find_contacts(tracks) if contact.confidence >= 0.5]
    assert {frozenset(contact.bodies) for contact in found} == {frozenset({0, 1}), frozenset({2, 3})}
    assert all(contact.t == pytest.approx(hit, abs=0.006) for contact in found)


@pytest.mark.parametrize(("fps", "noise"), [(12.0, 0.1), (24.0, 0.2), (24.0, 0.4), (60.0, 0.3)])
def test_a_perfect_observer_with_noise_times_contacts(fps: float, noise: float) -> None:
    errors = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        t = np.arange(round(2 * fps)) / fps
        height, hits = bounce(rng.uniform(100, 160), 800, 0.7, t, rng.uniform(0, 0.2))
        found = find_contacts([shaken(100 + 30 * t, 220 - height, t, noise, seed, diameter=30.0)])
        times = np.array([c.t for c in found if c.confidence >= 0.5])
        errors += [np.abs(times - hit).min() for hit in hits[:2]]
    assert np.median(errors) < 0.003


def test_many_still_bodies_cost_little_and_touch_nothing() -> None:
    t = np.arange(240) / 24
    rng = np.random.default_rng(0)
    tracks = [track(30.0 * k + 0.1 * rng.standard_normal(240), 50 + 0.1 * rng.standard_normal(240), t, k) for k in range(8)]
    assert sure(tracks) == []
