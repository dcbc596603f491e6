"""The command that evaluates reward models by a table of their scores.

In: its arguments. Out: the files of a report, a status, and the lines that the command prints.
"""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from proxyreward.data.report import DataError
from proxyreward.evaluation.result import Evaluation
from proxyreward.messages import visible

CLEAR, FAILED, ALARMING = 0, 1, 2
"""Statuses: nothing alarming was found; nothing was found out; something alarming was found."""


def run(arguments: Namespace) -> tuple[int, list[str]]:
    """Evaluate, or only say what the files hold; returns the status and what is to be printed.

    Raises
    ------
    DataError
        If an argument or a file cannot be used, or a report would take the place of a file.
    """
    paths = [Path(path) for path in arguments.scores]
    if arguments.check:
        return CLEAR, visible(_checked(paths, arguments), keep="\n").splitlines()
    if arguments.seed < 0:
        raise DataError(f"command line: --seed is {arguments.seed}; give 0 or more")
    found = _written(paths, arguments)
    return ALARMING if found.alarms else CLEAR, list(_told(found, arguments.out))


def _checked(paths: list[Path], arguments: Namespace) -> str:
    from proxyreward.evaluation.profile import check
    from proxyreward.evaluation.reading.options import Options

    golden, columns = tuple(arguments.golden), (arguments.category, arguments.cluster)
    return check(paths, Options(golden, arguments.golden_file, *columns))


def _written(paths: list[Path], arguments: Namespace) -> Evaluation:
    from proxyreward.evaluation import report
    from proxyreward.evaluation.evaluate import evaluate

    inside = [file for path in paths if path.is_dir() for file in path.iterdir()]
    golden_file = [arguments.golden_file] if arguments.golden_file else []
    report.apart([*paths, *inside, *golden_file], arguments.out)
    found = evaluate(
        paths,
        golden=arguments.golden,
        golden_file=arguments.golden_file,
        category=arguments.category,
        cluster=arguments.cluster,
        seed=arguments.seed,
    )
    report.write(found, arguments.out)
    return found


def _told(found: Evaluation, out: Path) -> Iterator[str]:
    from proxyreward.evaluation.report import FILES
    from proxyreward.evaluation.report.verdict import overall

    yield from map(visible, overall(found))
    yield from (f"alarm: {visible(alarm)}" for alarm in found.alarms)
    yield f"written: {visible(', '.join(str(out / name) for name in FILES))}"
