"""A whole ledger at once, as the program settles it."""

from __future__ import annotations

import html
import json
import os
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from . import _native, _warnings
from ._arrow import table
from ._options import PathLike, PolicyLike, options


class Settled:
    """A finished run: its outputs as tables, read when first asked for."""

    def __init__(self, folder: Path, manifest: dict[str, Any], keep: Any = None) -> None:
        self.folder = folder
        """Where the outputs lie; a folder of its own that goes with this object, unless ``out`` named one."""
        self.manifest = manifest
        """Inputs, options, counts, control totals and digests."""
        self._keep = keep
        self._read: dict[str, pa.Table] = {}

    def table(self, name: str) -> pa.Table:
        """An output by the name of its file, such as ``settlement``."""
        if name not in self._read:
            path = self.folder / f"{name}.parquet"
            if not path.is_file():
                raise _native.OutputError(f"{path}: this run wrote no {name}\n  ask for it when settling")
            self._read[name] = pq.read_table(path)
        return self._read[name]

    @property
    def settlement(self) -> pa.Table:
        """A row a claim: what each fund and the person pay."""
        return self.table("settlement")

    @property
    def audit(self) -> pa.Table:
        """The steps of each claim, with rule and clause."""
        return self.table("audit")

    @property
    def orders(self) -> pa.Table:
        """Where the order of claims matters; with ``orders=True``."""
        return self.table("orders")

    @property
    def persons(self) -> pa.Table:
        """A row a person and charge year."""
        return self.table("persons")

    @property
    def clauses(self) -> pa.Table:
        """What each clause did."""
        return self.table("clauses")

    @property
    def alerts(self) -> pa.Table:
        """Whom the policy wants to be warned of."""
        return self.table("alerts")

    @property
    def subsidies(self) -> pa.Table:
        """Contribution subsidies."""
        return self.table("subsidies")

    @property
    def rejects(self) -> pa.Table:
        """Rows that were not settled, each with its reason."""
        return self.table("rejects")

    def explain(self, psn_no: str | int, setl_id: str | int | None = None, *, lang: str = "en") -> str:
        """A person's year, or one claim of it, clause by clause; see :func:`explain`."""
        return explain(self, psn_no, setl_id, lang=lang)

    def _summary(self) -> list[tuple[str, str]]:
        counts, totals = self.manifest["counts"], self.manifest["control_totals"]["all"]
        rows = [
            (name, f"{counts[name]:,}")
            for name in ("ledger_rows", "persons", "settlement_rows", "ledger_rejects", "roster_rejects")
        ]
        return rows + [(name, f"{Decimal(total):,}") for name, total in totals.items()]

    def __repr__(self) -> str:
        rows = self._summary()
        width, figures = max(len(n) for n, _ in rows), max(len(f) for _, f in rows)
        lines = [f"  {name:<{width}}  {figure:>{figures}}" for name, figure in rows]
        return "\n".join([f"Settled under {self._policy()}", *lines])

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{html.escape(n)}</td><td style='text-align:right'>{html.escape(f)}</td></tr>"
            for n, f in self._summary()
        )
        return f"<p>Settled under {html.escape(self._policy())}</p><table>{cells}</table>"

    def _policy(self) -> str:
        several = self.manifest.get("policies") or [self.manifest["policy"]]
        return ", ".join(policy["id"] for policy in several)


def settle(
    ledger: Any,
    roster: Any,
    policy: PolicyLike | Sequence[PolicyLike],
    params: PathLike | None = None,
    *,
    out: PathLike | None = None,
    orders: bool = False,
    papers: bool = False,
    force: bool = False,
    threads: int | None = None,
    memory: int = 512 << 20,
    **how: Any,
) -> Settled:
    """Settles a ledger, in any order, as ``onestop settle`` does: all outputs, all cores.

    :param ledger: path of a Parquet file or of a folder of them, several paths, or a table (pyarrow, polars,
        pandas).
    :param roster: path or table; ``None`` where the ledger carries identities itself.
    :param policy: id of a shipped policy, path of one, or :class:`Policy`; several for several periods.
    :param params: path of dated values that win over the shipped ones.
    :param out: folder to publish into, as the program does; else the outputs lie in a folder of their own, its
        owner's alone, that goes with the result.
    :param orders: find out where the order of claims matters.
    :param papers: write ``payments.xlsx`` and ``report.html``, too.
    :param force: replace what an earlier run left in ``out``.
    :param threads: worker threads; all cores where not given.
    :param memory: bytes to keep to; rows that do not fit wait on disk.
    :param how: ``year``, ``as_if``, ``as_known``, ``as_of``, ``audit``, ``strict``, ``allow_float``, ``codes``,
        ``columns`` (``{"psn_no": "theirs"}``) and ``recorded_maf``, each as the program's option of that name.
    :raises OnestopError: what, where, and what to do; nothing is left behind.
    """
    if isinstance(ledger, (list, tuple)) and not ledger:
        raise _native.OnestopError("no ledger is given\n  give a path, several, or a table")
    how_text = options(policy, params, **how)
    if out is None:
        keep = tempfile.TemporaryDirectory(prefix="onestop-")
        folder = Path(keep.name) / "out"
    else:
        keep, folder = None, Path(out)
    if threads is None:
        threads = len(os.sched_getaffinity(0))
    elif threads < 1:
        raise _native.OnestopError(f"threads={threads}: one is needed at least\n  give a number from 1 on")
    file_options = {"orders": orders, "force": force, "threads": threads, "memory": memory, "papers": papers}
    rosters = None if roster is None else _given(roster)
    manifest, unconfirmed, nothing_known_on = _native.settle(
        _given(ledger), rosters, os.fspath(folder), how_text, json.dumps(file_options)
    )
    if nothing_known_on:
        _warnings.nothing_known_on()
    _warnings.unconfirmed(unconfirmed)
    return Settled(folder, json.loads(manifest), keep)


def explain(run: Settled | PathLike, psn_no: str | int, setl_id: str | int | None = None, *, lang: str = "en") -> str:
    """Tells a person's year, or one claim of it: every amount with its rule and clause.

    :param run: what :func:`settle` gave, or the folder of a run.
    :param lang: ``en`` or ``zh``.
    :raises OutputError: nobody of that number, or a folder that is no run's.
    """
    if lang not in ("en", "zh"):
        raise _native.OnestopError(f"lang={lang!r}: no such language\n  choose en or zh")
    folder = run.folder if isinstance(run, Settled) else run
    claim = None if setl_id is None else str(setl_id)
    return _native.explain(os.fspath(folder), str(psn_no), claim, lang == "zh")


def _given(data: Any) -> list[str] | pa.Table:
    """Paths as paths, everything else as a table."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    if isinstance(data, (list, tuple)) and all(isinstance(part, (str, os.PathLike)) for part in data):
        return [os.fspath(part) for part in data]
    return table(data)
