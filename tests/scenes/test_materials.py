"""The table of materials: complete, plausible, with a source for every number, and the same in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinema.scenes.materials import CLASSIC, MATERIALS, REFERENCES, as_markdown
from kinema.scenes.prompts import FLOORS

FIRST = {  # density, Young's modulus, Poisson's ratio, loss factor, restitution, gloss, stiffening: what the first corpora were made of
    "rubber": (1100, 5e6, 0.49, 0.2, 0.82, 0.10, 10),
    "plastic": (1100, 1.4e9, 0.35, 3e-2, 0.72, 0.45, 1),
    "glass": (2600, 6.2e10, 0.20, 3e-3, 0.66, 0.90, 1),
    "steel": (7850, 2.0e11, 0.29, 2e-3, 0.60, 0.80, 1),
    "stone": (2700, 5.0e10, 0.25, 6e-3, 0.55, 0.15, 1),
    "wood": (750, 1.1e10, 0.30, 1.5e-2, 0.48, 0.20, 1),
}
NUMBERS = ("density", "youngs_modulus", "poisson", "loss_factor", "friction", "restitution", "gloss", "stiffening", "roughness", "grain")


def test_there_are_enough_and_every_floor_is_one() -> None:
    assert len(MATERIALS) >= 14
    assert set(FLOORS) <= set(MATERIALS)
    assert tuple(FIRST) == CLASSIC


@pytest.mark.parametrize("name", CLASSIC)
def test_the_first_rows_have_not_moved(name: str) -> None:
    row = MATERIALS[name]
    kept = (row.density, row.youngs_modulus, row.poisson, row.loss_factor, row.restitution, row.gloss, row.stiffening)
    assert kept == FIRST[name]


@pytest.mark.parametrize("name", MATERIALS)
def test_every_value_is_possible_and_has_a_source(name: str) -> None:
    row = MATERIALS[name]
    assert set(row.sources) == {*NUMBERS, "colour"}
    assert set(row.sources.values()) <= set(REFERENCES)
    assert set(row.estimated) <= set(row.sources)
    assert 50 < row.density < 12_000
    assert 1e4 < row.youngs_modulus < 3e11
    assert 0 <= row.poisson < 0.5
    assert all(0 < value < 1 for value in (row.loss_factor, row.friction, row.restitution))
    assert 0 <= row.gloss <= 1 <= row.stiffening
    assert 1e-8 < row.roughness < row.grain < 1e-2
    assert len(row.colour) == 3
    assert all(0 <= value <= 255 for value in row.colour)


def test_what_is_known_of_the_order_holds() -> None:
    order = sorted(MATERIALS, key=lambda name: MATERIALS[name].density)
    known = ("cork", "pine", "ice", "stone", "steel", "lead")
    assert [name for name in order if name in known] == list(known)
    assert MATERIALS["ice"].friction < 0.1 < MATERIALS["wood"].friction < MATERIALS["rubber"].friction
    for dull in ("felt", "foam", "cork", "lead"):
        assert MATERIALS[dull].loss_factor > 5 * MATERIALS["brass"].loss_factor


def test_the_docs_show_the_table_as_it_is() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "materials.md"
    assert page.read_text(encoding="utf-8") == as_markdown()
    for name in MATERIALS:
        assert f"| {name} |" in as_markdown()
