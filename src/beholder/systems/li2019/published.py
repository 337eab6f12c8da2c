"""The numbers that Li et al. (2019) published."""

ACCURACY_AVA = {  # Table 1: accuracy at 0.5, per cent
    "AVA handcrafted features": 68.0,
    "RAPID": 75.4,
    "DMA": 75.4,
    "Kao et al. 2016": 76.2,
    "Wang et al. 2016": 76.9,
    "Kong et al. 2016": 77.3,
    "Kao et al. 2017": 79.1,
    "Li et al. 2019, only aesthetic task": 76.1,
    "Li et al. 2019": 81.5,
}
AGREEMENT_AADB = {  # Table 2: SROCC, PLCC, "RMSE"
    "Reg (Kong et al. 2016)": (0.624, 0.618, 0.029),
    "Reg+Rank": (0.652, 0.657, 0.024),
    "Reg+Rank+Att+Cont": (0.678, 0.684, 0.019),
    "Li et al. 2019, only aesthetic task": (0.637, 0.668, 0.022),
    "Li et al. 2019": (0.680, 0.702, 0.016),
}
TRAIT_SIGNS = {  # Section 4.4, on Figure 4
    "openness": "negative",
    "conscientiousness": "positive",
    "extraversion": "positive",
    "agreeableness": "positive, the largest",
    "neuroticism": "negative, the largest",
}
