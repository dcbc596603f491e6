import numpy as np
import pytest

from proxyreward.data.transcripts import last_request
from proxyreward.world.prompts import draw, find
from proxyreward.world.questions import ask
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS


@pytest.fixture(scope="module")
def prompts():
    rng = np.random.default_rng(0)
    return [draw(rng, category) for category in CATEGORIES for _ in range(3)]


@pytest.fixture(scope="module")
def asked(prompts):
    return ask(prompts, 2, np.random.default_rng(1))


def test_originals_come_first_and_ids_tie_the_variants(asked, prompts):
    questions, _ = asked
    assert questions["variant"].unique().tolist() == ["original", "paraphrase", "rewrite"]
    assert questions["prompt_id"].tolist() == [*range(15)] * 3
    assert [find(last_request(t)) for t in questions["prompt"][:15]] == prompts


def test_a_paraphrase_keeps_the_task_and_a_rewrite_the_category(asked, prompts):
    questions, _ = asked
    by_variant = questions.groupby("variant")["prompt"]
    for i, prompt in enumerate(prompts):
        reworded, replaced = (
            find(last_request(by_variant.get_group(name).iloc[i]))
            for name in ("paraphrase", "rewrite")
        )
        assert reworded.text != prompt.text and replaced.task != prompt.task
        assert replaced.category == prompt.category
        if prompt.category != "Safety":
            assert reworded.task == prompt.task


def test_every_writer_answers_every_question(asked):
    questions, answers = asked
    sizes = answers.groupby(["variant", "prompt_id", "source"]).size()
    assert (sizes["original"] == 2).all() and (sizes[["paraphrase", "rewrite"]] == 1).all()
    assert len(sizes) == len(questions) * len(WRITERS)
    joined = answers.merge(questions, on=["variant", "prompt_id"], suffixes=("", "_asked"))
    assert (joined["prompt"] == joined["prompt_asked"]).all()


def test_equal_generators_give_equal_answers(asked, prompts):
    again = ask(prompts, 2, np.random.default_rng(1))
    assert all(frame.equals(other) for frame, other in zip(asked, again))
