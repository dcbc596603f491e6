"""Models: small Llama-shaped ones from scratch, or pretrained ones, behind one function each.

A base name, a shape and a tokenizer come in, a transformers model goes out; every later line of
the project is the same for both.  Callers: the `policy` and `reward` trainers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


def _config(shape: Shape, tokenizer, **extra):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        intermediate_size=2 * shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.max_length,
        tie_word_embeddings=True,
        # The default of 0.02 suits wide models; at width 64 attention starts too flat for a model
        # to learn within minutes to copy words from its prompt.
        initializer_range=shape.hidden_size**-0.5,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **extra,
    )


def build_policy(base: str, shape: Shape, tokenizer, seed: int):
    """A causal language model: ``base`` is ``"scratch"`` or a pretrained model's name or folder.

    The seed is set before any weight is drawn.
    """
    from transformers import AutoModelForCausalLM, LlamaForCausalLM, set_seed

    set_seed(seed)
    if base == SCRATCH:
        return LlamaForCausalLM(_config(shape, tokenizer))
    return _fit(AutoModelForCausalLM.from_pretrained(base), tokenizer)


def build_reward_model(base: str, shape: Shape, tokenizer, seed: int):
    """A language model with one linear score head on its last token (no bias).

    Parameters as in :func:`build_policy`; a pretrained base keeps its body and gets a fresh head.
    """
    from transformers import (
        AutoModelForSequenceClassification,
        LlamaForSequenceClassification,
        set_seed,
    )

    set_seed(seed)
    if base == SCRATCH:
        return LlamaForSequenceClassification(_config(shape, tokenizer, num_labels=1))
    return _fit(AutoModelForSequenceClassification.from_pretrained(base, num_labels=1), tokenizer)


def _fit(model, tokenizer):
    """Make room for tokens that the tokenizer added, and tell the model its padding token."""
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    model.config.pad_token_id = tokenizer.pad_token_id
    return model


def _ready(model):
    """Move to the GPU if there is one; dropout off."""
    import torch

    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def load_policy(folder: str | Path):
    """A policy saved by its trainer, ready to sample."""
    from transformers import AutoModelForCausalLM

    return _ready(AutoModelForCausalLM.from_pretrained(folder))


def load_reward_model(folder: str | Path):
    """A reward model saved by its trainer, ready to score."""
    from transformers import AutoModelForSequenceClassification

    return _ready(AutoModelForSequenceClassification.from_pretrained(folder))


def load_critic(folder: str | Path):
    """A critic with the body of the policy in a folder and a head whose values start at 0."""
    from transformers import AutoModelForSequenceClassification

    critic = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
    critic.score.weight.data.zero_()
    return _ready(critic)
