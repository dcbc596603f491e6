"""Models of pretrained bases, as their makers saved them.

A base comes in: a local folder or the name of a hub model. Out goes a transformers model in
float32, whatever it is stored in, or a `DataError` that says in one line what the base lacks.
Weights are read from safetensors files alone, and code that a base brings is not run.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from proxyreward.data.report import DataError

HEAD = "score.weight"  # what a reward model has beside its body


@contextmanager
def reading(base, part: str) -> Iterator[None]:
    """Turn whatever the files of a base do to their reader into a DataError."""
    try:
        yield
    except Exception as error:  # files of others fail in every way that a reader can
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" …")
        raise DataError(
            f"{base}: its {part} cannot be read ({reason}); save it again with save_pretrained, or "
            "choose another base"
        ) from error


def language_model(base: str, **options):
    """The causal language model of a base; ``options`` go to ``from_pretrained``.

    Raises
    ------
    DataError
        If it cannot be read, weights of it would be drawn at random, as for a reward model, or its
        logits are more than a linear map of its last states.
    """
    from transformers import AutoModelForCausalLM

    model, missing, unused = _read(base, AutoModelForCausalLM, options)
    if HEAD in unused:
        raise DataError(f"{base}: it is a reward model; make policies of a language model")
    _complete(base, missing)
    _check_head(base, model)
    return model


def _check_head(base: str, model) -> None:
    """Refuse a model that scales or caps its logits: policies here take them from its head."""
    import torch

    if model.device.type == "meta":  # read without its weights
        return
    ids = torch.tensor([[3, 2, 1]])
    with torch.no_grad(), reading(base, "head"):
        expected = model.eval()(ids).logits
        found = model.get_output_embeddings()(model.base_model(ids).last_hidden_state)
    if not torch.allclose(found, expected, rtol=1e-3, atol=1e-3):
        raise DataError(
            f"{base}: its logits are more than a linear map of its last states (some models scale "
            "or cap them); choose another base for policies"
        )


def reward_model(base: str, **options):
    """The body of a base below a linear score head, whose weights mean nothing.

    Raises
    ------
    DataError
        If it cannot be read, weights of its body are missing, or it is no causal language model.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    model, missing, _ = _read(base, AutoModelForSequenceClassification, options | {"num_labels": 1})
    text = model.config.get_text_config()
    causal = getattr(text, "is_causal", True) and not getattr(
        text, "use_bidirectional_attention", False
    )
    if not (causal and isinstance(getattr(model, "score", None), torch.nn.Linear)):
        raise DataError(
            f"{base}: it is no causal language model ({type(model).__name__}), and scores are read "
            "off the last token; choose a decoder, such as a GPT, Llama or Qwen"
        )
    _complete(base, missing - {HEAD})
    return model


def _read(base: str, auto, options: dict) -> tuple:
    """A model, and the names of weights that its files lack and that it has no use for."""
    import torch

    with reading(base, "model"):
        model, told = auto.from_pretrained(
            base,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # they count as missing
            output_loading_info=True,
            **options,
        )
    unfit = {name for name, *_ in told["mismatched_keys"]}
    return model, told["missing_keys"] | unfit, told["unexpected_keys"]


def _complete(base: str, missing: set[str]) -> None:
    if missing:
        raise DataError(
            f"{base}: it lacks {len(missing)} of the weights that its config.json describes, such "
            f"as {min(missing)}; save the whole model again, or choose another base"
        )
