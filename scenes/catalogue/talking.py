"""Puppets that talk, alone and in turns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from kinema.scenes.catalogue.puppet import Puppet, Talking
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import NUMBERS, Account
from kinema.scenes.request import Claim
from kinema.scenes.sound.voice import VOICES, VOWELS
from kinema.scenes.truth import Utterance

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PuppetDuet", "TalkingPuppet"]

START = 0.2  # s after release, when the first syllable begins
SPELT = {"a": "ah", "e": "eh", "i": "ee", "o": "oh", "u": "oo"}
ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth")
TOLD = {  # of the contrast in loudness
    0.3: "It speaks softly and hardly opens its jaw.",
    0.6: "It speaks in a normal tone.",
    0.9: "It calls out loudly, its jaw wide open.",
}

Syllables = tuple[tuple[float, float, str, float], ...]


def spoken(
    vowels: str, levels: tuple[float, ...], start: float, length: float, gap: float, pause: tuple[int, float] = (0, 0.0)
) -> Syllables:
    """Syllables in a row: ``gap`` apart, and ``pause[1]`` apart after the ``pause[0]``-th."""
    syllables: list[tuple[float, float, str, float]] = []
    at = start
    for number, (vowel, level) in enumerate(zip(vowels, levels, strict=True), 1):
        syllables.append((at, length, vowel, level))
        at += length + (pause[1] if number == pause[0] else gap)
    return tuple(syllables)


@dataclass(frozen=True, kw_only=True)
class TalkingPuppet(Talking):
    """A wooden puppet with a coloured jaw says a few syllables, one of them louder, with a pause after one of them.

    Closed form: the jaw's angle is proportional to the loudness of the voice, and syllables start when the sheet says.

    History: 1 = first release.
    """

    family: ClassVar[str] = "talking_puppet"

    colour: str
    voice: str
    vowels: str  # a letter per syllable
    stress: int  # which syllable is the loudest, from 1
    pause_after: int  # which syllable is followed by a pause, from 1
    facing: float
    level: float = 0.9  # of the loudest syllable, 0 to 1
    length: float = 0.22  # s, of a syllable
    gap: float = 0.08  # s, between syllables
    pause: float = 0.4  # s
    head: float = 0.3  # m, how tall the head is

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        count = int(rng.integers(3, 5))
        own: dict[str, Any] = {
            "colour": str(rng.choice(list(COLOURS))),
            "voice": str(rng.choice(list(VOICES))),
            "vowels": "".join(str(v) for v in rng.choice(VOWELS, count)),
            "stress": int(rng.integers(1, count + 1)),
            "pause_after": int(rng.integers(1, count)),
            "facing": float(rng.choice([-1.0, 1.0])),
            "length": round(float(rng.uniform(0.19, 0.23)), 3),
            "pause": round(float(rng.uniform(0.36, 0.44)), 3),
            "head": round(float(rng.uniform(0.26, 0.32)), 3),
            "prompt_id": int(rng.integers(4)),
        }
        own |= overrides
        own.setdefault("view", own["head"] / 0.54)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another pace."""
        factors = rng.uniform(0.95, 1.05, 3)
        return {name: float(getattr(self, name) * factor) for name, factor in zip(("length", "gap", "pause"), factors, strict=True)}

    def puppets(self) -> tuple[Puppet, ...]:
        """One, in the middle."""
        hinge = (-0.28 * self.facing * self.head, 0.0, 0.43 * self.view)
        return (Puppet(name="", colour=self.colour, hinge=hinge, head=self.head, facing=self.facing),)

    def utterances(self) -> tuple[Utterance, ...]:
        """Its one utterance."""
        levels = tuple(self.level * (1.0 if k == self.stress else 0.6) for k in range(1, len(self.vowels) + 1))
        said = spoken(self.vowels, levels, self.delay + START, self.length, self.gap, (self.pause_after, self.pause))
        puppet = self.puppets()[0]
        return (Utterance(body=puppet.jaw_name, speaker=self.voice, syllables=said, point=puppet.mouth),)

    def claims(self) -> tuple[Claim, ...]:
        """One jaw of its colour, a voice, when it starts."""
        start = self.utterances()[0].syllables[0][0]
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1", words=("one wooden puppet", "a single wooden puppet")),
            Claim(kind="event", value="speaks", body=0, time=start, words=("says",)),
            Claim(kind="sound", value="voice", words=("voice",)),
        )

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        count, voice = NUMBERS[len(self.vowels)], VOICES[self.voice].words
        quoted = ", ".join(SPELT[v] for v in self.vowels)
        side, jaw = "right" if self.facing > 0 else "left", f"{self.colour} jaw"
        nth, loud = (ORDINALS[k] for k in (self.pause_after, self.stress))
        beats = []
        for k, (at, _, vowel, _) in enumerate(self.utterances()[0].syllables, 1):
            beats.append((at - self.delay, f'it says "{SPELT[vowel]}"' + (", the loudest" if k == self.stress else "")))
        return Account(
            short=f'One wooden puppet with a {jaw} says {count} syllables in {voice}, "{quoted}", with a pause after the {nth}; '
            f"the {loud} is the loudest and opens the jaw widest.",
            detailed=f"One wooden puppet's head on a post looks to the {side}, seen from the side; its {jaw} hangs on a hinge. "
            f'In {voice} it says {count} syllables, "{quoted}", pausing after the {nth}. The jaw opens with every syllable, '
            f"as wide as it is loud, widest at the {loud}, and is shut in between.",
            paraphrases=(
                f'Seen from the side, a single wooden puppet moves its {jaw} and says "{quoted}" in {voice}: {count} syllables '
                f"with a pause after the {nth}, the {loud} of them the loudest.",
                f'In {voice}, one wooden puppet that looks to the {side} says {count} syllables ("{quoted}"), the {loud} louder '
                f"than the others, and waits a moment after the {nth}; its {jaw} opens and shuts with each.",
            ),
            beats=tuple(beats),
            heard=(f"{voice} that says {count} syllables",),
            unheard=("no music", "no second voice"),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Number of syllables, voice, and how loud it is, which opens the jaw."""
        four = (self.vowels + "aeo")[:4]
        return {
            "syllables": tuple(replace(self, vowels=four[:n], stress=1, pause_after=1) for n in (2, 3, 4)),
            "voice": tuple(replace(self, voice=name) for name in VOICES),
            "loudness": tuple(replace(self, level=level, note=note) for level, note in TOLD.items()),
        }


@dataclass(frozen=True, kw_only=True)
class PuppetDuet(Talking):
    """Two puppets face each other and take turns; each has its own voice and jaw.

    Closed form: only the jaw of the one whose voice is heard is open, as wide as the voice is loud.

    History: 1 = first release.
    """

    family: ClassVar[str] = "puppet_duet"

    colour_left: str
    colour_right: str
    voice_left: str
    voice_right: str
    first: str  # "left" or "right"
    asked: str  # vowels of the first to speak
    answered: str  # vowels of the other
    level: float = 0.85
    length: float = 0.21  # s, of a syllable
    gap: float = 0.08  # s, between syllables of one puppet
    wait: float = 0.4  # s, from the end of the first one's turn to the other's
    head: float = 0.2  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colours, voices = rng.permutation(list(COLOURS)), rng.permutation(list(VOICES))
        counts = ((2, 2), (2, 1), (1, 2), (2, 3))[int(rng.integers(4))]
        own: dict[str, Any] = {
            "colour_left": str(colours[0]),
            "colour_right": str(colours[1]),
            "voice_left": str(voices[0]),
            "voice_right": str(voices[1]),
            "first": str(rng.choice(["left", "right"])),
            "asked": "".join(str(v) for v in rng.choice(VOWELS, counts[0])),
            "answered": "".join(str(v) for v in rng.choice(VOWELS, counts[1])),
            "length": round(float(rng.uniform(0.19, 0.22)), 3),
            "head": round(float(rng.uniform(0.18, 0.24)), 3),
            "prompt_id": int(rng.integers(4)),
        }
        own |= overrides
        own.setdefault("view", own["head"] / 0.30)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another pace."""
        factors = rng.uniform(0.95, 1.05, 2)
        return {"length": float(self.length * factors[0]), "gap": float(self.gap * factors[1])}

    def puppets(self) -> tuple[Puppet, ...]:
        """Left and right, face to face."""
        height = 0.44 * self.view
        return tuple(
            Puppet(name=name, colour=colour, hinge=(-facing * 0.31 * self.view, 0.0, height), head=self.head, facing=facing)
            for name, colour, facing in (("left", self.colour_left, 1.0), ("right", self.colour_right, -1.0))
        )

    def utterances(self) -> tuple[Utterance, ...]:
        """The left one's, then the right one's."""
        start = self.delay + START
        asked = spoken(self.asked, (self.level,) * len(self.asked), start, self.length, self.gap)
        later = asked[-1][0] + self.length + self.wait
        answered = spoken(self.answered, (self.level,) * len(self.answered), later, self.length, self.gap)
        turns = (asked, answered) if self.first == "left" else (answered, asked)
        return tuple(
            Utterance(body=puppet.jaw_name, speaker=voice, syllables=said, point=puppet.mouth)
            for puppet, voice, said in zip(self.puppets(), (self.voice_left, self.voice_right), turns, strict=True)
        )

    def claims(self) -> tuple[Claim, ...]:
        """Two jaws of their colours, who is first, and voices."""
        order = ("first", "second") if self.first == "left" else ("second", "first")
        begins = [one.syllables[0][0] for one in self.utterances()]
        return (
            Claim(kind="colour", value=self.colour_left, body=0),
            Claim(kind="colour", value=self.colour_right, body=1),
            Claim(kind="count", value="2", words=("two wooden puppets",)),
            Claim(kind="order", value=order[0], body=0, words=(f"the {self.first} one",)),
            Claim(kind="order", value=order[1], body=1, words=("answers",)),
            *(Claim(kind="event", value="speaks", body=k, time=at, words=("says", "answers")) for k, at in enumerate(begins)),
            Claim(kind="sound", value="voice", words=("voice",)),
        )

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        sides = {"left": (self.colour_left, self.voice_left), "right": (self.colour_right, self.voice_right)}
        one, other = self.first, "right" if self.first == "left" else "left"
        (colour, voice), (colour2, voice2) = sides[one], sides[other]
        voice, voice2 = VOICES[voice].words, VOICES[voice2].words
        ask, answer = (", ".join(SPELT[v] for v in vowels) for vowels in (self.asked, self.answered))
        begins = [one_.syllables[0][0] - self.delay for one_ in self.utterances()]
        first, second = sorted(begins)
        wait = f"{self.wait:.1f} s later"
        return Account(
            short=f'Of two wooden puppets face to face, the {one} one, with a {colour} jaw, says "{ask}" in {voice}; {wait} '
            f'the {other} one, with a {colour2} jaw, answers "{answer}" in {voice2}.',
            detailed=f"Two wooden puppets on posts look at each other, seen from the side; the {self.colour_left} jaw belongs to "
            f"the puppet on the left and the {self.colour_right} jaw to that on the right. "
            f'First the {one} one says "{ask}" in {voice}; {wait} the other answers "{answer}" in {voice2}. '
            "Only the jaw of the one that speaks opens, as wide as its voice is loud.",
            paraphrases=(
                f'Two wooden puppets take turns: first the {one} one moves its {colour} jaw and says "{ask}" in {voice}, '
                f'and {wait} the {other} one answers "{answer}" in {voice2} with its {colour2} jaw.',
                f'A dialogue of two wooden puppets. In {voice} the {one} one, whose jaw is {colour}, says "{ask}"; {wait}, '
                f'in {voice2}, the {other} one, whose jaw is {colour2}, answers "{answer}".',
            ),
            beats=((first, f'the {one} one says "{ask}" in {voice}'), (second, f'the {other} one answers "{answer}" in {voice2}')),
            heard=(f"{voice} from the {one}", f"then {voice2} from the {other}"),
            unheard=("no music", "no third voice"),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Who is first, how long the answer is, and how long the other one waits."""
        three = (self.answered + "aoe")[:3]
        return {
            "order": tuple(replace(self, first=side) for side in ("left", "right")),
            "answer": tuple(replace(self, answered=three[:n]) for n in (1, 2, 3)),
            "wait": tuple(replace(self, wait=wait) for wait in (0.2, 0.4, 0.6)),
        }
