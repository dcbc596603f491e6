import dataclasses

import pytest

from proxyreward.data.report import DataError
from proxyreward.models import build
from proxyreward.models.build import build_policy, build_reward_model

BUILDERS = pytest.mark.parametrize("builder", [build_policy, build_reward_model])


def equal(one, two):
    import torch

    one, two = one.state_dict(), two.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


@pytest.fixture(scope="module")
def pretrained(shape, tokenizer, tmp_path_factory):
    """Folder of a saved causal model whose vocabulary is one token too small."""
    from transformers import LlamaForCausalLM, set_seed

    set_seed(5)
    config = build_policy("scratch", shape, tokenizer, 0).original.config
    config.vocab_size -= 1
    config.pad_token_id = None
    folder = tmp_path_factory.mktemp("pretrained")
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@BUILDERS
def test_the_seed_decides_the_weights(builder, shape, tokenizer):
    one, two, other = (builder("scratch", shape, tokenizer, seed) for seed in (1, 1, 2))
    assert equal(one, two) and not equal(one, other)


@BUILDERS
def test_scratch_models_have_the_shape_asked_for(builder, shape, tokenizer):
    config = builder("scratch", dataclasses.replace(shape, layers=3), tokenizer, 0).config
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (16, 3, 2)
    assert (config.max_position_embeddings, config.vocab_size) == (64, len(tokenizer))
    assert config.pad_token_id == tokenizer.pad_token_id != config.eos_token_id


@pytest.mark.parametrize("source", ["scratch", "saved"])
def test_a_reward_model_gives_one_score_a_row(source, pretrained, shape, tokenizer):
    import torch

    base = "scratch" if source == "scratch" else str(pretrained)
    model = build_reward_model(base, shape, tokenizer, 0).eval()
    assert model(torch.tensor([[5, 6, 7], [8, 9, 1]])).logits.shape == (2, 1)
    assert model.score.bias is None and model.score.weight.shape == (1, 16)
    body = (model.original if source == "scratch" else model).base_model
    assert body(torch.tensor([[5]])).last_hidden_state.shape == (1, 1, 16)


@BUILDERS
def test_a_pretrained_body_is_kept_and_fitted(builder, pretrained, shape, tokenizer):
    import torch
    from transformers import AutoModelForCausalLM

    model = builder(str(pretrained), shape, tokenizer, 0)
    original = AutoModelForCausalLM.from_pretrained(pretrained).model.layers.state_dict()
    body = model.model.layers.state_dict()
    assert all(torch.equal(body[key], original[key]) for key in original)
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)
    assert model.config.pad_token_id == tokenizer.pad_token_id


def test_the_seed_decides_the_fresh_head_of_a_pretrained_body(pretrained, shape, tokenizer):
    one, two, other = (
        build_reward_model(str(pretrained), shape, tokenizer, seed) for seed in (1, 1, 2)
    )
    assert equal(one, two)
    assert not (one.score.weight == other.score.weight).any()


@pytest.mark.parametrize("labels", [1, 2])
def test_a_head_that_the_base_has_is_not_taken(labels, shape, tokenizer, tmp_path):
    import torch
    from transformers import LlamaForSequenceClassification

    config = build_reward_model("scratch", shape, tokenizer, 0).original.config
    config.num_labels = labels
    former = LlamaForSequenceClassification(config)
    former.save_pretrained(tmp_path / "former")
    former.base_model.save_pretrained(tmp_path / "body")
    one, two = (
        build_reward_model(str(tmp_path / name), shape, tokenizer, 1) for name in ("former", "body")
    )
    assert equal(one, two) and equal(one.base_model, former.base_model)
    assert one.score.weight.shape == (1, 16) and one.config.num_labels == 1
    assert not torch.isin(one.score.weight, former.score.weight).any()


HALVES = pytest.mark.parametrize("half", ["bfloat16", "float16"])


def stored_in(half, pretrained, folder):
    """Folders of a base in half precision and of its copy in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(pretrained, dtype=getattr(torch, half))
    base.save_pretrained(folder / "half")
    base.float().save_pretrained(folder / "whole")
    return str(folder / "half"), str(folder / "whole")


@HALVES
@BUILDERS
def test_a_base_in_half_precision_gives_a_model_in_float32(
    builder, half, pretrained, shape, tokenizer, tmp_path
):
    one, two = (
        builder(base, shape, tokenizer, 1) for base in stored_in(half, pretrained, tmp_path)
    )
    assert equal(one, two)
    assert {str(value.dtype) for value in one.state_dict().values()} == {"torch.float32"}


@HALVES
@pytest.mark.parametrize("load", [build.load_policy, build.load_reward_model, build.load_critic])
def test_a_saved_model_in_half_precision_is_loaded_in_float32(load, half, pretrained, tmp_path):
    one, two = map(load, stored_in(half, pretrained, tmp_path))
    assert equal(one.base_model, two.base_model)
    assert {str(value.dtype) for value in one.state_dict().values()} == {"torch.float32"}


def test_every_token_has_its_row_of_the_embedding(pretrained, shape, tokenizer, monkeypatch):
    vocabulary = tokenizer.get_vocab() | {"beyond": len(tokenizer) + 5}  # ids may leave some out
    monkeypatch.setattr(type(tokenizer), "get_vocab", lambda self: vocabulary)
    model = build_policy(str(pretrained), shape, tokenizer, 0)
    assert model.get_input_embeddings().num_embeddings == len(tokenizer) + 6


@pytest.mark.parametrize(
    ("builder", "load"),
    [(build_policy, build.load_policy), (build_reward_model, build.load_reward_model)],
)
def test_a_saved_model_is_loaded_as_it_was(builder, load, shape, tokenizer, tmp_path):
    model = builder("scratch", shape, tokenizer, 3)
    model.save_pretrained(tmp_path)
    loaded = load(tmp_path)
    assert equal(model, loaded.cpu()) and not loaded.training


@pytest.mark.parametrize("cap", [None, 0.1])
def test_a_policy_takes_its_logits_from_its_head_alone(cap, tmp_path, tokenizer, shape):
    """A model that caps them is refused as a policy; as a reward model it has no logits."""
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    config = Gemma2Config(
        vocab_size=400, hidden_size=16, intermediate_size=16, num_hidden_layers=1, head_dim=8,
        num_attention_heads=2, num_key_value_heads=1, final_logit_softcapping=cap,
    )  # fmt: skip
    torch.manual_seed(0)
    Gemma2ForCausalLM(config).save_pretrained(tmp_path)
    build_reward_model(str(tmp_path), shape, tokenizer, seed=0)
    if cap is None:
        build_policy(str(tmp_path), shape, tokenizer, seed=0)
    else:
        with pytest.raises(DataError, match="more than a linear map"):
            build_policy(str(tmp_path), shape, tokenizer, seed=0)
