"""The report as a comment on a pull request: alarms first, then a table a golden model.

In: an `Evaluation`. Out: Markdown as GitHub reads it, of a length that it takes.
"""

import re

from proxyreward.evaluation.report import tables, text, verdict
from proxyreward.evaluation.result import Evaluation, Golden
from proxyreward.messages import visible

MOST = 60_000  # bytes; GitHub takes 65,536 characters
GOLDENS, ALARMS = 10, 20
LONGEST = 14  # bytes that one sign becomes at most
_SIGN = re.compile(  # letters, decimals, ends of sentences and intervals are kept; others spelt out
    r"(?P<kept>[^\W_]|[ ,;:−–…∞]|(?<=\w)-(?=\w)|(?<=\d)\.(?=\d)"
    r"|(?<=[^\W\d]|\])\.(?=\s|$)|\[(?=[\d−])|(?<=\d)\](?!:))|."
)


def markdown(evaluation: Evaluation) -> str:
    """Verdict, alarms and tiers; what does not fit is counted, and stands in the page."""
    blocks = [_head(evaluation), *map(_section, evaluation.goldens[:GOLDENS])]
    kept, size = [], 0
    for block in blocks:
        size += len(block.encode())
        if size > MOST:
            break
        kept.append(block)
    missing = len(evaluation.goldens) - len(kept) + 1
    told = [f"{missing} more golden models are in `report.html`.\n"] if missing else []
    return "\n".join([*kept, *told])


def escaped(of: str) -> str:
    """Text that Markdown and HTML show as it stands, and that calls nobody and names no issue."""
    spelt = _SIGN.sub(lambda found: found["kept"] or _entity(found[0]), visible(of))
    return re.sub("(&#64;|&#35;)", r"\1&#8203;", spelt)


def code(name: str) -> str:
    """A name as code, in which a copied name is the name itself."""
    spelt = re.sub("[^a-zA-Z0-9 -]", lambda sign: _entity(sign[0]), text.name(name))
    return f"<code>{spelt}</code>"


def _entity(sign: str) -> str:
    return f"&#{ord(sign)};"


def _head(evaluation: Evaluation) -> str:
    lines = [f"<!-- {evaluation.schema} -->", "## Reward models to optimise against", ""]
    alarms = evaluation.alarms
    if alarms:
        more = [f"… and {len(alarms) - ALARMS} more in `report.html`"][: len(alarms) > ALARMS]
        shown = [_sentence(alarm, 600) for alarm in alarms[:ALARMS]]
        lines += [f"**Alarms: {len(alarms)}**", "", *(f"- {one}" for one in [*shown, *more]), ""]
    else:
        lines += ["Nothing alarming was found.", ""]
    told = verdict.overall(evaluation)
    return "\n".join([*lines, *(f"{_sentence(one, 1000)}\n" for one in told[: 2 * GOLDENS])])


def _sentence(of: str, most: int) -> str:
    """A sentence, escaped, in so many bytes; a longer one is cut."""
    shown = escaped(of)
    return shown if len(shown.encode()) <= most else escaped(f"{of[: most // LONGEST - 1]}…")


def _section(golden: Golden) -> str:
    table = tables.tiers(golden)
    rows = [_row(cells) for cells in table.rows]
    head = [_line([escaped(column) for column in table.columns]), "|---" * len(table.columns) + "|"]
    notes = [f"<sup>{letter}</sup> {escaped(note)}  " for letter, note in table.notes]
    return "\n".join([f"### Against {code(golden.name)}", "", *head, *rows, "", *notes, ""])


def _row(cells: tuple[tables.Cell, ...]) -> str:
    return _line([code(cells[0].text), *map(_cell, cells[1:])])


def _cell(cell: tables.Cell) -> str:
    shown = f"~~{escaped(cell.text)}~~" if cell.struck else escaped(cell.text)
    return f"{shown}<sup>{cell.mark}</sup>" if cell.mark else shown


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
