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

from proxyreward.models.llama import POLICY, REWARD_MODEL, computes

CONFIG, WEIGHTS = "config.json", "model.safetensors"
TIED = "lm_head.weight"  # the embedding once more, which is not saved
LACKING = {
    (POLICY, POLICY): {TIED},
    (POLICY, REWARD_MODEL): {"score.weight"},
    (REWARD_MODEL, REWARD_MODEL): set(),
}
"""What is not in the files of a model of one kind that is read as one of another."""
OWN = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "max_position_embeddings", "eos_token_id", "pad_token_id",
)  # fmt: skip


def describe(kind: str, **own: int) -> SimpleNamespace:
    """What `config.json` says of a model of this kind; ``own`` holds the values named in OWN."""
    labels = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    return SimpleNamespace(
        **own,
        **(labels if kind == REWARD_MODEL else {}),
        architectures=[kind],
        attention_bias=False,
        attention_dropout=0.0,
        bos_token_id=None,
        dtype="float32",
        head_dim=own["hidden_size"] // own["num_attention_heads"],
        hidden_act="silu",
        # The default of 0.02 suits wide models; at width 64 attention starts too flat for a model
        # to learn within minutes to copy words from its prompt.
        initializer_range=own["hidden_size"] ** -0.5,
        intermediate_size=2 * own["hidden_size"],
        mlp_bias=False,
        model_type="llama",
        num_key_value_heads=own["num_attention_heads"],
        pretraining_tp=1,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
        tie_word_embeddings=True,
        use_cache=True,
    )


def build(kind: str, **own: int):
    """A model with fresh weights."""
    config = describe(kind, **own)
    return Llama(config) if computes(config) else _original(config)


def read(folder: str | Path, kind: str) -> Llama | None:
    """The model in a folder; None if anything in its files is not as a `Llama` saves it.

    A policy can be read as a reward model, whose head means nothing.
    """
    from safetensors.torch import load_file

    try:
        told = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
        told.pop("transformers_version", None)
        (saved,), own = told["architectures"], {name: told[name] for name in OWN}
        weights = load_file(Path(folder) / WEIGHTS)
        known = SimpleNamespace(**told) == describe(saved, **own) and computes(
            describe(kind, **own)
        )
        if not known or {weight.dtype for weight in weights.values()} != {torch.float32}:
            return None
        with torch.random.fork_rng():
            model = Llama(describe(kind, **own))
        missing, unused = model.load_state_dict(weights, strict=False)
        return None if unused or set(missing) != LACKING[saved, kind] else model
    except Exception:  # files of others fail in every way; transformers tells what is wrong
        return None


class Llama(nn.Module):
    """A policy or a reward model, as transformers' `config.json` describes it."""

    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.config, width = config, config.hidden_size
        # Weights are made as torch makes them, then drawn: so they are those of transformers.
        embedding = nn.Embedding(config.vocab_size, width, config.pad_token_id)
        layers = nn.ModuleList(_layer(width) for _ in range(config.num_hidden_layers))
        self.model = nn.ModuleDict(
            {"embed_tokens": embedding, "layers": layers, "norm": nn.RMSNorm(width)}
        )
        self._draw(self.model)
        with torch.no_grad():
            embedding.weight[config.pad_token_id] = 0
        if config.architectures == [POLICY]:
            self.lm_head = nn.Linear(width, config.vocab_size, bias=False)
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
        text = json.dumps(vars(self.config), indent=2, sort_keys=True)
        (Path(folder) / CONFIG).write_text(text + "\n", encoding="utf-8")

    @functools.cached_property
    def original(self):
        """Transformers' model with these very weights, to compare with; no stage needs it."""
        with torch.random.fork_rng():
            model = _original(self.config)
        model.load_state_dict(self.state_dict(keep_vars=True), assign=True)
        return model

    def forward(self, *given, **named):
        """The forward pass of transformers."""
        return self.original(*given, **named)


def _layer(width: int) -> nn.ModuleDict:
    heads = dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), (width, width))
    gates = dict.fromkeys(("gate_proj", "up_proj"), (width, 2 * width))
    mlp = gates | {"down_proj": (2 * width, width)}
    parts = {
        part: nn.ModuleDict({name: nn.Linear(*sizes, bias=False) for name, sizes in own.items()})
        for part, own in (("self_attn", heads), ("mlp", mlp))
    }
    norms = ("input_layernorm", "post_attention_layernorm")
    return nn.ModuleDict(parts | {name: nn.RMSNorm(width) for name in norms})


def _original(config: SimpleNamespace):
    import transformers

    (kind,) = config.architectures
    return getattr(transformers, kind)(transformers.LlamaConfig(**vars(config)))
