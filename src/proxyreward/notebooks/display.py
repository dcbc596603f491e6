"""What a notebook shows: figures, glued numbers, verdicts and provenance, in one look.

In: figures and numbers of a notebook, `scorecard.json` and `run.json` of a scale.
Out: HTML fragments (all text from data escaped) and glued values.  Called from notebook cells.
"""

import base64
import math
import numbers
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from proxyreward.findings.core import left_out
from proxyreward.findings.core.criterion import rule
from proxyreward.findings.core.quantity import LEVEL
from proxyreward.findings.core.style import svg
from proxyreward.notebooks.places import as_recorded, comparisons, run_record, scorecard

NOT_RECORDED = "not recorded"
_ABSENT = "–"
ENOUGH = 20
"""Replicates from which on verdicts are no longer called preliminary."""
_COLUMNS = ("Claim", "Paper", "Ours", "n", "Verdict")
MENUS = {"paper": "Paper", "kind": "Kind", "printed": "Its own numbers", "verdict": "Verdict"}
"""By what a reader can choose claims: columns of `kinds_of_claims` with the labels of menus."""


class Fragment:
    """A piece of HTML with a plain-text form, for Jupyter to show."""

    def __init__(self, html: str, text: str):
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


class Text:
    """A text, such as a formatted number, that shows as it is."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        # MyST-NB evaluates the text as Python; a quoted string keeps every digit as formatted.
        return repr(self.text)


def figure(fig: Any, alt: str) -> Fragment:
    """A matplotlib figure as SVG with an alternative text; closes it.

    Parameters
    ----------
    fig : matplotlib Figure.
    alt : what the picture shows, for readers who cannot see it; may not be empty.
    """
    import matplotlib.pyplot

    if not alt.strip():
        raise ValueError("figure: alt is empty. Remedy: say in a sentence what the picture shows")
    picture = base64.b64encode(svg(fig).encode()).decode("ascii")
    matplotlib.pyplot.close(fig)
    # The class keeps the theme's dark mode from dimming the picture.
    source = f"data:image/svg+xml;base64,{picture}"
    return Fragment(f'<img class="figure dark-light" alt="{escape(alt)}" src="{source}">', alt)


def glue_number(name: str, value: float, fmt: str) -> None:
    """Glue `value`, formatted by `fmt` (such as ``.2f`` or ``.0%``), for ``{glue:text}`name```."""
    text = _ABSENT if value is None or not math.isfinite(value) else format(value, fmt)
    glue_text(name, text.replace("-", "−"))


def glue_text(name: str, text: str) -> None:
    """Glue words, such as a name from a record of the run, for ``{glue:text}`name```."""
    from myst_nb import glue

    glue(name, Text(text), display=False)


def provenance(stage: str, notebook: str, parameters: Mapping[str, object], scale: str) -> Fragment:
    """The line that says where a figure comes from.

    The commit is that of the run that wrote the results; it is withheld if they have been restored
    or edited since.

    Parameters
    ----------
    stage : stage of `dvc.yaml` that wrote what the figure shows.
    notebook : name of the notebook, without suffix.
    parameters : parameters of the notebook that shaped the figure.
    scale : scale whose results were read.
    """
    given = ", ".join(f"{key}={value}" for key, value in parameters.items()) or "defaults"
    parts = {
        "stage": stage,
        "notebook": notebook,
        "parameters": given,
        "commit": _commit(stage, scale),
        "scale": scale,
    }
    html = " · ".join(f"{label} <code>{escape(text)}</code>" for label, text in parts.items())
    text = " · ".join(f"{label} {text}" for label, text in parts.items())
    return Fragment(f'<p class="provenance">{html}</p>', text)


def table(frame: Any, formats: Mapping[str, str] | None = None) -> None:
    """Show a data frame without its index; on a narrow page each row becomes a card.

    Parameters
    ----------
    frame : pandas DataFrame; texts are escaped, missing values shown as a dash.
    formats : format specs of columns, such as ``{"seconds": ".1f"}``; elsewhere whole numbers
        are written in full and others with two decimals.
    """
    formats = formats or {}

    def text(column: str, value: Any) -> str:
        if isinstance(value, str):
            return escape(value)
        if value is None or not math.isfinite(value):
            return _ABSENT
        spec = formats.get(column, ",d" if isinstance(value, numbers.Integral) else ",.2f")
        return format(value, spec).replace("-", "−")

    names = [str(column) for column in frame.columns]
    rows = [
        [text(name, value) for name, value in zip(names, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    kinds = [' class="number"' if kind.kind in "iuf" else "" for kind in frame.dtypes]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(names, kinds, strict=True)
    )
    body = "".join(_line(names, row, kinds) for row in rows)
    # Three narrow columns fit a phone as they are.
    shape = "data cards" if len(names) > 3 else "data"
    html = f'<table class="{shape}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    show([Fragment(html, "\n".join(" | ".join(row) for row in [names, *rows]))])


def verdict_table(
    claim_ids: Sequence[str], scale: str, filters: Mapping[str, str] | None = None
) -> None:
    """Show the computed verdicts of claims: paper's value, ours with interval, n, and why.

    Parameters
    ----------
    filters
        Columns of `kinds_of_claims` by which a reader of the page can choose rows, each with the
        label of its menu.

    Raises
    ------
    KeyError
        If a claim is not in the registry; names the nearest.
    """
    from proxyreward.findings.core.registry import load_registry

    registry = load_registry()
    decided, compared = scorecard(scale), comparisons(scale)
    kinds = kinds_of_claims(claim_ids, scale)[list(filters or ())]
    parts = {
        claim.id: left_out.PUBLISHED[claim.finding].parts
        for claim in registry.claims()
        if claim.finding in left_out.PUBLISHED
    }
    rows = [
        verdict_row(
            claim,
            registry.claim(claim).statement,
            decided.get(claim),
            compared.get(claim),
            kind,
            parts.get(claim, ""),
        )
        for claim, kind in zip(claim_ids, kinds.to_dict("records"), strict=True)
    ]
    head = "".join(f'<th scope="col">{label}</th>' for label in _COLUMNS)
    html = (
        f'<p class="replicates">{_over(claim_ids, decided, parts)}</p>'
        f"{_menus(kinds.rename(columns=filters)) if filters else ''}"
        '<div class="scroll"><table class="verdicts cards"><thead><tr>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    text = "\n".join(
        f"{claim}: {(decided.get(claim) or {}).get('verdict', NOT_RECORDED)}" for claim in claim_ids
    )
    show([Fragment(html, text)])


def kinds_of_claims(claim_ids: Sequence[str], scale: str) -> pd.DataFrame:
    """What tables count and choose claims by: columns claim, paper, kind, printed, verdict.

    `kind` is that of the registry: a definition, by construction, or of what we estimate whether
    the paper prints numbers for it; `printed`, whether its own numbers support it.
    """
    from proxyreward.findings.core.registry import load_registry

    registry, decided, rows = load_registry(), scorecard(scale), []
    for claim_id in claim_ids:
        claim, verdict = registry.claim(claim_id), decided.get(claim_id, {}).get("verdict")
        printed = claim.printed_support.replace("_", " ")
        paper = claim_id.partition(".")[0]
        rows.append((claim_id, paper, claim.kind, printed, verdict or NOT_RECORDED))
    return pd.DataFrame(rows, columns=["claim", "paper", "kind", "printed", "verdict"])


def _menus(kinds: pd.DataFrame) -> str:
    """A form with a menu a column; `book/_assets/choose.js` shows the rows that fit."""
    menus = []
    for label, values in kinds.items():
        counts = values.value_counts()
        names = "".join(
            f'<option value="{escape(value)}">{escape(value)} ({count})</option>'
            for value, count in counts.items()
        )
        menus.append(
            f'<label>{escape(str(label))} <select><option value="">all ({len(kinds)})</option>'
            f"{names}</select></label>"
        )
    return f'<form class="choose" hidden>{"".join(menus)}<output></output></form>'


def verdict_row(
    claim_id: str,
    statement: str,
    row: Mapping[str, Any] | None,
    compared: pd.DataFrame | None = None,
    kinds: Mapping[str, str] | None = None,
    parts: str = "",
) -> str:
    """Return one HTML table row, in which the claim's comparisons open.

    `row` is the claim's entry in the scorecard, `compared` its comparisons, if there are any;
    `kinds` are what the row can be chosen by. `parts` is what n counts on published data, where
    there are no replicates.
    """
    row = row or {"verdict": NOT_RECORDED, "reason": "no entry in the scorecard of this scale"}
    verdict = str(row["verdict"])
    slug = "".join(letter if letter.isalpha() else "-" for letter in verdict.lower())
    badge = f'<span class="verdict verdict-{slug}">{escape(verdict)}</span>'
    why = f"<br><small><b>Why:</b> {escape(str(row['why']))}</small>" if row.get("why") else ""
    cells = (
        f"{escape(statement)}<br><small>{escape(str(row.get('reason') or ''))}</small>{why}"
        f"<br><small><code>{escape(claim_id)}</code></small>{_comparisons(compared, parts)}",
        _cell(row.get("paper_value")),
        _estimate(row),
        f"{_cell(row.get('n'))} {parts}".strip(),
        badge,
    )
    chosen = f' data-kinds="{escape("|".join(kinds.values()))}"' if kinds else ""
    return _line(_COLUMNS, cells, [""] * len(cells), chosen)


def _line(
    labels: Sequence[str], cells: Sequence[str], kinds: Sequence[str], attribute: str = ""
) -> str:
    """A row of a table; its labels head the cells where a narrow page stacks them."""
    parts = (
        f'<td{kind} data-label="{escape(label)}">{cell}</td>'
        for label, cell, kind in zip(labels, cells, kinds, strict=True)
    )
    return f"<tr{attribute}>{''.join(parts)}</tr>"


def _over(
    claim_ids: Sequence[str], decided: Mapping[str, Mapping[str, Any]], parts: Mapping[str, str]
) -> str:
    """Over what the claims of a table are decided: replicates, and parts of published data."""
    told = []
    if not set(claim_ids) <= set(parts):
        told.append(_replicates([row for name, row in decided.items() if name not in parts]))
    for kind in dict.fromkeys(parts[name] for name in claim_ids if name in parts):
        told.append(
            f"Where n counts {kind}, the data are published and cannot be drawn again: the "
            f"interval is over {kind}, one left out at a time."
        )
    return " ".join(told)


def _replicates(rows: Collection[Mapping[str, Any]]) -> str:
    most = max((row["n"] for row in rows), default=0)
    if most < 2:
        return (
            "From the default run alone, which says nothing of its own spread: only what is exact "
            "is decided."
        )
    preliminary = ", preliminary as they are few" if most < ENOUGH else ""
    return f"Over {most} independent replicates of the pipeline{preliminary}."


def _comparisons(rows: pd.DataFrame | None, parts: str = "") -> str:
    """A table that opens; empty for a single comparison, which the reason spells out."""
    if rows is None or (len(rows) == 1 and rows["group"].iloc[0] > 0):
        return ""
    deciding = rows[rows["group"] != 0]
    shared = deciding.groupby("group")["quantity"].transform("size") > 1
    lines = [
        f"<li>{_place(row.group, one_of)}{_measured(row, parts)}, asked {escape(_asked(row))}: "
        f"<b>{escape(row.outcome)}</b></li>"
        for row, one_of in zip(deciding.itertuples(), shared, strict=True)
    ]
    lines += [
        f"<li>beside: {_measured(row, parts)}</li>" for row in rows[rows["group"] == 0].itertuples()
    ]
    confirm, refute = (
        " or ".join(f"{level:.4g}" for level in sorted(set(deciding[name])))
        for name in ("confirm", "refute")
    )
    levels = f"; to hold by one of level {confirm}, to fail by one of level {refute}"
    return (
        '<details class="comparisons"><summary>'
        f"{len(lines)} {'quantity' if len(lines) == 1 else 'quantities'}</summary><small>"
        f"Intervals of level {LEVEL:g}{levels if len(deciding) else ''}."
        f"<ul>{''.join(lines)}</ul></small></details>"
    )


def _place(group: int, one_of: bool) -> str:
    """What a comparison is in its claim, if more than one of several that must hold."""
    return ("positive control: " if group < 0 else "") + ("one of: " if one_of else "")


def _measured(row: Any, parts: str) -> str:
    own = "" if parts else f", default run {_cell(row.own)}"
    paper = "" if math.isnan(row.paper) else f", paper {_cell(row.paper)}"
    interval = f"{_cell(row.estimate)}{_ends(row.low, row.high)}"
    return f"{escape(row.quantity)} = {interval}{own}{paper}"


def _asked(row: Any) -> str:
    return rule(row.sign, row.threshold, None if math.isnan(row.margin) else row.margin)


def _commit(stage: str, scale: str) -> str:
    entry = run_record(scale).get("stages", {}).get(stage, {})
    if not entry.get("commit") or "results" not in entry:
        return NOT_RECORDED
    if not as_recorded(stage, scale):
        return f"{NOT_RECORDED} (results were restored or edited since)"
    return str(entry["commit"])[:10] + (" with local changes" if entry.get("dirty") else "")


def _estimate(row: Mapping[str, Any]) -> str:
    ends = _ends(row.get("low"), row.get("high")).strip()
    return _cell(row.get("estimate")) + (f"<br><small>{ends}</small>" if ends else "")


def _ends(low: float | None, high: float | None) -> str:
    """An interval in brackets; nothing where there is none, or no width."""
    if low is None or high is None or low == high or math.isnan(low):
        return ""
    return f" [{_cell(low)}\u00a0to\u00a0{_cell(high)}]"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return _ABSENT
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float) else escape(str(value))


def show(fragments: Sequence[Fragment], glue_name: str = "") -> None:
    """Show fragments one below the other; with a name, other pages can paste them too."""
    from IPython.display import display
    from myst_nb import glue

    texts = [fragment.text for fragment in fragments]
    whole = Fragment("".join(fragment.html for fragment in fragments), "\n".join(texts))
    if glue_name:
        glue(glue_name, whole)
    else:
        display(whole)
