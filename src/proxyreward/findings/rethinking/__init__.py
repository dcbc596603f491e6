"""Paper *rethinking*: does the accuracy of a reward model predict the regret of its policies?"""
