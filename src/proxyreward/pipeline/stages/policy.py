"""Stage `policy`: the initial policy and a second one of another size, trained on demonstrations.

In: ``outputs/<scale>/data/``.  Out: ``outputs/<scale>/policy/{initial,second}/``.
"""

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.policy.initial import InitialPolicy, train
from proxyreward.policy.sft import PolicySettings
from proxyreward.vocabulary import INITIAL, SECOND


def run(params: Params) -> None:
    """Train what is missing or changed; the second policy is a repeat, with a seed of its own."""
    model, policy = params.model, params.policy
    shapes = {
        INITIAL: Shape(model.hidden_size, model.layers, model.heads, model.max_length),
        SECOND: Shape.parse(policy.second, model.max_length),
    }
    items = [
        InitialPolicy(
            name=name,
            data=str(outputs(params, "data")),
            seed=seeds.number(f"{name} policy", params.seed),
            base=model.base,
            shape=shape,
            settings=PolicySettings(
                policy.epochs, policy.learning_rate, policy.batch_size, model.precision
            ),
        )
        for name, shape in shapes.items()
    ]
    run_items(params, "policy", items, train, [outputs(params, "data")])


if __name__ == "__main__":
    main("policy", run)
