"""Over-rewarding: Figure 5 and Tables 1, 5 and 6 of paper *more*."""
