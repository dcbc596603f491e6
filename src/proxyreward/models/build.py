"""Models: small Llama-shaped ones from scratch, or pretrained ones, behind one function each.

A base name, a shape and a tokenizer come in, a model of transformers or of `models.small` goes out;
every later line of the project is the same for all.  Callers: the `policy` and `reward` trainers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxyreward.models.llama import POLICY, REWARD_MODEL
from proxyreward.models.pretrained import language_model, reward_model
from proxyreward.models.tokenizer import SCRATCH


@dataclass(frozen=True)
class Shape:
    """Size of a model built from scratch."""

    hidden_size: int
    layers: int
    heads: int
    max_length: int

    @classmethod
    def parse(cls, text: str, max_length: int) -> Shape:
        """A shape from ``width x layers x heads``.

        >>> Shape.parse("64x2x4", max_length=72)
        Shape(hidden_size=64, layers=2, heads=4, max_length=72)
        """
        return cls(*map(int, text.split("x")), max_length)


def _scratch(kind: str, shape: Shape, tokenizer):
    from proxyreward.models import small

    return small.build(
        kind,
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.max_length,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def build_policy(base: str, shape: Shape, tokenizer, seed: int):
    """A causal language model: ``base`` is ``"scratch"`` or a pretrained model's name or folder.

    The seed is set before any weight is drawn.
    """
    import torch

    torch.manual_seed(seed)
    if base == SCRATCH:
        return _scratch(POLICY, shape, tokenizer)
    return _fit(language_model(base), tokenizer)


def build_reward_model(base: str, shape: Shape, tokenizer, seed: int):
    """A language model with one linear score head on its last token (no bias).

    Parameters as in :func:`build_policy`; a pretrained base keeps its body and gets a fresh head.
    """
    import torch

    torch.manual_seed(seed)
    if base == SCRATCH:
        return _scratch(REWARD_MODEL, shape, tokenizer)
    model = reward_model(base)
    torch.manual_seed(seed)  # the head depends on nothing that reading the base has drawn
    torch.nn.init.normal_(model.score.weight, std=getattr(model.config, "initializer_range", 0.02))
    return _fit(model, tokenizer)


def _fit(model, tokenizer):
    """Make room for tokens that the tokenizer added, and tell the model its padding token."""
    ids = max(tokenizer.get_vocab().values()) + 1  # more than it has tokens, if it leaves some out
    if ids > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(ids)
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return model


def _ready(model):
    """Move to the GPU if there is one; dropout off."""
    import torch

    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _saved(folder: str | Path, kind: str, other: Callable):
    """The model in a folder, by transformers (`other`) if it is none of `models.small`."""
    from proxyreward.models import small

    return small.read(folder, kind) or other(folder)


def load_policy(folder: str | Path):
    """A policy saved by its trainer, ready to sample."""
    return _ready(_saved(folder, POLICY, language_model))


def load_reward_model(folder: str | Path):
    """A reward model saved by its trainer, ready to score."""
    return _ready(_saved(folder, REWARD_MODEL, reward_model))


def load_critic(folder: str | Path):
    """A critic with the body of the policy in a folder and a head whose values start at 0."""
    critic = _saved(folder, REWARD_MODEL, reward_model)
    critic.score.weight.data.zero_()
    return _ready(critic)
