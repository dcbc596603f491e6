"""Paper *more*, Figures 1, 3 and 7: do sources of preference conflict?"""
