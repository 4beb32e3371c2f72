"""What ``kinema list`` and ``kinema show`` say: everything that is registered, and what it is."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import fields
from importlib import resources
from typing import Any

from kinema.bench.generators.spec import GENERATORS, is_control, parse
from kinema.bench.suite import load_suite, suite_names
from kinema.errors import UnknownName
from kinema.metrics import load_all
from kinema.metrics.metric import METRICS, Card
from kinema.metrics.shipped import measured
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.forms import forms_of
from kinema.scenes.prompts import claims_of
from kinema.scenes.scene import SCENES, scene_from_id

__all__ = ["describe", "names"]


def names(kind: str) -> list[str]:
    """``name@version`` of everything of a kind: scenes, metrics, generators or suites.

    Example:
        >>> [name for name in names("scenes") if name.startswith("d")]
        ['damped_spring@1', 'dominoes@1', 'door@1', 'double_pendulum@1', 'drop@1']
    """
    load_all()
    if kind == "suites":
        return [load_suite(name).id for name in suite_names()]
    if kind == "scenes":
        return [f"{name}@{SCENES[name].load().version}" for name in SCENES]
    table: Any = {"metrics": METRICS, "generators": GENERATORS}[kind]
    return [f"{name}@{table[name].version}" for name in table]


def describe(name: str) -> str:
    """A few lines about anything that has a name.

    Raises:
        UnknownName: nothing is called so.
    """
    load_all()
    plain = name.split("@", maxsplit=1)[0].split(":", maxsplit=1)[0]
    ways: tuple[tuple[bool, Callable[[], str]], ...] = (
        ("/seed=" in name, lambda: _scene(name)),
        (plain in SCENES, lambda: _family(plain)),
        (plain in METRICS, lambda: _metric(plain)),
        (plain in GENERATORS, lambda: _generator(name.split("@", maxsplit=1)[0])),
        (plain in suite_names() or name.endswith(".toml"), lambda: _suite(name if name.endswith(".toml") else plain)),
    )
    for fits, way in ways:
        if fits:
            return way()
    known = [*SCENES, *METRICS, *GENERATORS, *suite_names()]
    near = difflib.get_close_matches(plain, known, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "See: kinema list scenes|metrics|generators|suites"
    raise UnknownName(f"no scene, metric, generator or suite named {name!r}. {hint}")


def _rows(title: str, doc: str, rows: dict[str, Any]) -> str:
    width = max(map(len, rows), default=0)
    body = [f"  {key:<{width}}  {value}" for key, value in rows.items()]
    return "\n".join([title, *(f"  {line}".rstrip() for line in doc.splitlines()), "", *body])


def _scene(scene_id: str) -> str:
    scene = scene_from_id(scene_id)
    forms = forms_of(scene)
    rows: dict[str, Any] = {"prompt": scene.prompt, "short": forms["short"], "detailed": forms["detailed"]}
    rows |= {f"or else {number}": text for number, text in enumerate(forms["paraphrases"], 1)}
    rows |= {"shot list": forms["shot_list"]}
    rows |= {"claims": ", ".join(f"{c.kind}={c.value}" for c in claims_of(scene)), "laws": ", ".join(scene.laws)}
    rows |= {f"+{factor}=": ", ".join(contrast.levels) for factor, contrast in contrasts_of(scene).items()}
    for body in scene.bodies():
        rows[body.name] = f"{body.colour} {body.material} {body.shape}, radius {body.radius:.3g} m, {body.mass:.3g} kg"
    rows |= {key: value for key, value in scene.to_json().items() if key != "id"}
    return _rows(f"scene {scene.id}", _first(type(scene)), rows)


def _family(name: str) -> str:
    cls = SCENES[name].load()
    rows = {
        "area": cls.area,
        "laws": ", ".join(cls.laws),
        "sound": "heard" if cls.audible else "silent",
        "parameters": ", ".join(field.name for field in fields(cls)),
        "example": cls.draw(0).prompt,
        "more": f"kinema show {name}@{cls.version}/seed=0",
    }
    return _rows(f"scene {name}@{cls.version}", inspect.getdoc(cls) or "", rows)


def _metric(name: str) -> str:
    card = METRICS[name].load()
    role = "gate: multiplies its axis" if card.gate else "on the scale" if card.scaled else "printed raw, in no axis"
    if card.legacy:
        role += "; a peer's number under its own name"
    rows = {
        "formula": card.formula or "-",
        "source": card.source,
        "unit": card.unit or "-",
        "better": card.better,
        "bounds": f"best {card.best:g}, worst {card.worst:g}",
        "of": "one clip" if card.over == "clip" else "a set of clips",
        "modes": ", ".join(card.modes),
        "role": role,
        "floors": ", ".join(card.floors),
        "needs": ", ".join(card.needs) or "nothing of an observation",
    }
    return _rows(f"metric {name}@{card.version}", inspect.getdoc(card.function) or "", rows | _validity(card))


def _validity(card: Card) -> dict[str, Any]:
    """What a metric is valid for, and what was measured of that; see ``kinema validate``."""
    found = measured(card.name, card.version)
    own = (found or {}).get("own", {})
    rows: dict[str, Any] = {f"its own fault {fault}": _told(own.get(fault)) for fault in card.own} or {"its own faults": "none named"}
    rows |= {f"coupled with {fault}": reason for fault, reason in card.coupled.items()}
    rows |= {f"blind spot {number}": sentence for number, sentence in enumerate(card.blind, 1)} or {"blind spots": "none stated"}
    if found is None:
        return rows | {"other faults": "not measured", "cost": "not measured"}
    stray, cost = found["stray"], found["cost"]
    if stray is not None and stray["share"] is not None:
        rows["other faults"] = f"move it by at most {100 * stray['share']:.1f} % of its full response ({stray['fault']})"
    if found["takes_sd"] is not None:
        rows["takes"] = f"two right takes of a scene differ by {found['takes_sd']:.3g} {card.unit} (standard deviation of one)"
    if cost:
        shared = f"{cost['see']:.0f} ms of seeing and {cost['hear']:.0f} ms of hearing for all metrics"
        rows["cost"] = f"{cost['metric']:.2g} ms of CPU a clip, after {shared}"
    return rows | {"measured on": found["suite"]}


def _told(found: dict[str, Any] | None) -> str:
    """What was measured of one fault: order of dose, and the smallest dose told apart from none with 95 % power at n = 20."""
    if found is None or found["spearman"] is None:
        return "not measured"
    told = "no dose told apart from none" if found["told"] is None else f"told apart from {found['told']:g} {found['unit']} on"
    return f"{told} (95 % power, n = 20); Spearman {found['spearman']:.2f} over {found['n']} scenes"


def _generator(text: str) -> str:
    spec = parse(text)
    target = spec.target
    options = [f"{p.name}={p.default}" for p in inspect.signature(target).parameters.values()]
    kind = "control, made from the truth" if is_control(target) else "generator"
    rows = {"kind": kind, "options": ", ".join(options) or "none", "use": f"kinema run smoke -g {text}"}
    return _rows(f"generator {spec.name}@{GENERATORS[spec.name].version}", inspect.getdoc(target) or "", rows)


def _suite(name: str) -> str:
    suite = load_suite(name)
    rows = suite.resolved()
    rows["families"] = ", ".join(row["name"] for row in rows["families"])
    rows |= {"metrics": ", ".join(rows["metrics"]), "controls": ", ".join(rows["controls"])}
    text = (resources.files("kinema.bench.suites") / f"{name}.toml").read_text(encoding="utf-8") if name in suite_names() else ""
    comment = "\n".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    return _rows(f"suite {suite.id}", comment, {key: value for key, value in rows.items() if key != "name"})


def _first(cls: type) -> str:
    return (inspect.getdoc(cls) or "").split("\n\n")[0]
