"""What stands and what falls over, close to where one turns into the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.dominoes import RUBBED, Dominoes, _Row, chain_hits
from kinema.scenes.catalogue.standing import NOTICED, Topple, Tower, tilt_of
from kinema.scenes.catalogue.tipping import OUTCOMES, Tipping
from kinema.scenes.scene import Scene
from kinema.scenes.world import simulate


@pytest.mark.parametrize("family", [Tower, Tipping, Dominoes])
@pytest.mark.parametrize("seed", [5, 7, 8])
def test_a_late_take_keeps_its_laws_and_stays_in_the_picture(family: type[Scene], seed: int) -> None:
    take = replace(family.draw(seed).take(3), delay=0.25)
    truth = simulate(take, 2.5)
    for proof in take.proofs(truth):
        assert proof.holds, proof
    pixel = truth.pixels_at(np.arange(0, 2.5, 0.05), 1, 1)
    assert pixel.min() > 0
    assert pixel.max() < 1


@pytest.mark.parametrize(("overhang", "falls"), [(0.98, False), (1.02, True)])
def test_the_overhang_decides_within_two_percent(overhang: float, falls: bool) -> None:
    scene = replace(Tower.draw(2), overhangs=(*Tower.draw(2).overhangs[:-1], overhang))
    assert bool(scene.loose) == falls
    truth = simulate(scene, 1.5)
    assert (np.abs(tilt_of(truth, len(scene.colours) - 1)).max() > NOTICED) == falls


def test_towers_of_every_height_stand_and_fall_and_say_so() -> None:
    scenes = [Tower.draw(seed) for seed in range(40)]
    assert {len(scene.colours) for scene in scenes} == {3, 4, 5}
    assert {scene.loose for scene in scenes} == {0, 1, 2}
    for scene in scenes:
        kinds = {claim.kind for claim in scene.claims()}
        assert ("event" in kinds) == (scene.loose > 0)
        assert ("silence" in kinds) == (scene.loose == 0)
        sizes = [take.size for take in (scene.take(1), scene.take(2))]
        assert sizes[0] != sizes[1]


def test_a_standing_tower_is_silent() -> None:
    scene = next(one for one in map(Tower.draw, range(20)) if not one.loose)
    truth = simulate(scene, 3.0)
    assert truth.contacts == ()
    assert truth.rubs == ()


def test_toppling_starts_slowly_and_takes_its_time_from_the_integral() -> None:
    body = Topple(arm=0.5, lean=0.05, gyration=0.3, gravity=9.81)
    tilts = np.linspace(0, NOTICED, 200_001)[1:]
    by_hand = np.trapezoid(1 / np.array([body.rate(t) for t in tilts[::20]]), tilts[::20])
    assert body.time(NOTICED) == pytest.approx(by_hand + body.time(tilts[0]), rel=0.01)
    late = replace(body, lean=0.005)
    assert late.time(NOTICED) > 1.5 * body.time(NOTICED)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_a_box_on_a_slope_does_is_what_is_said(outcome: str) -> None:
    scene = next(one for one in map(Tipping.draw, range(40)) if one.outcome == outcome)
    assert {take.outcome for take in map(scene.take, range(6))} == {outcome}
    truth = simulate(scene, 2.0)
    way = (truth.position[-1, 0] - truth.position[0, 0]) @ np.array(scene.slope.down) / scene.size[2]
    tilt = scene.side * tilt_of(truth, 0)[-1]
    match outcome:
        case "stays":
            assert abs(way) < 1e-3
            assert abs(tilt) < 1e-3
        case "slides":
            assert way == pytest.approx(scene.run / scene.size[2], rel=0.02)
            assert abs(tilt) < 0.02
        case _:
            assert tilt == pytest.approx(np.pi / 2, abs=0.02)


def test_the_slope_that_tips_a_box_is_that_of_its_diagonal() -> None:
    scene = replace(Tipping.draw(0), friction=1.2)
    slim = float(np.tan(scene.angle)) * scene.size[2]
    for share, outcome in ((1.03, "stays"), (0.97, "tips")):
        one = replace(scene, size=(share * slim, scene.size[1], scene.size[2]))
        assert one.outcome == outcome
        tilt = np.abs(tilt_of(simulate(one, 2.0), 0)).max()
        assert (tilt > NOTICED) == (outcome == "tips")


def test_dominoes_fall_in_order_and_ever_faster() -> None:
    scene = Dominoes.draw(3)
    blows = scene.blows(simulate(scene, 2.6))
    assert len(blows) == scene.count - 1
    assert np.diff(blows).min() > 0
    assert np.diff(blows, 2).max() < 0  # each takes less time than the one before
    assert blows == pytest.approx(list(scene.hits()), rel=0.01)


def test_the_chain_keeps_energy_between_blows_without_friction() -> None:
    thick, gap, push = 0.18, 0.3, 0.5
    row = _Row(thick, gap, 0.0)
    _, rate = row.until_blow(push, 1)
    reach = np.arctan(thick)
    fallen = np.hypot(1, thick) / 2 * (1 - np.cos(np.arcsin(gap) - reach)) - np.hypot(1, thick) / 2 * (1 - np.cos(reach))
    assert rate**2 == pytest.approx(push**2 + 2 * fallen / ((1 + thick**2) / 3), rel=1e-5)


def test_friction_between_dominoes_slows_the_wave() -> None:
    smooth, rough = (chain_hits(8, 0.18, 0.3, 0.5, mu) for mu in (0.0, RUBBED))
    assert smooth[0] == rough[0]  # nothing rubs before the first blow
    assert rough[-1] > 1.02 * smooth[-1]
