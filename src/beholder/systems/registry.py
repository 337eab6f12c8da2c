"""The table of systems: a new one is a folder and a line here."""

from importlib import import_module

from beholder.systems.system import System

SYSTEMS = {  # name -> package, whose SYSTEM is the record
    "soydaner2023": "beholder.systems.soydaner2023",
    "li2019": "beholder.systems.li2019",
    "song2023": "beholder.systems.song2023",
}


def find_system(name: str) -> System:
    """A system by name; torch is not imported. Raises KeyError where the table has no such name."""
    system: System = import_module(SYSTEMS[name]).SYSTEM
    return system
