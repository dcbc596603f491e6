"""The accuracy prompts and answers to them: the test sets of findings 2 to 4 are drawn from these.

Test prompts come in; two data frames go out: the prompts as they are, paraphrased and rewritten,
and what each writer answers.  The `data` stage is the caller.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from proxyreward.vocabulary import ORIGINAL, PARAPHRASE, REWRITE
from proxyreward.world.build import as_transcript
from proxyreward.world.prompts import Prompt, paraphrase, rewrite
from proxyreward.world.writers import WRITERS

REWORDED = {PARAPHRASE: paraphrase, REWRITE: rewrite}


def ask(
    prompts: Sequence[Prompt], per_writer: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Questions and answers.

    Parameters
    ----------
    prompts
        Test prompts; their positions are their ids.
    per_writer
        Answers of each writer to an original prompt; to a reworded one each gives one.

    Returns
    -------
    questions
        ``variant, prompt_id, category, prompt``: originals first, then each way of rewording.
    answers
        ``variant, prompt_id, source, sample_id, prompt, response``, in the order of the questions.
    """
    asked = {ORIGINAL: list(prompts)}
    asked |= {name: [change(p, rng) for p in prompts] for name, change in REWORDED.items()}
    questions = pd.DataFrame(
        [
            (variant, i, prompt.category, as_transcript(prompt.text))
            for variant, group in asked.items()
            for i, prompt in enumerate(group)
        ],
        columns=["variant", "prompt_id", "category", "prompt"],
    )
    answers = [
        (variant, i, name, sample, as_transcript(prompt.text), writer.write(prompt, rng))
        for variant, group in asked.items()
        for i, prompt in enumerate(group)
        for name, writer in WRITERS.items()
        for sample in range(per_writer if variant == ORIGINAL else 1)
    ]
    columns = ["variant", "prompt_id", "source", "sample_id", "prompt", "response"]
    return questions, pd.DataFrame(answers, columns=columns)
