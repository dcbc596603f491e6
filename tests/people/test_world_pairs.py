"""Pairs of the embedded world, made to be of a type, are sorted into it by its people."""

import numpy as np
import pytest

from proxyreward.data.cleaning import content_type, type_of, winners
from proxyreward.data.pairs import Pair
from proxyreward.people import toxicity
from proxyreward.vocabulary import TYPES, VAGUE
from proxyreward.world import oracle
from proxyreward.world.annotators import prefers_first
from proxyreward.world.build import as_transcript
from proxyreward.world.prompts import draw
from proxyreward.world.records import draw_record
from proxyreward.world.tasks import CATEGORIES

RECORDS = 40


def sorted_into(kind, quality):
    """Types of records of a kind after a vote of four annotators of a quality."""
    rng = np.random.default_rng(TYPES.index(kind))
    prompts = [draw(rng, CATEGORIES[i % len(CATEGORIES)]) for i in range(RECORDS)]
    sides = [draw_record(kind, prompt, rng) for prompt in prompts]
    texts = [prompt.text for prompt in prompts]
    worth = [oracle.utility(texts, [pair[side] for pair in sides]) for side in (0, 1)]
    chosen = prefers_first(*worth, rng, (quality,) * 4).sum(axis=0)
    pairs = [Pair(as_transcript(text), *pair, "world") for text, pair in zip(texts, sides)]
    toxic = toxicity.world()([""] * RECORDS, pairs)[:, 0]
    winner = winners(chosen, 4 - chosen, np.zeros(RECORDS, int))
    return [type_of(content_type(*pair), *told) for pair, told in zip(sides, zip(toxic, winner))]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != VAGUE])
def test_people_who_hardly_err_find_the_type(kind):
    assert sorted_into(kind, quality=20.0) == [kind] * RECORDS


def test_people_split_on_what_is_close():
    found = sorted_into(VAGUE, quality=1.0)
    assert 0.15 < found.count(VAGUE) / RECORDS < 0.6  # coins would give 3/8
    assert {"same", "opposite"} < set(found)
