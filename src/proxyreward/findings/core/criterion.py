"""Criteria as data: the comparisons that decide a claim, as the registry writes them.

In: lines such as ``"Spearman under best-of-n > 0 correlation"``. Out: frozen comparisons, in groups
all of which must hold; of a group with several one is enough. Called by the registry.

A line is the name of a quantity, a sign, a threshold and, where a difference can be too small to
matter, its unit: `units.yaml` says what is too small. ``>`` and ``<`` are strict; ``>=`` and ``<=``
allow equality, with a unit also what is worse by less than matters; ``~`` asks that the quantity
differs from the threshold by less than matters. In a name ``*`` stands for any text, so that a line
speaks of all quantities of such a name.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LINE = re.compile(
    r"(?P<name>\S.*?) (?P<sign>>=|<=|>|<|~) (?P<threshold>-?\d[\d.e-]*)(?: (?P<unit>\w+))?"
)
ANY = "any"
SAID = {"<=": "≤", ">=": "≥"}


@dataclass(frozen=True)
class Comparison:
    """A quantity against a threshold; `margin` is the largest difference that does not matter.

    In a share of `least` of all replicates the quantity itself has to be on the right side.
    """

    name: str
    sign: str
    threshold: float
    unit: str = ""
    least: float = 0.0

    @property
    def margin(self) -> float | None:
        """Margin of the unit, in the quantity's own scale; None without a unit."""
        return units()[self.unit]["margin"] if self.unit else None

    def matching(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the comparison speaks of, in their order."""
        pattern = ".+".join(map(re.escape, self.name.split("*")))
        return [name for name in names if re.fullmatch(pattern, name)]

    @property
    def rule(self) -> str:
        """Sign, threshold and margin in words."""
        told = rule(self.sign, self.threshold, self.margin)
        return f"{told}, in {self.least:.0%} of the replicates" if self.least else told

    def __str__(self) -> str:
        """Plain words."""
        return f"{self.name.replace('*', 'each')} {self.rule}"


@dataclass(frozen=True)
class Group:
    """Comparisons all of which must hold, or of which one is enough."""

    comparisons: tuple[Comparison, ...]
    one_is_enough: bool = False

    def __str__(self) -> str:
        """Plain words."""
        text = " or ".join(map(str, self.comparisons))
        return f"one of: {text}" if self.one_is_enough else text


def rule(sign: str, threshold: float, margin: float | None) -> str:
    """A comparison in words.

    >>> rule("<=", 0, None), rule(">", 0, 0.01), rule("~", 1, 0.01)
    ('≤ 0', '> 0 (no difference within 0.01)', 'within 0.01 of 1')
    >>> rule(">=", 0, 0.01)
    '≥ 0 (or worse by less than 0.01)'
    """
    if sign == "~":
        return f"within {margin:g} of {threshold:g}"
    told = f"{SAID.get(sign, sign)} {threshold:g}"
    if margin is None:
        return told
    allowed = "or worse by less than" if "=" in sign else "no difference within"
    return f"{told} ({allowed} {margin:g})"


def parse(lines: Any) -> tuple[Group, ...]:
    """Read the groups of a criterion.

    Parameters
    ----------
    lines
        A list: each entry a line, or ``{any: [lines]}`` of which one is enough.

    Raises
    ------
    ValueError
        An entry is neither, a line is not readable, or its unit is unknown or lacks.
    """
    if not isinstance(lines, list) or not lines:
        raise ValueError(f"a criterion must be a list of comparisons, got {lines!r}")
    return tuple(_group(entry) for entry in lines)


def words(groups: Iterable[Group]) -> str:
    """The criterion in one line."""
    return "; ".join(map(str, groups))


@functools.cache
def units() -> Mapping[str, Mapping[str, Any]]:
    """Units of quantities: the smallest difference of interest of each, and the reason."""
    import yaml

    source = files("proxyreward.findings.core").joinpath("units.yaml")
    return yaml.safe_load(source.read_text(encoding="utf-8"))


def _group(entry: Any) -> Group:
    if isinstance(entry, str):
        return Group((_comparison(entry),))
    if not isinstance(entry, Mapping) or list(entry) != [ANY] or not isinstance(entry[ANY], list):
        raise ValueError(f"{entry!r} is neither a comparison nor {{any: [comparisons]}}")
    return Group(tuple(map(_comparison, entry[ANY])), one_is_enough=True)


def _comparison(line: Any) -> Comparison:
    found = LINE.fullmatch(line) if isinstance(line, str) else None
    if found is None:
        raise ValueError(f"{line!r} is no comparison such as 'gap > 0' or 'gap ~ 0 accuracy'")
    name, sign, threshold, unit = found.groups("")
    if unit and unit not in units():
        raise ValueError(f"{line!r}: unit {unit!r} is none of {', '.join(units())}")
    if sign == "~" and not unit:
        raise ValueError(f"{line!r}: what is near needs a unit, one of {', '.join(units())}")
    return Comparison(name, sign, float(threshold), unit)
