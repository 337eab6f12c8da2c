"""A good frame, for comparisons with others."""

from beholder.culling.measures import Measures
from beholder.culling.preference import FrameEvidence

MEASURES = Measures(
    sharpness_subject=100.0,
    sharpness_best=200.0,
    motion=0.02,
    motion_angle=0,
    directions=(10.0, 10.0, 10.0, 10.0),
    clipped_high=1.0,
    clipped_low=2.0,
    noise=1.0,
    brightness=-2.0,
    sharpest=(0, 0, 16, 16),
    size=(400, 300),
)
SCORES = {"overall": 4.5, "quality": 0.6, "exposure": 0.1, "noise": 2.0}
GOOD = FrameEvidence(SCORES, MEASURES)
