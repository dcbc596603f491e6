"""Pure functions of arrays: agreement, best-of-n, regret, the prediction protocol, resampling.

In: NumPy arrays of scores, shapes `(rms, prompts, samples)` and `(rms, pairs, 2)`.
Out: NumPy arrays. Nothing here reads a file or imports another layer; `findings` calls it.
"""
