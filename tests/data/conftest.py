"""Hand-written conversations and a writer of files in the published HH layout."""

import gzip
import json
from pathlib import Path

import pytest


def transcript(*texts: str) -> str:
    """Transcript whose turns alternate, a Human first."""
    marks = ("\n\nHuman:", "\n\nAssistant:")
    return "".join(f"{marks[i % 2]} {text}" for i, text in enumerate(texts))


def record(opening: str = "Name a fruit.", chosen: str = "Plum.", rejected: str = "No.") -> dict:
    return {"chosen": transcript(opening, chosen), "rejected": transcript(opening, rejected)}


def write_lines(path: Path, lines: list) -> Path:
    """Write records (dicts) and raw lines (bytes) as a gzipped or plain jsonl file."""
    raw = [x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines]
    data = b"".join(line + b"\n" for line in raw)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture
def make_transcript():
    return transcript


@pytest.fixture
def make_record():
    return record


@pytest.fixture
def hub_file(tmp_path):
    """Function that writes lines to ``<tmp>/harmless-base/test.jsonl.gz``."""
    return lambda *lines: write_lines(tmp_path / "harmless-base" / "test.jsonl.gz", list(lines))


@pytest.fixture
def real_pairs():
    """The published harmless-base test file, where it lies beside the repository."""
    path = Path(__file__).parents[2] / "../shared/data/hh-rlhf/harmless-base/test.jsonl.gz"
    if not path.is_file():
        pytest.skip("real HH-RLHF data (../shared/data/hh-rlhf) is not here")
    return path
