"""What all findings share: the registry of claims, verdicts, and the parts of figures."""
