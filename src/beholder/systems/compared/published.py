"""Spearman's correlations that the compared systems published, or that are quoted of them, on AADB's test part."""

from beholder.systems.soydaner2023.published import SRCC_AADB

NIMA, HOU = "NIMA 2018", "Hou et al. 2017"
REG, ACROSS, WITHIN, RANK = (
    "Kong et al. 2016, Reg",
    "Kong, Reg + Rank across raters",
    "Kong, Reg + Rank within a rater",
    "Kong, Reg + Rank, both",
)
ATT, CONT = "Kong, Reg + Rank + Att", "Kong, Reg + Rank + Att + Cont"
PAN, ADVERSARIAL = "Pan et al. 2019, multi-task", "Pan et al. 2019, adversarial"
MULTI_TASK = "Soydaner & Wagemans 2023"

SRCC: dict[str, float | str | None] = {
    NIMA: "0.592 to 0.612 on AVA",
    HOU: SRCC_AADB["Hou et al. 2017"],
    REG: 0.624,
    ACROSS: None,
    WITHIN: None,
    RANK: 0.6515,
    ATT: 0.6656,
    CONT: SRCC_AADB["Kong et al. 2016"],
    PAN: SRCC_AADB["Pan et al. 2019, multi-task"],
    ADVERSARIAL: SRCC_AADB["Pan et al. 2019, adversarial"],
    MULTI_TASK: SRCC_AADB["Soydaner & Wagemans 2023"],
}
