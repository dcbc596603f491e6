"""Appendix of paper *rethinking*: other families, the KL penalty, settings, data, best-of-n."""
