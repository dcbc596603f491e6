"""With which settings models were trained: alike within a family? and beside the paper's Table 8.

In: the `spec` of every item (`pipeline.family` writes it beside the item), and the parameters of
each scale. Out: tables. Called by the stage `rethinking_appendix` and the notebook
`rethinking_setup`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.text import ABSENT

# What must differ between items; everything else has to be the same.
REWARD_MODELS = ("name", "spec.name", "spec.flip_rate")
PPO_RUNS = ("name", "spec.name", "spec.rm", "spec.number", "spec.seed", "spec.points")

ENTRY = "rethinking.table8"
SECTIONS = ("reward", "ppo")
# Our parameter: where Table 8 has its counterpart.
PRINTED = {
    "model.max_length": ("rm", "max_length"),
    "reward.l2": ("rm", "regularization_coefficient"),
    "reward.batch_size": ("rm", "batch_size"),
    "reward.warmup_ratio": ("rm", "warmup_ratio"),
    "reward.learning_rate": ("rm", "learning_rate"),
    "reward.epochs": ("rm_epochs",),
    "ppo.prompts_per_step": ("ppo", "rollout_batch_size"),
    "ppo.actor_learning_rate": ("ppo", "actor_learning_rate"),
    "ppo.critic_learning_rate": ("ppo", "critic_learning_rate"),
    "ppo.kl_coef": ("ppo", "kl_penalty"),
    "ppo.steps": ("ppo_steps_or_episodes",),
    "samples.max_new_tokens": ("ppo", "generate_max_length"),
    "samples.temperature": ("sampling_temperature",),
}
# Settings that are no parameter: where Table 8 prints them, and ours from the parameters.
DERIVED: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Any]]] = {
    "reward: schedule of the learning rate": (("rm", "scheduler"), lambda _: "cosine"),
    "ppo: responses in a gradient step": (
        ("ppo", "train_batch_size"),
        lambda p: p["ppo.prompts_per_step"] * p["ppo.samples_per_prompt"] // p["ppo.minibatches"],
    ),
}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots.

    >>> flatten({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b.c': 2}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def recipe_table(
    families: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[str]]],
) -> pd.DataFrame:
    """One row per family: family, items, settings (how many different ones), differ (their keys).

    `families` has by name the specs of the items and the dotted keys that may differ.
    """
    rows = []
    for name, (specs, allowed) in families.items():
        flat = [flatten(spec) for spec in specs]
        keys = sorted({key for each in flat for key in each} - set(allowed))
        recipes = {tuple(repr(each.get(key)) for key in keys) for each in flat}
        differ = [key for key, *values in zip(keys, *recipes, strict=True) if len(set(values)) > 1]
        rows.append((name, len(specs), len(recipes), ", ".join(differ)))
    return pd.DataFrame(rows, columns=["family", "items", "settings", "differ"])


def settings_table(
    settings: Mapping[str, Mapping[str, Any]], registry: Registry, section: str = "all"
) -> pd.DataFrame:
    """Settings in rows, the paper's Table 8 and one column for each scale, as text.

    Parameters
    ----------
    settings : by heading of a scale's column its parameters, nested as in `params.yaml`.
    section : `reward`, `ppo`, or `all`: these two and what else has a counterpart in Table 8.

    Returns
    -------
    DataFrame
        setting, paper ("not stated" where the paper leaves it open, a dash where it has no such
        setting), and a column per scale (a dash where it has no such parameter).
    """
    if section not in (*SECTIONS, "all"):
        raise ValueError(f"no section {section!r}; choose all, {' or '.join(SECTIONS)}")
    flat = {scale: flatten(values) for scale, values in settings.items()}
    known = dict.fromkeys(key for values in flat.values() for key in values)
    shown = SECTIONS if section == "all" else (section,)
    keys = [key for key in known if key.split(".")[0] in shown]
    if section == "all":
        keys += [key for key in PRINTED if key in known and key not in keys]
    rows = []
    for name, (path, ours) in DERIVED.items():
        own = name.split(":")[0]
        if own in shown:
            cells = [
                ours(values) if any(key.startswith(f"{own}.") for key in values) else None
                for values in flat.values()
            ]
            rows.append((name, _printed(registry, path), *map(_text, cells)))
    for key in keys:
        paper = _printed(registry, PRINTED[key]) if key in PRINTED else ABSENT
        rows.append((key, paper, *(_text(values.get(key)) for values in flat.values())))
    return pd.DataFrame(rows, columns=["setting", "paper", *flat])


def _printed(registry: Registry, path: tuple[str, ...]) -> str:
    value = registry.printed(ENTRY, *path)
    return "not stated" if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or ABSENT
    if isinstance(value, float):
        return f"{value:g}"
    return ABSENT if value is None else str(value)
