"""What the commands that write XMP share: their options, marks from rows, counts at the end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.reasons import Reasons
from beholder.errors import BeholderError
from beholder.terminal import say, show
from beholder.text import MAX_EXAMPLES, printable
from beholder.xmp.profiles import PROFILES

if TYPE_CHECKING:
    from beholder.xmp import mark as marks
    from beholder.xmp.write import Outcome, Summary, Writer

DEFAULT_PROFILE = "sidecar"  # of --xmp without a value
_PROFILES = ", ".join(
    name if name == profile.programs.lower() else f"{name} ({profile.programs})" for name, profile in PROFILES.items()
)
Xmp = Annotated[
    str | None,
    typer.Option(
        "--xmp",
        help=f"Also write scores for photo programs, one or more with commas: {_PROFILES}. Alone it means sidecar. "
        "What a person has set stays.",
        metavar="PROFILE",
    ),
]
Profile = Annotated[
    str, typer.Option(help=f"Which programs are to read it, one or more with commas: {_PROFILES}.", metavar="PROFILE")
]
Stars = Annotated[
    str | None,
    typer.Option(
        help="Also give stars, where nobody has: percentile (5 for the top 5% of what was rated for the model, 4 for "
        "the next 15%, 3 for the next 30%, 2 below), or four overall scores from which there are 2, 3, 4 and 5 stars, "
        "such as 3.5,4.2,5,5.6.",
        metavar="percentile|EDGES",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(help="Also give picks this label: red, yellow, green, blue or purple.", metavar="COLOUR"),
]
Embed = Annotated[
    bool,
    typer.Option(
        "--embed",
        help="For the profile lightroom: write into JPEG, TIFF, PNG and DNG; Lightroom reads theirs nowhere else. "
        "Needs exiftool; the original file stays beside it as IMG.jpg_original.",
    ),
]
RejectRating = Annotated[
    bool,
    typer.Option("--reject-rating", help="For darktable and immich: a reject is also -1 stars, which hides it there."),
]
BreakLinks = Annotated[
    bool,
    typer.Option(
        "--break-links", help="Also write to files that have several names (hard links), under this name only."
    ),
]


@dataclass
class Marking:
    """Rows of a run, on their way into XMP.

    Attributes:
        writer: writes them.
        stars: gives the stars of a row; None for none.
        label: of picks; None for none.
        summary: counts what was done to them.
        reasons: why files were refused.
    """

    writer: "Writer"
    stars: "marks.Stars | None"
    label: str | None
    summary: "Summary"
    reasons: Reasons = field(default_factory=Reasons)

    def add(self, path: str, row: Mapping[str, Any]) -> "list[Outcome]":
        """Write what a row says, to its photograph and to those that it is paired with.

        Args:
            path: of the photograph.
            row: of `beholder score` or `beholder cull`. One without a score says nothing.
        """
        from beholder.output.stored_tables import path_of
        from beholder.xmp.mark import PAIR_SEPARATOR, mark_of
        from beholder.xmp.write import LEFT_OUT, Outcome

        if row.get("error") or row.get("overall") is None:
            outcomes = [Outcome(path, path, LEFT_OUT, reason="without a score nothing is written")]
        else:
            paired = [path_of(name) for name in str(row.get("paired_with") or "").split(PAIR_SEPARATOR) if name]
            same = {**row, "sha256": None}  # which is that of the file that was scored
            outcomes = [
                outcome
                for each, said in ((path, row), *((name, same) for name in paired))
                for outcome in self.writer.write(mark_of(said, each, stars=self.stars, label=self.label))
            ]
        self.count(outcomes)
        return outcomes

    def count(self, outcomes: "Sequence[Outcome]") -> None:
        """Count what was done to files."""
        from beholder.xmp.write import REFUSED

        for outcome in outcomes:
            self.summary.count(outcome)
            if outcome.status == REFUSED:
                self.reasons.add(outcome.file, outcome.reason)

    def report(self, *, quiet: bool = False, dry_run: bool = False) -> None:
        """Say what was refused, what was left out and, unless quiet, the counts."""
        for reason in self.reasons.lines():
            say(f"not written: {reason}")
        if self.reasons.unlisted:
            say(f"not written: {self.reasons.unlisted} more; --json lists all")
        if quiet:
            return
        for reason, count in self.summary.reasons.items():
            say(f"left out {count}: {reason}")
        for note in self.summary.notes[:MAX_EXAMPLES]:
            say(printable(note))
        if len(self.summary.notes) > MAX_EXAMPLES:
            say(f"{len(self.summary.notes) - MAX_EXAMPLES} more photographs have sidecars of two names")
        say(f"XMP: {self.summary.line(dry_run=dry_run)}")


def with_profile(args: Sequence[str]) -> list[str]:
    """Arguments of a command line in which --xmp has a value: ``sidecar`` where none was given.

    >>> with_profile(["cull", "shoot", "--xmp", "--stars", "percentile"])
    ['cull', 'shoot', '--xmp', 'sidecar', '--stars', 'percentile']
    """
    found = list(args)
    end = found.index("--") if "--" in found else len(found)
    for place in reversed(range(end)):
        if found[place] == "--xmp" and (place + 1 == len(found) or found[place + 1].startswith("-")):
            found.insert(place + 1, DEFAULT_PROFILE)
    return found


@contextmanager
def open_marking(
    profiles: str | None,
    *,
    stars: str | None = None,
    label: str | None = None,
    embed: bool = False,
    reject_rating: bool = False,
    break_links: bool = False,
    dry_run: bool = False,
    option: str = "--xmp",
) -> Iterator[Marking | None]:
    """What writes rows as XMP, by the options of a command; None where no profile is given.

    Args:
        profiles: value of --xmp or --profile.
        stars: value of --stars.
        label: value of --label.
        embed, reject_rating, break_links, dry_run: as of :class:`beholder.xmp.write.Writer`.
        option: the name of the option that gave the profiles, for messages.

    Raises:
        BeholderError: a value is wrong, an option needs another, or lxml or exiftool is missing.
    """
    if profiles is None:
        given = {"--stars": stars, "--label": label, "--embed": embed, "--reject-rating": reject_rating}
        if needless := next((name for name, value in {**given, "--break-links": break_links}.items() if value), None):
            raise BeholderError(f"{needless} is about XMP: say for which programs with {option}")
        yield None
        return
    from beholder.xmp.mark import COLOURS, stars_by
    from beholder.xmp.profiles import profiles_of
    from beholder.xmp.write import Summary, Writer

    colour = None if label is None else label.strip().lower()
    if colour is not None and colour not in COLOURS:
        raise BeholderError(f"--label {label}: choose one of {', '.join(COLOURS)}")
    chosen = profiles_of(profiles, option)
    rule = None if stars is None else stars_by(stars)
    with Writer(chosen, embed=embed, reject_rating=reject_rating, break_links=break_links, dry_run=dry_run) as writer:
        yield Marking(writer, rule, colour, Summary())


def show_outcome(outcome: "Outcome") -> None:
    """Print each change of a file and why it may be made, and what of it stays."""
    from beholder.xmp.names import OWN

    public = [change for change in outcome.changes if OWN not in change.name]
    if outcome.reason:
        show(f"{outcome.file}: {outcome.status}: {outcome.reason.removeprefix(f'{outcome.file}: ')}")
    for change in public:
        show(f"{outcome.file}: {change} ({change.why})")
    if count := len(outcome.changes) - len(public):
        show(f"{outcome.file}: {count} of beholder's own values (ours)")
    for kept in outcome.kept:
        show(f"{outcome.file}: {kept} stays (kept: yours)")
