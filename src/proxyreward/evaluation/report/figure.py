"""Best-of-n curves as drawings: what the template prints as inline SVG.

In: the curves of the models against one golden model. Out: panels with paths, in units of the
drawing, and a sentence each that says what they show.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from proxyreward.evaluation.report import text
from proxyreward.evaluation.report.tables import ordered
from proxyreward.evaluation.result import Curve, Golden
from proxyreward.metrics.estimates import Interval

WIDTH, HEIGHT = 320, 202
LEFT, RIGHT, TOP, BOTTOM = 50, 305, 20, 158  # of the axes
POINTS = 48  # that are drawn of a curve, evenly over KL
MOST_DIGITS = 12  # after the point, of a label on the vertical axis
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
    """Maps KL and reward to places of the drawing."""

    kl: float
    low: float
    high: float

    def x(self, kl: np.ndarray | float) -> np.ndarray:
        return LEFT + (RIGHT - LEFT) * np.asarray(kl) / (self.kl or 1.0)

    def y(self, reward: np.ndarray | float) -> np.ndarray:
        span = self.high - self.low
        return BOTTOM - (BOTTOM - TOP) * (np.asarray(reward) - self.low) / span

    def ticks(self) -> tuple[tuple[float, str], ...]:
        from matplotlib.ticker import MaxNLocator

        values = MaxNLocator(4).tick_values(self.low, self.high)
        inside = [float(one) for one in values if self.low <= one <= self.high]
        return tuple(zip(self.y(inside).tolist(), _labels(inside)))


def figures(golden: Golden) -> Figures:
    """Curves of all models against one golden model; their golden panels share both axes."""
    models = [model for model in ordered(golden) if model.curve is not None]
    curves = [model.curve for model in models]
    if not curves:
        return Figures((), (), tuple(model.name for model in golden.models))
    kl = max(curve.kl[-1] for curve in curves)
    shared = _axes(kl, [line for curve in curves for line in (curve.golden, curve.best)])
    nulls = tuple(_line("null", m.curve, m.curve.golden, shared) for m in models if m.null)
    drawn = (Figure(m.name, _golden(m.curve, shared), _own(m.curve)) for m in models if not m.null)
    without = tuple(model.name for model in golden.models if model.curve is None)
    return Figures(nulls, tuple(drawn), without)


def _golden(curve: Curve, axes: _Axes) -> Panel:
    best = int(np.nanargmax([point.estimate for point in curve.golden]))
    lines = (_line("best", curve, curve.best, axes), _line("golden", curve, curve.golden, axes))
    peak = float(axes.x(curve.kl[best])), float(axes.y(curve.golden[best].estimate))
    told = f"Golden reward {_told(curve, curve.golden, best)}"
    return Panel("Golden reward", told, lines, _across(curve, axes), axes.ticks(), peak)


def _own(curve: Curve) -> Panel:
    axes = _axes(curve.kl[-1], [curve.own])
    told = f"Own reward {_told(curve, curve.own, len(curve.n) - 1)}"
    lines = (_line("own", curve, curve.own, axes),)
    return Panel("Own reward", told, lines, _across(curve, axes), axes.ticks())


def _told(curve: Curve, line: Sequence[Interval], best: int) -> str:
    start, end = text.number(line[0].estimate), text.number(line[-1].estimate)
    between = f"is highest, {text.number(line[best].estimate)}, at n = {curve.n[best]}, and "
    last = len(curve.n) - 1
    return f"is {start} at n = 1, {between if best < last else ''}is {end} at n = {curve.n[-1]}."


def _axes(kl: float, lines: Iterable[Sequence[Interval]]) -> _Axes:
    values = np.array([part for line in lines for point in line for part in point], dtype=float)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return _Axes(kl, low - margin, high + margin)


def _line(kind: str, curve: Curve, line: Sequence[Interval], axes: _Axes) -> Line:
    kept = _kept(np.array(curve.kl))
    x = axes.x(np.array(curve.kl)[kept])
    estimate, low, high = (axes.y(part) for part in np.array(line, dtype=float)[kept].T)
    if kind in ("null", "best") or not np.isfinite([low, high]).all():
        return Line(kind, _path(x, estimate))
    band = _path(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]))
    return Line(kind, _path(x, estimate), f"{band}Z")


def _kept(kl: np.ndarray) -> np.ndarray:
    """Numbers of the points that are drawn: evenly over KL, the first and the last among them."""
    return np.unique(np.searchsorted(kl, np.linspace(kl[0], kl[-1], POINTS)).clip(0, len(kl) - 1))


def _path(x: np.ndarray, y: np.ndarray) -> str:
    """Straight lines through the points; interrupted where one is not known."""
    parts, open_ = [], False
    for across, up in zip(x, y):
        known = math.isfinite(up)
        if known:
            parts.append(f"{'L' if open_ else 'M'}{across:.1f} {up:.1f}")
        open_ = known
    return "".join(parts)


def _across(curve: Curve, axes: _Axes) -> tuple[tuple[float, str, str], ...]:
    last = curve.n[-1]
    powers = [2**power for power in range(1, int(math.log2(last)) + 1)]
    places = {n: float(axes.x(curve.kl[n - 1])) for n in (1, *powers, last)}
    shown = [1]
    for n in powers:
        if min(abs(places[n] - places[other]) for other in (shown[-1], last)) >= APART:
            shown.append(n)
    shown += [last] if last > 1 else []
    return tuple((places[n], f"{curve.kl[n - 1]:.2g}", str(n)) for n in shown)


def _labels(values: Sequence[float]) -> list[str]:
    """Ticks of an axis, as decimals or as powers of ten: what is shorter, and decimals if equal."""
    both = (_shown(values, kind) for kind in "fe")
    return min(both, key=lambda labels: max(map(len, labels), default=0))


def _shown(values: Sequence[float], kind: str) -> list[str]:
    """With the fewest digits after the point that tell them apart."""
    near = 0.01 * min(np.diff(values), default=1.0)
    for digits in range(MOST_DIGITS + 1):
        found = [f"{value:.{digits}{kind}}" if value else "0" for value in values]
        if np.allclose([float(one) for one in found], values, rtol=0, atol=near):
            break
    short = [re.sub(r"e([-+])0*", r"e\1", one).replace("e+", "e") for one in found]
    return [one.replace("-", text.MINUS) for one in short]
