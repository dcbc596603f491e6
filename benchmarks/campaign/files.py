"""Bad files: every loader and the reader of pair files on files that are damaged at random.

A load must give pairs that add up to what was read and can be written and read back unchanged, or
one `DataError` of one line. A damage that no reader may miss must be told.

Run: python -m benchmarks.campaign.files --count 10000 --seed 1
"""

import contextlib
import json
import math
import re
import sys
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
from benchmarks.campaign import damage
from benchmarks.campaign.common import Attempt, Fault, Notes, check_message, check_visible, main
from benchmarks.campaign.records import FORMATS, Format, text

from proxyreward.data import pairs
from proxyreward.data.load import load_pairs
from proxyreward.data.report import DataError, LoadReport

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

VALUES = [
    None,
    " plums ",
    "\x1b[31m",
    "",
    "\n\nHuman: a\ud800\n\nAssistant:",
    0.5,
    2**62,
    True,
    b"plums",
]
METAS = [{"a": math.nan}, {"a": 10**400}, {"\ud800": 1}, {1: 2}, {"a": {1}}, "{}"]
STORED_METAS = [
    "",
    "[]",
    "null",
    '{"a": NaN}',
    "{",
    "[" * 9999,
    '{"a":1,"a":2}',
    '{"a": "\\ud800"}',
]


def prepare(folder: Path) -> Attempt:
    """Cases that write their files into a folder."""
    return partial(attempt, folder)


def attempt(folder: Path, random: Random, notes: Notes) -> str:
    """One file: of a format that people publish, or a pair file of our own."""
    if random.random() < 0.15:
        return _pair_file(folder, random, notes)
    name = random.choice(list(FORMATS))
    notes.append(name)
    path = _written(folder, FORMATS[name], random, notes)
    try:
        return _load(path, name, random, notes)
    finally:
        path.unlink(missing_ok=True)


def _load(path: Path, name: str, random: Random, notes: Notes) -> str:
    published = FORMATS[name]
    limit = random.choice([None, None, None, 1, 3])
    words = (published.split, limit, name, random.choice([None, "mine"]))
    try:
        frame, report = load_pairs("local", str(path), published.subset, *words)
    except DataError as error:
        check_message(str(error))
        return f"{name}: refused"
    _check(frame, report, limit)
    if not (report.kept < report.read or any(report.flagged.values())):
        _check_nothing_hidden(frame, name, notes[1:] if limit is None else [])
    _check_round_trip(frame, path.with_name("pairs.parquet"))
    return f"{name}: {'all kept' if report.kept == report.read else 'some rejected'}"


def _written(folder: Path, published: Format, random: Random, notes: Notes) -> Path:
    """A file of a few records with none to three damages, which the notes name."""
    records: list[Any] = [published.record(random) for _ in range(random.randint(1, 4))]
    places = ["value"] * 6 + ["line"] * 4 + ["bytes"] * 2 + ["name"]
    kinds = random.choices(places, k=random.choice([0, 1, 1, 1, 2, 3]))
    notes += [damage.spoil_value(random, records) for kind in kinds if kind == "value"]
    if published.file.endswith(".test.json"):
        records = [records]
    lines = [json.dumps(record, ensure_ascii=random.random() < 0.5) for record in records]
    notes += [damage.spoil_lines(random, lines) for kind in kinds if kind == "line" and lines]
    data, name = (
        "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"),
        published.file,
    )
    if "bytes" in kinds:
        done, data = damage.spoil_bytes(random, data)
        notes.append(done)
    if random.random() < 0.3:
        (done, data), name = damage.packed(random, data), f"{name}.gz"
        notes += [done] if done != "gzip" else []
    if "name" in kinds:
        odd = [f"\x1b[31m{name}", f"a\n{name}", "pairs.txt", f"train.test.{name}", name[:-3]]
        name = random.choice(odd)
        notes.append(f"named {name!r}")
    (folder / name).write_bytes(data)
    return folder / name


def _check(frame: pd.DataFrame, report: LoadReport, limit: int | None) -> None:
    told = report.kept + sum(report.rejected.values()) + sum(report.passed.values())
    if report.read != told:
        raise Fault("counts do not add up")
    if len(frame) != report.kept or report.kept > (limit or math.inf):
        raise Fault("another number of pairs than reported")
    check_visible(str(report))
    if len(json.dumps(report.to_dict(), allow_nan=False)) > 500_000:
        raise Fault("report too long")
    for meta in frame["meta"]:
        try:
            json.dumps(meta, allow_nan=False)
        except ValueError as error:
            raise Fault("meta is no plain JSON") from error


def _check_nothing_hidden(frame: pd.DataFrame, name: str, done: list[str]) -> None:
    """Check a load that reports no fault: no damage that must be told, and plain texts."""
    act = done[0].split(" in line")[0] if len(done) == 1 else ""
    if act in damage.LOUD and (name, act) != ("dsp", "blank line"):
        raise Fault(f"nothing told of {act}")
    if any(_CONTROL.search(text) for column in pairs.TEXT_COLUMNS for text in frame[column]):
        raise Fault("nothing told of control characters in a text")
    largest = {"webgpt": 2, "squality": 100}.get(name, math.inf)
    if any(meta.get("grade", 0) > largest for meta in frame["meta"]):
        raise Fault("nothing told of a score outside its range")


def _check_round_trip(frame: pd.DataFrame, path: Path) -> None:
    pairs.write(frame, path)
    _check_same(pairs.read(path), frame)


def _check_same(found: pd.DataFrame, frame: pd.DataFrame) -> None:
    for column in pairs.COLUMNS:
        if list(found[column]) != list(frame[column]):
            raise Fault(f"column {column} changed")


def _pair_file(folder: Path, random: Random, notes: Notes) -> str:
    """A pair file of ours: written from an odd frame, damaged in its bytes, or of other content."""
    prompts = [f"\n\nHuman: {text(random)}\n\nAssistant:" for _ in range(random.randint(1, 200))]
    rows = [pairs.Pair(prompt, text(random), text(random), "mine", {"n": 1}) for prompt in prompts]
    frame, path = pairs.to_frame(rows), folder / "pairs.parquet"
    kind = random.choice(["written", "damaged", "other"])
    notes.append(f"pair file {kind}")
    if kind == "written":
        frame = _odd(frame, METAS, random, notes)
    try:
        pairs.write(frame, path)
        if kind == "damaged":
            act = random.choice([damage.flip, damage.flip, damage.cut])
            path.write_bytes(act(random, path.read_bytes()))
        if kind == "other":
            with contextlib.suppress(UnicodeEncodeError):  # no file holds such text
                _odd(pd.read_parquet(path), STORED_METAS, random, notes).to_parquet(path)
        found = pairs.read(path)
    except DataError as error:
        check_message(str(error))
        return f"pair file {kind}: refused"
    if kind != "other":
        _check_same(found, frame)
    _check_round_trip(found, path)
    return f"pair file {kind}: read"


def _odd(frame: pd.DataFrame, metas: list[Any], random: Random, notes: Notes) -> pd.DataFrame:
    """The frame with one odd column, or with too few or too many rows."""
    column, values = random.choice([(random.choice(list(frame)), VALUES), ("meta", metas)])
    value = random.choice(values)
    changed = {
        f"without {column}": frame.drop(columns=column),
        "rows twice": pd.concat([frame, frame]),
        "no rows": frame.iloc[:0],
        "turned": frame.iloc[::-1],
        "as it was": frame,
    }
    odd = frame.assign(**{column: pd.Series([value] * len(frame), dtype=object)})
    done, frame = random.choice([*changed.items(), *[(f"{column} is {value!r:.20}", odd)] * 5])
    notes.append(done)
    return frame


if __name__ == "__main__":
    sys.exit(main(prepare, __doc__, 10_000))
