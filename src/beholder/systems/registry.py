"""The table of systems: a new one is a folder and a line here."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from beholder.systems.system import System

if TYPE_CHECKING:
    from beholder.systems.protocol import SystemFunctions, TrainFunctions

SYSTEMS = {  # name -> package, whose SYSTEM is the record
    "soydaner2023": "beholder.systems.soydaner2023",
    "li2019": "beholder.systems.li2019",
    "song2023": "beholder.systems.song2023",
}
COMPARED = ("nima2018", "hou2017", "kong2016", "pan2019")  # records of `beholder.systems.compared`
SOURCES = {  # system -> who published it
    "soydaner2023": "Soydaner & Wagemans 2023",
    "li2019": "Li et al. 2019, ICME",
    "song2023": "Song et al. 2023",
    "nima2018": "Talebi & Milanfar 2018, IEEE TIP",
    "hou2017": "Hou, Yu & Samaras 2017, NIPS",
    "kong2016": "Kong et al. 2016, ECCV",
    "pan2019": "Pan, Wang & Jiang 2019, AAAI",
}


def find_system(name: str) -> "System[SystemFunctions[Any, Any, Any]]":
    """A system with a report by name; torch is not imported. Raises KeyError where the table has no such name."""
    system: System[SystemFunctions[Any, Any, Any]] = import_module(SYSTEMS[name]).SYSTEM
    return system


def find_trained(name: str) -> "System[TrainFunctions[Any, Any, Any]]":
    """A system by name, of either table, to be trained. Raises KeyError where neither has such a name."""
    if name not in COMPARED:
        return find_system(name)
    system: System[TrainFunctions[Any, Any, Any]] = import_module("beholder.systems.compared").RECORDS[name]
    return system
