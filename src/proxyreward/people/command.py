"""The command that cleans pairs or writes tasks for people.

In: its arguments. Out: files, and the lines that the command prints.
"""

import difflib
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from proxyreward.data.collect import Opened
from proxyreward.data.load import open_pairs
from proxyreward.data.records import SPLITS
from proxyreward.data.report import DataError
from proxyreward.messages import visible
from proxyreward.people import clean, tables, tasks, toxicity, votes
from proxyreward.people.aggregation import AGGREGATES
from proxyreward.people.sides import Key

VOTES_ALONE = ("key", "aggregate", "toxic")
TASKS_ALONE = ("annotators", "seed")


def run(arguments: Namespace) -> Iterator[str]:
    """Do what the arguments ask for and yield what is to be printed.

    Raises
    ------
    DataError
        If they do not fit together, or a file cannot be used.
    """
    own, others = (VOTES_ALONE, TASKS_ALONE) if arguments.votes else (TASKS_ALONE, VOTES_ALONE)
    for name in others:
        if getattr(arguments, name) is not None:
            other = "--tasks" if arguments.votes else "--votes"
            raise DataError(f"command line: --{name} goes with {other}; leave it out")
    given = {name: getattr(arguments, name) for name in own}
    _known("--tasks", arguments.tasks, tasks.TOOLS)
    _known("--aggregate", arguments.aggregate, AGGREGATES)
    _keep_apart(arguments)
    yield from (_clean if arguments.votes else _ask)(arguments, **given)


def _known(option: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        nearest = difflib.get_close_matches(value, known, n=1, cutoff=0.0)[0]
        raise DataError(
            f"command line: {option} {value} is unknown; did you mean {nearest}? Known are "
            f"{', '.join(known)}"
        )


def _keep_apart(arguments: Namespace) -> None:
    form = tasks.TOOLS.get(arguments.tasks)
    written = (*form.FILES, tasks.KEY) if form else clean.FILES
    read = (arguments.pairs, arguments.votes, arguments.key, arguments.toxic)
    tables.keep_apart(read, (arguments.out / name for name in written))


def _opened(arguments: Namespace) -> Opened:
    told = [part for part in Path(arguments.pairs).name.split(".") if part in SPLITS]
    split = arguments.split or (told[0] if told else SPLITS[0])
    return open_pairs("local", arguments.pairs, arguments.subset, split, arguments.format)


def _ask(
    arguments: Namespace, annotators: int | None = None, seed: int | None = None
) -> Iterator[str]:
    people = 4 if annotators is None else annotators
    if people < 1:
        raise DataError(f"command line: --annotators is {people}; give 1 or more")
    form = tasks.TOOLS[arguments.tasks]
    files = tasks.write_tasks(
        _opened(arguments), arguments.tasks, arguments.out, annotators=people, seed=seed or 0
    )
    yield f"tasks for {arguments.tasks}, {people} annotators each:"
    yield from (f"  {visible(str(path))}" for path in files[:-1])
    yield form.HINT.format(*(path.name for path in files), annotators=people)
    yield f"key, not to be shown to annotators: {visible(str(files[-1]))}"


def _clean(
    arguments: Namespace,
    key: str | None = None,
    aggregate: str | None = None,
    toxic: str | None = None,
) -> Iterator[str]:
    aggregate, toxic = aggregate or "majority", toxic or "classifier"
    opened, judge = _opened(arguments), toxicity.judge(toxic)
    answers = Key.read(Path(key)) if key else None
    cast = votes.read(Path(arguments.votes), answers)
    cleaner = clean.Cleaner(cast, AGGREGATES[aggregate](cast), judge, answers)
    told = {"votes_file": str(arguments.votes), "aggregate": aggregate, "toxicity": toxic}
    told = {name: visible(value) for name, value in told.items()}
    yield from _shown(clean.clean(opened, cleaner, arguments.out, told), arguments.out)


def _shown(summary: dict[str, Any], out: Path) -> Iterator[str]:
    for kind, of in summary["types"].items():
        share = "" if of["share"] is None else f"{of['share']:8.1%}"
        yield f"{kind:<12}{of['count']:>9}{share}"
    records, toxic = summary["records"], summary["toxic"]
    yield f"{'pairs':<12}{records['pairs']:>9}, of which {summary['kept']} are kept"
    yield f"without pair: {records['refused']} refused, {records['passed over']} passed over"
    yield (
        f"toxic, but the vote prefers the rejected: {toxic['outvoted']}, "
        f"{toxic['correctable']} of them correctable; swapped to a toxic one: "
        f"{toxic['swapped_to_toxic']}"
    )
    agreement = summary["agreement"].items()
    yield ", ".join(f"{k} {'-' if v is None else f'{v:.3f}'}" for k, v in agreement)
    yield f"written: {visible(', '.join(str(out / name) for name in clean.FILES))}"
