"""The words of the command that has a language model judge pairs.

In: a parser. Out: the same, knowing the words of the command.
"""

from argparse import ArgumentParser
from pathlib import Path


def add(judging: ArgumentParser) -> None:
    """Add the words that the command takes."""
    judging.add_argument("pairs", metavar="PAIRS", help="file of pairs, .csv or .jsonl")
    judging.add_argument("--out", type=Path, required=True, help="folder for what is written")
    judging.add_argument("--model", required=True, metavar="NAME", help="as the endpoint names it")
    judging.add_argument(
        "--endpoint", metavar="URL", help="such as http://127.0.0.1:8000/v1 ($OPENAI_BASE_URL)"
    )
    judging.add_argument(
        "--key-env", metavar="NAME", help="environment variable of the key (OPENAI_API_KEY)"
    )
    judging.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="of the model (0)"
    )
    judging.add_argument(
        "--concurrency", type=int, default=4, metavar="N", help="most requests at a time (4)"
    )
    judging.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="seconds to wait for a reply (60)"
    )
