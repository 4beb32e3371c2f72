from __future__ import annotations

from pathlib import Path

import pytest

from kinema.bench import calibration
from kinema.bench.calibration import Measured, Scales, scale_of, scaled
from kinema.bench.plan import run_plan
from kinema.bench.suite import CALIBRATION_SEEDS, load_suite
from kinema.metrics.metric import METRICS

SMOKE = load_suite("smoke")


def measured(takes: tuple[float, float], floors: dict[str, float], metric: str = "sync/offset") -> dict[str, Measured]:
    """Every calibration scene with these two takes and floors."""
    one: Measured = {"take_1": {metric: takes[0]}, "take_2": {metric: takes[1]}}
    one |= {floor: {metric: value} for floor, value in floors.items()}
    return {ref.id: one for ref in calibration.calibration_scenes(SMOKE)}


def scales(of: dict[str, Measured]) -> Scales:
    return scale_of(run_plan(SMOKE, ["oracle"]), of)


def test_scenes_of_the_scale_are_never_scored() -> None:
    refs = calibration.calibration_scenes(SMOKE)
    assert len(refs) == 12
    assert all(ref.scene().seed >= CALIBRATION_SEEDS for ref in refs)
    assert not {ref.id for ref in refs} & {scene.id for scene in SMOKE.scenes}


def test_ends_are_the_mean_of_takes_and_the_best_floor() -> None:
    found = scales(measured((2.0, 6.0), {"silent": 500.0, "click_track": 84.0})).ends["sync/offset"]
    assert found["at_100"] == 4.0
    assert (found["at_0"], found["floor"]) == (84.0, "click_track")
    assert found["takes_sd"] == pytest.approx((24 * 2.0**2 / 20) ** 0.5, abs=1e-6)  # 24 takes in four families


def test_a_value_is_clipped_to_the_scale() -> None:
    ends = {"at_100": 4.0, "at_0": 84.0}
    assert [scaled(value, ends) for value in (0.0, 4.0, 44.0, 84.0, 500.0)] == [100.0, 100.0, 50.0, 0.0, 0.0]
    rising = {"at_100": 1.0, "at_0": 0.2}
    assert scaled(0.6, rising) == 50.0


def test_ends_closer_than_four_deviations_make_no_scale() -> None:
    noisy = scales(measured((0.0, 40.0), {"silent": 90.0, "click_track": 84.0}))
    assert "sync/offset" not in noisy.ends
    assert "standard deviations" in noisy.without["sync/offset"]["reason"]
    assert noisy.scaled("sync/offset", 10.0) is None
    steady = scales(measured((19.0, 21.0), {"silent": 90.0, "click_track": 84.0}))
    assert steady.scaled("sync/offset", 20.0) == 100.0


def test_a_floor_that_beats_the_truth_makes_no_scale() -> None:
    assert "sync/offset" in scales(measured((50.0, 50.0), {"silent": 40.0, "click_track": 60.0})).without


def test_gates_and_signed_metrics_have_no_scale() -> None:
    for name in ("dynamics/permanence", "sync/lag"):
        found = scales(measured((1.0, 1.0), dict.fromkeys(METRICS[name].load().floors, 0.0), name))
        assert name not in found.ends
        assert name not in found.without


def test_families_weigh_the_same_and_unscored_ones_are_left_out() -> None:
    of = measured((10.0, 10.0), {"silent": 500.0, "click_track": 90.0})
    for scene, conditions in of.items():
        if scene.startswith("pendulum"):
            of[scene] = {condition: {"sync/offset": None} for condition in conditions}
        elif scene.startswith("drop"):
            of[scene] = {condition: {"sync/offset": 40.0 if condition.startswith("take") else 90.0} for condition in conditions}
    found = scales(of).ends["sync/offset"]
    assert found["at_100"] == 20.0  # the mean of 40, 10 and 10


def test_every_floor_of_every_card_is_a_condition() -> None:
    for name in METRICS:
        assert set(METRICS[name].load().floors) <= set(calibration.CONDITIONS)


def test_what_is_measured_is_kept_and_only_the_rest_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINEMA_CACHE", str(tmp_path))
    ref = calibration.calibration_scenes(SMOKE)[0]
    assert calibration.load_measured(SMOKE, ref) == {}
    assert [task.condition for task in calibration.calibration_tasks(SMOKE, ref, {}, tmp_path)] == list(calibration.CONDITIONS)
    calibration.save_measured(SMOKE, ref, {"take_1": {"sync/offset": 1.5}})
    known = calibration.load_measured(SMOKE, ref)
    assert known == {"take_1": {"sync/offset": 1.5}}
    assert "take_1" not in {task.condition for task in calibration.calibration_tasks(SMOKE, ref, known, tmp_path)}
    (only,) = (tmp_path / "calibration").iterdir()
    only.write_text("torn {")
    assert calibration.load_measured(SMOKE, ref) == {}
