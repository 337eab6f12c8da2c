"""Rated photographs: one schema (:mod:`rated`), one small file for each data set, one for people's own."""
