"""Stage `samples`: a pool of responses of the initial policy to the test prompts.

In: ``outputs/<scale>/{data,policy}/``.  Out: ``outputs/<scale>/samples/<first prompt>/``.
"""

from proxyreward.data import seeds
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.policy.initial import NAME
from proxyreward.policy.pool import PoolItem, draw


def run(params: Params) -> None:
    """Draw what is missing or changed, some prompts an item."""
    samples, total = params.samples, params.world.pool_prompts
    items = [
        PoolItem(
            name=f"prompts-{first:05d}",
            data=str(outputs(params, "data")),
            policy=str(outputs(params, "policy") / NAME),
            first=first,
            prompts=min(samples.prompts_per_item, total - first),
            per_prompt=samples.per_prompt,
            temperature=samples.temperature,
            max_new_tokens=samples.max_new_tokens,
            max_length=params.model.max_length,
            seed=seeds.number(f"samples {first}", params.seed),
        )
        for first in range(0, total, samples.prompts_per_item)
    ]
    inputs = [outputs(params, stage) for stage in ("data", "policy")]
    run_items(params, "samples", items, draw, inputs)


if __name__ == "__main__":
    main("samples", run)
