"""Finding 3: accuracy measured on other prompts than those of the downstream test."""
