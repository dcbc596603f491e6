"""Policies: supervised training of the initial one, and sampling."""
