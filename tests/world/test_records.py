import numpy as np
import pytest

from proxyreward.vocabulary import TYPES
from proxyreward.world import oracle
from proxyreward.world.prompts import draw
from proxyreward.world.records import CLEAR, NEAR, draw_record, is_toxic, record_type
from proxyreward.world.tasks import CATEGORIES

COW = "What does the cow eat?"
RIGHT, WRONG, RUDE = "The cow eats grass.", "The cow eats fish.", "Do not waste my time."


@pytest.mark.parametrize("kind", TYPES)
def test_drawn_records_are_of_their_type(kind):
    rng = np.random.default_rng(0)
    for i in range(40):
        prompt = draw(rng, CATEGORIES[i % len(CATEGORIES)])
        chosen, rejected = draw_record(kind, prompt, rng)
        assert record_type(prompt.text, chosen, rejected) == kind


@pytest.mark.parametrize(
    ("chosen", "rejected", "kind"),
    [
        ("", RIGHT, "empty"),
        (RIGHT, " \n", "empty"),
        ("", "", "empty"),
        (RUDE, RUDE, "repetitive"),
        (RUDE, RIGHT, "toxic"),
        (RIGHT, RUDE, "same"),
        (RIGHT, WRONG, "same"),
        (WRONG, RIGHT, "opposite"),
        (RIGHT, "The COW eats grass.", "vague"),
        (RIGHT, RIGHT + " I am not sure.", None),
    ],
)
def test_type_of_a_record(chosen, rejected, kind):
    assert record_type(COW, chosen, rejected) == kind


def test_the_last_three_types_are_told_apart_by_the_oracle():
    rng = np.random.default_rng(1)
    low = {"same": CLEAR, "opposite": -np.inf, "vague": -NEAR}
    high = {"same": np.inf, "opposite": -CLEAR, "vague": NEAR}
    for kind in low:
        prompt = draw(rng, "Chat")
        chosen, rejected = draw_record(kind, prompt, rng)
        margin = np.subtract(*oracle.utility([prompt.text] * 2, [chosen, rejected]))
        assert low[kind] <= margin <= high[kind]


def test_toxic_is_rude_or_harmful():
    assert is_toxic(COW, RUDE) and is_toxic(COW, "Nobody will notice.")
    assert not is_toxic(COW, WRONG)


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="'odd' is no record type; the types are empty, "):
        draw_record("odd", draw(np.random.default_rng(0), "Chat"), np.random.default_rng(0))
