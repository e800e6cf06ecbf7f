"""What a partition does on an executor: rows in, settled rows out. Only pyarrow and this package are needed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from . import _native

KIND = "onestop_kind"
"""Column that tells roster from ledger."""
ROSTER, LEDGER = 0, 1
ROSTER_PREFIX = "onestop_roster_"
"""Columns of the roster, beside those of the ledger."""

COUNTS = (
    "ledger_rows",
    "roster_rows",
    "persons_in_ledger",
    "persons",
    "settlement_rows",
    "audit_rows",
    "ledger_rejects",
    "roster_rejects",
    "other_charge_years",
    "recorded_later",
    "fee_parts_mismatch",
    "identity_differs",
)
"""What is counted, of what the kernel tells."""

STATS = pa.schema(
    [
        pa.field("digest", pa.string(), False),
        *[pa.field(name, pa.int64(), False) for name in COUNTS],
        pa.field("unconfirmed", pa.list_(pa.string()), False),
        pa.field("kernel_ns", pa.int64(), False),
    ]
)
"""What a partition tells of itself; ``kernel_ns`` is CPU time inside the kernel."""


@dataclass(frozen=True)
class Task:
    """All that an executor is told."""

    options: str
    digest: str
    roster: bool
    psn_no_int: bool
    setl_id_int: bool


def outputs(psn_no_int: bool, setl_id_int: bool) -> dict[str, pa.Schema]:
    """The outputs in the order of the columns of a partition's rows. Where a row stood in a file is left out: it
    has no place once rows have been moved."""
    schemas = dict(_native.schemas(psn_no_int, setl_id_int))
    schemas["rejects"] = pa.schema([field for field in schemas["rejects"] if field.name not in ("file", "row")])
    return {**schemas, "stats": STATS}


def settle(batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    """Settles the rows of a partition. A row of the result has one column that is not null: the output that it
    belongs to."""
    # The driver has given the columns their names already; to rename them once more might swap two.
    settler = _native.Settler(task.options, task.roster, True)
    if settler.digest != task.digest:
        raise _native.OnestopError(
            f"the executor's onestop {_native.__version__} makes {settler.digest} of the policy and options, "
            f"the driver {task.digest}\n  install or ship the driver's package on every executor"
        )
    rows = _Rows(outputs(task.psn_no_int, task.setl_id_int))
    spent = 0
    for batch in batches:
        started = time.thread_time_ns()
        settled = _push(settler, batch, task.roster)
        spent += time.thread_time_ns() - started
        yield from rows.of(settled)
    started = time.thread_time_ns()
    settled = settler.finish()
    spent += time.thread_time_ns() - started
    yield from rows.of(settled)
    stats = {**json.loads(settler.stats()), "digest": settler.digest, "kernel_ns": spent}
    row = {name: [stats[name]] for name in STATS.names}
    yield from rows.of([("stats", pa.RecordBatch.from_pydict(row, schema=STATS))])


def _push(settler: _native.Settler, batch: pa.RecordBatch, roster: bool) -> list[tuple[str, pa.RecordBatch]]:
    names = batch.schema.names
    of_ledger = [n for n in names if n != KIND and not n.startswith(ROSTER_PREFIX)]
    if not roster:
        return settler.push(batch.select(of_ledger))
    kinds = batch.column(KIND)
    from_roster = batch.filter(pc.equal(kinds, ROSTER))
    if from_roster.num_rows:
        columns = [n for n in names if n.startswith(ROSTER_PREFIX)]
        given = from_roster.select(columns)
        settler.push_roster(given.rename_columns([n.removeprefix(ROSTER_PREFIX) for n in columns]))
        batch = batch.filter(pc.equal(kinds, LEDGER))
    return settler.push(batch.select(of_ledger))


class _Rows:
    """Rows of the outputs as rows of one table, a struct an output."""

    MOST = 8_192

    def __init__(self, schemas: dict[str, pa.Schema]) -> None:
        self.schemas = schemas
        self.types = {name: pa.struct(list(schema)) for name, schema in schemas.items()}
        self.nulls = {name: pa.nulls(self.MOST, of) for name, of in self.types.items()}
        self.schema = pa.schema([pa.field(name, of) for name, of in self.types.items()])

    def of(self, settled: list[tuple[str, pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
        for name, batch in settled:
            batch = batch.select(self.schemas[name].names)
            for start in range(0, batch.num_rows, self.MOST):
                part = batch.slice(start, self.MOST)
                full = pa.StructArray.from_arrays(part.columns, fields=list(self.types[name]))
                columns = [full if n == name else nulls.slice(0, part.num_rows) for n, nulls in self.nulls.items()]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
