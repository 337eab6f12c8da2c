"""Published data sets: one module each, named as the data set, that ends with its record ``DATA_SET``.

This list is all that must change for a new one. It holds names, not records, so that help texts can list the data sets
without importing a loader; :func:`beholder.data.registry.data_set` gives the record.
"""

NAMES = (
    "oasis",
    "biq2021",
    "appeal",
    "composition",
    "aadb",
    "eva",
    "ava",
    "psychoflickr",
    "tid2013",
    "msc",
    "para",
    "tad66k",
    "koniq10k",
    "spaq",
)
