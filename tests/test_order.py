"""The order in which `make test` hands out the files: the longest must not come last."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

TEST = """
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range({count}))
def test(number, worker_id):
    with Path("log").open("a") as log:
        print(worker_id, Path(__file__).name, file=log)
"""


@pytest.fixture
def order(root, tmp_path):
    """Worker and file of every test of a small project, in the order in which they were run."""
    (tmp_path / "tests" / "a").mkdir(parents=True)
    shutil.copy(root / "tests" / "conftest.py", tmp_path / "tests")
    files = {"a/test_most.py": 30, "test_b.py": 3, "test_end_to_end.py": 3, "test_z.py": 9}
    for name, count in files.items():
        (tmp_path / "tests" / name).write_text(TEST.format(count=count))
    told = (root / "Makefile").read_text().replace("\\\n", " ")
    options = shlex.split(re.search(r"python -m pytest (.*)", told).group(1))
    options[options.index("--maxprocesses") + 1] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split() for line in (tmp_path / "log").read_text().splitlines()]


def test_the_whole_pipeline_is_run_first_then_the_project_then_its_parts(order):
    files = list(dict.fromkeys(name for _, name in order))
    assert files == ["test_end_to_end.py", "test_b.py", "test_z.py", "test_most.py"]
