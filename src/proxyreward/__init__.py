"""The Proxy Reward Book: can reward models, the proxies of alignment, be trusted?

The layers, each of which imports only from those to its left::

    world | data -> models -> reward -> policy -> metrics -> findings -> pipeline
"""
