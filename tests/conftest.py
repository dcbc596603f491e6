from pathlib import Path

import pytest

LONGEST = "test_end_to_end.py"


@pytest.fixture(scope="session")
def root() -> Path:
    """Top folder of the project."""
    return Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config, items):
    """Where several workers share the files, what takes longest is handed out first.

    That is the run of the whole pipeline, then the other tests at the top, of the project as a
    whole. With `--no-loadscope-reorder` workers take files in this order; without, those with most
    tests come first.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (item.path.name != LONGEST, len(item.path.parents)))
