"""Calibration and alignment: Table 2 of paper more, its judge, its limits."""
