"""Rules of the parameters: a test, and the words "must …" that a message says where it fails.

In: values of the right type.  Out: pairs for :func:`proxyreward.pipeline.typed.knob`.  Every number
has an upper bound, so that a slip of the finger is an error and not a run without end.
"""

import re
from collections.abc import Callable
from typing import Any

Rule = tuple[Callable[[Any], bool], str]

MOST = 1_000_000
# What a reader of tables or YAML may take for a number, a truth value or nothing at all, and the
# words under which tables keep what belongs to no single source.
RESERVED = (
    *("na", "n-a", "nan", "none", "null", "inf", "infinity"),
    *("true", "false", "yes", "no", "on", "off", "y", "n"),
    *("all", "mean"),
)


def within(low: float, high: float = MOST) -> Rule:
    """A number from `low` to `high`, both included."""
    return lambda value: low <= value <= high, f"must lie in [{low}, {high}]"


def above_zero(high: float = MOST) -> Rule:
    """A number greater than 0, `high` at most."""
    return lambda value: 0 < value <= high, f"must be greater than 0 and at most {high}"


def rising(first: Rule, most: int = 100) -> Rule:
    """A list of at most `most` numbers, each greater than the one before and true to `first`."""
    return (
        lambda values: (
            len(values) <= most
            and all(map(first[0], values))
            and list(values) == sorted(set(values))
        ),
        f"must be a rising list of at most {most} numbers; each {first[1]}",
    )


COUNT = within(1)
COUNT_OR_NONE = within(0)
AT_LEAST_TWO = within(2)
FEW = within(1, 1000)  # passes over data, layers, heads
FEW_OR_NONE = within(0, 1000)
WIDTH = within(2, 65_536)
VOCABULARY = within(260)  # the 256 bytes and the special tokens
WORKERS = within(1, 4096)
SEED = within(0, 2**31 - 1)
RATE = above_zero(100)  # learning rates
AMOUNT = above_zero()
AMOUNT_OR_NONE = within(0)
UNIT = within(0, 1)
SHARE = (lambda value: 0 <= value < 1, "must lie in [0, 1)")
FOLDS = (
    lambda folds: folds == 0 or 2 <= folds <= 1000,
    "must be 0 (no folds), or lie in [2, 1000]",
)
_FLIP = (lambda rate: 0 <= rate < 0.5, "must lie in [0, 0.5)")
_FLIPS = rising(_FLIP)
FLIPS = (lambda rates: bool(rates) and _FLIPS[0](rates), f"{_FLIPS[1]}; one at least")
PENALTIES = rising(AMOUNT_OR_NONE)
CONFLICTS = rising(SHARE)


def is_size(base: str) -> bool:
    """Whether a base is a size to build from scratch, rather than a pretrained model's name."""
    return re.fullmatch(r"[0-9]+x[0-9]+x[0-9]+", base) is not None


def _is_shape(text: str) -> bool:
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,4})x([0-9]{1,4})", text)
    width, layers, heads = map(int, found.groups()) if found else (0, 0, 0)
    sizes = WIDTH[0](width) and FEW[0](layers) and FEW[0](heads)
    return sizes and width % (2 * heads) == 0


def _is_base(text: str) -> bool:
    named = bool(text.strip()) and text != "scratch" and not is_size(text)
    return named or _is_shape(text)


SHAPE = (
    _is_shape,
    "must be width x layers x heads, such as 64x2x4: a width that is a multiple of 2 x heads, "
    f"{WIDTH[1].removeprefix('must ')}, and layers and heads that {FEW[1].removeprefix('must ')}",
)
SHAPES = (
    lambda texts: (
        len(texts) <= 100 and all(map(_is_shape, texts)) and len(set(texts)) == len(texts)
    ),
    f"must list at most 100 different shapes; each {SHAPE[1]}",
)
BASE = (
    lambda text: bool(text.strip()) and not is_size(text),
    "must be 'scratch' or the name or folder of a pretrained model (sizes are model.hidden_size, "
    "model.layers and model.heads)",
)
BASES = (
    lambda names: (
        0 < len(names) <= 100 and len(set(names)) == len(names) and all(map(_is_base, names))
    ),
    "must list different bases, the smallest first; each the name of a pretrained model, or "
    "width x layers x heads such as 64x2x4, with a width that is a multiple of 2 x heads",
)
ORIGINS = (lambda origins: len(origins) <= 100, "must list at most 100 sources")
TEXT = (lambda text: bool(text.strip()), "must not be empty")
NAME = (
    lambda name: re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name) is not None and name not in RESERVED,
    "must begin with a lower-case letter, then lower-case letters, digits and dashes, 40 at most, "
    f"and be none of {', '.join(RESERVED)}: it names folders and stands in tables",
)
