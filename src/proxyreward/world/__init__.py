"""The embedded world: a small readable English whose true utility is known.

It stands in for people, and for nothing else: every reward model and every policy that meets its
text is trained for real.
"""
