"""Ledgers to settle, and what the program makes of them."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = os.environ.get("ONESTOP_PROGRAM", str(ROOT / "target/release/onestop"))
# Executors have what these tests have.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
OUTPUTS = ("settlement", "audit", "persons", "alerts", "rejects")
YEARS = {"weihai-2023": 2024, "weihai-etdz-2017": 2022, "erenhot-2023": 2024, "jincheng-2023": 2024}


def onestop(*args):
    """Runs the program."""
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def dirty(ledger):
    """The ledger with rows that are rejected, each for another reason, and persons written with blanks."""
    n = ledger.num_rows
    psn_no = ledger["psn_no"].to_pylist()
    fee = ledger["medfee_sumamt"].to_pylist()
    setl_id = ledger["setl_id"].to_pylist()
    for row in range(5, n, 997):
        psn_no[row] = None if row % 2 else "  "
    for row in range(7, n, 499):
        psn_no[row] = f" {psn_no[row]}\t" if psn_no[row] else psn_no[row]
    for row in range(11, n, 601):
        fee[row] = Decimal("-1.00")
    for row in range(13, n, 701):
        setl_id[row] = None
    for name, values in [("psn_no", psn_no), ("medfee_sumamt", fee), ("setl_id", setl_id)]:
        at = ledger.schema.get_field_index(name)
        field = pa.field(name, ledger.schema.field(name).type)
        ledger = ledger.set_column(at, field, pa.array(values, field.type))
    return pa.concat_tables([ledger, ledger.slice(100, 50)])


class Case:
    """A ledger and a roster on disk, and the outputs of the program."""

    def __init__(self, folder, policy, persons, with_roster=True, dirt=True, seed=1):
        self.policy, self.year = policy, YEARS[policy]
        self.folder = folder
        onestop(
            "generate",
            "--policy",
            policy,
            "--persons",
            persons,
            "--year",
            self.year,
            "--seed",
            seed,
            "--out",
            folder,
            "--quiet",
        )
        self.ledger_path, self.roster_path = folder / "ledger.parquet", folder / "roster.parquet"
        if dirt:
            pq.write_table(dirty(pq.read_table(self.ledger_path)), self.ledger_path)
        self.out = folder / "native"
        onestop(
            "settle",
            self.ledger_path,
            "--roster",
            self.roster_path,
            "--policy",
            policy,
            "--out",
            self.out,
            "--quiet",
            "--no-report",
            "--no-xlsx",
        )

    @property
    def ledger(self):
        return pq.read_table(self.ledger_path)

    @property
    def roster(self):
        return pq.read_table(self.roster_path)

    def native(self, name):
        return pq.read_table(self.out / f"{name}.parquet")


@pytest.fixture(scope="session", params=sorted(YEARS))
def case(request, tmp_path_factory):
    return Case(tmp_path_factory.mktemp(request.param), request.param, 2_000)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """More rows than persons wait for before they are settled."""
    large = Case(tmp_path_factory.mktemp("large"), "weihai-2023", 9_000)
    assert large.ledger.num_rows > 80_000
    return large


def sorted_bytes(table):
    """A table's rows in the order of all their columns, as bytes. Where a row stood in a file is left out: it
    has no place once rows have been moved."""
    table = table.select([name for name in table.column_names if name not in ("file", "row")])
    schema = pa.schema([pa.field(f.name, f.type) for f in table.schema])
    table = table.cast(schema).combine_chunks()
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
    table = table.take(order).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def assert_same(name, ours, native):
    assert ours.num_rows == native.num_rows, (name, ours.num_rows, native.num_rows)
    assert sorted_bytes(ours) == sorted_bytes(native), name


def in_order(ledger):
    """Rows in the order of persons as the kernel reads them."""
    key = pc.fill_null(pc.utf8_trim(ledger["psn_no"], " \t"), "")
    return ledger.append_column("key", key).sort_by("key").drop_columns(["key"])
