"""The columns that a table of `beholder cull` has beside those of `beholder score`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from beholder.culling.measures import Measures
from beholder.scoring.extra_columns import ExtraColumns, Kind

# The model has columns called motion and noise, of the edits that it predicts; these two are measured in the pixels.
COLUMNS: Mapping[str, Kind] = {
    "series": int,
    "kind": str,
    "size": int,
    "rank": int,
    "decision": str,
    "reason": str,
    "reason_code": str,
    "p_best": float,
    "sharpness_subject": float,
    "sharpness_best": float,
    "motion_measured": float,
    "clipped_high": float,
    "clipped_low": float,
    "noise_measured": float,
    "scene": int,
    "captured": str,
    "camera": str,
    "paired_with": str,
}
EXTRA = ExtraColumns(COLUMNS, values=lambda scores: {}, leading=True)


def measured(measures: Measures | None) -> dict[str, Any]:
    """The cells of what was measured; None where it was not, or cannot be told."""
    if measures is None:
        return {}
    found = {
        "sharpness_subject": measures.sharpness_subject,
        "sharpness_best": measures.sharpness_best,
        "motion_measured": measures.motion,
        "clipped_high": measures.clipped_high,
        "clipped_low": measures.clipped_low,
        "noise_measured": measures.noise,
    }
    return {name: round(value, 4) if math.isfinite(value) else None for name, value in found.items()}
