"""Paper *more*: reward models on several sources of preference, their accuracy and calibration."""
