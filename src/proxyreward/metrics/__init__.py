"""Pure functions of arrays: agreement and calibration on test sets, best-of-n, regret, theory.

In: NumPy arrays of scores, shapes `(rms, prompts, samples)` and `(rms, prompts, responses)`.
Out: NumPy arrays. Nothing here reads a file or imports another layer; `findings` calls it.

An argument that a function cannot work with is a ValueError, which names it and says what would be
right; a result that does not exist is NaN where the docstring says so.
"""
