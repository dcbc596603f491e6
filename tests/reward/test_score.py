import numpy as np
import pytest

from proxyreward.models.states import batches_by_length
from proxyreward.models.tokenizer import encode
from proxyreward.reward.score import score, score_pairs, score_tokens

LONGEST = 64


@pytest.fixture(scope="module")
def asked(corpus):
    """Prompts and responses of very different lengths."""
    rows = corpus.demonstrations[:40]
    return rows["prompt"].tolist(), [*rows["response"][:38], "", "It is white. " * 40]


@pytest.fixture(scope="module")
def reference(reward_model, tokenizer, asked):
    """Scores of transformers' own forward pass on each row alone, without padding."""
    import torch

    with torch.no_grad():
        rows = encode(tokenizer, *asked, LONGEST)
        return np.array([reward_model(torch.tensor([row])).logits.item() for row in rows])


def test_scores_are_those_of_each_row_alone(reward_model, tokenizer, asked, reference):
    scores = score(reward_model, tokenizer, *asked, LONGEST)
    np.testing.assert_allclose(scores, reference, rtol=5e-6, atol=1e-5)
    assert scores.dtype == np.float32 and np.ptp(scores) > 0.1


@pytest.mark.parametrize("side", ["left", "right"])
def test_scores_are_those_of_padded_rows_with_a_mask(
    reward_model, tokenizer, asked, reference, side
):
    import torch

    rows = encode(tokenizer, *asked, LONGEST)
    batch = tokenizer.pad({"input_ids": rows}, padding_side=side, return_tensors="pt")
    with torch.no_grad():
        padded = reward_model(**{k: batch[k] for k in ("input_ids", "attention_mask")}).logits
    np.testing.assert_allclose(padded[:, 0], reference, atol=1e-5)
    np.testing.assert_allclose(
        score(reward_model, tokenizer, *asked, LONGEST), padded[:, 0], atol=1e-5
    )


@pytest.mark.parametrize("tokens_per_batch", [1, 100, 700, 1 << 20])
def test_batch_size_does_not_matter(reward_model, tokenizer, asked, reference, tokens_per_batch):
    scores = score(reward_model, tokenizer, *asked, LONGEST, tokens_per_batch)
    np.testing.assert_allclose(scores, reference, rtol=5e-6, atol=1e-5)


def test_order_and_duplicates_do_not_matter(reward_model, tokenizer, asked, reference):
    order = np.random.default_rng(0).integers(40, size=100)
    prompts, responses = ([side[i] for i in order] for side in asked)
    scores = score(reward_model, tokenizer, prompts, responses, LONGEST)
    np.testing.assert_allclose(scores, reference[order], atol=1e-5)


def test_equal_rows_are_computed_once(reward_model, tokenizer, asked):
    seen = []
    watch = reward_model.score.register_forward_hook(lambda head, given, out: seen.append(len(out)))
    scores = score(reward_model, tokenizer, [asked[0][0]] * 9, ["Yes."] * 8 + ["No."], LONGEST)
    watch.remove()
    assert sum(seen) == 2 and len(set(scores[:8])) == 1


def test_the_score_is_read_at_the_end_of_sequence(reward_model, tokenizer, asked):
    import torch

    (row,) = encode(tokenizer, asked[0][:1], asked[1][:1], LONGEST)
    (at,) = np.flatnonzero(np.array(row) == tokenizer.eos_token_id)
    with torch.no_grad():
        hidden = reward_model.original.base_model(torch.tensor([row])).last_hidden_state[0]
        each = reward_model.score(hidden)[:, 0].numpy()
    longer = [*row, 9, 9, 9]
    scores = score_tokens(reward_model, [row, longer], tokenizer.pad_token_id)
    assert scores[0] == pytest.approx(each[at], abs=1e-5)
    assert abs(each - each[at])[:-1].min() > 1e-4 and abs(scores[1] - scores[0]) > 1e-4


def test_what_the_padding_is_does_not_matter(reward_model, tokenizer, asked):
    rows = encode(tokenizer, *asked, LONGEST)
    one, two = (score_tokens(reward_model, rows, pad) for pad in (tokenizer.pad_token_id, 77))
    np.testing.assert_array_equal(one, two)


def test_a_long_prompt_is_cut_and_not_dropped(reward_model, tokenizer, asked):
    import torch

    prompt = asked[0][0].replace("Human:", "Human: " + "Please tell me. " * 60)
    responses = ["Yes.", "No."]
    scores = score(reward_model, tokenizer, [prompt] * 2, responses, LONGEST)
    rows = [row[-LONGEST:] for row in encode(tokenizer, [prompt] * 2, responses, 10_000)]
    with torch.no_grad():
        expected = reward_model(torch.tensor(rows)).logits[:, 0]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert scores[0] != scores[1]


@pytest.mark.parametrize("budget", [1, 37, 64, 1000, 1 << 20])
def test_batches_hold_every_row_once_within_the_budget(budget):
    lengths = np.random.default_rng(0).integers(1, 64, 300)
    batches = batches_by_length(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(300))
    flat = [lengths[row] for batch in batches for row in batch]
    assert flat == sorted(flat)
    assert all(len(b) == 1 or len(b) * max(lengths[b]) <= budget for b in batches)


def test_no_rows_have_no_scores(reward_model, tokenizer):
    assert batches_by_length([], 8) == []
    assert score(reward_model, tokenizer, [], [], LONGEST).shape == (0,)


def test_pairs_are_scored_side_by_side(reward_model, tokenizer, corpus):
    pairs = corpus.pairs[5:15]
    scores = score_pairs(reward_model, tokenizer, pairs, LONGEST)
    for column, side in enumerate(("chosen", "rejected")):
        alone = score(reward_model, tokenizer, pairs["prompt"], pairs[side], LONGEST)
        np.testing.assert_allclose(scores[:, column], alone, atol=1e-5)


def test_lists_must_be_as_long(reward_model, tokenizer):
    with pytest.raises(ValueError):
        score(reward_model, tokenizer, ["a"], [], LONGEST)
