"""Policies: supervised training of the initial ones, sampling, and PPO."""
