"""Batches in the order of persons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from . import _native, _warnings
from ._arrow import batches
from ._options import PathLike, PolicyLike, options


class Settler:
    """Settles batches of the ledger that come in the order of persons: ascending by ``psn_no``, text by its bytes
    without the blanks around it, integers by value. A person's rows may lie in several batches, and in any order
    among themselves.

    :param policy: id of a shipped policy, path of one, or :class:`Policy`; several for several periods.
    :param params: path of dated values that win over the shipped ones.
    :param roster: a roster that is there as a whole; or ``True`` where it comes by :meth:`push_roster`; or
        ``False`` where the ledger carries identities itself.

    All others are those of :func:`onestop.settle`. Money must have two places at least: a column of
    ``decimal(18, 1)`` was rounded somewhere, and is refused.

    >>> settler = onestop.Settler("weihai-2023", roster=roster)
    >>> for batch in ledger.sort_by("psn_no").to_batches():
    ...     tables = settler.push(batch)
    >>> tables = settler.finish()

    Contribution subsidies hang on the years of the whole ledger; :func:`onestop.settle` gives them.
    """

    def __init__(
        self,
        policy: PolicyLike | Sequence[PolicyLike],
        params: PathLike | None = None,
        *,
        roster: Any = False,
        **how: Any,
    ) -> None:
        announced = roster if isinstance(roster, bool) else roster is not None
        self._native = _native.Settler(options(policy, params, **how), announced, False)
        self._as_known = how.get("as_known") is not None
        if announced and roster is not True:
            self.push_roster(roster)

    @property
    def digest(self) -> str:
        """SHA-256 over the version, the policies, the dated values and the options: alike where results are."""
        return self._native.digest

    def push(self, ledger: Any) -> dict[str, pa.Table]:
        """Takes rows of the ledger: a batch or table of pyarrow, polars or pandas.

        Gives what they settled, by the name of the output (``settlement``, ``audit``, ``persons``, ``alerts``,
        ``rejects``): often nothing as yet, since persons are settled some ten thousand rows at a time.

        :raises LedgerError: columns that do not fit, or persons out of order.
        """
        return _tables(pair for batch in batches(ledger) for pair in self._native.push(batch))

    def push_roster(self, roster: Any) -> None:
        """Takes rows of the roster: a person's before its rows of the ledger.

        :raises LedgerError: columns that do not fit, or a person who is settled already.
        """
        for batch in batches(roster):
            self._native.push_roster(batch)
            if self._as_known and "known_on" not in dict(self._native.roster_columns(batch.schema)):
                _warnings.nothing_known_on()
                self._as_known = False

    def finish(self) -> dict[str, pa.Table]:
        """Gives the rest, the last person's rows with it; the settler takes nothing after that."""
        settled = _tables(self._native.finish())
        _warnings.unconfirmed(json.loads(self._native.stats())["unconfirmed"])
        return settled

    def stats(self) -> dict[str, Any]:
        """Counts and control totals of all that was settled; ``fen`` has the sums of the money columns in fen."""
        stats: dict[str, Any] = json.loads(self._native.stats())
        stats["fen"] = {name: int(fen) for name, fen in stats["fen"].items()}
        return stats


def _tables(pairs: Any) -> dict[str, pa.Table]:
    by_name: dict[str, list[pa.RecordBatch]] = {}
    for name, batch in pairs:
        by_name.setdefault(name, []).append(batch)
    return {name: pa.Table.from_batches(parts) for name, parts in by_name.items()}
