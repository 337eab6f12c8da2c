"""The best rows of a run on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from beholder.terminal import say

if TYPE_CHECKING:
    from beholder.output.ranking import Ranked
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer

TABLE_ROWS = 40  # of the table unless --top says otherwise


def show_best(ranked: "Ranked", scorer: "Scorer", extras: "Sequence[ExtraColumns]", *, with_details: bool) -> None:
    """Print the table of the best rows, and say what of it is not to be missed.

    Args:
        ranked: has them.
        scorer: the model.
        extras: what is added to its scores.
        with_details: also print what it predicts beside ratings, and in the table valence and arousal.
    """
    from beholder.cli.details import details, has_details, unlike_line
    from beholder.cli.tables import affect_of, columns_line, scores_table
    from beholder.console import make_console

    console, tasks = make_console(), scorer.info.tasks
    affect = affect_of(tasks, ranked.by)
    hidden = [] if with_details else affect
    console.print(scores_table(ranked.rows(), tasks, extras, console.width, ranked.by, hidden))
    if with_details and has_details(tasks):
        console.print()
        for part in details(ranked.rows(), tasks, console.width):
            console.print(part)
    make_console(stderr=True).print(columns_line(tasks, hidden))  # folded at the width of a terminal
    if with_details and not (affect or has_details(tasks)):
        say(f"{scorer.id} predicts ratings only: it has no edits, disagreement or familiarity for --details to show")
    if ranked.unlike:
        say(unlike_line(scorer.info, ranked.unlike))
    if ranked.seen > len(ranked):
        say(f"{ranked.seen - len(ranked)} more: --top {ranked.seen} shows all, --out FILE keeps them")
