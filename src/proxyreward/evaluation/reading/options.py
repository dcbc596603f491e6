"""What the reader of score tables is told besides the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How to read the files.

    Attributes
    ----------
    golden
        Names of the models that are taken for the truth.
    golden_file
        A further table, of scores that are taken for the truth.
    category, cluster
        Columns that say what a prompt belongs to; by default ``category`` and ``cluster``, where
        there are such.
    """

    golden: tuple[str, ...] = ()
    golden_file: Path | None = None
    category: str | None = None
    cluster: str | None = None
