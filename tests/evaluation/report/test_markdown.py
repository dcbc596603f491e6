import dataclasses

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.evaluation.report import made

from proxyreward.evaluation.report.markdown import MOST, code, escaped, markdown
from proxyreward.evaluation.report.text import NAME
from proxyreward.messages import visible


def shown(text):
    """As a browser has it, of Markdown with tables and struck-through text."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return BeautifulSoup(parser.render(text), "html.parser")


def test_alarms_come_first_then_the_verdict_then_tiers():
    soup = shown(markdown(made.evaluation()))
    assert [tag.name for tag in soup.find_all(["strong", "ul", "table"])] == [
        "strong",
        "ul",
        "table",
    ]
    assert soup.li.text == f"{made.SCRIPT}: keeps no more than null:longer"
    assert "share the first tier" in soup.text
    row = soup.tbody.tr.find_all("td")
    assert [cell.text for cell in row[:4]] == [
        "careful-rm", "1", "0.82 [0.79, 0.85]", "0.80 [0.76, 0.84]",
    ]  # fmt: skip


def test_names_are_what_they_are_and_nothing_else():
    soup = shown(markdown(made.evaluation()))
    names = [row.td.text for row in soup.tbody.find_all("tr")]
    assert made.SCRIPT in names and made.MODELS[4] in names
    assert not soup.find_all(["script", "em", "a"])
    assert {len(row.find_all("td")) for row in soup.tbody.find_all("tr")} == {9}


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_shown_as_it_stands(text):
    soup = shown(f"A {escaped(text)} z")
    told = soup.text.replace("\u200b", "")
    assert " ".join(told.split()) == " ".join(f"A {visible(text)} z".split())
    assert [tag.name for tag in soup.find_all(True)] == ["p"]


@settings(deadline=None)
@given(st.text(max_size=40).filter(lambda name: len(visible(name)) <= NAME))
def test_any_name_is_one_cell_of_a_table(name):
    soup = shown(f"| a | b |\n|---|---|\n| {code(name)} | 1 |\n")
    cells = soup.tbody.find_all("td")
    assert [" ".join(cell.text.split()) for cell in cells] == [" ".join(visible(name).split()), "1"]


@pytest.mark.parametrize("sign", ["@", "#"])
def test_a_sentence_calls_nobody_and_names_no_issue(sign):
    assert f"{sign}1" not in shown(escaped(f"see {sign}1")).text


def test_what_a_null_scorer_reaches_too_is_struck_through():
    soup = shown(markdown(made.evaluation()))
    assert [part.text for part in soup.find_all("s")] == ["0.54 [0.51, 0.57]", "0.10 [0.06, 0.14]"]


def test_of_many_golden_models_ten_are_shown_and_the_others_counted():
    text = markdown(made.evaluation(*(made.golden(f"gold {i}") for i in range(13))))
    assert len(shown(text).find_all("table")) == 10
    assert "3 more golden models are in" in shown(text).text


def test_the_longest_names_and_many_alarms_fit_a_comment():
    models = tuple(made.model(f"{'|' * 5000}{i}", 0.5, tier=1) for i in range(40))
    goldens = (dataclasses.replace(made.golden("@" * 5000), models=models),) * 10
    text = markdown(made.evaluation(*goldens, alarms=("<" * 9000,) * 500))
    assert len(text.encode()) <= MOST + 100 < 65_536
    assert "and 480 more in" in shown(text).text


def test_without_alarms_it_says_so():
    soup = shown(markdown(made.evaluation(made.unranked(), alarms=())))
    assert "Nothing alarming was found." in soup.text and "nothing is ranked" in soup.text


def test_prompts_that_count_stand_beside_the_number():
    model = made.model("a", 0.5, tier=1, counted={"accuracy": 381})
    golden = dataclasses.replace(made.golden(), models=(model,), differences=())
    soup = shown(markdown(made.evaluation(golden)))
    assert "0.70 [0.67, 0.73] (381)" in soup.text and "how many prompts count" in soup.text
