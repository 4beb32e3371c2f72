"""Does it look like a film? Numbers about the picture alone; what moves how is not asked here."""

from __future__ import annotations

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["banding", "flicker", "noise", "sharpness", "warping"]

MOST_FLICKER = 10.0  # % of full scale from frame to frame; more is noise, not a film
MOST_NOISE = 20.0  # % of full scale from frame to frame
EVEN = 1.75  # -, below it levels are used as evenly as in pictures without bands: good ones have 1.4 to 1.6, blurred ones up to 1.75
MOST_BANDS = 10.0  # -
MOST_WARPING = 20.0  # % of full scale
WIDEST_EDGE = 20.0  # % of the picture's height, about the diameter of the bodies that the scenes show


@metric(
    "realism/flicker", version=1, unit="%", better="lower", best=0.0, worst=MOST_FLICKER, needs=("picture",),
    source="change of the grey level of still patches from frame to frame; median over patches",
    formula="68th percentile over frames of |change of a patch's mean grey|, median over patches", own=("flicker",),
    coupled={"noise": "the mean of a patch of noise changes a little too"},
    blind=("Slow pumping over many frames.", "Flicker of a moving thing alone."),
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
    formula="median over outlines of 0.8 * step / steepest slope, over the picture's height", own=("blur", "downscale"),
    coupled={"compression": "strong compression softens outlines", "shape_swap": "a box has other outlines than a ball",
             "spin": "another side of a body has other outlines", "colour_swap": "outlines are seen where colours differ"},
    blind=("Fine texture that is lost while outlines stay crisp.",),
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


@metric(
    "realism/noise", version=1, unit="%", better="lower", best=0.0, worst=MOST_NOISE, needs=("picture",), scaled=False,
    source="change of single still pixels from frame to frame",
    formula="68th percentile over frames of |change of a pixel's grey|, median over pixels", own=("noise",),
    coupled={"flicker": "where the whole picture is lighter, so is every pixel"},
    blind=("Grain that stands still.", "Less noise than the truth has is no better a film: printed raw, in no axis."),
)  # fmt: skip
def noise(seen: Observation, case: Case) -> Scored | Unscored:
    """How much single pixels that stand still change from frame to frame, in % of full scale.

    Returns:
        0 for a picture without noise, at most 20. ``Unscored`` where there is no picture.

    Example:
        >>> noise(Observation(picture={"noise": 1.5}), Case.outside("a ball bounces")).value
        1.5
    """
    value = seen.picture.get("noise")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(value=min(MOST_NOISE, value), why=f"Still pixels change by {value:.2f} % of full scale per frame.")


@metric(
    "realism/banding", version=1, unit="-", better="lower", best=0.0, worst=MOST_BANDS, needs=("picture",), scaled=False,
    source="the comb that rounding leaves in the histogram of gentle slopes",
    formula="max(0, exp(H(smoothed histogram)) / exp(H(histogram)) - 1.75)", own=("banding",),
    coupled={"style_swap": "a cartoon has few levels by nature"},
    blind=("Bands under noise, which fills the comb.", "Pictures without gentle slopes: nothing is found in them."),
)  # fmt: skip
def banding(seen: Observation, case: Case) -> Scored | Unscored:
    """How much coarser the levels of gentle slopes are than those of a smooth picture.

    Returns:
        0 where there are no bands, at most 10. ``Unscored`` where there is no picture.

    Example:
        >>> banding(Observation(picture={"banding": 4.0}), Case.outside("a ball bounces")).value
        2.25
    """
    value = seen.picture.get("banding")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(
        value=min(MOST_BANDS, max(0.0, value - EVEN)),
        why=f"Gentle slopes use {max(value, 1):.2f} times fewer levels than if they were even; up to {EVEN} is no banding.",
    )


@metric(
    "realism/warping", version=1, unit="%", better="lower", best=0.0, worst=MOST_WARPING, needs=("picture",), scaled=False, legacy=True,
    source="Lai et al. 2018 (arXiv:1808.00449), E_warp, with DIS flow in place of a network's; EvalCrafter has it too",
    formula="median over pairs of frames of mean |I_t - warp(I_t+1)|, the worst tenth of the pixels left out as occluded",
    own=("flicker", "noise"),
    blind=(
        "A frozen picture is perfect.", "Blur and strong compression improve it.",
        "Light that changes and noise move it more than pictures that wobble: it is printed for comparison with others.",
    ),
)  # fmt: skip
def warping(seen: Observation, case: Case) -> Scored | Unscored:
    """What is left of a frame once the next one is moved back onto it along the flow, in % of full scale.

    Returns:
        0 where every change is a motion, at most 20. ``Unscored`` where there is no picture.

    Example:
        >>> warping(Observation(picture={"warping": 0.5}), Case.outside("a ball bounces")).value
        0.5
    """
    value = seen.picture.get("warping")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(value=min(MOST_WARPING, value), why=f"Frames differ from their warped neighbours by {value:.2f} % of full scale.")
