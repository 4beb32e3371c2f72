"""Every family's truth against its closed forms, over five seeds; the table is printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.scene import SCENES
from kinema.scenes.world import simulate, truth_of

SEEDS = range(5)
LARGEST = 0.01  # where a closed form exists; half of it for energy


@pytest.mark.parametrize("name", list(SCENES))
def test_truth_agrees_with_its_closed_forms(name: str, record_property: Callable[[str, object], None]) -> None:
    cls = SCENES[name].load()
    broken, rows = [], []
    for seed in SEEDS:
        scene = cls.draw(seed)
        proofs = scene.proofs(truth_of(scene, 3.0))
        assert proofs
        for proof in proofs:
            numbers = (proof.closed_form, proof.simulated, proof.error, proof.tolerance)
            rows.append([name, proof.law, seed, *map(float, numbers)])  # plain numbers: workers send them to the table
            assert proof.tolerance <= LARGEST or proof.scale is not None, f"{name}: {proof.law} allows {proof.tolerance:.1%}"
            if not proof.holds:
                broken.append(f"seed {seed}: {proof.law} {proof.simulated:.6g}, not {proof.closed_form:.6g} ({proof.error:.2%})")
    record_property("truth", rows)  # printed by tests/conftest.py
    assert not broken, "; ".join(broken)


def test_a_proof_of_truth_notices_what_is_wrong() -> None:
    assert not Proof(law="period", closed_form=2.0, simulated=2.03, tolerance=0.01, source="").holds
    assert not Proof(law="period", closed_form=2.0, simulated=float("nan"), tolerance=0.01, source="").holds
    falling = np.linspace(5.0, 4.0, 50)
    assert never_rises(falling, 1.0).holds
    assert not never_rises(falling + 0.1 * (np.arange(50) == 30), 1.0).holds


@pytest.mark.parametrize("name", ["oblique", "rack_break", "bowling", "screen"])
def test_energy_gained_right_after_a_late_release_is_noticed(name: str) -> None:
    scene = replace(SCENES[name].load().draw(1), delay=0.25)
    truth = simulate(scene, 2.5)
    early = truth.times > scene.delay + 0.1
    faster = replace(truth, velocity=truth.velocity * np.where(early, 1.2, 1.0)[:, None, None])
    broken = [{proof.law for proof in scene.proofs(one) if not proof.holds} for one in (truth, faster)]
    assert broken[0] == set()
    assert "energy rises by" in broken[1]
