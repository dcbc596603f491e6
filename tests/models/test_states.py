"""Tests of hidden states: the small Llama's own arithmetic and other models' `forward` alike
against transformers on each bare row."""

import numpy as np
import pytest
import torch

from proxyreward.models import llama
from proxyreward.models.beginnings import beginnings
from proxyreward.models.build import Shape, build_policy, build_reward_model
from proxyreward.models.states import (
    continue_rows,
    empty_cache,
    last_states,
    padded,
    states,
)

SHAPES = ("16x1x2", "32x1x2", "32x2x4", "48x2x4", "64x1x4", "64x2x4", "8x1x1")
OTHERS = ("gpt2", "grouped")


@pytest.fixture(scope="module", params=[*SHAPES, *OTHERS])
def model(request, tokenizer):
    """All shapes of the project's parameters, and two models with another forward pass."""
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    if request.param == "gpt2":
        config = GPT2Config(vocab_size=400, n_positions=80, n_embd=16, n_layer=2, n_head=2,
                            bos_token_id=0, eos_token_id=1, pad_token_id=0)  # fmt: skip
        found = GPT2LMHeadModel(config)
    elif request.param == "grouped":
        config = LlamaConfig(vocab_size=400, hidden_size=16, intermediate_size=16,
                             num_hidden_layers=2, num_attention_heads=4,
                             num_key_value_heads=2)  # fmt: skip
        found = LlamaForCausalLM(config)
    else:
        found = build_policy("scratch", Shape.parse(request.param, 72), tokenizer, seed=0)
    assert llama.computes(found.config) == (request.param in SHAPES)
    return found.eval()


@pytest.fixture(scope="module")
def rows():
    """Token rows of 1 to 60 tokens; some begin alike."""
    rng = np.random.default_rng(0)
    heads = [rng.integers(5, 400, rng.integers(1, 25)).tolist() for _ in range(4)]
    return [heads[i % 4] + rng.integers(5, 400, rng.integers(1, 35)).tolist() for i in range(24)]


def body(model):
    """The layers below the head as transformers has them."""
    return getattr(model, "original", model).base_model


def alone(model, row):
    with torch.no_grad():
        return body(model)(torch.tensor([row])).last_hidden_state[0]


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("budget", [1, 200, 1 << 20])
@pytest.mark.parametrize("number", [None, lambda i: i % 4, lambda i: 0])
def test_last_states_are_those_of_each_row_alone(model, rows, budget, number):
    prompt = number and [number(i) for i in range(len(rows))]
    expected = torch.stack([alone(model, row)[-1] for row in rows])
    seen = []
    with torch.no_grad():
        for numbers, hidden in last_states(model, rows, 0, budget, prompt):
            close(hidden, expected[numbers])
            seen += numbers.tolist()
    assert sorted(seen) == list(range(len(rows)))


def test_rows_that_are_equal_or_part_of_each_other_keep_a_token(model):
    rows = [[7], [7, 8], [7, 8], [7, 8, 9], [9], [9], [9], [9]]
    with torch.no_grad():
        for numbers, hidden in last_states(model, rows, 0, 100, [0] * 4 + [1] * 4):
            close(hidden, torch.stack([alone(model, rows[i])[-1] for i in numbers]))


def test_any_tokens_may_be_asked_for(model, rows):
    ids, mask = padded(rows, 0, "cpu")
    at = torch.stack([torch.tensor([0, len(row) // 2, len(row) - 1, 0]) for row in rows])
    with torch.no_grad():
        found = states(model, ids, at)
        kept = torch.arange(at.numel()).view(at.shape) % 3 > 0
        close(states(model, ids, at, kept=kept), found[kept])
    for row, places, hidden in zip(rows, at, found):
        close(hidden, alone(model, row)[places])


def test_gradients_are_those_of_the_models_forward(model, rows):
    ids, mask = padded(rows[:6], 0, "cpu")
    at = mask.sum(1, keepdim=True) - 1
    weights = [parameter for parameter in model.base_model.parameters()]
    direction = torch.randn(
        6, 1, model.config.hidden_size, generator=torch.Generator().manual_seed(0)
    )
    found = torch.autograd.grad((states(model, ids, at) * direction).sum(), weights)
    plain = body(model)(ids).last_hidden_state.take_along_dim(at[..., None], 1)
    for mine, expected in zip(found, torch.autograd.grad((plain * direction).sum(), weights)):
        torch.testing.assert_close(mine, expected, rtol=1e-3, atol=1e-4)


def test_rows_go_on_token_by_token_while_others_leave(model, rows):
    """Beginnings of unlike length, some rows twice, some dropped on the way."""
    heads, chosen = rows[:3], [0, 0, 2, 1, 2]
    following = np.random.default_rng(1).integers(5, 400, (5, 4))
    ids, mask = padded(heads, 0, "cpu")
    last = mask.sum(1, keepdim=True) - 1
    with torch.no_grad():
        cache = empty_cache(model, 3, ids.shape[1] + 4)
        hidden, cache = continue_rows(model, cache, ids, last, mask)
        close(hidden[:, 0], torch.stack([alone(model, head)[-1] for head in heads]))
        cache, here = cache.choose(torch.tensor(chosen)), list(range(5))
        for step in range(4):
            if step == 2:
                here = [4, 1]
                cache = cache.choose(torch.tensor(here))
            token = torch.tensor(following[here, step])[:, None]
            hidden, cache = continue_rows(
                model, cache, token, torch.zeros_like(token), torch.ones_like(token).bool()
            )
            for row, state in zip(here, hidden[:, 0]):
                close(
                    state,
                    alone(model, heads[chosen[row]] + following[row, : step + 1].tolist())[-1],
                )


def test_a_chosen_cache_leaves_the_other_as_it_was(model, rows):
    ids, mask = padded(rows[:2], 0, "cpu")
    at = mask.sum(1, keepdim=True) - 1
    tokens = torch.tensor([[5], [6]])
    step = (torch.zeros_like(tokens), torch.ones_like(tokens).bool())
    with torch.no_grad():
        start = continue_rows(model, empty_cache(model, 2, 80), ids, at, mask)[1]
        one, two = (
            continue_rows(model, start.choose(torch.tensor([0, 1])), tokens, *step)[0]
            for _ in range(2)
        )
    assert torch.equal(one, two)


def test_padding_follows_the_rows():
    ids, mask = padded([[1, 2], [3]], 9, "cpu")
    assert ids.tolist() == [[1, 2], [3, 9]] and torch.equal(mask, ids != 9)


def test_each_beginning_is_numbered_once():
    ids = torch.tensor([[5, 6, 7], [5, 6, 0], [8, 6, 7], [5, 6, 9]])
    index, place = beginnings(ids, torch.tensor([2, 1, 1, 2]))
    assert torch.equal(ids.flatten()[place][index[[0, 2, 3]]][:, :2], ids[[0, 2, 3], :2])
    assert index[:, 0].unique().tolist() == [0, 4] and len(place) == 6
    assert torch.equal(index[1, :2], index[0, :2]) and torch.equal(index[3, :2], index[0, :2])


def test_reward_models_have_a_body_of_the_same_kind(tokenizer):
    assert llama.computes(
        build_reward_model("scratch", Shape(16, 1, 2, 64), tokenizer, seed=0).config
    )
