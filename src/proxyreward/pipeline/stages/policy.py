"""Stage `policy`: the initial policy, trained on demonstrations.

In: ``outputs/<scale>/data/``.  Out: ``outputs/<scale>/policy/initial/``.
"""

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.policy.initial import InitialPolicy, train
from proxyreward.policy.sft import PolicySettings


def run(params: Params) -> None:
    """Train the initial policy unless it is there already."""
    model, policy = params.model, params.policy
    item = InitialPolicy(
        data=str(outputs(params, "data")),
        seed=seeds.number("initial policy", params.seed),
        base=model.base,
        shape=Shape(model.hidden_size, model.layers, model.heads, model.max_length),
        settings=PolicySettings(policy.epochs, policy.learning_rate, policy.batch_size),
    )
    run_items(params, "policy", [item], train, [outputs(params, "data")])


if __name__ == "__main__":
    main("policy", run)
