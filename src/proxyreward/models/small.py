"""Small Llamas without transformers, whose import takes longer than to score with one of them.

In: what a model is to be, or the folder of one. Out: a `Llama`, with the names, first weights and
files of transformers' own model, whose arithmetic is that of `models.llama`; or transformers' model
where that does not compute it. Called by `models.build` alone.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from proxyreward.models.build import POLICY, REWARD_MODEL
from proxyreward.models.llama import computes

CONFIG, WEIGHTS = "config.json", "model.safetensors"
TIED = "lm_head.weight"  # the embedding once more, which is not saved
OWN = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "max_position_embeddings", "eos_token_id", "pad_token_id",
)  # fmt: skip


def describe(kind: str, **own: int) -> dict:
    """What `config.json` says of a model of this kind; ``own`` holds the values named in OWN."""
    labels = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    width, heads = own["hidden_size"], own["num_attention_heads"]
    return {
        **own,
        **(labels if kind == REWARD_MODEL else {}),
        "architectures": [kind],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "dtype": "float32",
        "head_dim": width // heads,
        "hidden_act": "silu",
        # The default of 0.02 suits wide models; at width 64 attention starts too flat for a model
        # to learn within minutes to copy words from its prompt.
        "initializer_range": width**-0.5,
        "intermediate_size": 2 * width,
        "mlp_bias": False,
        "model_type": "llama",
        "num_key_value_heads": heads,
        "pretraining_tp": 1,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
        "tie_word_embeddings": True,
        "use_cache": True,
    }


def build(kind: str, **own: int):
    """A model with fresh weights: a `Llama`, or transformers' if `models.llama` leaves it alone."""
    config = describe(kind, **own)
    return Llama(config) if _computes(config) else _original(config)


def read(folder: str | Path, kind: str) -> Llama | None:
    """The model in a folder; None if anything in its files is not as a `Llama` saves it.

    A policy can be read as a reward model, whose scores are 0.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        told = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
        told.pop("transformers_version", None)
        (saved,) = told["architectures"]
        own = {name: told[name] for name in OWN}
        if told != describe(saved, **own) or not _computes(told):
            return None
        weights = load_file(Path(folder) / WEIGHTS)
        if kind == POLICY == saved:
            weights[TIED] = weights["model.embed_tokens.weight"]
        elif kind == REWARD_MODEL != saved:
            weights["score.weight"] = torch.zeros(1, own["hidden_size"])
        if {weight.dtype for weight in weights.values()} != {torch.float32}:
            return None
        with torch.random.fork_rng():
            model = Llama(describe(kind, **own))
        model.load_state_dict(weights)
        return model
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None


def _computes(config: dict) -> bool:
    return computes(SimpleNamespace(config=SimpleNamespace(**config)))


class Llama(nn.Module):
    """A policy or a reward model, as transformers' `config.json` describes it."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = SimpleNamespace(**config)
        width, tokens = config["hidden_size"], config["vocab_size"]
        # Weights are made as torch makes them, then drawn: so they are those of transformers.
        embedding = nn.Embedding(tokens, width, config["pad_token_id"])
        layers = nn.ModuleList(_layer(width) for _ in range(config["num_hidden_layers"]))
        norm = nn.RMSNorm(width)
        self.model = nn.ModuleDict({"embed_tokens": embedding, "layers": layers, "norm": norm})
        self._draw(self.model)
        with torch.no_grad():
            embedding.weight[config["pad_token_id"]] = 0
        if config["architectures"] == [POLICY]:
            self.lm_head = nn.Linear(width, tokens, bias=False)
            self.lm_head.weight = embedding.weight
        else:
            self.score = nn.Linear(width, 1, bias=False)
            self._draw(self.score)

    def _draw(self, part: nn.Module) -> None:
        for module in part.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=self.config.initializer_range)

    @property
    def base_model(self) -> nn.Module:
        """The layers below the head."""
        return self.model

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embed_tokens.weight.device

    def get_output_embeddings(self) -> nn.Module:
        """A policy's head."""
        return self.lm_head

    def save_pretrained(self, folder: str | Path) -> None:
        """Save as transformers does, so that it can read the model."""
        from safetensors.torch import save_file

        Path(folder).mkdir(parents=True, exist_ok=True)
        weights = {name: weight for name, weight in self.state_dict().items() if name != TIED}
        save_file(weights, Path(folder) / WEIGHTS, metadata={"format": "pt"})
        dtype = str(self.model.embed_tokens.weight.dtype).removeprefix("torch.")
        text = json.dumps(vars(self.config) | {"dtype": dtype}, indent=2, sort_keys=True)
        (Path(folder) / CONFIG).write_text(text + "\n", encoding="utf-8")

    @functools.cached_property
    def original(self):
        """Transformers' model with these very weights, to compare with; no stage needs it."""
        with torch.random.fork_rng():
            model = _original(vars(self.config))
        model.load_state_dict(self.state_dict(keep_vars=True), assign=True)
        return model

    def forward(self, *given, **named):
        """The forward pass of transformers."""
        return self.original(*given, **named)


def _layer(width: int) -> nn.ModuleDict:
    def linear(inward: int, outward: int) -> nn.Linear:
        return nn.Linear(inward, outward, bias=False)

    names = ("q_proj", "k_proj", "v_proj", "o_proj")
    return nn.ModuleDict(
        {
            "self_attn": nn.ModuleDict({name: linear(width, width) for name in names}),
            "mlp": nn.ModuleDict(
                {
                    "gate_proj": linear(width, 2 * width),
                    "up_proj": linear(width, 2 * width),
                    "down_proj": linear(2 * width, width),
                }
            ),
            "input_layernorm": nn.RMSNorm(width),
            "post_attention_layernorm": nn.RMSNorm(width),
        }
    )


def _original(config: dict):
    import transformers

    (kind,) = config["architectures"]
    return getattr(transformers, kind)(transformers.LlamaConfig(**config))
