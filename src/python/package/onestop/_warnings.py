"""What a result rests on that should not go unsaid."""

from __future__ import annotations

import warnings
from collections.abc import Iterable


class UnconfirmedWarning(UserWarning):
    """A result rests on dated values that nobody has confirmed."""


class KnownOnWarning(UserWarning):
    """``as_known`` had nothing to go by."""


def unconfirmed(values: Iterable[str]) -> None:
    """Says which dated values were not confirmed."""
    told = "; ".join(sorted(values))
    if told:
        warnings.warn(
            f"this run uses values that are not confirmed: {told}\n"
            "  check them, and give confirmed ones with params=FILE",
            UnconfirmedWarning,
            stacklevel=3,
        )


def nothing_known_on() -> None:
    """Says that the roster does not tell when its rows were recorded."""
    warnings.warn(
        "as_known leaves nothing out: the roster has no column `known_on`\n"
        "  add the dates on which its rows were recorded; null stands for always known",
        KnownOnWarning,
        stacklevel=3,
    )
