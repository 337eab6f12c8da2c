"""Rated photographs: one schema (:mod:`rated_photos`), one module for each data set, one for CSV files."""
