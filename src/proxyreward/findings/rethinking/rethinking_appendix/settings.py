"""Table 8 of paper *rethinking* beside the settings of every scale of this project.

In: the parameters of each scale, as nested mappings. Out: a table of text cells.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.rethinking_appendix.recipes import flatten

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
    "ppo.steps": ("ppo_steps_or_episodes",),
    "samples.max_new_tokens": ("ppo", "generate_max_length"),
    "samples.temperature": ("sampling_temperature",),
}
# Settings that are no parameter: where Table 8 prints them, and ours from the parameters.
DERIVED: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Any]]] = {
    "reward: schedule of the learning rate": (("rm", "scheduler"), lambda _: "cosine"),
    "ppo: KL penalty of the main runs": (("ppo", "kl_penalty"), lambda _: 0),
    "ppo: responses in a gradient step": (
        ("ppo", "train_batch_size"),
        lambda p: p["ppo.prompts_per_step"] * p["ppo.samples_per_prompt"] // p["ppo.minibatches"],
    ),
}


def settings_table(
    settings: Mapping[str, Mapping[str, Any]], registry: Registry, section: str = "all"
) -> pd.DataFrame:
    """Settings in rows, the paper's Table 8 and one column for each scale, as text.

    Parameters
    ----------
    settings : mapping
        Heading of a scale's column to its parameters, all or some, nested as in `params.yaml`.
    registry : Registry
        Where the paper's values come from.
    section : str
        `reward`, `ppo`, or `all`: these two and what else has a counterpart in Table 8.

    Returns
    -------
    DataFrame
        setting, paper ("not stated" where the paper leaves it open, a dash where it has no such
        setting), and a column per scale (a dash where it has no such parameter).

    Raises
    ------
    ValueError
        If there is no such section.
    """
    if section not in (*SECTIONS, "all"):
        raise ValueError(f"no section {section!r}; choose all, {' or '.join(SECTIONS)}")
    flat = {scale: flatten(values) for scale, values in settings.items()}
    known = dict.fromkeys(key for values in flat.values() for key in values)
    shown = SECTIONS if section == "all" else (section,)
    keys = [key for key in known if key.split(".")[0] in shown]
    if section == "all":
        keys += [key for key in PRINTED if key in known and key not in keys]
    rows = [
        (name, _printed(registry, path), *(_text(_derived(name, ours, v)) for v in flat.values()))
        for name, (path, ours) in DERIVED.items()
        if name.split(":")[0] in shown
    ]
    for key in keys:
        paper = _printed(registry, PRINTED[key]) if key in PRINTED else "–"
        rows.append((key, paper, *(_text(values.get(key)) for values in flat.values())))
    return pd.DataFrame(rows, columns=["setting", "paper", *flat])


def _derived(name: str, ours: Callable[[Mapping[str, Any]], Any], values: Mapping[str, Any]) -> Any:
    section = name.split(":")[0]
    return ours(values) if any(key.startswith(f"{section}.") for key in values) else None


def _printed(registry: Registry, path: tuple[str, ...]) -> str:
    value = registry.printed(ENTRY, *path)
    return "not stated" if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "–"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
