"""Judges who compare two responses to a prompt: the world's oracle, reward models, people, and any
language model behind an OpenAI-compatible endpoint.

In: prompts with two responses each. Out: which response of each pair is better.
"""
