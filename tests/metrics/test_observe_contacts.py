from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drawn import Ball, bounce, draw

from kinema.metrics.observation import Track
from kinema.metrics.observe import observe
from kinema.metrics.observe.contacts import find_contacts


def track(x: np.ndarray, y: np.ndarray, t: np.ndarray, number: int = 0, diameter: float = 20.0) -> Track:
    n = len(t)
    return Track(
        id=number, colour="red", frame=np.arange(n), t=t, x=x, y=y, size=np.full(n, diameter), confidence=np.ones(n), colours=("red",) * n
    )


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
