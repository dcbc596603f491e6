"""The report as one page of HTML that needs nothing else.

In: an `Evaluation`. Out: text with style, script and drawings inline; the page allows no other.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from proxyreward.evaluation.report import figure, tables, text, verdict
from proxyreward.evaluation.report.words import WORDS
from proxyreward.evaluation.result import Evaluation, Golden
from proxyreward.messages import visible

PACKAGE = "proxyreward.evaluation.report"


@dataclass(frozen=True)
class Section:
    """What the page says of one golden model."""

    golden: Golden
    verdict: Sequence[str]
    empty: Sequence[str]
    tiers: tables.Table
    figures: figure.Figures
    hidden: tables.Table | None
    pairs: tables.Table | None
    categories: tables.Table | None
    measures: tables.Table
    calibration: tables.Table | None


def page(evaluation: Evaluation) -> str:
    """The page; names are escaped, and signs that cannot be seen are spelt out."""
    style, script = _part("style.css"), _part("sort.js")
    policy = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    template = environment().get_template("page.html")
    return template.render(
        evaluation=evaluation,
        verdict=verdict.overall(evaluation),
        matrix=tables.matrix(evaluation) if len(evaluation.goldens) > 1 else None,
        sections=map(section, evaluation.goldens),
        words=WORDS,
        version=version("proxyreward"),
        style=style,
        script=script,
        policy="; ".join(f"{kind} {source}" for kind, source in policy.items()),
    )


def section(golden: Golden) -> Section:
    """Everything of one golden model, ready to be printed."""
    hidden = [pair for pair in golden.differences if pair.hidden]
    flagged = "Equal accuracy, different regret, against"
    return Section(
        golden,
        verdict.against(golden),
        verdict.empty(golden),
        tables.tiers(golden),
        figure.figures(golden),
        tables.differences(golden, flagged, hidden),
        tables.differences(golden, "All pairs of models against", golden.differences),
        tables.categories(golden),
        tables.measures(golden),
        tables.calibration(golden),
    )


def environment() -> Environment:
    """Templates that escape all they are given, and take no name that is not there."""
    made = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    made.filters |= {"interval": text.interval, "number": text.number, "cells": cells}
    made.filters |= {"count": "{:,.0f}".format, "place": "{:.1f}".format}
    # What a macro makes of the same values is kept: panels and axes that models share.
    made.filters["once"] = lru_cache(None)(lambda macro, *values: macro(*values))
    made.tests["known"] = lambda value: not math.isnan(value)
    made.globals["drawing"] = figure
    return made


def cells(row: Sequence[tables.Cell]) -> Markup:
    """A row of a table, of which the first cell is the head; a macro a cell would take longer."""
    head, *others = row
    return Markup("".join([_cell(head, 'th scope="row"'), *[_cell(one, "td") for one in others]]))


def _cell(cell: tables.Cell, tag: str) -> str:
    shown, value, mark, struck, null = cell
    kind = ' class="null"' if null else ""
    order = _safe(value) if isinstance(value, str) else value
    order = "" if value is None else f' data-value="{order}"'
    shown = f"<s>{_safe(shown)}</s>" if struck else _safe(shown)
    mark = f"<sup>{_safe(mark)}</sup>" if mark else ""
    return f"<{tag}{kind}{order}>{shown}{mark}</{tag[:2]}>"


@lru_cache(4096)
def _safe(shown: str) -> str:
    return str(escape(visible(shown)))


def _part(name: str) -> str:
    return files(PACKAGE).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(part: str) -> str:
    digest = hashlib.sha256(part.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
