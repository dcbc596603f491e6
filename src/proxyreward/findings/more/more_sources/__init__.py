"""Does MORE profit from more, and more diverse, sources? Figure 6 and equations 6 to 9."""
