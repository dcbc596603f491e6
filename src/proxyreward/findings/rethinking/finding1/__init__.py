"""Finding 1: does the accuracy of a reward model predict the regret of optimising on it?"""
