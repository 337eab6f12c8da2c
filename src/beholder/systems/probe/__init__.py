"""Linear heads for anybody's ratings: `beholder train probe`.

For a few hundred ratings nothing here does better. An embedded model scores the photographs once; what is learned is
the difference between its scores and the ratings, as a linear function of its embedding. How large the difference may
be is averaged over by its probability, nothing at all included (:mod:`beholder.bayesian_ridge`): with few ratings the
embedded model's scores stay as they are. The model file is the embedded one with these sums added, or any backbone
with heads that start from nothing.
"""
