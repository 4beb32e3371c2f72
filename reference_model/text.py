"""Prompts as numbers: a word-level vocabulary in which a quantity with its unit is one token with a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Encoded", "Vocabulary", "quantity_of", "words_of"]

_UNITS = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3, "g": 1e-3, "kg": 1.0, "ms": 1e-3, "s": 1.0}  # in SI units
_WORD = re.compile(rf"[a-z]+|\d+(?:\.\d+)?(?:\s?(?:{'|'.join(_UNITS)})\b)?")
_PAD, _UNKNOWN, _NUMBER, _NOTHING = range(4)  # the ids below the first word
_SPECIAL = 4


class Encoded(NamedTuple):
    """A prompt as the model reads it.

    Attributes:
        ids: (length,) int64, 0 where the prompt has ended.
        values: (length,) float32, the quantity where ``ids`` says that there is one, else 0.
        unknown: words that the vocabulary lacks, and words beyond the length, in order.
    """

    ids: NDArray[np.int64]
    values: NDArray[np.float32]
    unknown: tuple[str, ...]


def words_of(prompt: str) -> list[str]:
    """Lower-case words, and numbers with their units, without punctuation.

    Example:
        >>> words_of("A wooden ball, 40 cm up.")
        ['a', 'wooden', 'ball', '40 cm', 'up']
    """
    return _WORD.findall(prompt.lower())


def quantity_of(word: str) -> float | None:
    """The value of a number in SI units, None for a word.

    Example:
        >>> quantity_of("40 cm"), quantity_of("two")
        (0.4, None)
    """
    match = re.fullmatch(r"([\d.]+)\s?([a-z]*)", word)
    return float(match[1]) * _UNITS.get(match[2], 1.0) if match else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that the model has met, and how long a prompt may be.

    Example:
        >>> Vocabulary(("ball", "red"), 4).encode("a red ball 1.5").unknown
        ('a',)
    """

    words: tuple[str, ...]
    length: int

    @classmethod
    def of(cls, prompts: Iterable[str], length: int) -> Vocabulary:
        """Every word of the prompts, in alphabetical order."""
        seen: set[str] = set()
        for prompt in prompts:
            seen.update(words_of(prompt))
        return cls(tuple(sorted(word for word in seen if word.isalpha())), length)

    @property
    def size(self) -> int:
        """How many ids there are."""
        return _SPECIAL + len(self.words)

    def encode(self, prompt: str | None) -> Encoded:
        """Ids and values of a prompt; None is the empty prompt that the model falls back on without text."""
        ids, values = np.zeros(self.length, np.int64), np.zeros(self.length, np.float32)
        if prompt is None:
            ids[0] = _NOTHING
            return Encoded(ids, values, ())
        table = {word: _SPECIAL + index for index, word in enumerate(self.words)}
        words = words_of(prompt)
        read, beyond = words[: self.length], words[self.length :]
        missing = [word for word in read if word.isalpha() and word not in table] + beyond
        for place, word in enumerate(read):
            value = quantity_of(word)
            ids[place] = table.get(word, _UNKNOWN) if value is None else _NUMBER
            values[place] = value or 0.0
        if not words:
            ids[0] = _NOTHING
        return Encoded(ids, values, tuple(missing))
