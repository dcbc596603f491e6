"""The reward models on several sources that the parameters ask for.

In: parameters. Out: specs of reward models, and the table that says which is which. Called by the
stages `mixes`, `rejection` and those of the findings of paper *more*.
"""

from dataclasses import replace

import pandas as pd

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import SCRATCH
from proxyreward.pipeline.params import Mixes, Params, is_size
from proxyreward.pipeline.stage import outputs
from proxyreward.reward.mixes import Mix
from proxyreward.reward.more import MixSettings
from proxyreward.vocabulary import (
    ADDED,
    BALANCED,
    FIXED_TOTAL,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    SINGLE,
    SPLITS,
    UPGRAD,
)
from proxyreward.world.sources import SOURCES

COLUMNS = ["rm", "scheme", "base", "seed", "k", "order"]


def source_names(params: Params) -> tuple[str, ...]:
    """Names of the sources, in the order in which paper *more* adds them."""
    return tuple(origin.source for origin in params.mixes.origins) or tuple(SOURCES)


def items(params: Params) -> list[tuple[Mix, dict]]:
    """Every reward model with its row of the table, the longest to train first."""
    mixes, names = params.mixes, source_names(params)
    plain = MixSettings(
        weighting="plain",
        order="mixed",
        resampled=mixes.resampled,
        pairs_per_source=mixes.pairs_per_source,
        epochs=mixes.epochs,
        learning_rate=mixes.learning_rate,
        warmup_ratio=mixes.warmup_ratio,
        precision=params.model.precision,
    )
    more = replace(plain, weighting="min-norm", order="balanced")
    short = replace(plain, resampled=_whole(mixes.resampled // 2, mixes), epochs=1)
    main = mixes.bases[-1]
    found = []

    def add(scheme, base, seed, fold, settings, sources=names, order=0, splits=1, tuned=None):
        parts = [scheme, *(sources if len(sources) == 1 else ()), base.replace("/", "--")]
        count = splits if splits > 1 else len(sources)
        if scheme in (ADDED, FIXED_TOTAL, SPLITS):
            parts += [f"k{count}", f"order{order}"]
        name = "-".join([*parts, f"seed{seed}"])
        scratch = is_size(base)
        item = Mix(
            name=name if fold is None else f"{name}-fold{fold}",
            data=str(outputs(params, "sources")),
            sources=tuple(sources),
            splits=splits,
            base=SCRATCH if scratch else base,
            shape=Shape.parse(base, params.model.max_length)
            if scratch
            else Shape(
                params.model.hidden_size,
                params.model.layers,
                params.model.heads,
                params.model.max_length,
            ),
            settings=settings,
            tuned=tuned,
            fold=fold,
            conflict=1.0,
            # Schemes share the initial weights of a base, so that they differ in training alone.
            seed=seeds.number(f"mix {base} {seed} {fold}", params.seed),
        )
        label = f"{scheme}-{sources[0]}" if scheme == SINGLE else scheme
        found.append((item, dict(zip(COLUMNS, (name, label, base, seed, count, order)))))

    for seed in range(mixes.seeds):
        for fold in range(mixes.folds) if mixes.folds else [None]:
            for base in reversed(mixes.bases if seed == 0 else [main]):
                tuned = short if mixes.side and base == main else None
                add(MORE, base, seed, fold, more, tuned=tuned)
                add(MULTITASK, base, seed, fold, plain, tuned=tuned)
                for name in names:
                    add(SINGLE, base, seed, fold, plain, sources=(name,))
                add(RAW, base, seed, fold, plain, sources=())
            if mixes.side and seed == 0:
                _controls(add, params, fold, plain, more)
    return found


def _controls(add, params, fold, plain, more) -> None:
    """What separates MORE from what comes with it, on the largest base and of the first seed."""
    mixes, names = params.mixes, source_names(params)
    first = mixes.bases[-1], 0, fold  # base, seed, fold
    add(BALANCED, *first, replace(plain, order="balanced"))
    add(PUBLIC_CODE, *first, replace(more, weighting="public-code"))
    add(UPGRAD, *first, replace(more, weighting="upgrad"))
    as_is = replace(plain, resampled=None)
    add(MULTITASK_AS_IS, *first, as_is)
    add(MORE_AS_IS, *first, replace(as_is, weighting="min-norm"))
    for order in range(mixes.orders + 1):
        later = (*names[2 + order :], *names[2 : 2 + order])
        for count in range(3 if order else 2, len(names)):
            add(ADDED, *first, more, (*names[:2], *later[: count - 2]), order)
    equal = replace(more, resampled=_whole(mixes.resampled * 2 // len(names), mixes))
    add(FIXED_TOTAL, *first, equal)
    for count in range(2, len(names) + 1):
        single = replace(more, resampled=_whole(mixes.resampled // count, mixes))
        add(SPLITS, *first, single, names[:1], splits=count)


def ladder(params: Params) -> list[Mix]:
    """MultiTask and MORE on the smallest base and first seed where the sources differ less.

    They start from the weights and see the pairs that their counterparts of :func:`items` do;
    labels alone are others.
    """
    full = {row["rm"]: item for item, row in items(params)}
    rungs = ladder_table(params)
    return [
        replace(full[row.of], name=row.rm, conflict=row.conflict, tuned=None)
        for row in rungs[rungs["rm"] != rungs["of"]].itertuples()
    ]


def ladder_table(params: Params) -> pd.DataFrame:
    """Columns ``rm, of, scheme, conflict``: at full conflict the reward model `of` itself."""
    rms = table(params)
    own = rms[(rms["base"] == params.mixes.bases[0]) & (rms["seed"] == 0)]
    rows = [
        (f"{row.rm}-conflict{conflict:g}" if conflict < 1 else row.rm, row.rm, row.scheme, conflict)
        for row in own[own["scheme"].isin([MULTITASK, MORE])].itertuples()
        for conflict in (*params.mixes.conflicts, 1.0)
    ]
    return pd.DataFrame(rows, columns=["rm", "of", "scheme", "conflict"])


def _whole(pairs: int, mixes: Mixes) -> int:
    """Pairs of a source, cut to whole batches; one batch at least."""
    return max(pairs // mixes.pairs_per_source, 1) * mixes.pairs_per_source


def table(params: Params) -> pd.DataFrame:
    """Which reward model is which, in the order of :func:`items`; one row for those of all folds.

    Columns ``rm, scheme, base, seed, k, order``. `scheme` is ``raw``, ``single-<source>``,
    ``multitask``, ``more``, or the name of a control; `k` counts sources; `order` numbers the
    orders of adding them: 0 is the paper's, the others turn it round.
    """
    rows = pd.DataFrame([row for _, row in items(params)], columns=COLUMNS)
    return rows.drop_duplicates("rm", ignore_index=True)
