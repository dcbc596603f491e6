"""Stage `reward_models`: the family of reward models, one for each flip rate (and fold).

In: ``outputs/<scale>/data/``.  Out: ``outputs/<scale>/reward_models/<name>/``, one folder a model.
"""

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.reward.members import Member, train
from proxyreward.reward.train import RewardSettings


def members(params: Params) -> list[Member]:
    """Every reward model of the family, ordered by flip rate, then fold."""
    reward, model = params.reward, params.model
    folds = range(reward.folds) if reward.folds else [None]
    named = [
        (f"flip-{rate:.2f}" + ("" if fold is None else f"-fold-{fold}"), rate, fold)
        for rate in reward.flip_rates
        for fold in folds
    ]
    return [
        Member(
            name=name,
            data=str(outputs(params, "data")),
            flip_rate=rate,
            flip_seed=params.seed,
            fold=fold,
            seed=seeds.number(f"reward model {name}", params.seed),
            base=model.base,
            shape=Shape(model.hidden_size, model.layers, model.heads, model.max_length),
            settings=RewardSettings(
                reward.epochs,
                reward.learning_rate,
                reward.batch_size,
                reward.warmup_ratio,
                reward.l2,
            ),
        )
        for name, rate, fold in named
    ]


def run(params: Params) -> None:
    """Train what is missing or changed."""
    run_items(params, "reward_models", members(params), train, [outputs(params, "data")])


if __name__ == "__main__":
    main("reward_models", run)
