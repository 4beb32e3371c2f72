"""Is a candidate run worse than a baseline? Decided once, here; text and JSON are readers of the decision.

Pairs are scenes that both runs have. A difference is called only where its 95 % interval lies beyond the margin, and a pass only where it
lies above it; everything else is undecided.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kinema.bench.suite import explain
from kinema.errors import ConfigError, UnknownName
from kinema.metrics import load_all
from kinema.metrics.metric import METRICS
from kinema.record import AXES, SCHEMA, Run, read_run
from kinema.statistics import mean_interval
from kinema.summary import axis_of_scene, by_scene, family_of, is_lost, metric_of_scene

__all__ = ["Check", "Decision", "Exit", "Rule", "decide", "gate", "read_rules"]

AXIS_MARGIN = 5.0  # points
MIN_PAIRS = 8  # scenes
SAME_SCALE = 0.01  # -, share of a scale's span by which its ends may differ between runs that are still comparable
Level = Literal["error", "warn"]


class Exit(IntEnum):
    """The five verdicts. Of several the first that applies of USAGE, BROKEN, REGRESSED, UNDECIDED, PASS is the exit code."""

    PASS = 0
    REGRESSED = 1
    USAGE = 2
    UNDECIDED = 3
    BROKEN = 4


ORDER = (Exit.USAGE, Exit.BROKEN, Exit.REGRESSED, Exit.UNDECIDED, Exit.PASS)


@dataclass(frozen=True, slots=True)
class Rule:
    """How much worse an axis or a metric may be."""

    target: str
    margin: float
    level: Level = "error"
    min_pairs: int = MIN_PAIRS

    def covers(self, metric: str) -> bool:
        """Whether a metric is the rule's own, or of its axis."""
        return self.target in (metric, metric.split("/", maxsplit=1)[0])


DEFAULT_RULES = tuple(Rule(axis, AXIS_MARGIN) for axis in AXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One axis or metric of one pair of generators. ``delta`` is candidate minus baseline, positive is better."""

    baseline: str
    candidate: str
    rule: Rule
    delta: float | None
    low: float | None
    high: float | None
    pairs: int
    broken: str = ""

    @property
    def exit(self) -> Exit:
        """What follows from the interval."""
        if self.broken:
            return Exit.BROKEN
        if self.pairs < self.rule.min_pairs or self.low is None or self.high is None:
            return Exit.UNDECIDED
        if self.high < -self.rule.margin:
            return Exit.REGRESSED
        return Exit.PASS if self.low >= -self.rule.margin else Exit.UNDECIDED

    @property
    def why(self) -> str:
        """The verdict in one sentence with its numbers."""
        if self.broken:
            return self.broken
        if self.pairs < self.rule.min_pairs or self.delta is None:
            return f"{self.pairs} scene pairs, and {self.rule.min_pairs} are needed to say anything"
        change = "unchanged" if self.delta == 0 else f"{abs(self.delta):.4g} {'better' if self.delta > 0 else 'worse'}"
        return f"{change} (95 % interval {self.low:+.4g} to {self.high:+.4g}, margin {self.rule.margin:g}, {self.pairs} scenes)"


@dataclass(frozen=True, slots=True)
class Decision:
    """All checks of a comparison."""

    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """The exit code: warnings do not count."""
        found = {check.exit for check in self.checks if check.rule.level == "error"}
        return next((code for code in ORDER if code in found), Exit.PASS)

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON."""
        return {
            "schema": SCHEMA,
            "verdict": self.exit.name.lower(),
            "exit": int(self.exit),
            "checks": [
                {
                    "baseline": check.baseline,
                    "candidate": check.candidate,
                    "metric": check.rule.target,
                    "verdict": check.exit.name.lower(),
                    "delta": check.delta,
                    "low": check.low,
                    "high": check.high,
                    "margin": check.rule.margin,
                    "level": check.rule.level,
                    "pairs": check.pairs,
                    "min_pairs": check.rule.min_pairs,
                    "why": check.why,
                }
                for check in self.checks
            ],
            "notes": list(self.notes),
        }


class _RuleTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    margin: float | None = Field(None, ge=0, allow_inf_nan=False)
    level: Level = "error"
    min_pairs: int = Field(MIN_PAIRS, ge=2)


class _GateFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    gate: dict[str, _RuleTable] = Field(min_length=1)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a gate file: ``[gate.dynamics]`` names an axis, ``[gate."sync/offset"]`` a metric; each may say margin, level, min_pairs.

    Raises:
        ConfigError: the file is malformed, or a metric lacks its margin.
        UnknownName: an entry names no axis and no metric.
    """
    try:
        file = _GateFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, ['gate', *_RuleTable.model_fields])}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the gate file {path}: {error}") from None
    return tuple(_rule(name, table, path) for name, table in file.gate.items())


def _rule(name: str, table: _RuleTable, path: Path) -> Rule:
    load_all()
    known = [*AXES, *METRICS]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There is {', '.join(known)}."
        raise UnknownName(f"{path}: [gate.{name!r}] names no axis and no metric. {hint}")
    if table.margin is None and name not in AXES:
        raise ConfigError(f'{path}: [gate."{name}"] needs a margin in {METRICS[name].load().unit or "its own unit"}')
    return Rule(name, AXIS_MARGIN if table.margin is None else table.margin, table.level, table.min_pairs)


def gate(baseline: Path, candidate: Path, config: Path | None = None, pairs: Sequence[str] = ()) -> Decision:
    """Compare two run folders.

    Args:
        baseline: the run to be no worse than.
        candidate: the run in question.
        config: a gate file; without one the four axes, 5 points each.
        pairs: ``A=B`` to compare the baseline's A with the candidate's B.

    Raises:
        ConfigError: the runs cannot be compared.
    """
    rules = DEFAULT_RULES if config is None else read_rules(config)
    return decide(read_run(baseline), read_run(candidate), rules, pairs)


def decide(old: Run, new: Run, rules: Sequence[Rule] = DEFAULT_RULES, pairs: Sequence[str] = ()) -> Decision:
    """The decision about two runs."""
    load_all()
    for rule in rules:
        _check_comparable(old, new, rule)
    matched, notes = _matched(old.generators, new.generators, pairs)
    return Decision(tuple(_check(old, new, a, b, rule) for a, b in matched for rule in rules), tuple(notes))


def _matched(
    old: Sequence[str], new: Sequence[str], pairs: Sequence[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Which generator is compared with which."""
    named = [_pair(text, old, new) for text in pairs]
    if not named and len(old) == len(new) == 1:
        return [(old[0], new[0])], []
    taken_old, taken_new = {a for a, _ in named}, {b for _, b in named}
    same = [(name, name) for name in old if name in new and name not in taken_old and name not in taken_new]
    matched = named + same
    left = [name for name in old if name not in taken_old | set(dict(same))]
    left += [name for name in new if name not in taken_new | set(dict(same)) and name not in left]
    if not matched or (left and not named):
        raise ConfigError(
            f"no counterpart for {', '.join(map(repr, left))}: baseline has {', '.join(old) or 'nothing'}, "
            f"candidate has {', '.join(new) or 'nothing'}; say which to compare with --pair BASELINE=CANDIDATE"
        )
    return matched, [f"not compared, having no counterpart: {', '.join(left)}"] if left else []


def _pair(text: str, old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """``A=B``; names may hold ``=`` themselves (``late_sound:ms=250``), so every place to cut is tried."""
    cuts = [(text[:at], text[at + 1 :]) for at, sign in enumerate(text) if sign == "="]
    found = [(a, b) for a, b in cuts if a in old and b in new]
    if len(found) != 1:
        raise ConfigError(
            f"--pair {text!r} names no pair: write BASELINE=CANDIDATE with one of {', '.join(old)} and one of {', '.join(new)}"
        )
    return found[0]


def _check(old: Run, new: Run, a: str, b: str, rule: Rule) -> Check:
    before, after = _values(old, a, rule.target), _values(new, b, rule.target)
    sign = -1.0 if _better(rule.target) in ("lower", "zero") else 1.0
    families: dict[str, list[float]] = {}
    for scene in before:
        if scene in after:
            families.setdefault(family_of(scene), []).append(sign * (after[scene] - before[scene]))
    found = mean_interval(families)
    trouble = _broken(old, a, "baseline") or _broken(new, b, "candidate")
    if found is None:
        return Check(baseline=a, candidate=b, rule=rule, delta=None, low=None, high=None, pairs=0, broken=trouble)
    return Check(
        baseline=a, candidate=b, rule=rule, delta=found.value, low=found.low, high=found.high, pairs=found.n, broken=trouble
    )  # fmt: skip


def _better(target: str) -> str:
    return "higher" if target in AXES else METRICS[target].load().better


def _values(run: Run, generator: str, target: str) -> dict[str, float]:
    """One value per scene; of a metric whose best is zero the distance from it."""
    gates = run.gates or frozenset(name for name in METRICS if METRICS[name].load().gate)
    found: dict[str, float] = {}
    for scene, lines in by_scene(line for line in run.scores if line["generator"] == generator).items():
        value = axis_of_scene(lines, target, gates) if target in AXES else metric_of_scene(lines, target)
        if value is not None:
            found[scene] = abs(value) if _better(target) == "zero" else value
    return found


def _broken(run: Run, generator: str, role: str) -> str:
    """Why a run says nothing about a generator: clips lost or gone, or metrics failed."""
    lines = [line for line in run.scores if line["generator"] == generator]
    entry: Mapping[str, Any] = run.summary.get("generators", {}).get(generator, {})
    clips = {(line["scene"], line.get("sample")) for line in lines if is_lost(line)}
    lost = max(len(clips), int(entry.get("lost", 0)))
    failed = sum(line["status"] == "failed" for line in lines)
    scored = {line["scene"] for line in lines}
    gone = {row["scene"] for row in run.requests if family_of(row["scene"]) != "outside"} - scored
    counts = ((lost, "lost clips"), (failed, "failed metrics"), (len(gone), "scenes without any score"))
    parts = [f"{number} {what}" for number, what in counts if number]
    return f"the {role} {generator} has {' and '.join(parts)}" if parts else ""


def _check_comparable(old: Run, new: Run, rule: Rule) -> None:
    """Values compare only where metric versions and, for an axis, scales are the same."""
    versions = [{line["metric"]: line.get("version") for line in run.scores if rule.covers(line["metric"])} for run in (old, new)]
    changed = next((n for n in versions[0] if n in versions[1] and versions[0][n] != versions[1][n]), None)
    if changed is not None:
        raise ConfigError(
            f"{changed} is version {versions[0][changed]} in the baseline and {versions[1][changed]} in the candidate; "
            "run the baseline again with this Kinema"
        )
    if rule.target not in AXES:
        return
    scales = [{n: s for n, s in run.summary.get("scales", {}).items() if rule.covers(n)} for run in (old, new)]
    other = next((n for n in {*scales[0], *scales[1]} if not _same_scale(scales[0].get(n), scales[1].get(n))), None)
    if other is not None:
        raise ConfigError(
            f"{other} stands on another scale in the candidate than in the baseline, so points of {rule.target} do not compare; "
            "run both with the same suite and the same Kinema"
        )


def _same_scale(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    if a is None or b is None:
        return False
    span = abs(a["at_100"] - a["at_0"])
    return all(abs(a[end] - b[end]) <= SAME_SCALE * span for end in ("at_0", "at_100"))
