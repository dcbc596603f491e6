"""Files of pairs and votes, and the arguments of the command."""

import argparse
import json
from pathlib import Path

import pytest

from proxyreward.data.load import open_pairs

HEAD = "pair_id,annotator,choice\n"


def talk(answer: str, request: str = "Name a fruit.") -> str:
    return f"\n\nHuman: {request}\n\nAssistant: {answer}"


def record(chosen: str, rejected: str, request: str = "Name a fruit.") -> dict:
    return {"chosen": talk(chosen, request), "rejected": talk(rejected, request)}


@pytest.fixture
def make_record():
    return record


@pytest.fixture
def pairs_file(tmp_path):
    """Function that writes records (dicts or raw lines) as a file in the format of HH-RLHF."""

    def write(*lines: dict | bytes, name: str = "pairs.jsonl") -> Path:
        raw = [x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines]
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in raw))
        return path

    return write


@pytest.fixture
def votes_file(tmp_path):
    """Function that writes votes as CSV: a word of c, r, t and s for each pair."""
    words = {"c": "first", "r": "second", "t": "tie", "s": "skip"}

    def write(**pairs: str) -> Path:
        rows = [
            f"{pair.removeprefix('p').replace('_', '-')},ann{place},{words[letter]}\n"
            for pair, letters in pairs.items()
            for place, letter in enumerate(letters)
        ]
        path = tmp_path / "votes.csv"
        path.write_text(HEAD + "".join(rows))
        return path

    return write


@pytest.fixture
def open_hh():
    """Function that opens a file of pairs."""
    return lambda path, data_format="hh": open_pairs("local", str(path), None, "train", data_format)


@pytest.fixture
def command_line():
    """Function that gives the arguments of the command, those not named as when left out."""

    def arguments(pairs: Path, out: Path, **given) -> argparse.Namespace:
        names = "votes tasks subset split key aggregate toxic annotators seed".split()
        default = dict.fromkeys(names) | {"format": "hh"}
        return argparse.Namespace(pairs=str(pairs), out=out, **default | given)

    return arguments
