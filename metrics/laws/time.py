"""The arrow of time: does the clip fit the truth forwards, or backwards?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.align import NoFit, backwards, lawful, symmetry
from kinema.metrics.laws.matched import moves_little, no_truth
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.untangle import untangled

if TYPE_CHECKING:
    from kinema.metrics.observation import Observation

__all__ = ["time_direction"]

LIKE, LIKE_BY_LAW = 0.5, 0.25  # rms of the truth against itself backwards; less is motion that has no direction of time
SHARP = 6.0  # -, power that makes a verdict of the two residuals
LEAST = 0.03  # rms, of the residuals: less is the tracker's


@metric(
    "dynamics/time_direction", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="friction, drag and impacts lose energy, and things fall down: what is shown backwards fits only backwards",
    formula="B^6 / (A^6 + B^6), A and B the residuals of the best fits of the clip as it is and played backwards",
    own=("reversal",),
    coupled={"constant_velocity": "even motion has no direction of time",
             "hover": "what waits halfway fits less both ways",
             "kick": "what is carried away fits less both ways",
             "shuffled_frames": "frames in any order run neither way"},
    blind=("motion that is much the same backwards, which is Unscored",),
)  # fmt: skip
def time_direction(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether time runs forwards.

    Returns:
        1 where the clip fits the truth far better forwards than backwards, 0.5 where it fits as well both ways, 0 where it runs
        backwards. ``Unscored`` without truth and where the truth is much the same backwards.

    Example:
        >>> time_direction(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case) or moves_little(case):
        return Unscored(reason=reason)
    if "period" in case.laws:
        return Unscored(reason="a swing has no direction of time")
    alike = symmetry(case)
    if alike < (LIKE_BY_LAW if "arrow_of_time" in case.laws else LIKE):
        return Unscored(reason=f"the motion is much the same backwards (residual {alike:.2f})")
    seen = untangled(seen)
    forth, back = lawful(seen, case), backwards(seen, case)
    if isinstance(forth, NoFit) or isinstance(back, NoFit):
        return Scored(value=0.5, why="No body is followed, so nothing says which way time runs.")
    a, b = (float(np.clip(one.rms, LEAST, 1.0)) for one in (forth, back))
    value = float(b**SHARP / (a**SHARP + b**SHARP))
    return Scored(
        value=value, why=f"Forwards {a:.0%} of the motion is left unexplained, backwards {b:.0%}.", details={"forwards": a, "backwards": b}
    )
