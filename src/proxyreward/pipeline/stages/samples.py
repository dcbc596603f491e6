"""Stage `samples`: what the initial policies say to downstream and to accuracy prompts.

In: ``outputs/<scale>/{data,policy}/``.  Out: ``outputs/<scale>/samples/<pool>-<first prompt>/``
for the pools `initial` and `second` (downstream prompts) and `tests` (accuracy prompts).
"""

from proxyreward.data import seeds
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.policy.pool import PoolItem, draw
from proxyreward.vocabulary import INITIAL, SECOND


def run(params: Params) -> None:
    """Draw what is missing or changed, some prompts an item.

    Items have seeds of their own: responses to different prompts are averaged, and the second
    policy's pool is a repeat beside the first one's.
    """
    samples, world = params.samples, params.world
    pools = [  # name, policy, file of prompts, how many of them, responses to each
        (INITIAL, INITIAL, "prompts.parquet", world.pool_prompts, samples.per_prompt),
        (SECOND, SECOND, "prompts.parquet", world.pool_prompts, samples.side_per_prompt),
        # The file begins with the prompts as they are; reworded ones follow.
        ("tests", INITIAL, "questions.parquet", world.test_prompts, world.responses_per_source),
    ]
    items = [
        PoolItem(
            name=f"{name}-{first:05d}",
            data=str(outputs(params, "data")),
            asked=asked,
            policy=str(outputs(params, "policy") / policy),
            first=first,
            prompts=min(together, total - first),
            per_prompt=per_prompt,
            temperature=samples.temperature,
            max_new_tokens=samples.max_new_tokens,
            max_length=params.model.max_length,
            seed=seeds.number(f"samples {name} {first}", params.seed),
        )
        for name, policy, asked, total, per_prompt in pools
        for together in [max(1, samples.prompts_per_item * samples.per_prompt // per_prompt)]
        for first in range(0, total, together)
    ]
    inputs = [outputs(params, stage) for stage in ("data", "policy")]
    run_items(params, "samples", items, draw, inputs)


if __name__ == "__main__":
    main("samples", run)
