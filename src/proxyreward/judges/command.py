"""The command that has a language model judge pairs of responses.

In: its arguments. Out: files in a folder, and the lines that the command prints.

- ``verdicts.csv``: for each pair which response is better (``a``, ``b``, ``tie``, ``invalid``),
  with a shown first, with b shown first, and by both together.
- ``summary.json``: counts, shares and settings.
- ``answers.jsonl``: the answers themselves; a further run asks only what is missing there.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proxyreward.data.report import DataError
from proxyreward.files import writing
from proxyreward.judges import pairs as table
from proxyreward.judges.cache import Cache, digest
from proxyreward.judges.client import Client
from proxyreward.judges.endpoint import Endpoint
from proxyreward.judges.judge import both_orders
from proxyreward.judges.question import WORDING
from proxyreward.judges.secret import Key
from proxyreward.messages import visible
from proxyreward.people.tables import dump, keep_apart, write_csv

FILES = ("verdicts.csv", "summary.json")
ANSWERS = "answers.jsonl"
ADDRESS = "OPENAI_BASE_URL"
LIMITS = {"temperature": (0, 2), "concurrency": (1, 64), "timeout": (0.1, 3600)}
STEPS = 20  # lines that tell how far a run has come


def run(arguments: Namespace) -> Iterator[str]:
    """Ask for both orders of every pair, write the files and yield what is to be printed.

    Raises
    ------
    DataError
        If an argument or the file cannot be used, or the endpoint gives no more answers.
    """
    for name, (low, high) in LIMITS.items():
        if not low <= getattr(arguments, name) <= high:
            raise DataError(f"command line: --{name} must lie in {low}..{high}")
    out = arguments.out
    keep_apart([arguments.pairs], [out / name for name in (*FILES, ANSWERS)])
    client = Client(_address(arguments), Key.of_environment(arguments.key_env), arguments.timeout)
    found = table.read(Path(arguments.pairs))
    with Cache(out / ANSWERS) as cache:
        judge = Endpoint(
            client, arguments.model, cache, arguments.temperature, arguments.concurrency, _told
        )
        calls = both_orders(judge, *([*part] for part in list(zip(*found))[1:]))
        result = _result(judge, arguments, table.summary(calls))
    with writing(*(out / name for name in FILES)) as (verdicts, summary):
        write_csv(verdicts, [table.HEAD, *table.rows(found, calls)])
        summary.write(f"{dump(result)}\n")
    yield from _shown(result, out)


def _address(arguments: Namespace) -> str:
    found = arguments.endpoint or os.environ.get(ADDRESS, "")
    if not found:
        raise DataError(
            f"command line: no endpoint; give --endpoint, such as http://127.0.0.1:8000/v1, or set "
            f"{ADDRESS}"
        )
    return found


def _told(done: int, missing: int) -> None:
    if done == missing or done % max(missing // STEPS, 1) == 0:
        print(f"answers: {done} of {missing}", file=sys.stderr, flush=True)


def _result(judge: Endpoint, arguments: Namespace, counts: dict[str, Any]) -> dict[str, Any]:
    settings = {
        "file": str(arguments.pairs),
        "endpoint": judge.client.url,
        "model": judge.model,
        "temperature": judge.temperature,
        "wording": digest(WORDING)[:12],
    }
    told = {name: visible(str(value)) for name, value in settings.items()}
    return told | counts | {"answers": judge.account() | {"requests": judge.client.sent}}


def _shown(result: dict[str, Any], out: Path) -> Iterator[str]:
    names = {"with_swap": "both orders", "without_swap": "a first", "swapped": "b first"}
    yield f"{'':<12}{'a wins':>8}{'tie':>8}{'b wins':>8}{'invalid':>9}"
    for name, label in names.items():
        of = result[name]
        yield f"{label:<12}{of['win']:>8}{of['tie']:>8}{of['lose']:>8}{of[table.INVALID]:>9}"
    share, answers = result["flips"], result["answers"]
    told = "-" if share is None else f"{share:.1%}"
    yield f"change with the order: {told} of the pairs, which are ties"
    yield (
        f"{answers['questions']} questions in {answers['requests']} requests; "
        f"{answers['asked_again']} asked again"
    )
    yield f"written: {visible(', '.join(str(out / name) for name in FILES))}"
