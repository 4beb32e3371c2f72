from __future__ import annotations

import pytest

from kinema.reference_model.text import Vocabulary, quantity_of, words_of


def test_words_and_quantities_are_told_apart() -> None:
    assert words_of("One red ball (30 cm wide), 1.4 m up; 2 hits!") == ["one", "red", "ball", "30 cm", "wide", "1.4 m", "up", "2", "hits"]


@pytest.mark.parametrize(("word", "value"), [("30 cm", 0.3), ("1.4 m", 1.4), ("250 g", 0.25), ("7", 7.0), ("mars", None), ("mm", None)])
def test_a_quantity_is_read_in_si_units(word: str, value: float | None) -> None:
    assert quantity_of(word) == (None if value is None else pytest.approx(value))


def test_a_unit_must_end_where_the_word_ends() -> None:
    assert words_of("3 mars years, 5 slides") == ["3", "mars", "years", "5", "slides"]


def test_the_same_length_in_other_units_reads_the_same() -> None:
    vocabulary = Vocabulary.of(["a ball of 1 m"], 8)
    one, other = vocabulary.encode("a ball of 0.5 m"), vocabulary.encode("a ball of 50 cm")
    assert (one.ids == other.ids).all()
    assert one.values == pytest.approx(other.values)


def test_unknown_and_surplus_words_are_named() -> None:
    vocabulary = Vocabulary.of(["a red ball falls"], 4)
    read = vocabulary.encode("a red zebra falls far away")
    assert read.unknown == ("zebra", "far", "away")
    assert len(set(read.ids.tolist())) == 4
    assert (read.ids > 0).all()


def test_no_prompt_is_a_prompt_of_its_own() -> None:
    vocabulary = Vocabulary.of(["a red ball"], 4)
    nothing = vocabulary.encode(None)
    assert nothing.ids.tolist() == vocabulary.encode("...").ids.tolist()
    assert (nothing.ids > 0).sum() == 1
    assert nothing.ids[0] < vocabulary.encode("a").ids[0]


def test_the_vocabulary_does_not_depend_on_the_order_of_prompts() -> None:
    assert Vocabulary.of(["a b", "c"], 4) == Vocabulary.of(["c b", "a"], 4)
