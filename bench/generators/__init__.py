"""Generators: what ``-g`` may name."""

from __future__ import annotations

from kinema.bench.generators import controls, reference
from kinema.bench.generators.spec import GENERATORS, Control, Generator, Spec, generator, is_control, parse

__all__ = ["GENERATORS", "Control", "Generator", "Spec", "controls", "generator", "is_control", "parse", "reference"]
