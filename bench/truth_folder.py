"""A data set as the truth of a run: whether it is the right one, said before anything is started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kinema.bench.calibration import calibration_scenes
from kinema.bench.plan import Plan, SceneRef
from kinema.errors import ConfigError
from kinema.metrics.look import CASE_STRETCH
from kinema.scenes._store import can_simulate, holds
from kinema.scenes.dataset import Folder, open_folder
from kinema.scenes.identity import truth_source
from kinema.scenes.scene import SCENES

__all__ = ["with_truth"]


def with_truth(plan: Plan, path: Path | None) -> Plan:
    """The plan with its truths taken from a data set that ``kinema render`` wrote; without a path the plan as it is.

    Raises:
        ConfigError: the data set is of other scenes, or was made by other code.
    """
    if path is None:
        return plan
    folder = open_folder(path)
    _check_code(plan, folder)
    seconds = round(CASE_STRETCH * plan.suite.seconds, 6)
    lacking = [ref for ref in _needed(plan) if not holds(folder, ref.scene(), seconds)]
    if lacking:
        made_of = folder.manifest.get("suite", {}).get("id", "another suite")
        raise ConfigError(
            f"{path} holds the truth of {made_of}, which lacks {lacking[0].id} as {plan.suite.id} draws it, for {seconds:g} s"
            f" ({len(lacking)} scenes in all); write one with: kinema render {plan.suite.name} -o DIR"
        )
    return replace(plan, truth=path.resolve())


def _needed(plan: Plan) -> list[SceneRef]:
    """The scenes that are scored and, where they could not be simulated, those that the scale is measured on."""
    return [*plan.scenes, *(calibration_scenes(plan.suite) if plan.scaled and not can_simulate() else ())]


def _check_code(plan: Plan, folder: Folder) -> None:
    """Truths of other code are other truths: they would be compared with what this code draws and hears."""
    sources = folder.manifest.get("config", {}).get("sources", {})
    for name in sorted({ref.scene().family for ref in plan.scenes}):
        if sources.get(name) not in {None, truth_source(SCENES[name].load())}:
            raise ConfigError(
                f"{folder.path} was made by other code than this Kinema's for family {name}; write it again with: "
                f"kinema render {plan.suite.name} -o DIR"
            )
