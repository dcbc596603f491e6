"""Finding 2: the source of the test responses against their golden rank."""
