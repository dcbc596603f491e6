"""The words of the command that cleans pairs by votes.

In: a parser. Out: the same, knowing the words of the command.
"""

from argparse import ArgumentParser
from pathlib import Path


def add(cleaning: ArgumentParser) -> None:
    """Add the words that the command takes."""
    cleaning.add_argument("pairs", metavar="PAIRS", help="file of pairs in a published format")
    cleaning.add_argument("--out", type=Path, required=True, help="folder for what is written")
    what = cleaning.add_mutually_exclusive_group(required=True)
    what.add_argument("--votes", metavar="FILE", help="clean by these votes")
    what.add_argument("--tasks", metavar="TOOL", help="write tasks: label-studio or argilla")
    cleaning.add_argument("--format", default="hh", help="published format of PAIRS, as oasst (hh)")
    cleaning.add_argument("--subset", help="part of the data set, such as a language")
    cleaning.add_argument("--split", help="train or test; from the file's name, else train")
    cleaning.add_argument("--key", metavar="FILE", help="key of the tasks, for choices A and B")
    cleaning.add_argument(
        "--aggregate", metavar="RULE", help="how votes decide: majority or dawid-skene (majority)"
    )
    cleaning.add_argument(
        "--toxic", metavar="JUDGE", help="classifier, none, world, or a file (classifier)"
    )
    cleaning.add_argument(
        "--annotators", type=int, metavar="N", help="answers that each task asks for (4)"
    )
    cleaning.add_argument("--seed", type=int, metavar="N", help="draws the sides (0)")
