"""The words of the command that evaluates reward models.

In: a parser. Out: the same, knowing the words of the command.
"""

import json
from argparse import Action, ArgumentParser
from pathlib import Path
from typing import Any, NoReturn


def add(evaluating: ArgumentParser) -> None:
    """Add the words that the command takes."""
    evaluating.add_argument("scores", nargs="+", metavar="SCORES", help="files, or a folder")
    evaluating.add_argument(
        "--golden",
        action="append",
        default=[],
        metavar="NAME",
        help="model that is taken for the truth; can be given again (each model in turn)",
    )
    evaluating.add_argument(
        "--golden-file", type=Path, metavar="FILE", help="golden scores that are not in SCORES"
    )
    evaluating.add_argument("--category", metavar="COLUMN", help="splits accuracy by it")
    evaluating.add_argument(
        "--cluster", metavar="COLUMN", help="prompts that belong together: intervals are over these"
    )
    evaluating.add_argument(
        "--out",
        type=Path,
        default=Path("evaluation"),
        metavar="DIR",
        help="folder for the report, of which an older one is replaced (evaluation)",
    )
    evaluating.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of what is random (0)"
    )
    evaluating.add_argument(
        "--check", action="store_true", help="only say what SCORES hold and what is missing"
    )
    evaluating.add_argument(
        "--schema", action=_Schema, nargs=0, help="print the schema of evaluation.json and end"
    )


class _Schema(Action):
    """Prints the schema of ``evaluation.json`` and ends, as ``--help`` does."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        from proxyreward.evaluation.report import schema

        print(json.dumps(schema(), indent=2))
        parser.exit()
