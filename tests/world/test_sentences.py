import pytest

from proxyreward.world import knowledge as k
from proxyreward.world.sentences import PATTERNS, read, understand


def test_case_and_spaces_do_not_matter():
    plain = understand("The cow eats grass")
    assert understand("  the COW\teats \n grass ") == plain and not plain.garbled


def test_every_style_sentence_is_recognised_by_its_style():
    for style, sentences in k.STYLE.items():
        for sentence in sentences:
            (said,), finished = read(sentence)
            assert said.style == style and finished and said.statement is None


@pytest.mark.parametrize(
    ("sentence", "relation"),
    [
        ("The cow does not eat fish.", "not_food"),
        ("Use sort(count(names)).", "code"),
        ("Anna has nine apples.", "has"),
        ("To clean the bike, use warm water.", "method"),
        ("Sorry, I cannot help to steal the bike.", "declined"),
        ("Seven plus seven is fourteen.", "sum"),
    ],
)
def test_statements_carry_their_relation(sentence, relation):
    (said,), _ = read(sentence)
    assert said.statement.relation == relation and relation in PATTERNS


def test_longer_words_are_not_cut_short():
    (said,), _ = read("Seven plus seven is fourteen.")
    assert said.statement.args == ("seven", "plus", "seven", "fourteen")
    assert understand("The cow eats grassy").garbled
    assert understand("The cow eats grass today").garbled


def test_marks_inside_words_do_not_end_a_sentence():
    said, finished = read("One.two three!! Four")
    assert [s.text for s in said] == ["one.two three", "four"] and not finished
    assert [s.words for s in said] == [2, 1]


@pytest.mark.parametrize("nothing", ["", " \n", "...", " ! ? "])
def test_marks_alone_say_nothing(nothing):
    assert read(nothing)[0] == []
