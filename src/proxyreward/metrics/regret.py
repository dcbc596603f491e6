"""Policy regret as the normalised drop ratio (NDR).

In: expected golden rewards of policies. Out: ratios of gains. Called by `findings`.
"""

import numpy as np

from proxyreward.metrics.checks import broadcast, numbers
from proxyreward.metrics.pairs import ratio


def normalised_drop_ratio(
    j_proxy: np.ndarray | float, j_golden: np.ndarray | float, j_initial: np.ndarray | float
) -> np.ndarray:
    r"""Share of the golden policy's gain that the proxy's policy retains.

    .. math:: \mathrm{NDR} = \frac{J_{r^*}(\pi_r) - J_{r^*}(\pi_0)}
                                  {J_{r^*}(\pi_{r^*}) - J_{r^*}(\pi_0)}

    Higher is better, and regret is 1 - NDR: despite its name the ratio measures what is kept.
    It is 1 for the golden RM itself and 0 for the initial policy. It can exceed 1 or be negative,
    and it is unstable if the denominator is near 0, so report :func:`golden_gain` beside it.

    Parameters
    ----------
    j_proxy, j_golden, j_initial : array-like
        Golden reward of the policy optimised on the proxy, of the policy optimised on the golden
        RM with the same settings, and of the initial policy. They broadcast.

    Returns
    -------
    ndarray
        NaN where the golden gain is exactly 0 or a reward is NaN.

    Raises
    ------
    ValueError
        If the rewards do not broadcast, or one is infinite.

    References
    ----------
    Wen et al. 2024, eq. 3.

    Examples
    --------
    >>> float(normalised_drop_ratio(j_proxy=1.5, j_golden=2.0, j_initial=1.0))
    0.5
    """
    given = {"j_proxy": j_proxy, "j_golden": j_golden, "j_initial": j_initial}
    given = {name: numbers(name, reward, may_be="nan") for name, reward in given.items()}
    broadcast(**given)
    proxy, golden, initial = given.values()
    return ratio(proxy - initial, golden - initial)


def golden_gain(rewards: np.ndarray, initial: np.ndarray) -> np.ndarray:
    r"""Denominator of the NDR: what each golden RM's own policy gains over the initial one.

    Parameters
    ----------
    rewards : ndarray, shape (goldens, proxies, ...)
        Golden reward of every RM's policy under every golden RM, both in the same order.
    initial : ndarray, shape (goldens,)
        Golden reward of the initial policy.

    Returns
    -------
    ndarray, shape (goldens, ...)
        In units of the golden reward; NaN where a reward is NaN.

    Raises
    ------
    ValueError
        As :func:`ndr_matrix`.
    """
    rewards, initial = _checked(rewards, initial)
    own = np.moveaxis(np.diagonal(rewards, axis1=0, axis2=1), -1, 0)
    return own - _expand(initial, own.ndim)


def ndr_matrix(rewards: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """NDR of every RM as proxy against every RM as golden.

    Parameters
    ----------
    rewards : ndarray, shape (goldens, proxies, ...)
        Golden reward of every RM's policy under every golden RM, both in the same order; further
        axes (such as n of best-of-n) are kept.
    initial : ndarray, shape (goldens,)
        Golden reward of the initial policy.

    Returns
    -------
    ndarray, shape (goldens, proxies, ...)
        Ones on the diagonal; a golden RM whose own gain is exactly 0 has NaN.

    Raises
    ------
    ValueError
        If goldens and proxies differ in number, `initial` does not match them, or a reward is
        infinite.
    """
    rewards, initial = _checked(rewards, initial)
    start = _expand(initial, rewards.ndim)
    own = golden_gain(rewards, initial)[:, None] + start
    return normalised_drop_ratio(rewards, own, start)


def _checked(rewards: np.ndarray, initial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rewards, initial = (
        numbers("rewards", rewards, may_be="nan"),
        numbers("initial", initial, may_be="nan"),
    )
    if rewards.ndim < 2 or rewards.shape[0] != rewards.shape[1]:
        raise ValueError(f"rewards must be (rms, rms, ...), got shape {rewards.shape}")
    if initial.shape != rewards.shape[:1]:
        raise ValueError(f"initial must hold one value per golden RM, got {initial.shape}")
    return rewards, initial


def _expand(initial: np.ndarray, ndim: int) -> np.ndarray:
    return initial.reshape(initial.shape + (1,) * (ndim - 1))
