"""The plan of a run: the names of all its units, so that whoever looks later knows when all are there.

Every machine of a run writes the same bytes, so none has to be the first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from beholder.errors import BeholderError
from beholder.scale import store
from beholder.scale.places import Places
from beholder.text import json_text, printable

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """All units of a run.

    Attributes:
        pattern: of the outputs, below the folder of the plan.
        units: their names, in order.
        shards: machines that share them; unit i belongs to shard i mod ``shards``.
    """

    pattern: str
    units: tuple[str, ...]
    shards: int = 1

    def to_json(self) -> bytes:
        """The file's content: the same bytes for the same plan."""
        return (json_text({"plan_format": FORMAT, "count": len(self.units), **asdict(self)}, indent=1) + "\n").encode()

    @staticmethod
    def of_json(content: bytes) -> Plan | None:
        """What :meth:`to_json` wrote; None for anything else."""
        try:
            found = json.loads(content)
            units, shards, pattern = found["units"], found["shards"], found["pattern"]
            whole = found["plan_format"] == FORMAT and found["count"] == len(units) and isinstance(pattern, str)
            whole = whole and all(isinstance(unit, str) for unit in units) and isinstance(shards, int) and shards > 0
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return Plan(pattern, tuple(units), shards) if whole else None


def read_plan(path: str) -> Plan | None:
    """A plan that is there; None if there is no file.

    Raises:
        BeholderError: the file is no plan.
    """
    content = store.read_small(path)
    if content is None:
        return None
    plan = Plan.of_json(content)
    if plan is None:
        raise BeholderError(f"{printable(path)}: is not a plan of beholder; choose another --out, or remove it first")
    return plan


def write_plan(names: Sequence[str], places: Places, shards: int, *, overwrite: bool) -> str:
    """Write the plan of a run, unless the same is there.

    Args:
        names: of all units of the run, whatever machine scores them.
        places: of the outputs; one table for all needs no plan.
        shards: machines that share the units.
        overwrite: whether the plan of other outputs goes.

    Returns:
        What a user should be told, one line; empty for nothing.

    Raises:
        BeholderError: in its place is the plan of other outputs, or another file, or it cannot be written.
    """
    if places.plan is None:
        return ""
    plan = Plan(places.pattern.removeprefix(places.folder), tuple(names), shards)
    before = read_plan(places.plan)
    if before == plan:
        return ""
    if before is not None and before.pattern != plan.pattern and not overwrite:
        other = printable(places.folder + before.pattern)
        raise BeholderError(
            f"{printable(places.plan)}: is the plan of {other}; choose another folder, or replace it by --overwrite"
        )
    store.publish_bytes(plan.to_json(), places.plan)
    gone = len(set(before.units) - set(names)) if before is not None else 0
    if not gone:
        return ""
    return (
        f"{printable(places.plan)}: {gone:,} units of an earlier run are not among these {len(names):,}; "
        "beholder merge looks at these only"
    )
