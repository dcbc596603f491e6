"""Stage `reward_models`: one reward model for each flip rate (and fold), and three other families.

In: ``outputs/<scale>/data/``.  Out: ``outputs/<scale>/reward_models/<name>/``, one folder a model.
"""

from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import members
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.reward.members import train


def run(params: Params) -> None:
    """Train what is missing or changed."""
    run_items(params, "reward_models", members(params), train, [outputs(params, "data")])


if __name__ == "__main__":
    main("reward_models", run)
