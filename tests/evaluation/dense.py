"""Scores without holes, from an array."""

import numpy as np

from proxyreward.evaluation.scores import Scores


def scored(values, **more) -> Scores:
    """Scores of models named a, b, … from (models, prompts, responses); further fields by name."""
    values = np.asarray(values, dtype=float)
    models, prompts, responses = values.shape
    given = {
        "models": tuple("abcdefghijklmnopqrstuvwxyz"[:models]),
        "values": values.reshape(models, -1),
        "prompt": np.repeat(np.arange(prompts), responses),
        "prompt_ids": np.array([f"p{i}" for i in range(prompts)]),
        "response_ids": np.tile([f"r{i}" for i in range(responses)], prompts),
        "position": np.tile(np.arange(responses), prompts),
    }
    return Scores(**(given | more))
