"""Best-of-n curves as drawings: what the template prints as inline SVG.

In: the curves of the models against one golden model. Out: panels with paths, in units of the
drawing, and a sentence each that says what they show.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np

from proxyreward.evaluation.report import text
from proxyreward.evaluation.report.tables import ordered
from proxyreward.evaluation.report.ticks import labels, ticks
from proxyreward.evaluation.result import Curve, Golden
from proxyreward.metrics.estimates import Interval

WIDTH, HEIGHT = 320, 202
LEFT, RIGHT, TOP, BOTTOM = 50, 305, 20, 158  # of the axes
POINTS = 48  # that are drawn of a curve, evenly over KL
APART = 38  # least distance of labels on the horizontal axis


@dataclass(frozen=True)
class Line:
    """A path, with the band of its intervals (an empty path where they are not known)."""

    kind: str
    path: str
    band: str = ""


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    title
        What the vertical axis shows.
    told
        The same in a sentence, for who does not see it.
    lines
        What is drawn.
    across
        Place, KL and n of each tick of the horizontal axis.
    up
        Place and text of each tick of the vertical axis.
    peak
        Place of the highest golden reward, or None.
    """

    title: str
    told: str
    lines: tuple[Line, ...]
    across: tuple[tuple[float, str, str], ...]
    up: tuple[tuple[float, str], ...]
    peak: tuple[float, float] | None = None


@dataclass(frozen=True)
class Figure:
    """Golden reward beside own reward of one model."""

    name: str
    golden: Panel
    own: Panel


@dataclass(frozen=True)
class Figures:
    """A figure a model; the golden curves of the null scorers lie behind each of them."""

    nulls: tuple[Line, ...]
    models: tuple[Figure, ...]
    without: tuple[str, ...]


@dataclass(frozen=True)
class _Axes:
    """The largest KL across, and rewards from low to high."""

    kl: float
    low: float
    high: float

    def y(self, reward: np.ndarray | float) -> np.ndarray:
        span = self.high - self.low
        return BOTTOM - (BOTTOM - TOP) * (np.asarray(reward) - self.low) / span

    @cached_property
    def up(self) -> tuple[tuple[float, str], ...]:
        values = ticks(self.low, self.high)
        return tuple(zip(self.y(values).tolist(), labels(values)))


def figures(golden: Golden) -> Figures:
    """Curves of all models against one golden model; their golden panels share both axes."""
    models = [model for model in ordered(golden) if model.curve is not None]
    without = tuple(model.name for model in golden.models if model.curve is None)
    if not models:
        return Figures((), (), without)
    curves = [model.curve for model in models]
    lines = [(_parts(curve.golden), _parts(curve.best)) for curve in curves]
    axes = _axes(max(curve.kl[-1] for curve in curves), list(chain.from_iterable(lines)))
    nulls, drawn = [], []
    for model, curve, (reached, best) in zip(models, curves, lines):
        if model.null:
            nulls.append(_line("null", curve.kl, reached, axes))
        else:
            own = _own(curve.n, curve.kl, curve.own)
            drawn.append(Figure(model.name, _golden(curve, reached, best, axes), own))
    return Figures(tuple(nulls), tuple(drawn), without)


def _golden(curve: Curve, reached: np.ndarray, best: np.ndarray, axes: _Axes) -> Panel:
    top = int(np.nanargmax(reached[:, 0]))
    lines = (_line("best", curve.kl, best, axes), _line("golden", curve.kl, reached, axes))
    peak = _x(curve.kl[top], axes.kl), float(axes.y(reached[top, 0]))
    told = f"Golden reward {_told(curve.n, reached, top)}"
    return Panel("Golden reward", told, lines, _scale(curve.n, curve.kl, axes.kl), axes.up, peak)


@lru_cache(256)  # most often it is the same against each golden model
def _own(n: tuple[int, ...], kl: tuple[float, ...], own: tuple[Interval, ...]) -> Panel:
    line = _parts(own)
    axes = _axes(kl[-1], [line])
    told = f"Own reward {_told(n, line, len(n) - 1)}"
    lines = (_line("own", kl, line, axes),)
    return Panel("Own reward", told, lines, _scale(n, kl, axes.kl), axes.up)


def _told(n: Sequence[int], line: np.ndarray, best: int) -> str:
    start, highest, end = (text.number(line[place, 0]) for place in (0, best, -1))
    between = f"is highest, {highest}, at n = {n[best]}, and "
    last = len(n) - 1
    return f"is {start} at n = 1, {between if best < last else ''}is {end} at n = {n[-1]}."


def _axes(kl: float, lines: Sequence[np.ndarray]) -> _Axes:
    values = np.concatenate(lines)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return _Axes(kl, low - margin, high + margin)


def _parts(line: Sequence[Interval]) -> np.ndarray:
    """Estimates and ends of a line, shape (points, 3)."""
    return np.fromiter(chain.from_iterable(line), float).reshape(-1, 3)


def _line(kind: str, kl: tuple[float, ...], line: np.ndarray, axes: _Axes) -> Line:
    kept, points = _across(kl, axes.kl)
    estimate, low, high = places = axes.y(line[kept].T)
    if kind in ("null", "best") or not np.isfinite(places[1:]).all():
        return Line(kind, _path(points, estimate))
    band = _path(points + points[::-1], np.concatenate([low, high[::-1]]))
    return Line(kind, _path(points, estimate), f"{band}Z")


@lru_cache
def _across(kl: tuple[float, ...], most: float) -> tuple[np.ndarray, list[str]]:
    """Points that are drawn, evenly over KL, both ends among them: numbers, and x beside a y."""
    near = np.searchsorted(kl, np.linspace(kl[0], kl[-1], POINTS))
    kept = np.unique(near.clip(0, len(kl) - 1))
    return kept, [f"{_x(kl[point], most):.1f} %.1f" for point in kept]


def _x(kl: float, most: float) -> float:
    return LEFT + (RIGHT - LEFT) * kl / (most or 1.0)


def _path(points: Sequence[str], y: np.ndarray) -> str:
    """Straight lines through the points; interrupted where one is not known."""
    gaps = np.flatnonzero(~np.isfinite(y))
    runs = zip([0, *gaps + 1], [*gaps, len(y)])
    lines = (("L".join(points[start:end]), y[start:end]) for start, end in runs if start < end)
    return "".join(f"M{line}" % tuple(known.tolist()) for line, known in lines)


@lru_cache
def _scale(
    n: tuple[int, ...], kl: tuple[float, ...], most: float
) -> tuple[tuple[float, str, str], ...]:
    """Ticks of the horizontal axis: powers of two that are apart, and both ends."""
    last = n[-1]
    powers = [2**power for power in range(1, int(math.log2(last)) + 1)]
    places = {one: _x(kl[one - 1], most) for one in (1, *powers, last)}
    shown = [1]
    for one in powers:
        if min(abs(places[one] - places[other]) for other in (shown[-1], last)) >= APART:
            shown.append(one)
    shown += [last] if last > 1 else []
    return tuple((places[one], f"{kl[one - 1]:.2g}", str(one)) for one in shown)
