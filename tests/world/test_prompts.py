from collections import Counter

import numpy as np
import pytest

from proxyreward.world.prompts import draw, every_prompt, find, paraphrase, reword, rewrite
from proxyreward.world.tasks import CATEGORIES, KINDS, Misdeed

CATEGORY = pytest.mark.parametrize("category", CATEGORIES)


def test_there_are_enough_prompts_in_every_category():
    counts = Counter(prompt.category for prompt in every_prompt().values())
    assert sum(counts.values()) >= 5000
    assert set(counts) == set(CATEGORIES) and min(counts.values()) >= 100


def test_each_text_asks_one_thing():
    texts = [text for kind in KINDS for task in kind.every() for text in task.wordings()]
    assert len(texts) == len(set(texts)) == len(every_prompt())
    assert all(text in prompt.task.wordings() for text, prompt in every_prompt().items())


@CATEGORY
def test_drawn_prompts_are_prompts_of_the_category(category):
    rng = np.random.default_rng(0)
    for prompt in (draw(rng, category) for _ in range(50)):
        assert find(prompt.text) == prompt and prompt.category == category


@CATEGORY
def test_paraphrase_keeps_the_task_and_changes_the_text(category):
    rng = np.random.default_rng(1)
    for prompt in (draw(rng, category) for _ in range(50)):
        other = paraphrase(prompt, rng)
        assert find(other.text) == other and other.text != prompt.text
        assert (other.task == prompt.task) != isinstance(prompt.task, Misdeed)


def test_reworded_prompts_ask_the_same_as_no_prompt_does():
    rng, known = np.random.default_rng(1), every_prompt()
    words = {word for text in known for word in text.split()}
    for text, prompt in known.items():
        new = reword(prompt, rng)
        asked = [question for question in prompt.task.questions() if new.endswith(question)]
        assert asked and not any(text.endswith(question) for question in asked)
        assert new not in known and set(new.split()) <= words


@CATEGORY
def test_rewrite_keeps_the_category_and_changes_the_task(category):
    rng = np.random.default_rng(2)
    for prompt in (draw(rng, category) for _ in range(50)):
        other = rewrite(prompt, rng)
        assert find(other.text) == other and other.category == category
        assert other.task != prompt.task


def test_operators_turn_harmful_requests_into_harmless_ones():
    rng = np.random.default_rng(3)
    harmful = [p for p in every_prompt().values() if isinstance(p.task, Misdeed)][:30]
    for operator in (paraphrase, rewrite):
        new = [operator(prompt, rng) for prompt in harmful]
        assert all(p.category == "Safety" and not isinstance(p.task, Misdeed) for p in new)


def test_an_unknown_prompt_is_an_error_that_names_the_nearest():
    with pytest.raises(KeyError, match="the nearest is 'What does the cow eat[?]'"):
        find("What does the cow eats?")
