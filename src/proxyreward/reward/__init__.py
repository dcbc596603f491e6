"""Reward models: training on preference pairs, and scoring."""
