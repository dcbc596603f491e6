"""Tables of a report: cells with what they are sorted by and why something is missing.

In: what an evaluation found against a golden model. Out: tables that a template prints as they are.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import NamedTuple

from proxyreward.evaluation.report import text
from proxyreward.evaluation.report.words import word
from proxyreward.evaluation.result import Difference, Evaluation, Golden, Model
from proxyreward.metrics.estimates import Interval

LEAD = ("accuracy", "ndr", "gamma", "peak")
CURVED = ("ndr", "gamma", "peak")
NO_HALVES = "it takes pairs in two halves of the prompts"
NO_TEMPERATURE = "no temperature is best: guessing would be better than any, or no pair is wrong"
COUNTED = "in brackets, how many prompts count, where not all do: it is undefined on the others"
NO_CURVE = "no prompt has two responses that both have scored"


class Cell(NamedTuple):
    """One cell.

    Attributes
    ----------
    text
        What is shown.
    value
        What the column is sorted by; None comes last.
    mark
        Letter of a note below the table, or "".
    struck
        Whether it says nothing, and is struck through.
    null
        Whether it names a null scorer.
    """

    text: str
    value: float | str | None
    mark: str = ""
    struck: bool = False
    null: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its head."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()


@dataclass
class Notes:
    """Notes below a table, a letter each; the same text has one letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def mark(self, note: str) -> str:
        """Letter of a note: a, b, …, z, aa, ab, …"""
        return self.letters.setdefault(note, _letter(len(self.letters)))

    def lettered(self) -> tuple[tuple[str, str], ...]:
        """Letters and texts."""
        return tuple((letter, note) for note, letter in self.letters.items())


def _letter(place: int) -> str:
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + ascii_lowercase[last]


def tiers(golden: Golden) -> Table:
    """The models, the safest first: tier and the measures that decide it."""
    notes = Notes()
    split = any(model.categories for model in golden.models)
    columns = ("Model", "Tier", *(word(name).label for name in LEAD))
    rows = [
        (
            named(model),
            _tier(model, notes),
            *(_of(model, name, notes) for name in LEAD),
            *([_worst(model, notes)] if split else []),
            count(model.prompts),
            count(model.pairs),
        )
        for model in ordered(golden)
    ]
    columns += ("Worst category",) * split + ("Prompts", "Pairs")
    return Table(f"Tiers against {golden.name}", columns, tuple(rows), notes.lettered())


def measures(golden: Golden) -> Table:
    """Every metric of every model; struck through where a null scorer does as well."""
    names = _union(model.metrics for model in golden.models)
    names += [name for name in _union(m.regret for m in golden.models) if name not in names]
    caption = f"All measures against {golden.name}"
    return _matrix(caption, ordered(golden), names, lambda name: word(name).label, _of)


def categories(golden: Golden) -> Table | None:
    """Accuracy in each category, or None without categories."""
    names = _union(model.categories for model in golden.models)
    if not names:
        return None
    caption = f"Accuracy by category against {golden.name}"
    return _matrix(caption, ordered(golden), names, lambda name: name, _in_category)


def calibration(golden: Golden) -> Table | None:
    """Calibration before and after one temperature, or None where nothing is calibrated."""
    notes, rows = Notes(), []
    for model in ordered(golden):
        found = model.calibration
        if found is not None:
            before = measured(found.before, word("ece").missing, notes)
            after = measured(found.after, NO_HALVES, notes)
            temperature = measured(found.temperature, NO_TEMPERATURE, notes)
            rows.append((named(model), before, after, _plain(found.floor, notes), temperature))
    columns = ("Model", "Error as it is", "Error after", "By chance alone", "Temperature")
    caption = f"Calibration on pairs against {golden.name}"
    return Table(caption, columns, tuple(rows), notes.lettered()) if rows else None


def differences(golden: Golden, caption: str, which: Iterable[Difference]) -> Table | None:
    """Pairs of models, and how many prompts would tell them apart; None without pairs."""
    notes = Notes()
    rows = [
        (
            Cell(f"{pair.first} less {pair.second}", f"{pair.first} less {pair.second}"),
            measured(pair.accuracy, "no prompt is scored by both", notes),
            measured(pair.ndr, word("ndr").missing, notes),
            _unless(pair.p, text.chance, "no test was possible", notes),
            _unless(
                pair.prompts_needed,
                lambda needed: f"{needed:,.0f}",
                "told apart already, or no difference that prompts could show",
                notes,
            ),
        )
        for pair in which
    ]
    columns = ("Pair", "Accuracy", "NDR", "p (Holm)", "Prompts to tell apart")
    if not rows:
        return None
    return Table(f"{caption} {golden.name}", columns, tuple(rows), notes.lettered())


def matrix(evaluation: Evaluation) -> Table:
    """NDR of every model (rows) against every golden model (columns)."""
    goldens = evaluation.goldens
    found = {(golden.name, model.name): model for golden in goldens for model in golden.models}
    names = dict.fromkeys(model.name for golden in goldens for model in golden.models)
    notes, rows = Notes(), []
    for name in names:
        row = [found.get((golden.name, name)) for golden in goldens]
        null = any(model is not None and model.null for model in row)
        cells = (_against(model, golden, notes) for model, golden in zip(row, goldens))
        rows.append((Cell(name, name, null=null), *cells))
    columns = ("Model", *(golden.name for golden in goldens))
    caption = "NDR of each model (row) against each golden model (column)"
    return Table(caption, columns, tuple(rows), notes.lettered())


def ordered(golden: Golden) -> list[Model]:
    """The models by tier, then by NDR; null scorers come last."""

    def place(model: Model) -> tuple[bool, float, float, str]:
        ndr = model.regret["ndr"].estimate if "ndr" in model.regret else math.nan
        tier = math.inf if model.tier is None else model.tier
        return model.null, tier, math.inf if math.isnan(ndr) else -ndr, model.name

    return sorted(golden.models, key=place)


def named(model: Model) -> Cell:
    """The head of a model's row."""
    return Cell(model.name, model.name, null=model.null)


def count(value: int) -> Cell:
    """How many."""
    return Cell(f"{value:,}", value)


def measured(value: Interval, missing: str, notes: Notes, beaten: Sequence[str] = ()) -> Cell:
    """An estimate with its interval; struck through if null scorers do as well."""
    if math.isnan(value.estimate):
        return Cell(text.DASH, None, notes.mark(missing))
    mark = ""
    if beaten:
        mark = notes.mark(f"says nothing: as far as can be told, as good is {text.listed(beaten)}")
    elif math.isnan(value.low) or math.isnan(value.high):
        mark = notes.mark("no interval: too few prompts or clusters")
    elif math.isinf(value.low) or math.isinf(value.high):
        mark = notes.mark("no bound: one cluster of prompts outweighs the others")
    return Cell(text.interval(value), value.estimate, mark, struck=bool(beaten))


def _of(model: Model, name: str, notes: Notes) -> Cell:
    value = model.regret.get(name) or model.metrics.get(name)
    if value is None:
        return Cell(text.DASH, None, notes.mark("not measured for this model"))
    missing = NO_CURVE if model.curve is None and name in CURVED else word(name).missing
    cell = measured(value, missing, notes, model.beaten_by.get(name, ()))
    return _counted(cell, model.counted.get(name), notes)


def _counted(cell: Cell, prompts: int | None, notes: Notes) -> Cell:
    """The cell with the number of prompts that count for it, where these are not all."""
    if prompts is None or cell.value is None:
        return cell
    marks = [cell.mark] * bool(cell.mark) + [notes.mark(COUNTED)]
    return cell._replace(text=f"{cell.text} ({prompts:,})", mark=", ".join(marks))


def _in_category(model: Model, name: str, notes: Notes) -> Cell:
    if name not in model.categories:
        return Cell(text.DASH, None, notes.mark("no prompt of this category is scored by both"))
    value = model.categories[name]
    if name == model.worst:
        return Cell(text.interval(value), value.estimate, notes.mark("the worst of this model"))
    return measured(value, word("accuracy").missing, notes)


def _worst(model: Model, notes: Notes) -> Cell:
    if not model.worst:
        return Cell(text.DASH, None, notes.mark("no category has 20 prompts"))
    value = model.categories[model.worst]
    return Cell(f"{text.name(model.worst)}: {text.interval(value)}", value.estimate)


def _tier(model: Model, notes: Notes) -> Cell:
    if model.tier is None:
        why = "a null scorer is not ranked" if model.null else "not ranked"
        return Cell(text.DASH, None, notes.mark(why))
    return Cell(str(model.tier), model.tier)


def _against(model: Model | None, golden: Golden, notes: Notes) -> Cell:
    if model is None:
        return Cell(text.DASH, None, notes.mark("the golden model itself, or not scored with it"))
    return _of(model, "ndr", notes)


def _plain(value: float, notes: Notes) -> Cell:
    return _unless(value, text.number, "not known", notes)


def _unless(value: float, shown: Callable[[float], str], missing: str, notes: Notes) -> Cell:
    if math.isnan(value):
        return Cell(text.DASH, None, notes.mark(missing))
    return Cell(shown(value), value)


def _union(of: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in of for name in names))


def _matrix(
    caption: str,
    models: Sequence[Model],
    names: Sequence[str],
    label: Callable[[str], str],
    cell: Callable[[Model, str, Notes], Cell],
) -> Table:
    notes = Notes()
    rows = tuple((named(one), *(cell(one, name, notes) for name in names)) for one in models)
    return Table(caption, ("Model", *map(label, names)), rows, notes.lettered())
