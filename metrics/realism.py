"""Does it look like a film? Numbers about the picture alone; what moves how is not asked here."""

from __future__ import annotations

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["flicker", "sharpness"]

MOST_FLICKER = 10.0  # % of full scale from frame to frame; more is noise, not a film
WIDEST_EDGE = 20.0  # % of the picture's height, about the diameter of the bodies that the scenes show


@metric(
    "realism/flicker", version=1, unit="%", better="lower", best=0.0, worst=MOST_FLICKER, needs=("picture",),
    source="change of the grey level of still patches from frame to frame; median over patches",
)  # fmt: skip
def flicker(seen: Observation, case: Case) -> Scored | Unscored:
    """How much what stands still changes from frame to frame, in % of full scale.

    Returns:
        0 for a background that does not change, at most 10. ``Unscored`` where there is no picture.

    Example:
        >>> flicker(Observation(picture={"flicker": 0.5}), Case.outside("a ball bounces")).value
        0.5
    """
    value = seen.picture.get("flicker")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(value=min(MOST_FLICKER, value), why=f"Still parts change by {value:.2f} % of full scale per frame.")


@metric(
    "realism/sharpness", version=1, unit="% of height", better="lower", best=0.0, worst=WIDEST_EDGE, needs=("picture",),
    source="width over which the outlines of what is seen rise from 10 to 90 %",
)  # fmt: skip
def sharpness(seen: Observation, case: Case) -> Scored | Unscored:
    """How wide the edges are, in % of the picture's height: the lower, the sharper.

    Returns:
        0 for edges without width, at most 20. ``Unscored`` where there is no picture.

    Example:
        >>> sharpness(Observation(picture={"sharpness": 1.5}), Case.outside("a ball bounces")).value
        1.5
    """
    value = seen.picture.get("sharpness")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(value=min(WIDEST_EDGE, value), why=f"Outlines take {value:.2f} % of the picture's height to rise.")
