"""What a generator is asked for, and what the prompt asserts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip

__all__ = ["Claim", "Mode", "Request"]

Mode = Literal["t2v", "i2v", "v2v", "v2a", "a2v"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt and the size, rate and length of the clip wanted. It carries no scene and no truth.

    Example:
        >>> Request(prompt="a red ball falls", seconds=2.0, width=128, height=128, fps=24.0, seed=3).frame_count
        48
    """

    prompt: str
    mode: Mode = "t2v"
    seconds: float = 2.0
    width: int = 128
    height: int = 128
    fps: float = 24.0
    seed: int = 0
    conditioning: Clip | None = None

    @property
    def frame_count(self) -> int:
        """How many frames fill ``seconds``; frame ``i`` shows the moment ``i / fps``."""
        return round(self.seconds * self.fps)

    def to_json(self) -> dict[str, Any]:
        """The request without its conditioning clip, as JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "conditioning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One checkable statement of the prompt.

    ``kind`` and ``value``:

    - ``"colour"``: a name of ``palette.COLOURS``; ``"shape"``: a word such as "ball"; ``"material"``: a name of ``materials.MATERIALS``
    - ``"count"``: a whole number as text, of all bodies that are subjects
    - ``"direction"``: ``"left"``, ``"right"``, ``"down"`` or ``"up"``: where the body first moves
    - ``"larger"``: the body is the larger (or longer, or higher) one of two that are told apart by size
    - ``"event"``: what happens at ``time`` seconds: "bounce", "collision", "topple", "splash", "comes out"
    - ``"order"``: "first" or "second": which of two bodies is first in what the prompt says
    - ``"stays"``: the body does not fall, tip, slide or pass through
    - ``"sound"``: what is heard: "impact", "rolling", "sliding", "tone", "voice"; ``"silence"``: "all", or what is not heard
    - ``"camera"``, ``"style"``, ``"lighting"``, ``"room"``: names of their tables; ``"timing"``: seconds as text until anything moves

    ``body`` is the index of the body meant, None where the claim is about all of them. ``words`` are ways to say it: one of them must
    stand in every prompt; empty is the usual words of the kind (``scenes/check.py``).
    """

    kind: str
    value: str
    body: int | None = None
    time: float | None = None
    words: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The claim as JSON."""
        return {"kind": self.kind, "value": self.value, "body": self.body} | ({} if self.time is None else {"time": self.time})
