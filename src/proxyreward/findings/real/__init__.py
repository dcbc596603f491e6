"""Pages on pairs that people judged: held-out reward models beside rules and word counts."""
