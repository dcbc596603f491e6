import numpy as np

from proxyreward.metrics.estimates import mean_known


def test_the_mean_is_over_known_values():
    assert mean_known(np.array([1.0, np.nan, 3.0])) == 2
    assert np.isnan(mean_known(np.array([np.nan])))
