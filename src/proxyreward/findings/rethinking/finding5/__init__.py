"""Finding 5: does accuracy reveal how far a policy overoptimises its reward model?"""
