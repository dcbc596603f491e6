"""PPO on its way: training reward and loss, how fast it rises, and where the oracle turns away.

In: `Aligned` of one run. Out: tables of Figure 5, and of rewards over the KL divergence. Called by
the stage `elephant_alignment`.
"""

from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_alignment.reader import Aligned
from proxyreward.metrics.estimates import mean_known
from proxyreward.vocabulary import EQUAL_SIZE, FREE, INITIAL, MAIN, ORACLE, START

SMOOTHING = 0.6
"""What an exponential moving average keeps of its last value at each step, as TensorBoard does
unless told otherwise; the paper does not say its own."""
REACHED = 0.9  # of the final training reward
REWARDS = {"own": "own_reward", "evaluator": "evaluator_reward", ORACLE: "oracle_reward"}
KL = "kl"
SETTINGS = (MAIN, FREE)
WAY = ["rm", "setting", "point"]


def traces(aligned: Aligned) -> pd.DataFrame:
    """Training reward and loss of every main run: rm, run, step, and each raw and smoothed.

    The reward is in sd of the start; the loss is that of the policy and of the critic together.
    Smoothed ones end in ``ema``: averages of the raw values so far, weighed by `SMOOTHING` for each
    step that has passed since.
    """
    own = select(aligned.log, setting=MAIN).sort_values(["rm", "run", "step"])
    own = own.assign(loss=own["policy_loss"] + own["value_loss"])
    found = own[["rm", "run", "step", "reward", "loss"]].reset_index(drop=True)
    for name in ("reward", "loss"):
        found[f"{name} ema"] = smoothed(found, name)
    return found


def smoothed(traces: pd.DataFrame, name: str, factor: float = SMOOTHING) -> pd.Series:
    """A column of :func:`traces` as moving average of each run; `factor` is as `SMOOTHING`."""
    runs = traces.groupby(["rm", "run"], sort=False)[name]
    return runs.transform(lambda raw: raw.ewm(alpha=1 - factor).mean())


def training(aligned: Aligned, traces: pd.DataFrame) -> pd.DataFrame:
    """What the training curves come to, mean over runs: rm, measure, value.

    The final smoothed reward, ``standardised reward`` in sd of the start, and ``raw reward`` in the
    reward model's own unit, by its mean and sd over the start's responses to the test prompts; the
    final ``loss``; ``steps`` until the smoothed reward reaches `REACHED` of the final one (NaN
    where it has not risen), and these as a ``share`` of the run.
    """
    rows = []
    for rm in EQUAL_SIZE:
        runs = [run for _, run in select(traces, rm=rm).groupby("run")]
        scores = aligned.spoken(rm, f"{START}-{INITIAL}")
        reward = np.mean([run["reward ema"].iloc[-1] for run in runs])
        steps = np.array([steps_until(run["step"], run["reward ema"]) for run in runs])
        last = np.array([run["step"].iloc[-1] for run in runs])
        found = {
            "standardised reward": reward,
            "raw reward": scores.mean() + scores.std() * reward,
            "loss": np.mean([run["loss ema"].iloc[-1] for run in runs]),
            "steps": mean_known(steps),
            "share": mean_known(steps / last),
        }
        rows += [(rm, measure, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["rm", "measure", "value"])


def steps_until(step: pd.Series, smoothed: pd.Series) -> float:
    """First step at which a curve has `REACHED` of its end; NaN if that is not above zero."""
    final = smoothed.iloc[-1]
    return float(step[smoothed >= REACHED * final].iloc[0]) if final > 0 else np.nan


def way(aligned: Aligned) -> pd.DataFrame:
    """Rewards over the KL divergence, with and without a penalty, mean over runs.

    Columns rm, setting, point (0 is the start, the last one the end), what, value: ``kl`` in nats,
    and rewards in sd of the start by the ``own`` reward model, the ``evaluator`` and the oracle.
    Of a setting those runs count that were judged most often.
    """
    curves = aligned.curves
    free = (curves["setting"] != MAIN) & (curves["kl_coef"] == 0)
    curves = curves.assign(setting=np.where(free, FREE, curves["setting"]))
    paths = [
        _path(select(curves, rm=rm, setting=setting)).assign(rm=rm, setting=setting)
        for rm, setting in product(EQUAL_SIZE, SETTINGS)
    ]
    return pd.concat(paths).melt(WAY, [KL, *REWARDS], "what", "value")


def _path(curves: pd.DataFrame) -> pd.DataFrame:
    """Mean path of the runs with most points, from the start on: point, kl and each reward."""
    columns = {"kl_nats": KL} | {column: name for name, column in REWARDS.items()}
    own = curves[curves["step"] > 0].sort_values(["run", "step"])
    own = own.assign(point=own.groupby("run").cumcount() + 1)
    points = own.groupby("run")["point"].transform("max")
    own = own[points == points.max()].groupby("point")[list(columns)].mean()
    start = pd.DataFrame(0.0, index=pd.Index([0], name="point"), columns=list(columns))
    return pd.concat([start, own]).rename(columns=columns).reset_index()


def turns(way: pd.DataFrame) -> pd.DataFrame:
    """Whether rewards rise and then fall: rm, setting, what, measure, value.

    The peak of a path is looked for where the *other* reward models' paths are highest in the mean,
    so that noise in a path does not make its own peak. ``peak`` is the reward there, ``fall`` that
    less the reward at the end, ``end`` the latter; all in sd of the start.
    """
    rows, wide = [], way.pivot(index=WAY, columns="what", values="value").sort_values(KL)
    lines = dict(list(wide.groupby(WAY[:2])))
    for setting, what in product(SETTINGS, REWARDS):
        paths = {
            rm: (lines[rm, setting][KL].to_numpy(), lines[rm, setting][what].to_numpy())
            for rm in EQUAL_SIZE
        }
        for rm, (kl, reward) in paths.items():
            at = summit([path for other, path in paths.items() if other != rm])
            peak, end = float(np.interp(at, kl, reward)), reward[-1]
            found = {"peak": peak, "fall": peak - end, "end": end}
            rows += [(rm, setting, what, measure, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["rm", "setting", "what", "measure", "value"])


def summit(paths: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """KL divergence at which the mean of some paths (x, y) is highest, each held at its end."""
    grid = np.unique(np.concatenate([kl for kl, _ in paths]))
    mean = np.mean([np.interp(grid, *path) for path in paths], axis=0)
    return float(grid[mean.argmax()])
