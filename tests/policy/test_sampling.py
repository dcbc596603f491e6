from collections import Counter

import numpy as np
import pytest

from proxyreward.policy import sampling
from proxyreward.policy.sampling import sample, sample_tokens

PAD, EOS = 0, 1
ROWS = [[2, 3], [4], [3, 3, 2, 4, 2]]


@pytest.fixture(scope="module")
def model():
    """Five tokens (padding, end and three words), with logits far from flat."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=5, hidden_size=16, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=32, initializer_range=0.4,
        bos_token_id=None, pad_token_id=PAD, eos_token_id=EOS,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def draw(model, rows, count, temperature=1.0, new=3, seed=0, eos=EOS):
    import torch

    generator = torch.Generator().manual_seed(seed)
    tokens = sample_tokens(model, rows, count, temperature, new, PAD, eos, generator)
    return tokens.view(len(rows), count, new).numpy()


def chances(model, row, temperature):
    """Probability of the next token after a whole row, by a full forward pass; never padding."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([row])).logits[0, -1].double().numpy() / temperature
    weights = np.exp(logits - logits.max()) * (np.arange(len(logits)) != PAD)
    return weights / weights.sum()


def sequence_chances(model, row, temperature, new):
    """Probability of every continuation of `new` tokens, padded after the end."""
    table = Counter({(): 1.0})
    for _ in range(new):
        longer = Counter()
        for said, chance in table.items():
            if EOS in said:
                longer[(*said, PAD)] += chance
                continue
            for token, p in enumerate(chances(model, [*row, *said], temperature)):
                if token != PAD:
                    longer[(*said, token)] += chance * p
        table = longer
    return table


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("row", range(3))
def test_samples_follow_the_model(model, temperature, row):
    """Also the third token, after ended rows have left: the cache stays with its rows."""
    count = 6000
    seen = Counter(map(tuple, draw(model, ROWS, count, temperature)[row].tolist()))
    expected = sequence_chances(model, ROWS[row], temperature, 3)
    assert sum(expected.values()) == pytest.approx(1) and set(seen) <= set(expected)
    for said, chance in expected.items():
        # One more than the sd, for sequences so rare that counts are far from normal.
        assert abs(seen[said] - count * chance) < 4 * np.sqrt(count * chance * (1 - chance)) + 1


def test_temperature_flattens(model):
    first = {t: draw(model, ROWS, 4000, t, new=1)[0, :, 0] for t in (0.3, 1.0, 5.0)}
    top = [np.bincount(tokens).max() for tokens in first.values()]
    assert top[0] > top[1] > top[2]


def test_near_zero_temperature_is_greedy_generation(model):
    import torch

    ids = torch.tensor([[PAD] * (5 - len(row)) + row for row in ROWS])
    expected = model.generate(
        ids, attention_mask=ids != PAD, max_new_tokens=8, do_sample=False, suppress_tokens=[PAD]
    )[:, ids.shape[1] :].numpy()
    drawn = draw(model, ROWS, 2, temperature=1e-4, new=8)
    for sample_id in range(2):
        np.testing.assert_array_equal(drawn[:, sample_id, : expected.shape[1]], expected)


def test_padding_of_neighbours_does_not_matter(model):
    together = draw(model, ROWS, 1, temperature=1e-4, new=6)
    for row, tokens in zip(ROWS, together):
        np.testing.assert_array_equal(draw(model, [row], 1, temperature=1e-4, new=6)[0], tokens)


def test_padding_is_never_drawn_and_fills_what_follows_the_end(model):
    import torch

    with torch.no_grad():
        logits = torch.zeros(500, 5)
        logits[:, PAD] = 50.0
        uniform = torch.rand(500, generator=torch.Generator().manual_seed(0))
        drawn = sampling._draw(logits, 1.0, PAD, uniform)
    assert set(drawn.tolist()) == {1, 2, 3, 4}
    for tokens in draw(model, ROWS, 200, temperature=3.0, new=6).reshape(-1, 6):
        end = np.append(np.flatnonzero(tokens == EOS), 6)[0]
        assert (tokens[:end] > EOS).all() and (tokens[end + 1 :] == PAD).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_have_their_softmax_frequencies(temperature):
    """Uniform numbers in equal steps must hit each token in proportion, to one step."""
    import torch

    logits = torch.tensor([2.0, -1.0, 0.5, 1.5, -torch.inf])
    count = 10_000
    steps = (torch.arange(count) + 0.5) / count
    weights = np.exp(logits.double().numpy() / temperature) * (np.arange(5) != PAD)
    drawn = sampling._draw(logits.repeat(count, 1), temperature, PAD, steps)
    seen = np.bincount(drawn, minlength=5)
    np.testing.assert_allclose(seen, count * weights / weights.sum(), atol=1.01)
    assert seen[4] == 0 and seen[PAD] == 0


@pytest.mark.parametrize("pad", [0, 999])
def test_padding_is_not_drawn_at_the_ends_of_the_uniform_numbers(pad):
    import torch

    logits = torch.randn(1000, 1000, generator=torch.Generator().manual_seed(0))
    for uniform in (0.0, 1 - 2**-24):  # the smallest and the largest that torch.rand gives
        drawn = sampling._draw(logits, 1.0, pad, torch.full((1000,), uniform))
        first, last = (1 if pad == 0 else 0), (998 if pad == 999 else 999)
        if uniform == 0:
            assert (drawn == first).all()
        else:  # rounding may make the last tokens unreachable
            assert (drawn > 900).all() and (drawn <= last).all()


def test_the_seed_decides_the_samples(model):
    one, two, other = (draw(model, ROWS, 30, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_what_a_row_draws_does_not_depend_on_when_others_end(model):
    ending, endless = (draw(model, ROWS, 50, new=6, eos=eos).reshape(-1, 6) for eos in (EOS, -1))
    before = np.cumsum(ending == EOS, axis=1) - (ending == EOS) == 0
    assert before.sum() < before.size
    np.testing.assert_array_equal(ending[before], endless[before])


@pytest.fixture(scope="module")
def policy(shape, tokenizer):
    from proxyreward.models.build import build_policy

    return build_policy("scratch", shape, tokenizer, seed=0).eval()


def responses(policy, tokenizer, prompts, count=3, temperature=1.0, new=8, longest=64, seed=0):
    return sample(policy, tokenizer, prompts, count, temperature, new, longest, seed)


def test_every_prompt_gets_its_count_of_texts(policy, tokenizer, corpus, monkeypatch):
    monkeypatch.setattr(sampling, "ROWS_PER_BATCH", 7)
    prompts = corpus.prompts["prompt"][:5].tolist()
    texts, ended = responses(policy, tokenizer, prompts)
    assert [len(row) for row in texts] == [len(row) for row in ended] == [3] * 5
    assert texts == responses(policy, tokenizer, prompts)[0]
    assert texts != responses(policy, tokenizer, prompts, seed=1)[0]
    assert all(text == text.strip() and "<pad>" not in text for row in texts for text in row)


def test_batches_of_prompts_do_not_matter(policy, tokenizer, corpus, monkeypatch):
    prompts = corpus.prompts["prompt"][:5].tolist()
    together, _ = responses(policy, tokenizer, prompts, count=1, temperature=1e-4)
    monkeypatch.setattr(sampling, "ROWS_PER_BATCH", 2)
    assert responses(policy, tokenizer, prompts, count=1, temperature=1e-4)[0] == together


def test_a_long_prompt_leaves_room_for_its_response(policy, tokenizer, corpus, monkeypatch):
    seen = []

    def spy(model, rows, *others):
        seen.extend(rows)
        return sample_tokens(model, rows, *others)

    monkeypatch.setattr(sampling, "sample_tokens", spy)
    prompt = corpus.prompts["prompt"][0]
    responses(policy, tokenizer, [prompt * 9, prompt], new=8, longest=32)
    assert len(seen[0]) == 24 and seen[1] == tokenizer(prompt)["input_ids"][-24:]


@pytest.mark.parametrize("after", [[EOS, PAD], [PAD], []])
def test_text_ends_before_the_end(tokenizer, after):
    words = tokenizer(" The cow eats grass.")["input_ids"]
    assert sampling.text(tokenizer, words + after) == "The cow eats grass."


def test_ended_says_whether_the_end_was_drawn(tokenizer, policy, monkeypatch):
    import torch

    rows = torch.tensor([[5, EOS, PAD], [5, 6, 7]])
    monkeypatch.setattr(sampling, "sample_tokens", lambda *args: rows)
    assert responses(policy, tokenizer, ["a"], count=2, new=3)[1] == [[True, False]]
