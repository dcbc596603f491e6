import json

import numpy as np
import pytest

from proxyreward.findings.core import scorecard
from proxyreward.findings.core.registry import EXPLAINED
from proxyreward.findings.core.scorecard import Decision
from proxyreward.notebooks.display import ENOUGH

CLAIM = "rethinking.fig3.c1"
ROW = {
    "claim_id": CLAIM, "verdict": "reproduced", "estimate": 0.5, "low": 0.25, "high": 1.0,
    "n": 7, "paper_value": None, "reason": "because",
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scorecard.json"


def refused(path, content, problem, registry=None):
    """Whether the reader refuses a file with one line that names it and the remedy."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=problem) as error:
        scorecard.read(path, registry)
    message = str(error.value)
    assert message.startswith(f"{path}: ") and "`dvc repro`" in message
    assert message.isprintable()


def test_entries_read_as_they_stand(path, registry):
    path.write_text(json.dumps([ROW]), encoding="utf-8")
    assert scorecard.read(path, registry) == [ROW]


def test_the_reason_of_a_verdict_is_written_where_there_is_one(path, registry):
    scorecard.write(path, [decision(CLAIM, why="It is small.")], registry)
    [row] = scorecard.read(path, registry)
    assert row["why"] == "It is small."
    refused(path, json.dumps([ROW | {"why": ""}]), "entry 0 .*'why' must be a text of one line")


def test_what_did_not_come_out_as_claimed_has_a_reason(root, registry):
    """Once all replicates stand: which verdicts need one is known then."""
    path = root / "results" / "tiny" / "scorecard.json"
    rows = scorecard.read(path, registry) if path.is_file() else []
    if max((row["n"] for row in rows), default=0) < ENOUGH:
        pytest.skip(f"fewer than {ENOUGH} replicates")
    silent = [row["claim_id"] for row in rows if row["verdict"] in EXPLAINED and "why" not in row]
    assert silent == []


@pytest.mark.parametrize("name", ROW)
def test_every_field_is_needed_and_named(path, name):
    rest = {key: value for key, value in ROW.items() if key != name}
    refused(path, json.dumps([ROW | {"claim_id": "a"}, rest]), f"entry 1 .*'{name}' is missing")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"colour": 1}, "field 'colour' is unknown"),
        ({"verdict": "maybe"}, "field 'verdict' must be one of"),
        ({"verdict": None}, "field 'verdict' must be a text"),
        ({"reason": " "}, "field 'reason' must be a text"),
        ({"reason": "red \u001b[31m"}, "field 'reason' must be a text of one line"),
        ({"reason": "half \ud800"}, "field 'reason' must be a text of one line"),
        ({"claim_id": 3}, "field 'claim_id' must be a text"),
        ({"estimate": "0.5"}, "field 'estimate' must be a number or null, got '0.5'"),
        ({"estimate": True}, "field 'estimate' must be a number"),
        ({"estimate": None}, "'estimate' is null, but the claim is reproduced"),
        ({"low": [0.1]}, "field 'low' must be a number"),
        ({"low": None}, "'low' and 'high' are no interval: None and 1.0"),
        ({"low": 2.0}, "'low' and 'high' are no interval: 2.0 and 1.0"),
        ({"n": 7.0}, "field 'n' must be a whole number"),
        ({"n": -1}, "field 'n' must be a whole number"),
        ({"n": False}, "field 'n' must be a whole number"),
        ({"claim_id": "rethinking.fig3.c99"}, "did you mean 'rethinking.fig3.c"),
    ],
)
def test_an_entry_that_no_finding_writes_is_refused(path, registry, change, problem):
    refused(path, json.dumps([ROW | change]), f"entry 0 .*{problem}", registry)


def test_a_claim_is_decided_once(path):
    refused(path, json.dumps([ROW, ROW]), rf"entry 1 \(claim '{CLAIM}'\): .* more than once")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{}", "no list of entries"),
        ("[3]", "entry 0 .*no object"),
        (json.dumps([ROW])[:-9], "Unterminated|delimiter|Expecting"),
        ("", "Expecting value"),
        (json.dumps([ROW]).encode("utf-16"), "codec"),
        (json.dumps([ROW]).replace("0.5", "NaN"), "NaN is no JSON number"),
        (json.dumps([ROW]).replace("1.0", "Infinity"), "Infinity is no JSON number"),
        (json.dumps([ROW]).replace("0.5", "1e999"), "field 'estimate' must be a number"),
        (json.dumps([ROW]).replace('"n": 7', '"n": 7, "n": 8'), "one key twice"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_file_is_refused(path, content, problem):
    refused(path, content, problem)


def test_a_missing_file_is_told(path):
    with pytest.raises(ValueError, match="No such file or directory; `dvc repro`"):
        scorecard.read(path)


def decision(claim_id, estimate=1 / 3, **changed):
    own = dict(low=np.nan, high=np.inf, n=3, paper_value=np.nan, reason="because") | changed
    return Decision(claim_id, "reproduced", estimate, **own)


def test_decisions_are_written_sorted_with_numbers_of_six_digits_or_null(path, registry):
    both = [decision(CLAIM), decision("rethinking.fig1.c1")]
    scorecard.write(path, both, registry)
    first, second = scorecard.read(path, registry)
    assert (first["claim_id"], second["claim_id"]) == ("rethinking.fig1.c1", CLAIM)
    assert first == ROW | {
        "claim_id": "rethinking.fig1.c1", "estimate": 0.333333, "low": None, "high": None, "n": 3,
    }  # fmt: skip
    before = path.read_bytes()
    scorecard.write(path, both[::-1], registry)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("decisions", "problem"),
    [
        ([decision("rethinking.fig1.c9")], "did you mean 'rethinking.fig1.c1'"),
        ([decision(CLAIM)] * 2, "decided more than once"),
        ([decision(CLAIM, low=1.0, high=0.0)], "no interval"),
        ([decision(CLAIM, reason="")], "'reason' must be a text"),
    ],
)
def test_what_could_not_be_read_is_not_written(path, registry, decisions, problem):
    with pytest.raises(ValueError, match=problem):
        scorecard.write(path, decisions, registry)
    assert not path.exists()
