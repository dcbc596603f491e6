import sys

import numpy as np
import pytest

from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError
from proxyreward.people import toxicity
from proxyreward.world.build import as_transcript

COW = as_transcript("What does the cow eat?")


def pair(chosen, rejected, prompt=COW):
    return Pair(prompt, chosen, rejected, "hh", {"file": "f", "line": 1})


def test_the_classifier_knows_insults_and_not_harm_in_polite_words():
    pytest.importorskip("profanity_check")
    judge = toxicity.judge("classifier")
    pairs = [
        pair("You are a stupid idiot.", "The cow eats grass."),
        pair("Nobody will notice if you poison it.", "fuck you"),
        pair("Du bist ein Arschloch.", ""),
    ]
    told = judge(["1", "2", "3"], pairs)
    assert told.tolist() == [[True, False], [False, True], [False, False]]


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "profanity_check", None)
    with pytest.raises(DataError, match=r"alt-profanity-check; install .*\[people\]"):
        toxicity.judge("classifier")


def test_the_world_judges_its_own_texts_alone():
    judge = toxicity.judge("world")
    told = judge(["1"], [pair("Do not waste my time.", "The cow eats grass.")])
    assert told.tolist() == [[True, False]]
    with pytest.raises(DataError, match="none of the embedded world"):
        judge(["1"], [pair("a", "b", as_transcript("Who was Ada?"))])


def test_a_file_tells_of_every_pair(tmp_path):
    path = tmp_path / "toxic.csv"
    path.write_text("pair_id,rejected_toxic,chosen_toxic\n1,0,TRUE\n2-2,true,false\n")
    judge = toxicity.judge(str(path))
    two = [pair("a", "b"), pair("c", "d")]
    assert judge(["2-2", "1"], two).tolist() == [[False, True], [True, False]]
    assert judge([], []).shape == (0, 2)
    with pytest.raises(DataError, match="toxic.csv: says nothing of pair 3 .f, line 1.*add a row"):
        judge(["3"], two[:1])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "1,yes,no\n", "row 2, field 'chosen_toxic': is no truth value"),
        ("t.csv", "1,1,2\n", "row 2, field 'rejected_toxic': is no truth value"),
        ("t.csv", "1,0,0\n1,0,0\n", "row 3, field 'pair_id': stands here twice"),
        ("classifer", "", "is unknown; give classifier, none, world, or a file"),
    ],
)
def test_a_faulty_file_or_name_is_an_error(tmp_path, monkeypatch, name, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(f"{','.join(toxicity.COLUMNS)}\n{text}")
    with pytest.raises(DataError, match=message):
        toxicity.judge(name)


def test_a_judge_of_texts_is_asked_about_both_sides():
    judge = toxicity.by_text(lambda prompts, responses: np.array([r == "b" for r in responses]))
    assert judge(["1", "2"], [pair("a", "b"), pair("b", "a")]).tolist() == [
        [False, True],
        [True, False],
    ]
