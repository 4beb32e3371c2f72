"""Laws follow a body along its way: looks that change hands, a mirror, a blow nobody saw and what comes after landing are no faults."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from kinema.metrics import dynamics
from kinema.metrics.ideal import ideal
from kinema.metrics.laws import exchange, order, parabola
from kinema.metrics.metric import Case, Metric, Scored
from kinema.metrics.observation import Observation, Track, VisualContact
from kinema.metrics.untangle import untangled
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, TRUTH_RATE
from kinema.scenes.truth import Truth
from kinema.scenes.world import simulate

REQUEST = Request(prompt="", seconds=3.0)
FRAMES = np.arange(72)
SWAP = 40  # frame


@lru_cache(maxsize=8)
def truth(family: str, take: int = 0) -> Truth:
    return simulate(SCENES[family].load().draw(0).take(take), 5.4)


def value(law: Metric, seen: Observation, family: str) -> float:
    answer = law(seen, Case.of(truth(family), REQUEST))
    assert isinstance(answer, Scored), answer
    return answer.value


def track_of(k: int, x: np.ndarray, y: np.ndarray) -> Track:
    n = len(x)
    return Track(
        id=k, colour=("red", "blue")[k], frame=FRAMES[:n], t=FRAMES[:n] / 24, x=x, y=y, size=np.full(n, 12.0), confidence=np.ones(n)
    )


def exchanged(seen: Observation, frame: int = SWAP) -> Observation:
    """The first two tracks change places from a frame on."""
    first, second = seen.tracks[:2]
    tails = [
        {name: np.concatenate([getattr(one, name)[:frame], getattr(other, name)[frame:]]) for name in ("x", "y", "size")}
        for one, other in ((first, second), (second, first))
    ]
    other = {first.id: second.id, second.id: first.id}
    contacts = tuple(
        replace(c, bodies=tuple(other.get(b, b) for b in c.bodies)) if c.t > frame / 24 else c  # type: ignore[call-overload]
        for c in seen.contacts
    )
    tracks = (replace(first, **tails[0]), replace(second, **tails[1]), *seen.tracks[2:])
    return replace(seen, tracks=tracks, contacts=contacts)


def mirrored(seen: Observation) -> Observation:
    tracks = tuple(replace(track, x=seen.width - track.x) for track in seen.tracks)
    turned = [replace(c, before=(-c.before[0], c.before[1]), after=(-c.after[0], c.after[1])) for c in seen.contacts]
    return replace(seen, tracks=tracks, contacts=tuple(turned))


def test_tracks_that_exchange_places_are_put_back() -> None:
    x, y = np.linspace(20, 40, 72), np.linspace(30, 90, 72)
    hit = VisualContact(t=2.5, bodies=(0, "floor"), x=100, y=80, before=(0, 1), after=(0, -1))
    right = Observation(width=128, height=128, times=FRAMES / 24, tracks=(track_of(0, x, y), track_of(1, x + 70, y)), contacts=(hit,))
    again = untangled(exchanged(right))
    for one, other in zip(again.tracks, right.tracks, strict=True):
        assert np.array_equal(one.x, other.x)
    assert again.contacts == right.contacts
    assert untangled(right) is right


def test_bodies_that_cross_or_rebound_keep_their_tracks() -> None:
    x, y = np.linspace(10, 118, 72), np.full(72, 60.0)
    crossing = Observation(width=128, height=128, times=FRAMES / 24, tracks=(track_of(0, x, y), track_of(1, x[::-1].copy(), y)))
    assert untangled(crossing) is crossing
    back = np.minimum(x, 58)
    rebound = Observation(width=128, height=128, times=FRAMES / 24, tracks=(track_of(0, back, y), track_of(1, 128 - back, y)))
    assert untangled(rebound) is rebound


@pytest.mark.parametrize(("law", "good"), [(dynamics.gravity, 0.06), (dynamics.restitution, 0.06), (dynamics.law_residual, 0.1)])
def test_exchanged_looks_break_no_law(law: Metric, good: float) -> None:
    seen = ideal(truth("two_drops", 1), REQUEST, noise=0.2)
    assert value(law, exchanged(seen), "two_drops") == pytest.approx(value(law, seen, "two_drops"), abs=good)


@pytest.mark.parametrize("law", [dynamics.gravity, dynamics.restitution])
def test_laws_know_no_left_and_right(law: Metric) -> None:
    seen = ideal(truth("projectile", 1), REQUEST, noise=0.2)
    assert value(law, mirrored(seen), "projectile") == pytest.approx(value(law, seen, "projectile"), abs=0.02)


def test_a_mirrored_flight_is_a_parabola() -> None:
    assert value(parabola.parabola, mirrored(ideal(truth("projectile", 1), REQUEST, noise=0.2)), "projectile") == 1.0


def test_a_bounce_that_was_not_seen_is_read_off_the_way() -> None:
    seen = ideal(truth("drop", 1), REQUEST, noise=0.2)
    first, _, *rest = seen.contacts
    assert value(exchange.bounce_ratio, replace(seen, contacts=(first, *rest)), "drop") < 0.08


def test_what_comes_after_landing_is_not_the_ratio_of_two_falls() -> None:
    right = truth("two_drops", 1)
    lands = [round(next(c.t for c in right.contacts if body.name in c.bodies) * TRUTH_RATE) for body in right.bodies]
    position = right.position.copy()
    for k, sample in enumerate(lands):
        position[sample:, k] = position[sample, k]
    stuck = ideal(replace(right, position=position), REQUEST, noise=0.2)
    assert value(order.ratio, stuck, "two_drops") > 0.95


def test_gravity_swings_by_its_beat_however_widely() -> None:
    right = truth("pendulum", 1)
    middle = right.position.mean(axis=0)
    narrow = replace(right, position=middle + 0.8 * (right.position - middle))
    assert value(dynamics.gravity, ideal(narrow, REQUEST, noise=0.2), "pendulum") < 0.03
