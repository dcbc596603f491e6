"""A rich evaluation of made-up numbers: every case that a report must show."""

import math

from proxyreward.evaluation.result import (
    Calibration,
    Ceiling,
    Curve,
    Difference,
    Evaluation,
    Golden,
    Input,
    Model,
    Note,
    Symptom,
)
from proxyreward.metrics.estimates import Interval

NAN = math.nan
SCRIPT = "<script>document.title='ran'</script>"
UNKNOWN = Interval(NAN, NAN, NAN)
MODELS = ("careful-rm", "keen-rm", "twin-rm", SCRIPT, "a|b*c_`d`@everyone #1")
NULLS = ("null:longer", "null:constant", "null:random")
N = 64


def around(estimate: float, half: float = 0.03) -> Interval:
    """An interval that is symmetric about its estimate."""
    return Interval(estimate, estimate - half, estimate + half)


def curve(skill: float, hacking: float, scale: float = 1.0) -> Curve:
    """Golden reward grows with KL by skill, and falls with its square by hacking."""
    n = tuple(range(1, N + 1))
    kl = tuple(math.log(k) - (k - 1) / k for k in n)
    best = tuple(around(0.2 + 0.5 * d**0.7) for d in kl)
    golden = tuple(around(0.2 + skill * 0.5 * d**0.7 - hacking * d * d) for d in kl)
    own = tuple(around(scale * (1 + d), 0.1 * abs(scale)) for d in kl)
    return Curve(n, kl, golden, own, best, 400)


def model(name: str, skill: float, hacking: float = 0.0, tier: int | None = None, **given) -> Model:
    """A model of such a curve; its measures follow from skill."""
    metrics = {
        "accuracy": around(0.5 + 0.4 * skill),
        "accuracy_pair": around(0.5 + 0.39 * skill, 0.05),
        "pearson": around(skill),
        "ece": around(0.2 - 0.15 * skill, 0.004),
        "mrr": around(0.3 + 0.5 * skill),
    }
    regret = {
        "ndr": around(skill - 3 * hacking, 0.04),
        "gamma": around(1 - skill + hacking, 0.05),
        "peak": Interval(20, 12, 31) if hacking else Interval(N, N, N),
        "variance": around(0.4, 0.02),
        "unspecific": UNKNOWN,
    }
    categories = {"maths": around(0.5 + 0.3 * skill), "safety": around(0.5 + 0.45 * skill)}
    calibrated = Calibration(around(0.12), around(0.03, 0.01), 0.012, around(1.7, 0.2))
    fields = {
        "null": False,
        "prompts": 400,
        "pairs": 11_200,
        "metrics": metrics,
        "regret": regret,
        "curve": curve(skill, hacking),
        "calibration": calibrated,
        "categories": categories,
        "worst": "maths",
        "tier": tier,
    }
    return Model(name, **(fields | given))


def null(name: str, skill: float) -> Model:
    """A null scorer."""
    return model(name, skill, null=True, calibration=None)


def golden(name: str = "gold-rm") -> Golden:
    """Three tiers; a hacked model, one without a curve, two that regret alone tells apart."""
    models = (
        model("keen-rm", 0.75, 0.06, tier=2),
        model("careful-rm", 0.8, tier=1),
        model("twin-rm", 0.79, tier=1),
        model(SCRIPT, 0.1, tier=3, beaten_by={"ndr": NULLS[:1], "accuracy": NULLS[:2]}),
        model(
            MODELS[4], 0.5, curve=None, worst="", categories={}, calibration=None,
            regret={name: UNKNOWN for name in ("ndr", "gamma", "peak", "variance", "unspecific")},
        ),
        *(null(name, skill) for name, skill in zip(NULLS, (0.3, 0.0, 0.01))),
    )  # fmt: skip
    differences = (
        Difference("careful-rm", "keen-rm", around(0.02), around(0.2), 0.0004, True, NAN),
        Difference("careful-rm", "twin-rm", around(0.004), around(0.01), 0.61, False, 5231.0),
        Difference("keen-rm", SCRIPT, around(0.3), UNKNOWN, NAN, False, NAN),
    )
    told = "Raters agree well enough to rank models."
    return Golden(name, Ceiling("raters", around(0.82), 0.91, True, told), models, differences)


def unranked(name: str = "noise") -> Golden:
    """A golden model without signal: nothing has a tier."""
    told = "Halves of the raters order responses no better than chance, so nothing can be ranked."
    ceiling = Ceiling("raters", around(0.01, 0.05), NAN, False, told)
    models = (model("careful-rm", 0.02), model("keen-rm", 0.01), null("null:longer", 0.0))
    return Golden(name, ceiling, models, ())


def evaluation(*goldens: Golden, **given) -> Evaluation:
    """An evaluation against these golden models, or against one."""
    notes = (Note("one-response", 3, "3 prompts have one response; give them more."),)
    files = ("scores.csv", "more & <b>scores</b>.parquet")
    read = Input(files, "long", 16_800, 403, 3_363, (1.0, 8.0, 64.0), MODELS, notes)
    symptoms = (
        Symptom(
            "keen-rm", "few-values", True, "31 % of unequal responses have equal scores.",
            "Score in float32, and use a padding token that is not the end-of-sequence token.",
        ),
        Symptom(SCRIPT, "length", False, "Correlates 0.42 with length.", "Compare at one length."),
    )  # fmt: skip
    fields = {
        "input": read,
        "symptoms": symptoms,
        "goldens": goldens or (golden(),),
        "alarms": (f"{SCRIPT}: keeps no more than null:longer", "keen-rm: equal scores"),
        "settings": {"seed": 0, "level": 0.95, "category": None},
    }
    return Evaluation(**(fields | given))


def in_turn() -> Evaluation:
    """Every model golden in turn."""
    return evaluation(*(golden(name) for name in MODELS))
