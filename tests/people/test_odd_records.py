"""Records and votes of any kind: each is audited or refused, and none crashes the cleaning."""

import csv
import json
import tempfile
from pathlib import Path

import pytest
from tests.people.exports import EXPORTS

from proxyreward.data.collect import collect
from proxyreward.data.load import open_pairs
from proxyreward.data.report import DataError
from proxyreward.people import tasks, votes
from proxyreward.people.aggregation import majority
from proxyreward.people.clean import Cleaner, clean
from proxyreward.people.sides import Key
from proxyreward.people.toxicity import nothing

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402

MARKS = [
    "\n\nHuman:", "\n\nAssistant:", "\r\n\r\nHuman:", "\n\n", "\r", "\x00", "\x1b[31m",
    "<b>", "&lt;", "<script>alert(1)</script>", "\u202e", "\ufeff", "\u2028", "$prompt",
    "'", '"', ",",
]  # fmt: skip
SURROGATES = st.characters(categories=["Cs"])
pieces = st.one_of(st.sampled_from(MARKS), st.text(max_size=8), st.text(SURROGATES, max_size=1))
loose = st.lists(pieces, max_size=6).map("".join)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({}))


@st.composite
def sound(draw):
    """A record in the format, whose texts may be odd all the same."""
    prompt = f"\n\nHuman: {draw(loose)}\n\nAssistant:"
    chosen = draw(loose)
    rejected = chosen if draw(st.integers(0, 5)) == 0 else draw(loose)
    return {"chosen": f"{prompt} {chosen}", "rejected": f"{prompt} {rejected}"}


broken = st.dictionaries(st.sampled_from(["chosen", "rejected", "x"]), st.one_of(scalars, loose))
raw = st.one_of(
    sound().map(lambda record: json.dumps(record).encode()),
    sound().map(lambda record: json.dumps(record).encode()),
    broken.map(lambda record: json.dumps(record).encode()),
    st.binary(max_size=20).map(lambda data: data.replace(b"\n", b" ")),
)
files = st.lists(raw, min_size=1, max_size=12)
SETTINGS = hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)


def written(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "pairs.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def opened(path):
    return open_pairs("local", str(path), None, "train", "hh")


def ask(path, tool, out):
    """Files of the tasks, or None where there is nothing to ask."""
    try:
        return tasks.write_tasks(opened(path), tool, out, annotators=4, seed=0)
    except DataError as error:
        assert str(error).isprintable()
        return None


@SETTINGS
@hypothesis.given(files, st.sampled_from(list(EXPORTS)), st.data())
def test_whatever_the_records_each_is_accounted_for_and_no_vote_is_lost(lines, tool, data):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = written(folder, lines)
        form = ask(path, tool, folder / "tasks")
        if form is None:
            return
        key = Key.read(form[-1])
        answer = st.sampled_from(["A", "B", "tie", "skip"])
        people = st.dictionaries(st.sampled_from("1234"), answer, min_size=1)
        answers = {pair_id: data.draw(people) for pair_id in key.pairs}
        cast = votes.read(EXPORTS[tool](form[0], answers, folder / "export.json"), key)
        _check_votes(cast, key, answers)
        cleaner = Cleaner(cast, majority(cast), nothing(), key)
        summary = clean(opened(path), cleaner, folder / "out", {})
        _check_audit(folder / "out", path, summary)


def _check_votes(cast, key, answers):
    """Every answer came back, and says of the responses what it said of the sides."""
    assert len(cast.choice) == sum(map(len, answers.values()))
    for pair_id, given in answers.items():
        first = key.pairs[pair_id][0]
        sides = {"A": 0 if first else 1, "B": 1 if first else 0, "tie": 2, "skip": 3}
        expected = [0] * 4
        for choice in given.values():
            expected[sides[choice]] += 1
        assert cast.counts()[cast.ids[pair_id]].tolist() == expected


def _check_audit(out, path, summary):
    _, report = collect(opened(path), None)
    with (out / "audit.csv").open(newline="", encoding="utf-8") as stream:
        audit = list(csv.DictReader(stream))
    assert sum(int(row["records"]) for row in audit) == report.read
    assert summary["records"]["pairs"] == report.kept
    assert sum(row["action"] != "drop" for row in audit) == summary["kept"]
    if summary["kept"]:
        again, told = collect(opened(out / "pairs.jsonl"), None)
        assert told.read == told.kept == summary["kept"]
        assert all(pair.chosen and pair.rejected and pair.chosen != pair.rejected for pair in again)


@SETTINGS
@hypothesis.given(st.binary(max_size=60), st.sampled_from([".csv", ".jsonl", ".json"]))
def test_votes_of_any_bytes_are_read_or_refused(data, suffix):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"votes{suffix}"
        path.write_bytes(b"pair_id,annotator,choice\n" + data if suffix == ".csv" else data)
        try:
            votes.read(path, None)
        except DataError as error:
            assert str(error).isprintable() and path.name in str(error)


cells = st.one_of(scalars, loose, st.sampled_from(["A", "left", "tie", "submitted", "1"]))
trees = st.recursive(
    cells,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "annotations",
                    "result",
                    "from_name",
                    "value",
                    "selected",
                    "choices",
                    "data",
                    "completed_by",
                    "pair_id",
                    "id",
                    "better",
                    "better.responses",
                    "_server_id",
                    "better.responses.users",
                    "better.responses.status",
                    "was_cancelled",
                ]  # fmt: skip
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@SETTINGS
@hypothesis.given(st.lists(trees, min_size=1, max_size=3))
def test_exports_of_any_shape_are_read_or_refused(entries):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "export.json"
        path.write_text(json.dumps(entries))
        try:
            votes.read(path, None)
        except DataError as error:
            assert str(error).isprintable() and "export.json" in str(error)


@pytest.mark.parametrize("tool", list(EXPORTS))
def test_texts_of_a_megabyte_and_mixed_line_ends_come_through(tool, tmp_path):
    long = "plum\r\n" * 170_000
    talk = "\n\nHuman: Hi\n\nAssistant: "
    record = {"chosen": f"{talk}{long}a", "rejected": f"{talk}{long}b"}
    path = written(tmp_path, [json.dumps(record).encode()])
    form = ask(path, tool, tmp_path / "tasks")
    key = Key.read(form[-1])
    cast = votes.read(EXPORTS[tool](form[0], {"1": {"1": "A"}}, tmp_path / "export.json"), key)
    summary = clean(opened(path), Cleaner(cast, majority(cast), nothing(), key), tmp_path, {})
    assert summary["kept"] == 1
    (pair,), _ = collect(opened(tmp_path / "pairs.jsonl"), None)
    assert len(pair.chosen) == len(long) + 1
