"""Scores without holes, from an array, and one model measured by scores."""

import numpy as np

from proxyreward.evaluation import measures
from proxyreward.evaluation.result import Model
from proxyreward.evaluation.sample import Sample
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


def one_model(scores: Scores, golden: str, name: str, sample: Sample, null: bool = False) -> Model:
    """One model against one golden model."""
    nulls = (name,) if null else ()
    return measures.models(scores, (golden,), (name,), sample, nulls)[golden].models[0]
