"""The bodies of a truth beside the tracks that show them: what every law looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.align import Fit, NoFit, Path, aligned, lawful, paths_of
from kinema.metrics.metric import Scored
from kinema.metrics.reference import reference_of
from kinema.metrics.untangle import untangled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, Track
    from kinema.metrics.reference import Reference
    from kinema.scenes.truth import Body, Truth

__all__ = ["Match", "Matched", "frames_of", "in_motion", "matched", "moves_little", "no_truth", "sentence", "truth_path", "worst"]

NO_TRUTH = "there is no truth to compare with"
JUST = 0.999  # rms of a fit that just counts
LEAST_SPREAD = 0.015  # of the picture's height, rms of a path about its middle: 2 px of 128, of which a tracker's error is a quarter


@dataclass(frozen=True, eq=False)
class Match:
    """A body of the truth and the track that shows it.

    Attributes:
        index: of the body among the truth's.
        track: as observed.
        path: the same in pixels of the steady picture, right + i * up.
    """

    index: int
    body: Body
    track: Track
    path: Path
    fit: Fit
    reference: Reference

    @cached_property
    def moments(self) -> NDArray[np.float64]:
        """Moments of the truth that the track's frames show."""
        return self.fit.moments(self.path.t)

    @cached_property
    def expected(self) -> NDArray[np.complex128]:
        """Where the truth puts the body in each of the track's frames, pixels of the steady picture."""
        return self.fit.place(self.index, self.reference.at(self.index, self.moments))

    def expected_at(self, moments: NDArray[np.float64]) -> NDArray[np.complex128]:
        """The same at any moments of the truth."""
        return self.fit.place(self.index, self.reference.at(self.index, moments))


@dataclass(frozen=True, eq=False)
class Matched:
    """All bodies that a clip shows, with the fit that says so."""

    seen: Observation
    truth: Truth
    fit: Fit
    bodies: tuple[Match, ...]

    def of(self, name: str) -> Match | None:
        """The match of a body, by its name."""
        return next((match for match in self.bodies if match.body.name == name), None)


def no_truth(case: Case) -> str:
    """Why a case cannot be judged by its truth's motion, "" where it can."""
    return NO_TRUTH if case.truth is None else case.unfollowed


def matched(seen: Observation, case: Case, fit: Fit | NoFit | None = None) -> Matched | str:
    """The bodies beside their tracks, or why that cannot be had: then the clip shows nothing of what the truth does."""
    assert case.truth is not None
    found = aligned(seen, case) if fit is None else fit
    if isinstance(found, NoFit) or found.failed:
        return found.failed
    reference = reference_of(case.truth)
    chosen = [(body, k) for body, k in enumerate(found.tracks) if k is not None]
    paths = paths_of([seen.tracks[k] for _, k in chosen], seen)
    bodies = tuple(
        Match(index=body, body=case.truth.bodies[body], track=seen.tracks[k], path=path, fit=found, reference=reference)
        for (body, k), path in zip(chosen, paths, strict=True)
    )
    return Matched(seen=seen, truth=case.truth, fit=found, bodies=bodies)


def in_motion(seen: Observation, case: Case, *, looks: bool = False, anyhow: bool = False) -> Matched | str:
    """The same for laws that know no left and right and no usual pace; without ``looks`` nor who is who.

    ``anyhow``: also by a fit that explains nothing, for laws that only ask which track is which body.
    """
    seen = untangled(seen)
    fit = lawful(seen, case, looks=looks)
    if anyhow and isinstance(fit, Fit):
        fit = replace(fit, bound="", rms=min(fit.rms, JUST))
    return matched(seen, case, fit)


def moves_little(case: Case) -> str:
    """Why paths cannot be compared: no body leaves its place by more than a tracker errs; "" where one does."""
    assert case.truth is not None
    spread = max((float(np.std(truth_path(case, body))) for body in range(len(case.truth.bodies))), default=0.0)
    return "" if spread >= LEAST_SPREAD * case.truth.camera.view_height else "no body leaves its place by more than a tracker errs"


def frames_of(case: Case) -> NDArray[np.float64]:
    """Moments of the frames that were asked for, s."""
    return np.arange(case.request.frame_count) / case.request.fps


def truth_path(case: Case, body: int) -> NDArray[np.complex128]:
    """A body's path as a clip of the truth itself shows it: metres, right + i * up, at ``frames_of(case)``."""
    assert case.truth is not None
    return reference_of(case.truth).at(body, frames_of(case))


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return text[0].upper() + text[1:] + "."


def worst(value: float, why: str) -> Scored:
    """The worst bound: the truth shows what is asked about and the clip does not."""
    return Scored(value=value, why=sentence(why))
