"""The numbers that Soydaner & Wagemans (2023) published."""

from typing import NamedTuple

MULTI_TASK, SINGLE_TASK, SEPARATE_OUTPUTS, FIVE_EPOCHS = "multi-task", "single-task", "separate outputs", "5 epochs"
TRAINING, FINE_TUNING = "training", "fine-tuning"  # as the paper calls stages 1 and 2

LONGER = "longer training"

OURS = "Soydaner & Wagemans 2023"
# Tables 1, 6 and 8: Spearman's correlation of the overall score, test part.
SRCC_AADB = {
    "Kong et al. 2016": 0.6782,
    "Hou et al. 2017": 0.6889,
    "Pan et al. 2019, multi-task": 0.6927,
    "Pan et al. 2019, adversarial": 0.7041,
    OURS: 0.7067,
}
PARAMETER_COUNTS = (  # Table 2: part, Pan et al. 2019, this network
    ("pretrained network", 23_587_712, 14_714_688),
    ("fully connected layers", 1_114_752, 73_920),
    ("output layer, 12 units", 1_548, 780),
)
SCORES_AADB = (4, 35, 79, 147, 152, 165, 224, 76, 103, 15)  # Table 3, tenths of 0 to 1
SHARES_AADB = (0.004, 0.035, 0.079, 0.147, 0.152, 0.165, 0.224, 0.076, 0.103, 0.015)
RATERS_AADB = (("(0, 100)", 190, 0.6738), ("[100, 200)", 65, 0.7013), ("[200, ∞)", 42, 0.7112))  # Table 4
ATTRIBUTES_AADB = {  # Table 5: after training, after fine-tuning
    "score": (0.650, 0.707),
    "content": (0.546, 0.593),
    "vivid_color": (0.617, 0.669),
    "object_emphasis": (0.600, 0.639),
    "color_harmony": (0.437, 0.484),
    "depth_of_field": (0.466, 0.497),
    "light": (0.396, 0.445),
    "balancing_elements": (0.264, 0.267),
    "rule_of_thirds": (0.216, 0.235),
    "motion_blur": (0.098, 0.109),
    "symmetry": (0.194, 0.177),
    "repetition": (0.322, 0.355),
}
RANGES_EVA = {  # Table 7: smallest and largest mean rating
    "score": (1.764, 9.032),
    "light_and_color": (1.636, 3.657),
    "composition_and_depth": (1.558, 3.656),
    "quality": (1.441, 3.593),
    "semantics": (1.735, 3.645),
}
STAGES_EVA = {MULTI_TASK: (0.600, 0.695), SINGLE_TASK: (0.604, 0.675)}  # Table 8: after training, after fine-tuning
SCORES_EVA = (0, 3, 16, 64, 144, 231, 100, 11, 1)  # Table 9: below 2, then by 1, the last above 9
SHARES_EVA = (0.0, 0.005, 0.028, 0.112, 0.252, 0.405, 0.175, 0.019, 0.001)
ATTRIBUTES_EVA = {  # Table 10, and the overall score from Table 8
    "score": (0.600, 0.695),
    "light_and_color": (0.610, 0.709),
    "composition_and_depth": (0.571, 0.655),
    "quality": (0.463, 0.548),
    "semantics": (0.586, 0.659),
}
SRCC_ACROSS = {
    ("AADB", "AADB"): 0.707,
    ("AADB", "EVA"): 0.321,
    ("EVA", "AADB"): 0.441,
    ("EVA", "EVA"): 0.695,
}  # Table 11


class Figures(NamedTuple):
    """Numbers of the figures that the paper has of each data set."""

    examples: str
    scatter: str
    best: str
    worst: str
    maps: str
    correlations: str


FIGURE_NUMBERS = {
    "aadb": Figures("Figure 2", "Figure 5", "Figure 6", "Figure 7", "Figure 8", "Figure 9"),
    "eva": Figures("Figure 4", "Figure 10", "Figure 11", "Figure 12", "Figure 13", "Figure 14"),
}
EITHER_FIGURE_NUMBERS = Figures(
    "Figures 2, 4", "Figures 5, 10", "Figures 6, 11", "Figures 7, 12", "Figures 8, 13", "Figures 9, 14"
)
# Stated in Sections 5.1.3 and 5.2.2, with the overall score: in the ratings of all photographs, in the predictions.
CORRELATIONS_STATED = {
    "aadb": {"light": (0.58, 0.96), "content": (0.70, 0.95)},
    "eva": {"composition_and_depth": (0.89, 0.97), "semantics": (0.87, 0.95)},
}
# Stated in Sections 5.1.1 and 5.2.1: ends of the test part's ratings and of the predictions, share that is reached.
REACH_STATED = {"aadb": ((0.05, 1.0), (0.26, 0.90), 0.95), "eva": ((2.46, 9.0), (5.09, 8.13), 0.85)}
SIGNS_STATED = {"motion_blur": (700, 397), "repetition": (0, 1683), "symmetry": (0, 771)}  # Section 4.1: -, +
