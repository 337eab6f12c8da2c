"""The functions of this system, as `beholder.systems.protocol.SystemFunctions` asks for them."""

from beholder.systems.li2019.experiment import kept_arrays, recipe_for, scored_system
from beholder.systems.li2019.export import export, linear_probe, remarks
from beholder.systems.li2019.report import report
from beholder.systems.li2019.train import check, fit, inputs, learned_tasks

__all__ = [
    "check",
    "export",
    "fit",
    "inputs",
    "kept_arrays",
    "learned_tasks",
    "linear_probe",
    "recipe_for",
    "remarks",
    "report",
    "scored_system",
]
