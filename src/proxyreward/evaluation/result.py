"""What an evaluation finds, as plain data: the tree that the JSON file holds.

Numbers that are not known are NaN here and null in JSON. An end of an interval is infinite here and
null in JSON where one cluster of prompts outweighs the others, so that no number is out of reach; a
note of the input says so where it does by the number of its prompts. A change that a reader of the
file would notice raises the number at the end of `SCHEMA`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxyreward.metrics.estimates import Interval

SCHEMA = "proxyreward.evaluation/1"
LEVEL = 0.95
"""Of all intervals."""


@dataclass(frozen=True)
class Note:
    """Something about the input that a reader must know.

    Attributes
    ----------
    kind
        A word, such as ``one-response`` or ``duplicate-rows``.
    count
        How many rows, prompts or responses it concerns.
    message
        One sentence, with the remedy if there is one.
    """

    kind: str
    count: int
    message: str


@dataclass(frozen=True)
class Input:
    """What was read, and what of it was used.

    Attributes
    ----------
    files
        Names as given.
    format
        ``long``, ``wide``, ``rewardbench`` or ``verdicts``.
    rows, prompts, responses
        Rows of the files; prompts and responses in them.
    per_prompt
        Least, median and largest number of responses to a prompt.
    models
        Names of all models.
    notes
        What was left out and why; every row is used or counted here.
    """

    files: tuple[str, ...]
    format: str
    rows: int
    prompts: int
    responses: int
    per_prompt: tuple[float, float, float]
    models: tuple[str, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Symptom:
    """Something that looks wrong with a model's scores.

    Attributes
    ----------
    model
        Whose.
    kind
        ``few-values``, ``position``, ``constant``, ``scale`` or ``length``.
    alarming
        Whether it makes the exit status 2.
    message
        One sentence with the number that was measured.
    remedy
        One sentence: the likely cause and what to do.
    """

    model: str
    kind: str
    alarming: bool
    message: str
    remedy: str


@dataclass(frozen=True)
class Curve:
    """Best-of-n for every n, means over prompts; rewards in the unit of who scores.

    Attributes
    ----------
    n
        1, 2, …, N: so many responses have all of the `prompts` that the curve is made of.
    kl
        Bound of the KL divergence from the sampling policy, nats.
    golden
        Reward by the golden model of the best by this model.
    own
        Reward by this model of the same.
    best
        Reward by the golden model of the best by the golden model.
    prompts
        How many prompts it is made of.
    """

    n: tuple[int, ...]
    kl: tuple[float, ...]
    golden: tuple[Interval, ...]
    own: tuple[Interval, ...]
    best: tuple[Interval, ...]
    prompts: int


@dataclass(frozen=True)
class Calibration:
    """Calibration on pairs, labels by the golden model.

    Attributes
    ----------
    before, after
        Expected calibration error with the scores as they are, and after the temperature.
    floor
        What a perfectly calibrated model would show on as many pairs, by chance.
    temperature
        T by which scores are divided; 1/T below 1 is over-confidence.
    """

    before: Interval
    after: Interval
    floor: float
    temperature: Interval


@dataclass(frozen=True)
class Model:
    """One model against one golden model.

    Attributes
    ----------
    name
        As in the input.
    null
        Whether it is a null scorer (`nulls`), which looks at no content.
    prompts, pairs
        How many have two responses that both have scored, and how many pairs golden orders.
    metrics
        By name: ``accuracy`` and every metric of :mod:`proxyreward.metrics.within_prompt`.
    regret
        By name: ``ndr`` at the largest n (normalised drop ratio), ``gamma`` (area between the
        golden rewards of the best by golden and by this model over KL, as a share of the former's
        area over the start), ``peak`` (n at which the golden reward is highest), ``variance``
        (within-prompt variance of the model's scores, as a share of all variance) and
        ``unspecific`` (share of pairs that are equally good to the golden model and whose scores
        differ by more than one within-prompt sd).
    curve
        None where no prompt has two responses.
    calibration
        None for a null scorer, or without pairs.
    categories
        Accuracy in each; empty without categories.
    worst
        Name of the one with the lowest accuracy among those with 20 prompts at least, or "".
    tier
        From 1, the safest; models that cannot be told apart share one. None where nothing is
        ranked.
    counted
        By metric, the prompts on which it is defined, where these are not all `prompts`: it is a
        mean, or a ratio of sums, over these alone.
    beaten_by
        By metric, the null scorers that do as well or better; such a metric says nothing.
    """

    name: str
    null: bool
    prompts: int
    pairs: int
    metrics: dict[str, Interval]
    regret: dict[str, Interval]
    curve: Curve | None
    calibration: Calibration | None
    categories: dict[str, Interval] = field(default_factory=dict)
    worst: str = ""
    tier: int | None = None
    counted: dict[str, int] = field(default_factory=dict)
    beaten_by: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Two models against one golden model, on the prompts that both have scored.

    Attributes
    ----------
    first, second
        Names of the models.
    accuracy, ndr
        Of the first less that of the second.
    p
        Two-sided, that their NDR is the same; Holm-corrected over all pairs of the golden model.
    hidden
        Whether accuracy cannot tell them apart, and regret can.
    prompts_needed
        How many prompts, in all, would tell them apart with power .8; NaN where they are told
        apart already or do not differ.
    """

    first: str
    second: str
    accuracy: Interval
    ndr: Interval
    p: float
    hidden: bool
    prompts_needed: float


@dataclass(frozen=True)
class Ceiling:
    """How good a golden model is itself.

    Attributes
    ----------
    kind
        ``raters`` (split halves of raters within prompts) or ``none`` (one score a response).
    reliability
        Of the mean of all raters, within prompts (split half, stepped up by Spearman-Brown).
    accuracy
        Highest accuracy against this golden model that follows: of a model that knows the truth
        (:func:`proxyreward.evaluation.ceiling.highest_accuracy`); NaN where unknown or without
        signal.
    signal
        Whether it orders responses at all; without, nothing is ranked.
    message
        One sentence.
    """

    kind: str
    reliability: Interval
    accuracy: float
    signal: bool
    message: str


@dataclass(frozen=True)
class Golden:
    """All models against one golden model.

    Attributes
    ----------
    name
        Of the golden model.
    ceiling
        How good it is itself.
    models
        All others, null scorers among them.
    differences
        Of pairs of models; none where nothing is ranked.
    """

    name: str
    ceiling: Ceiling
    models: tuple[Model, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Evaluation:
    """Everything.

    Attributes
    ----------
    input
        What was read.
    symptoms
        What looks wrong with the scores.
    goldens
        What was found against each golden model.
    alarms
        What makes the exit status 2, a line each.
    settings
        What was asked for: seed, level, names of columns.
    schema
        Name and version of this form.
    """

    input: Input
    symptoms: tuple[Symptom, ...]
    goldens: tuple[Golden, ...]
    alarms: tuple[str, ...]
    settings: dict[str, object]
    schema: str = SCHEMA
