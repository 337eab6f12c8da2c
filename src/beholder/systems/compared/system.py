"""The functions of these systems, as `beholder.systems.protocol.TrainFunctions` asks for them."""

from beholder.systems.compared.export import export, linear_probe, remarks
from beholder.systems.compared.train import check, fit, inputs, learned_tasks

__all__ = ["check", "export", "fit", "inputs", "learned_tasks", "linear_probe", "remarks"]
