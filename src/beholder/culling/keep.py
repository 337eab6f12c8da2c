"""How many photographs to keep: one of each series, a number, or a share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from beholder.culling.decisions import MAYBE, OTHER, PICK, REJECT, Decision
from beholder.culling.quota import choose
from beholder.culling.reasons import Reason
from beholder.errors import BeholderError

ONE_PER_SERIES = "one-per-series"
_HELP = f"give a number (200), a share (20%) or {ONE_PER_SERIES}"


@dataclass(frozen=True)
class Keep:
    """What is kept: a number of photographs, a share of them, or, if both are None, the best of each series."""

    count: int | None = None
    share: float | None = None

    def of(self, total: int) -> int | None:
        """How many of ``total`` photographs; None for the best of each series."""
        if self.share is not None:
            return math.ceil(self.share * total - 1e-9)
        return self.count


def parse_keep(text: str) -> Keep:
    """Read what is kept.

    Raises:
        BeholderError: it is none of the three.

    >>> parse_keep("20%").of(12), parse_keep("200").of(12), parse_keep("one-per-series").of(12)
    (3, 200, None)
    """
    given = text.strip().lower()
    if given == ONE_PER_SERIES:
        return Keep()
    number, percent = (given[:-1], True) if given.endswith("%") else (given, False)
    try:
        value = float(number) if percent else int(number)
    except ValueError:
        raise BeholderError(f"--keep {text}: {_HELP}") from None
    if not 0 < value <= (100 if percent else math.inf):
        raise BeholderError(f"--keep {text}: {_HELP}")
    return Keep(share=value / 100) if percent else Keep(count=int(value))


def fill_quota(
    decisions: Sequence[Decision],
    scores: np.ndarray,
    embeddings: np.ndarray,
    series_of: Sequence[int],
    scene_of: Sequence[int],
    count: int,
    min_per_scene: int,
    score_name: str = "overall",
) -> list[Decision]:
    """Pick so many photographs: the first of each series before any second one, good ones that differ.

    A bracket counts once and is picked whole. Of a series that was too close to call, its first frame is picked, since
    a number was asked for; those that are as good stay ``maybe``.

    Args:
        decisions: of N frames, without the quota.
        scores: (N,) that they are chosen by.
        embeddings: (N, D) of unit length.
        series_of, scene_of: numbers of the series and of the scene of each frame.
        count: how many to pick.
        min_per_scene: so many of each scene, as far as ``count`` allows.
        score_name: of the scores, for reasons.
    """
    firsts, others = _candidates(decisions, series_of)
    chosen: list[int] = []
    if firsts:
        places = choose(scores[firsts], embeddings[firsts], [scene_of[place] for place in firsts], count, min_per_scene)
        chosen = [firsts[place] for place in places]
    if others and len(chosen) < count:
        places = choose(scores[others], embeddings[others], [0] * len(others), count - len(chosen), 0)
        chosen += [others[place] for place in places]
    picked, first_of = set(chosen), {series_of[place]: place for place in firsts}
    brackets = {series_of[place] for place in chosen if decisions[place].reason.code == "bracket"}
    lowest = min((float(scores[place]) for place in chosen), default=math.nan)
    found = list(decisions)
    for place, each in enumerate(decisions):
        if each.decision == REJECT or (each.reason.code == "bracket" and series_of[place] in brackets):
            continue
        if place in picked:
            asked = Reason(each.reason.code, f"picked because {count} were asked for; {each.reason.text}")
            found[place] = replace(each, decision=PICK, reason=asked if each.decision != PICK else each.reason)
        elif each.rank == 1 or each.decision == MAYBE:
            if each.rank > 1 and first_of.get(series_of[place]) in picked:
                continue  # as good as a picked one
            reason = Reason("quota", _why_left(len(chosen), score_name, float(scores[place]), lowest))
            found[place] = replace(each, decision=OTHER, reason=reason)
    return found


def _candidates(decisions: Sequence[Decision], series_of: Sequence[int]) -> tuple[list[int], list[int]]:
    """Places of the first frame of each series, and of the other frames that are not rejected."""
    firsts: dict[int, int] = {}
    others: list[int] = []
    for place, each in enumerate(decisions):
        if each.decision == REJECT:
            continue
        if each.rank == 1 and series_of[place] not in firsts:
            firsts[series_of[place]] = place
        elif each.reason.code != "bracket":
            others.append(place)
    return list(firsts.values()), others


def _why_left(count: int, name: str, score: float, lowest: float) -> str:
    kept = f"not among the {count:,} to keep" if count > 1 else "not the one to keep"
    if not math.isfinite(score):
        return kept
    if score >= lowest:
        return f"{kept}: {name} {score:.1f}, but like others that are kept"
    decimals = 1 if f"{score:.1f}" != f"{lowest:.1f}" else 2
    return f"{kept}: {name} {score:.{decimals}f}, the lowest kept has {lowest:.{decimals}f}"
