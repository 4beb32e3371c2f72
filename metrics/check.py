"""What every metric must keep, ours or anyone's: public checks that each say in one sentence what is wrong.

A check takes a metric's card, tries it on observations whose quality is known, and raises ``AssertionError``; ``kinema check`` runs all.
"""

from __future__ import annotations

import doctest
import json
import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.metric import Case, Sample, Scored, Unscored
from kinema.metrics.observation import Observation, Onset
from kinema.scenes.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kinema.metrics.metric import Card
    from kinema.metrics.observation import Track
    from kinema.scenes.truth import Truth

__all__ = ["METRIC_CHECKS", "observed"]

AXES = ("dynamics", "sync", "adherence", "realism")
SCENES = ("drop@1/seed=3", "projectile@1/seed=3", "pendulum@1/seed=3", "collision@1/seed=3")
REQUEST = Request(prompt="", seconds=2.0)
LATER = 0.006  # s, from a contact to its sound, about two metres away
CASE_SECONDS = 3.6  # the truth of a case is longer than its clip
NOISE = 3.0  # px
SOUND_RATE = 48_000  # Hz, of truths
_sounds: dict[str, dict[str, Any]] = {}
SET = 64  # clips of a set that metrics of sets are tried on
VECTORS = ("picture", "motion", "sound")


def the_card_is_complete(card: Card) -> None:
    """The card has an axis, a version, a unit, finite bounds in the right order, modes, needs and a source."""
    assert card.axis in AXES and "/" in card.name, f"{card.name}: a metric is called axis/thing, with an axis of {', '.join(AXES)}"
    assert card.version >= 1, f"{card.name}: version counts from 1"
    for what in ("unit", "source", "needs", "modes"):
        assert getattr(card, what), f"{card.name}: the card lacks {what}"
    assert math.isfinite(card.best) and math.isfinite(card.worst), f"{card.name}: best and worst are finite numbers"
    assert card.best != card.worst, f"{card.name}: best and worst are the same"
    upwards = card.best > card.worst
    assert card.better == "zero" or upwards == (card.better == "higher"), f"{card.name}: {card.better} is better, but best is {card.best:g}"
    assert not card.gate or {card.best, card.worst} == {0, 1}, f"{card.name}: a gate goes from 0 to 1"


def it_explains_itself(card: Card) -> None:
    """The docstring begins with one sentence, says what the ends mean, and has an example that holds."""
    text = card.function.__doc__ or ""
    assert card.summary.endswith("."), f"{card.name}: the docstring begins with one sentence in one line"
    assert ">>>" in text, f"{card.name}: the docstring has no example"
    space = {"Observation": Observation, "Case": Case, **getattr(card.function, "__globals__", {})}  # what a metric is called with
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder(recurse=False).find(card.function, card.name, globs=dict(space)):
        runner.run(test, out=said.append)
    assert runner.failures == 0, f"{card.name}: its example does not hold: {' '.join(''.join(said).split())[-300:]}"


def answers_are_bounded_sentences(card: Card) -> None:
    """Every answer is Scored within the bounds, with a sentence that says why, or Unscored with a reason."""
    low, high = sorted((-card.worst if card.better == "zero" else card.best, card.worst))
    for told, answer in _answers(card):
        if isinstance(answer, Unscored):
            assert answer.reason, f"{card.name} on {told}: Unscored without a reason"
            continue
        assert low <= answer.value <= high, f"{card.name} on {told}: {answer.value} lies outside {low:g} to {high:g}"
        first, last = answer.why[:1], answer.why[-1:]
        assert last == "." and (first.isupper() or first.isdigit()), f"{card.name} on {told}: {answer.why!r} is no sentence"


def answers_are_json(card: Card) -> None:
    """Details can be written to disk and read back."""
    for told, answer in _answers(card):
        if isinstance(answer, Scored):
            try:
                back = json.loads(json.dumps(answer.details, allow_nan=False))
            except (TypeError, ValueError) as problem:
                raise AssertionError(f"{card.name} on {told}: its details are no JSON: {problem}") from None
            assert back == answer.details, f"{card.name} on {told}: its details come back from JSON as something else"


def it_is_a_pure_function(card: Card) -> None:
    """The same observation and case give the same answer twice, and are left as they were."""
    if card.over == "set":
        assert _set_answers(card) == _set_answers(card), f"{card.name}: two answers to the same question differ"
        return
    for told, seen, case in _trials():
        before = _numbers(seen)
        assert _answer(card, seen, case) == _answer(card, seen, case), f"{card.name} on {told}: two answers to the same question differ"
        assert _numbers(seen) == before, f"{card.name} on {told}: it changes the observation"


def nothing_is_answered_too(card: Card) -> None:
    """An empty observation, a silent one and a clip from outside are Scored or Unscored like any other; nothing raises."""
    if card.over == "set":
        assert isinstance(card.function([], []), Scored | Unscored), f"{card.name}: a set of no clips is Scored or Unscored like any other"  # type: ignore[arg-type]
        return
    truths = [_truth(scene) for scene in SCENES]
    for truth in truths:
        for told, seen in (("nothing", Observation()), ("a silent clip", observed(truth, silent=True))):
            for case in (Case.of(truth, REQUEST), Case.outside("a ball bounces")):
                try:
                    _answer(card, seen, case)
                except Exception as problem:
                    raise AssertionError(f"{card.name} on {told} raises {type(problem).__name__}: {problem}") from None


def a_lost_clip_is_worst(card: Card) -> None:
    """The truth's own observation is better than the bound that a lost clip gets, wherever the truth can be scored at all."""
    if card.over == "set":
        values = [answer for told, answer in _set_answers(card) if told == "the truth's own clips"]
    else:
        values = [_answer(card, observed(truth), Case.of(truth, REQUEST)) for truth in map(_truth, SCENES)]
    found = [answer.value for answer in values if isinstance(answer, Scored)]
    off = [abs(value) if card.better == "zero" else value for value in found]
    assert not off or any(value != card.worst for value in off), f"{card.name}: the truth itself gets the worst bound in every family"


METRIC_CHECKS: tuple[Callable[[Card], None], ...] = (
    the_card_is_complete,
    it_explains_itself,
    answers_are_bounded_sentences,
    answers_are_json,
    it_is_a_pure_function,
    nothing_is_answered_too,
    a_lost_clip_is_worst,
)


def _answers(card: Card) -> Iterator[tuple[str, Scored | Unscored]]:
    """What the metric answers to each of the trials, whichever it is a metric of."""
    if card.over == "set":
        yield from _set_answers(card)
        return
    for told, seen, case in _trials():
        yield told, _answer(card, seen, case)


def _set_answers(card: Card) -> list[tuple[str, Scored | Unscored]]:
    """The same for sets of clips, whose vectors are drawn."""
    rng = np.random.default_rng(11)
    case = Case.outside("a ball bounces")
    names = {need.partition(":")[2] or name for need in card.needs for name in VECTORS}
    truth = [Sample(f"{k}", Observation(features={name: tuple(rng.normal(size=8)) for name in sorted(names)}), case) for k in range(SET)]
    worse = [
        Sample(s.scene, Observation(features={name: tuple(v + 9 for v in vector) for name, vector in s.seen.features.items()}), case)
        for s in truth
    ]
    blank = [Sample(s.scene, Observation(), case) for s in truth]
    sets = {"the truth's own clips": truth, "other clips": worse, "no clips": [], "clips without vectors": blank}
    found = []
    for told, shown in sets.items():
        answer = card.function(shown, truth)  # type: ignore[arg-type]
        assert isinstance(answer, Scored | Unscored), f"{card.name} gives {type(answer).__name__}, not Scored or Unscored"
        found.append((told, answer))
    return found


def _answer(card: Card, seen: Observation, case: Case) -> Scored | Unscored:
    answer = card.function(seen, case)
    assert isinstance(answer, Scored | Unscored), f"{card.name} gives {type(answer).__name__}, not Scored or Unscored"
    return answer


@lru_cache(maxsize=8)
def _truth(scene: str) -> Truth:
    from kinema.scenes.scene import scene_from_id
    from kinema.scenes.world import truth_of

    return truth_of(scene_from_id(scene), CASE_SECONDS)


def _trials() -> Iterator[tuple[str, Observation, Case]]:
    """Observations from perfect to empty, of scenes and of a clip from outside."""
    for name in SCENES:
        truth = _truth(name)
        seen = {
            f"the truth of {name}": observed(truth),
            f"a noisy view of {name}": observed(truth, noise=NOISE),
            f"{name} backwards": observed(truth, backwards=True),
            f"{name} with still frames alone": Observation(times=np.arange(48) / 24, counts=np.zeros(48, dtype=int)),
            "an empty observation": Observation(),
        }
        for told, observation in seen.items():
            for case in (Case.of(truth, REQUEST), Case.outside("a ball bounces")):
                yield told, observation, case


def observed(truth: Truth, *, noise: float = 0.0, backwards: bool = False, silent: bool = False) -> Observation:
    """What a perfect observer would write down of a truth, with noise in px, played backwards, or without its sound.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 2.0)
        >>> seen = observed(truth)
        >>> len(seen.tracks), len(seen.contacts) == len(seen.onsets) == len(truth.contacts)
        (1, True)
    """
    from kinema.metrics.ideal import ideal

    seen = ideal(truth, REQUEST, noise=noise)
    seen = _backwards(seen) if backwards else seen
    heard = _heard(truth, silent=silent)
    return replace(
        seen,
        onsets=() if silent else tuple(replace(_like(heard, contact.t), t=contact.t + LATER) for contact in seen.contacts),
        picture={"flicker": 0.1, "sharpness": 2.0, "noise": 0.5},
        room={} if silent else heard["room"],
        sound={**heard["sound"], "peak_db": -120.0 if silent else heard["sound"]["peak_db"], "seconds": REQUEST.seconds},
        heard=heard["heard"],
    )


def _backwards(seen: Observation) -> Observation:
    """The same pictures from the last to the first."""
    tracks = tuple(_track_backwards(track, seen) for track in seen.tracks)
    turned = [
        replace(contact, t=REQUEST.seconds - contact.t, before=_against(contact.after), after=_against(contact.before))
        for contact in seen.contacts[::-1]
    ]
    return replace(seen, counts=seen.counts[::-1], tracks=tracks, contacts=tuple(turned))


def _track_backwards(track: Track, seen: Observation) -> Track:
    turned = track.joined([(track, slice(None, None, -1))])
    frame = len(seen.times) - 1 - turned.frame
    return replace(turned, frame=frame, t=seen.times[frame])


def _against(velocity: tuple[float, float]) -> tuple[float, float]:
    return -velocity[0], -velocity[1]


def _heard(truth: Truth, *, silent: bool) -> dict[str, Any]:
    """What is heard of a truth, or of silence as long; the last few are kept."""
    key = f"{truth.scene.id}{silent}"
    if key not in _sounds:
        from kinema.metrics.observe.hearing import hear
        from kinema.scenes.sound.mix import sound_of

        sound = sound_of(truth, REQUEST.seconds)
        if len(_sounds) >= 2 * len(SCENES):
            _sounds.clear()
        _sounds[key] = hear(np.zeros_like(sound) if silent else sound, SOUND_RATE)
    return _sounds[key]


def _like(heard: dict[str, Any], t: float) -> Onset:
    """The onset that is heard nearest to a moment."""
    return min(heard["onsets"], key=lambda onset: abs(onset.t - t), default=Onset(t=t, level_db=-20.0))


def _numbers(seen: Observation) -> list[bytes]:
    columns = ("frame", "t", "x", "y", "size", "confidence")
    arrays = [seen.times, seen.counts, *(getattr(track, name) for track in seen.tracks for name in columns)]
    return [array.tobytes() for array in arrays]
