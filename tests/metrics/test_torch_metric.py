"""Metrics in a training loop: updated, added up, reset, copied, merged over processes."""

from __future__ import annotations

import copy
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError, UnknownName
from kinema.metrics import as_torchmetric
from kinema.metrics.look import case_of_clip
from kinema.metrics.metric import METRICS, Sample, Scored, set_metric
from kinema.metrics.torch_metric import SetMetric
from kinema.scenes.clip import Clip, read_clip, write_clip
from kinema.scenes.render import clip_of
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import truth_of

SCENES = ("drop@1/seed=3", "projectile@1/seed=1")


@lru_cache(maxsize=4)
def _clip(scene: str) -> Clip:
    made = scene_from_id(scene)
    return clip_of(truth_of(made, 1.0), Request(prompt=made.prompt, seconds=1.0, width=64, height=64))


def test_the_mean_over_clips_is_the_mean_of_the_metric() -> None:
    metric = as_torchmetric("adherence/colour")
    metric.update([_clip(scene) for scene in SCENES], list(SCENES))
    alone = []
    for scene in SCENES:
        metric_of_one = as_torchmetric("adherence/colour")
        metric_of_one.update(_clip(scene), scene)
        alone.append(float(metric_of_one.compute()))
    assert float(metric.compute()) == pytest.approx(np.mean(alone))
    assert int(metric.scored) == 2  # type: ignore[union-attr]
    metric.reset()
    with pytest.raises(ConfigError, match="nothing to score"):
        metric.compute()


def test_a_prompt_will_do_where_there_is_no_scene() -> None:
    metric = as_torchmetric("realism/sharpness")
    metric.update(_clip(SCENES[0]), "a yellow ball falls and bounces")
    assert 0 < float(metric.compute()) < 10


def test_what_cannot_be_scored_is_counted_and_may_stand_for_the_worst() -> None:
    metric = as_torchmetric("adherence/count", empty="worst")
    metric.update(_clip(SCENES[0]), "a ball")
    assert int(metric.unscored) == 1 and int(metric.scored) == 0  # type: ignore[union-attr]
    assert float(metric.compute()) == METRICS["adherence/count"].load().worst


def test_two_halves_merge_into_the_whole() -> None:
    halves = [as_torchmetric("adherence/count") for _ in SCENES]
    for metric, scene in zip(halves, SCENES, strict=True):
        metric.update(_clip(scene), scene)
    whole = copy.deepcopy(halves[0])
    whole.merge_state(halves[1])
    assert int(whole.scored) == 2  # type: ignore[union-attr]
    assert float(whole.compute()) == pytest.approx(np.mean([float(half.compute()) for half in halves]))


def test_directions_follow_the_card() -> None:
    assert as_torchmetric("adherence/count").higher_is_better
    assert not as_torchmetric("sync/offset").higher_is_better


def test_wrong_names_and_numbers_are_said() -> None:
    with pytest.raises(UnknownName, match="sync/offset"):
        as_torchmetric("sync/ofset")
    with pytest.raises(ConfigError, match="one for each"):
        as_torchmetric("sync/offset").update([_clip(SCENES[0])], list(SCENES))


def _counts(shown: list[Sample], real: list[Sample]) -> Scored:
    """How many there are of each, for trying the way through."""
    return Scored(value=10.0 * len(shown) + len(real), why="So many.")


@pytest.fixture
def counting() -> SetMetric:
    """A set metric that is not registered."""
    before = set(METRICS)
    set_metric("realism/counting", version=1, unit="-", better="zero", best=0.0, worst=99.0, source="counting")(_counts)
    card = METRICS["realism/counting"].load()
    METRICS._entries.pop("realism/counting")
    assert set(METRICS) == before
    return SetMetric(card)


def test_sets_keep_what_was_seen_and_travel_as_bytes(counting: SetMetric) -> None:
    other = copy.deepcopy(counting)
    counting.update(_clip(SCENES[0]), SCENES[0])
    other.update([_clip(scene) for scene in SCENES], SCENES)
    other.update(_clip(SCENES[0]), SCENES[0], real=True)
    counting.merge_state(other)
    assert float(counting.compute()) == 31
    with pytest.raises(ConfigError, match="scenes or prompts"):
        counting.update(_clip(SCENES[0]), case_of_clip(SCENES[0], _clip(SCENES[0])))


PROCESS = """
import sys
import torch
from kinema.metrics import as_torchmetric
from kinema.scenes.clip import read_clip
rank, meet, clip, scene = int(sys.argv[1]), *sys.argv[2:]
torch.distributed.init_process_group("gloo", init_method=f"file://{meet}", rank=rank, world_size=2)
metric = as_torchmetric("adherence/colour")
metric.update(read_clip(clip), scene)
print(float(metric.compute()))
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_agree_on_the_mean_of_both(tmp_path: Path) -> None:
    started, alone = [], []
    for rank, scene in enumerate(SCENES):
        file = tmp_path / f"{rank}.mp4"
        write_clip(_clip(scene), file)
        metric = as_torchmetric("adherence/colour")
        metric.update(read_clip(file), scene)
        alone.append(float(metric.compute()))
        command = [sys.executable, "-c", PROCESS, str(rank), str(tmp_path / "meet"), str(file), scene]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    said = [process.communicate(timeout=120)[0].split()[-1] for process in started]
    assert [float(one) for one in said] == pytest.approx([np.mean(alone)] * 2)
