"""Frechet distances by networks from outside, under the names that papers give them: legacy columns, never the headline.

Each is "not run" where the suite names no weights for its network (see ``backbones.py``); a suite that lists no metrics leaves it out then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kinema.metrics.distribution_metrics import FARTHEST, compared, frechet_of
from kinema.metrics.features import BACKBONES
from kinema.metrics.metric import Sample, Scored, Unscored, set_metric

__all__ = ["METRICS_OUTSIDE"]

SAYS = {
    "i3d": "pictures and motions, by I3D trained on Kinetics: the Frechet video distance of Unterthiner et al. 2018 (arXiv:1812.01717)",
    "videomae": "pictures and motions, by VideoMAE (arXiv:2203.12602)",
    "vjepa2": "pictures and motions, by V-JEPA 2 (arXiv:2506.09985)",
    "clip": "single pictures, by CLIP (arXiv:2103.00020)",
    "vggish": "sounds, by VGGish: the Frechet audio distance of Kilgour et al. 2019 (arXiv:1812.08466)",
    "panns": "sounds, by PANNs CNN14 (arXiv:1912.10211)",
    "clap": "sounds, by LAION-CLAP (arXiv:2211.06687)",
}
DOC = """How far the clips' {what}.

Returns:
    0 for the same mean and covariance. ``Unscored`` below 40 clips, and "not run" where no weights were given.

Example:
    >>> METRICS_OUTSIDE[{name!r}]([], []).reason
    'a set metric needs 40 clips of 40 scenes, and 0 are there'
"""


def _made(name: str) -> Callable[[Sequence[Sample], Sequence[Sample]], Scored | Unscored]:
    def distance(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
        return compared(shown, true, (name,), frechet_of, MOST)

    what, _, source = SAYS[name].partition(", by ")
    distance.__doc__ = DOC.format(what=f"{what} lie from the truth's, by {source.split(':')[0].split(' (')[0]}", name=name)
    register = set_metric(
        f"realism/frechet_{name}", version=1, unit="-", better="lower", best=0.0, worst=MOST, needs=("features", f"features:{name}"),
        source=source, formula="|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^0.5)", legacy=True,
        blind=("In at most as many dimensions as half the clips, the truth's main ones: published values use all, and far more clips.",),
    )  # fmt: skip
    return register(distance)


MOST = FARTHEST * 1000  # their components have any size
METRICS_OUTSIDE = {name: _made(name) for name in BACKBONES}
