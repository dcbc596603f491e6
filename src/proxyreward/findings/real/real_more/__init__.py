"""Does MORE help on real preference pairs? The page on five real sources."""
