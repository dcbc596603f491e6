"""Finding 4: do more responses per prompt make a test set predict regret better?"""
