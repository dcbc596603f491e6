"""What the campaigns share: numbered random cases, and what counts as a fault.

In: a function that tries one case. Out: how often each outcome came, and the faults by their kind.
A case is drawn from its seed and number alone, so each can be run again by itself.
"""

import argparse
import tempfile
import traceback
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

Notes = list[str]
Attempt = Callable[[Random, Notes], str]
"""Tries one case: writes down what it does, returns the outcome's name, raises for a fault."""
LONGEST = 2000


class Fault(AssertionError):
    """Something that must not happen happened without an exception."""


@dataclass
class Tally:
    """Outcomes by name, and faults by kind: the cases that show it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{count:>7}  {name}" for name, count in sorted(self.outcomes.items())]
        for kind, cases in sorted(self.faults.items(), key=lambda item: -len(item[1])):
            lines += [
                f"\n{len(cases):>7}  FAULT {kind}",
                *(f"         {case}" for case in cases[:3]),
            ]
        return "\n".join(lines)


def attack(attempt: Attempt, count: int, seed: int, first: int = 0) -> Tally:
    """Try cases ``first`` to ``first + count - 1``; a warning is a fault like an exception."""
    tally = Tally()
    for number in range(first, first + count):
        notes: Notes = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                tally.outcomes[attempt(Random(f"{seed}-{number}"), notes)] += 1
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            case = f"case {number}: {'; '.join(notes)[:300]!r}: {str(error)[:300]!r}"
            tally.faults.setdefault(_kind(error), []).append(case)
    return tally


def _kind(error: BaseException) -> str:
    """Class of an exception and the line of the project that raised it; the text of a fault."""
    if isinstance(error, Fault):
        return str(error).split(":")[0]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/proxyreward/" in f.filename]
    place = (
        f"{frames[-1].filename.split('/proxyreward/')[-1]}:{frames[-1].lineno}" if frames else ""
    )
    return f"{type(error).__name__} at {place}"


def check_message(text: str, longer: int = 0) -> None:
    """Raise a `Fault` unless a text is one line, not too long, that a terminal shows as it is."""
    if not text.strip():
        raise Fault("no message")
    if "\n" in text.strip():
        raise Fault(f"message of several lines: {text!r}")
    check_visible(text)
    if len(text) > LONGEST + longer:
        raise Fault(f"message too long: {len(text)} characters")


def check_visible(text: str) -> None:
    """Raise a `Fault` if a text holds control characters other than line breaks."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text.replace("\n", "")):
        raise Fault(f"control characters: {text!r}")


def main(prepare: Callable[[Path], Attempt], what: str, count: int) -> int:
    """Run a campaign from the command line; returns 1 if it found a fault."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--count", type=int, default=count, help=f"number of cases ({count})")
    parser.add_argument("--seed", type=int, default=1, help="root of every case (1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case (0)")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = attack(prepare(Path(folder)), words.count, words.seed, words.first)
    print(f"{words.count} cases from {words.first}, seed {words.seed}\n{tally}")
    return 1 if tally.faults else 0
