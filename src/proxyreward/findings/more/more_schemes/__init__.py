"""Raw, Top, MultiTask and MORE on diverse sources: Figures 2 and 4, Tables 3 and 4, appendix B."""
