"""What optimising against each proxy does to real responses: regret, accuracy, length, writers.

In: responses, the golden judge's verdicts and scores by proxies. Out: small tables without any
text. Called by the stage `real_outputs`.

The responses cannot be drawn again, so intervals are over prompts; those of a correlation between
proxies are over proxies as well, leaving out one at a time.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.evaluation import curves, measures, trends
from proxyreward.evaluation.evaluate import of_scores
from proxyreward.evaluation.groups import wide
from proxyreward.evaluation.result import Golden, Input
from proxyreward.evaluation.sample import Sample
from proxyreward.evaluation.scores import Scores
from proxyreward.findings.core import left_out
from proxyreward.findings.real.real_outputs import views
from proxyreward.findings.real.real_outputs.outputs import GOLDEN, Outputs, win_rate
from proxyreward.findings.real.real_outputs.relation import INTERVAL, association, cut, variance
from proxyreward.metrics.estimates import Interval

LONG = 32
"""n of best-of-n in Figure 13 of paper *rethinking*."""
SHOWN = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 40, 48, 56)
"""The n of the curves in the table, and the largest."""


def tables(
    outputs: Outputs, proxies: Mapping[str, np.ndarray], seed: int
) -> dict[str, pd.DataFrame]:
    """All tables, by name.

    Parameters
    ----------
    proxies : scores (rows,) of every response, the higher the better, by name.
    """
    seen = views.every(outputs, proxies)
    judges = views.of_judges(outputs, proxies)
    main = seen[views.MAIN]
    golden, alarms = told(main, seed)
    over_proxies, over_prompts = association(seen, list(proxies), LONG)
    each = [measured(scores, seed).assign(view=name) for name, scores in {**seen, **judges}.items()]
    return {
        "data": counts(outputs, judges),
        "models": models(outputs),
        "measures": pd.concat(each, ignore_index=True)[["view", "proxy", "measure", *INTERVAL]],
        "curves": pd.concat([_curves(seen[v], seed, v) for v in (views.MAIN, views.WIN)]),
        "tool": _models(golden),
        "differences": _differences(golden),
        "alarms": alarms,
        "subsets": subsets(main, golden, seed),
        "gains": gains(main, seed),
        "length": with_length(main, seed),
        "writers": variance(main),
        "association": over_prompts,
        left_out.FILE: left_out.as_table(over_proxies, [*proxies, views.WRITER]),
    }


def counts(outputs: Outputs, judges: Mapping[str, Scores]) -> pd.DataFrame:
    """What was read and what of it counts: ``what, count``."""
    real = ~outputs.constant
    texts = pd.DataFrame({"prompt": outputs.prompt, "text": outputs.texts})[real]
    found = {
        "prompts": len(outputs.prompts),
        "models": len(outputs.models),
        "constant models": len(set(outputs.model[outputs.constant])),
        "missing responses": outputs.missing,
        "responses": int(real.sum()),
        "empty responses": int((texts["text"] == "").sum()),
        "repeated responses": int(texts.duplicated().sum()),
        "responses at the clip": int((abs(outputs.preference[0][real] - 1.5) >= 0.5 - 1e-6).sum()),
    }
    for name, verdicts in zip(outputs.judges[1:], outputs.preference[1:], strict=True):
        found[f"models shared with {name}"] = len(set(outputs.model[real & ~np.isnan(verdicts)]))
        found[f"prompts shared with {name}"] = judges[name].prompts if name in judges else 0
    return pd.DataFrame({"what": found.keys(), "count": found.values()})


def models(outputs: Outputs) -> pd.DataFrame:
    """Mean win rate against the baseline and mean characters by who wrote: ``model, constant,
    win_rate, characters``, the most preferred first."""
    frame = pd.DataFrame(
        {
            "model": np.array(outputs.models)[outputs.model],
            "constant": outputs.constant,
            "win_rate": win_rate(outputs.preference[0]),
            "characters": outputs.length,
        }
    )
    found = frame.groupby(["model", "constant"], as_index=False).mean()
    return found.sort_values("win_rate", ascending=False, ignore_index=True)


def told(scores: Scores, seed: int) -> tuple[Golden, pd.DataFrame]:
    """What the tool `proxyreward evaluate` says of the scores, and its alarms: ``alarm``."""
    per_prompt = np.bincount(scores.prompt)
    ends = float(per_prompt.min()), float(np.median(per_prompt)), float(per_prompt.max())
    size = len(scores.prompt)
    about = Input((), "long", size, scores.prompts, size, ends, scores.models)
    found = of_scores(scores, about, {"golden": [GOLDEN]}, seed)
    return found.goldens[0], pd.DataFrame({"alarm": found.alarms})


def measured(scores: Scores, seed: int) -> pd.DataFrame:
    """Accuracy, NDR, gamma and peak of every proxy: ``proxy, measure, estimate, low, high``.

    As :class:`~proxyreward.evaluation.result.Model` has them, with the most responses that the
    view has; *ndr at 32* is the NDR of best-of-32, where there are more, and *responses* their
    number.
    """
    sample, names = Sample(scores, seed), scores.models[1:]
    found = measures.models(scores, (GOLDEN,), names, sample)[GOLDEN].models
    rows = []
    for model, (_, name, each) in zip(found, curves.every(scores, (GOLDEN,), names), strict=True):
        most = each.golden.shape[1]
        own = {"accuracy": model.metrics["accuracy"]}
        own |= {key: model.regret[key] for key in ("ndr", "gamma", "peak")}
        if most > LONG:
            own["ndr at 32"] = curves.regret_of(cut(each, LONG), scores.prompts, sample)["ndr"]
        own["responses"] = Interval(most, np.nan, np.nan)
        rows += [(name, key, *value) for key, value in own.items()]
    return pd.DataFrame(rows, columns=["proxy", "measure", *INTERVAL])


def _curves(scores: Scores, seed: int, view: str) -> pd.DataFrame:
    """Golden reward of best-of-n with its interval, the proxy's own, and golden's own best."""
    sample, rows = Sample(scores, seed), []
    for name in scores.models[1:]:
        line = curves.curve(scores, GOLDEN, name, sample)
        for n in sorted({*SHOWN, line.n[-1]} & {*line.n}):
            own, best = (side[n - 1].estimate for side in (line.own, line.best))
            rows.append((view, name, n, line.kl[n - 1], *line.golden[n - 1], own, best))
    return pd.DataFrame(rows, columns=["view", "proxy", "n", "kl", *INTERVAL, "own", "best"])


def _models(golden: Golden) -> pd.DataFrame:
    """``proxy, null, accuracy, ndr, tier, beaten_by, worst``, null scorers among the proxies."""
    rows = [
        (
            model.name,
            model.null,
            *(
                round(each.estimate, 12)
                for each in (model.metrics["accuracy"], model.regret["ndr"])
            ),
            model.tier,
            ", ".join(model.beaten_by.get("ndr", ())),
            model.worst,
        )
        for model in golden.models
    ]
    heads = ["proxy", "null", "accuracy", "ndr", "tier", "beaten_by", "worst"]
    return pd.DataFrame(rows, columns=heads).astype({"tier": "Int64"})


def _differences(golden: Golden) -> pd.DataFrame:
    """Pairs of proxies: ``first, second, accuracy, ndr`` with ends, ``p, hidden``."""
    rows = [
        (each.first, each.second, *each.accuracy, *each.ndr, each.p, each.hidden)
        for each in golden.differences
    ]
    ends = [f"{key}{end}" for key in ("accuracy", "ndr") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["first", "second", *ends, "p", "hidden"])


def subsets(scores: Scores, golden: Golden, seed: int) -> pd.DataFrame:
    """Accuracy, as the tool found it, and NDR at 32 on the prompts of each subset: ``subset,
    prompts, proxy, measure`` and the interval."""
    sample, names, rows = Sample(scores, seed), scores.models[1:], []
    found = [model for model in golden.models if not model.null]
    for model, (_, name, each) in zip(found, curves.every(scores, (GOLDEN,), names), strict=True):
        gain, possible = curves.ndr_parts(cut(each, LONG), scores.prompts)
        for subset, accuracy in model.categories.items():
            own = scores.category == subset
            ndr = sample.ratio(np.where(own, gain, np.nan), possible)
            head = subset, int(own.sum()), name
            rows += [(*head, "accuracy", *accuracy), (*head, "ndr at 32", *ndr)]
    return pd.DataFrame(rows, columns=["subset", "prompts", "proxy", "measure", *INTERVAL])


def gains(scores: Scores, seed: int) -> pd.DataFrame:
    r"""How much of the golden gain of best-of-32 is left: ``proxy, part, estimate, low, high``.

    *gain* is in units of golden reward. *length taken out* and *writers taken out* are the gains of
    the same choices under golden rewards without length or without their writers' mean, as a share
    of the gain; NaN where the gain's interval does not lie above 0.
    """
    sample, names = Sample(scores, seed), scores.models[1:]
    without = {
        views.LENGTH_OUT: views.length_free(scores),
        views.WRITERS_OUT: views.writers_out(scores)[0],
    }
    both = scores.with_models(tuple(without), np.stack(list(without.values())))
    reached = {}
    for golden, name, each in curves.every(both, (GOLDEN, *without), names):
        reached[golden, name] = curves.ndr_parts(cut(each, LONG), scores.prompts)[0]
    rows = []
    for name in names:
        gain = reached[GOLDEN, name]
        whole = sample.mean(gain)
        rows.append((name, "gain", *whole))
        for part in without:
            share = sample.ratio(reached[part, name], gain)
            rows.append((name, part, *(share if whole.low > 0 else (np.nan,) * 3)))
    return pd.DataFrame(rows, columns=["proxy", "part", *INTERVAL])


def with_length(scores: Scores, seed: int) -> pd.DataFrame:
    """Spearman's correlation with length within prompts, mean over prompts: ``scorer`` and
    interval; the golden judge first."""
    sample, rows = Sample(scores, seed), []
    for name in scores.models:
        found = trends.trend(scores, name, scores.length)
        rows.append((name, *sample.mean(wide(found.rho, found.prompts, scores.prompts))))
    return pd.DataFrame(rows, columns=["scorer", *INTERVAL])
