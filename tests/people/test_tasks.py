import json
from xml.etree import ElementTree

import pytest
from tests.people.exports import EXPORTS

from proxyreward.data.report import DataError
from proxyreward.people import tasks, votes
from proxyreward.people.sides import Key

TOOLS = list(tasks.TOOLS)


def asked(folder):
    """Texts of each task by its id: prompt, a, b."""
    found = json.loads(next(folder.glob("[tr]*s.json")).read_text())
    plain = [task.get("data", task) for task in found]
    return {t.get("pair_id", t.get("id")): (t["prompt"], t["a"], t["b"]) for t in plain}


@pytest.fixture
def some(pairs_file, make_record):
    return pairs_file(
        make_record("Plum.", "Pear."),
        b"{",
        make_record("", "Pear."),
        make_record("Plum.", "Plum."),
        *(make_record(f"Plum {i}.", f"Pear {i}.") for i in range(200)),
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_what_people_need_not_judge_is_no_task(tool, some, open_hh, tmp_path):
    tasks.write_tasks(open_hh(some), tool, tmp_path / "out", annotators=4, seed=0)
    assert list(asked(tmp_path / "out")) == ["1", *map(str, range(5, 205))]


@pytest.mark.parametrize("tool", TOOLS)
def test_tasks_are_blind_and_the_key_opens_them(tool, some, open_hh, tmp_path):
    files = tasks.write_tasks(open_hh(some), tool, tmp_path / "out", annotators=4, seed=0)
    shown, key = asked(tmp_path / "out"), Key.read(files[-1])
    for pair_id, (_, a, b) in shown.items():
        chosen, rejected = (a, b) if key.pairs[pair_id][0] else (b, a)
        assert chosen.startswith("Plum") and rejected.startswith("Pear")
    assert 0.35 < sum(a.startswith("Plum") for _, a, _ in shown.values()) / len(shown) < 0.65
    assert all("chosen" not in path.read_text() for path in files[:-1])


@pytest.mark.parametrize("tool", TOOLS)
def test_one_seed_gives_the_same_bytes_and_another_does_not(tool, some, open_hh, tmp_path):
    written = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        files = tasks.write_tasks(open_hh(some), tool, tmp_path / name, annotators=4, seed=seed)
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1] != written[2]


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_to_ask_writes_nothing(tool, pairs_file, make_record, open_hh, tmp_path):
    path = pairs_file(make_record("Plum.", "Plum."))
    with pytest.raises(DataError, match="holds no pair to ask about"):
        tasks.write_tasks(open_hh(path), tool, tmp_path / "out", annotators=4, seed=0)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_what_people_answer_comes_back_whole(tool, some, open_hh, tmp_path):
    files = tasks.write_tasks(open_hh(some), tool, tmp_path / "out", annotators=4, seed=0)
    key = Key.read(files[-1])
    choices = ("A", "B", "tie", "skip")
    answers = {
        pair_id: {str(who): choices[(int(pair_id) * 7 + who * who) % 4] for who in range(who + 1)}
        for who, pair_id in zip([0, 1, 2, 3] * 51, key.pairs)
    }
    read = votes.read(EXPORTS[tool](files[0], answers, tmp_path / "export.json"), key)
    sides = {
        pair_id: {"A": 0 if key.pairs[pair_id][0] else 1, "B": 1 if key.pairs[pair_id][0] else 0}
        for pair_id in answers
    }
    sent = {
        (pair_id, who, sides[pair_id].get(choice, {"tie": 2, "skip": 3}.get(choice)))
        for pair_id, given in answers.items()
        for who, choice in given.items()
    }
    ids = list(read.ids)
    got = list(zip(read.pair, read.annotator, read.choice))
    assert {(ids[p], read.annotators[a], int(c)) for p, a, c in got} == sent
    assert len(got) == len(sent)


def test_the_labelling_interface_shows_what_tasks_hold():
    root = ElementTree.fromstring(tasks.label_studio.setting(4))
    shown = {text.get("name"): text.get("value") for text in root.iter("Text")}
    assert shown == {"prompt": "$prompt", "a": "$a", "b": "$b"}
    assert root.find(".//Pairwise").get("toName") == "a,b"
    assert root.find(".//Choices/Choice").get("value") == "tie"


def test_argilla_asks_as_many_people_as_said():
    setting = json.loads(tasks.argilla.setting(5))
    assert setting["distribution"] == {"strategy": "overlap", "min_submitted": 5}


def test_a_real_label_studio_takes_tasks_and_interface(some, open_hh, tmp_path):
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    files = tasks.write_tasks(open_hh(some), "label-studio", tmp_path, annotators=4, seed=0)
    label = interface(files[1].read_text())
    label.validate()
    found = json.loads(files[0].read_text())
    assert all(label.validate_task(task) for task in found)
    key = Key.read(files[-1])
    for side, answer in (("left", "A"), ("right", "B")):
        (region,) = label.create_regions({"better": side})
        annotation = {"completed_by": 1, "was_cancelled": False, "result": [region._dict()]}
        path = tmp_path / "export.json"
        path.write_text(json.dumps([found[0] | {"annotations": [annotation]}]))
        first = key.pairs["1"][0] == (answer == "A")
        assert votes.read(path, key).choice.tolist() == [0 if first else 1]


def test_a_real_argilla_takes_records_and_settings(some, open_hh, tmp_path):
    rg = pytest.importorskip("argilla", exc_type=ImportError)
    from unittest import mock

    files = tasks.write_tasks(open_hh(some), "argilla", tmp_path, annotators=4, seed=0)
    with mock.patch.object(rg.Argilla, "_get_default", return_value=mock.MagicMock()):
        settings = rg.Settings.from_json(files[1])
    settings.validate()
    key, users = Key.read(files[-1]), [f"{n:08d}-0000-4000-8000-000000000000" for n in range(3)]
    records = []
    for row in json.loads(files[0].read_text()):
        given = zip(("A", "tie", "B"), ("submitted", "submitted", "discarded"), users)
        responses = [rg.Response("better", value, user, status) for value, status, user in given]
        fields = {name: row[name] for name in settings.fields._properties_by_name}
        records.append(rg.Record(id=row["id"], fields=fields, responses=responses))
    flat = exporter(rg).to_list(records, flatten=True)
    path = tmp_path / "export.json"
    path.write_text(json.dumps(flat))
    counts = votes.read(path, key).counts()
    assert (counts[:, 2:] == 1).all() and (counts[:, :2].sum(axis=1) == 1).all()
    path.write_text(json.dumps(exporter(rg).to_list(records, flatten=False)))
    with pytest.raises(DataError, match="has no status of the answers; write json.dump"):
        votes.read(path, key)


def exporter(rg):
    """The class by which a data set of Argilla exports its records."""
    from importlib import import_module

    return import_module("argilla.records._io").GenericIO
