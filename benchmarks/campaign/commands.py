"""Odd command lines: every `proxyreward` command in a copy of the project.

A command must end with 0, or with 2 and one plain line on stderr. Afterwards `params.yaml` can be
read, holds exactly what the words of a successful `params` said, and nothing beside it has changed.
No case builds a page: a notebook gets a word that is refused, and a book that would be built stops.
Every fiftieth case is a process of its own. Files that commands read are damaged now and then.

Run: python -m benchmarks.campaign.commands --count 2000 --seed 1
"""

import contextlib
import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import typing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import yaml
from benchmarks.campaign import words
from benchmarks.campaign.common import Attempt, Fault, Notes, check_message, check_visible, main
from benchmarks.campaign.damage import cut, flip

from proxyreward import cli
from proxyreward.book import BookError
from proxyreward.pipeline.params import load
from proxyreward.pipeline.typed import parse_text

ROOT = Path(__file__).parents[2]
CARD = "results/tiny/scorecard.json"
COPIED = ("dvc.yaml", "params", "notebooks", "book/_config.yml", CARD)
READ = (
    "params.yaml",
    "params/config.yaml",
    "params/scale/tiny.yaml",
    "params/scale/smoke.yaml",
    CARD,
)
ODD_FILES = (b"", b"[]", b"null", b"3", b"{}", b"\xff\xfe", b"a: [", b"\x00", b"a: &x [*x]",
    b"# @package _global_\n", b"# @package _global_\nscale: tiny\n", b"seed: ${nope}\n", b"[{}]",
    b'[{"claim_id": 3}]')  # fmt: skip
TALK = r"\n\nHuman: Hi\n\nAssistant: "
PAIR = f'{{"chosen": "{TALK}Plum.", "rejected": "{TALK}No."}}\n'
MAY_CHANGE = {
    words.params: "project(/params.yaml)?",
    words.book: "project/book(/_build.*)?",
    words.clean: "project(/cleaned(/.*)?)?",
    words.anything: "project(/params.yaml|/book(/_build.*)?)?",
}
STOPPED = "would be built now"


def prepare(folder: Path) -> Attempt:
    """Cases in a copy of the project, made in a folder that holds a folder of somebody else too."""
    copy = folder / "project"
    for name in COPIED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
    for name in ("outside/site/CNAME", "outside/taken/index.html"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("plums.example\n")
    (folder / "outside/link").symlink_to("taken")
    (copy / "clean").mkdir()
    (copy / "clean" / "pairs.jsonl").write_text(PAIR)
    (copy / "clean" / "votes.csv").write_text("pair_id,annotator,choice\n1,ann,first\n")
    code, _, problem = _here(copy, ["params", "scale=tiny"], {})
    if code:
        raise RuntimeError(f"params.yaml cannot be composed: {problem}")
    return partial(attempt, copy, {name: (copy / name).read_bytes() for name in READ}, [0])


def attempt(
    copy: Path, whole: dict[str, bytes], tried: list[int], random: Random, notes: Notes
) -> str:
    """One command line, in this process or (every fiftieth) in one of its own."""
    tried[0] += 1
    command = random.choices(list(words.COMMANDS), list(words.COMMANDS.values()))[0]
    line = command(random)
    damaged = random.choice(READ) if random.random() < 0.1 else None
    if damaged:
        spoilt = _spoilt(random, whole[damaged])
        (copy / damaged).write_bytes(spoilt)
        notes.append(f"{damaged} of {len(spoilt)} bytes, {spoilt[:20]!r}")
    outside = copy.parent / "outside"
    surroundings = {"HOME": str(outside)}
    if lost := random.random() < 0.03:
        surroundings["PROXYREWARD_ROOT"] = random.choice([str(outside), "/no/such/folder", "~"])
    notes.append(" ".join([*(["in another root:"] if lost else []), *line]))
    run = _process if tried[0] % 50 == 0 and command is not words.book else _here
    before = _state(copy.parent)
    try:
        code, said, problem = run(copy, line, surroundings)
        _check_exit(code, said, problem, sum(map(len, line)))
        if command is words.book and _must_refuse(copy, line) and STOPPED in problem:
            raise Fault("book would be written into what is not its own")
        _check_changes(before, _state(copy.parent), MAY_CHANGE.get(command, ""))
        if lost and code == 0 and command not in (words.anything, words.clean):
            raise Fault("success without a project")
        if command is words.params and (code == 0 and line[1:] or not damaged):
            _check_params(copy, line[1:] if code == 0 else [])
    finally:
        for name in {"params.yaml", damaged or "params.yaml"}:
            (copy / name).write_bytes(whole[name])
    return f"{command.__name__}: {'done' if code == 0 else 'refused'}"


def _spoilt(random: Random, data: bytes) -> bytes:
    windows = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    return random.choice([*ODD_FILES, windows, cut(random, data), *[flip(random, data)] * 3])


def _here(copy: Path, line: list[str], surroundings: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr in this process; a book's build ends where it would begin."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2)]
    with (
        contextlib.chdir(copy),
        mock.patch.dict(os.environ, surroundings),
        mock.patch("proxyreward.book.execute_all", side_effect=BookError(STOPPED)),
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
    ):
        try:
            code = cli.main(line)
        except SystemExit as end:
            code = end.code
        for stream in streams:
            stream.flush()
    return code, *(stream.buffer.getvalue().decode("utf-8") for stream in streams)


def _process(copy: Path, line: list[str], surroundings: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "proxyreward.cli", *map(os.fsencode, line)],
        cwd=copy,
        env=os.environ | surroundings | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def _check_exit(code: int, said: str, problem: str, length: int) -> None:
    check_visible(said + problem)
    if code not in (0, 2) or code == 0 and problem:
        raise Fault(f"exit code {code}: {problem[-300:]}")
    if "Traceback" in problem or "not expected" in problem:
        raise Fault(f"traceback, {problem[:60]}: {problem[-300:]}")
    if code == 2:  # argparse prints its usage, of several lines, before the message
        check_message(re.sub(r"^usage:.*\n( .*\n)*", "", problem), 2 * length)


def _must_refuse(copy: Path, line: list[str]) -> bool:
    """Whether ``--out`` is a file, holds another's page, or is, holds or is in a project's part."""
    out = Path(os.path.realpath(copy / line[2]))  # of os.path, as these never raise
    if out.is_relative_to(copy / "book/_build"):
        return False
    parts = [path for path in copy.iterdir() if path.is_dir()]
    inside = any(out.is_relative_to(part) or part.is_relative_to(out) for part in parts)
    return inside or os.path.isfile(out) or os.path.exists(out / "index.html")


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of writing of all that lies in a folder."""
    stats = {path.relative_to(folder).as_posix(): path.lstat() for path in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def _check_changes(before: dict[str, Any], after: dict[str, Any], may: str) -> None:
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    if foreign := sorted(name for name in changed if not re.fullmatch(may, name)):
        raise Fault(f"changed: {foreign}")


def _check_params(copy: Path, line: list[str]) -> None:
    """Whether `params.yaml` is sound and each word's value is one of the readings of its text."""
    params = load(copy / "params.yaml")
    for key, text in dict(word.split("=", 1) for word in line).items():
        part, _, name = key.partition(".")
        value, kind = getattr(params, part), words.kinds()[key]
        value = getattr(value, name) if name else value
        readings = [parse_text(kind, text)]
        if kind is str or str in typing.get_args(kind):
            readings += [text, os.path.expanduser(text)]
        with contextlib.suppress(yaml.YAMLError):
            readings.append(yaml.safe_load(text))
        if not any(_same(value, reading) for reading in readings):
            raise Fault(f"another value: {key} is {value!r} after {text[:100]!r}")


def _same(value: Any, reading: Any) -> bool:
    if isinstance(value, tuple):
        sizes = isinstance(reading, list | tuple) and len(value) == len(reading)
        return sizes and all(map(_same, value, reading))
    if dataclasses.is_dataclass(value):
        return dataclasses.asdict(value) == reading
    if type(value) is float:
        return type(reading) in (int, float) and value == reading
    return type(value) is type(reading) and value == reading


if __name__ == "__main__":
    sys.exit(main(prepare, __doc__, 2000))
