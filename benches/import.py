#!/usr/bin/env python3
"""`onestop import` beside DuckDB's `read_csv`, in turn: A B A B …, over one CSV of a generated ledger.

    cargo build --release && pip install duckdb==2.0.0
    python benches/import.py --claims 1M --rounds 3

import        `onestop import`: text to Parquet; GB18030 with separators in amounts, and UTF-8 without.
duckdb        DuckDB reads the UTF-8 file with `read_csv`, types found by itself, and writes it as Parquet.
duckdb_read   DuckDB reads it into a table in memory and writes nothing.

DuckDB cannot read GB18030, so both of its runs read the UTF-8 file. Each run is a process of its own after the file
was read once into the page cache; wall and CPU time are the whole process's.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "onestop"

# A code that is a word far down the file needs its type told; the others are found by DuckDB.
READ = """
import duckdb, sys
file, before, after = sys.argv[1:]
codes = {name: "VARCHAR" for name in ("med_type", "mdtrtarea_admvs", "hosp_lv", "excl_cause", "referral", "fee_class")}
duckdb.sql(f"{before} (SELECT * FROM read_csv('{file}', types={codes})) {after}")
"""


def exports(folder: Path, claims: int) -> tuple[Path, Path]:
    """The same ledger as a bureau's GB18030 export and as plain UTF-8."""
    import duckdb

    made = folder / "made"
    persons = max(1, round(claims / 10.2))
    generate = [PROGRAM, "generate", "--policy", "weihai-2023", "--year", "2023", "--persons", str(persons)]
    subprocess.run([*generate, "--out", made, "--quiet"], check=True)
    plain, bureau = folder / "plain.csv", folder / "bureau.csv"
    duckdb.sql(f"COPY (SELECT * FROM '{made}/ledger.parquet') TO '{plain}' (HEADER)")
    heads = {"psn_no": "人员编号", "medfee_sumamt": "医疗费总额（元）", "hifp_pay": "统筹基金支出", "maf_pay": "医疗救助"}
    with open(plain, encoding="utf-8") as read, open(bureau, "w", encoding="gb18030", newline="\r\n") as write:
        names = next(read).rstrip("\n").split(",")
        amount = names.index("medfee_sumamt")
        write.write(",".join(heads.get(name, name) for name in names) + "\n")
        for line in read:
            cells = line.rstrip("\n").split(",")
            cells[0] += "\t"
            cells[amount] = f'"{float(cells[amount]):,.2f}"' if cells[amount] else ""
            write.write(",".join(cells) + "\n")
    return plain, bureau


def timed(command: list) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", default="1M")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    claims = int(asked.claims.upper().replace("M", "000000").replace("K", "000"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, bureau = exports(folder, claims)
        out = folder / "out.parquet"
        options = ["--out", out, "--force", "--quiet"]
        runs = {
            "duckdb_read": [sys.executable, "-c", READ, plain, "CREATE TABLE t AS", ""],
            "duckdb": [sys.executable, "-c", READ, plain, "COPY", f"TO '{out}' (FORMAT parquet)"],
            "import_utf8": [PROGRAM, "import", plain, *options],
            "import_gb18030": [PROGRAM, "import", bureau, *options],
        }
        seen = {run: [] for run in runs}
        for file in (plain, bureau):
            file.read_bytes()
        for _ in range(asked.rounds):
            for run, command in runs.items():
                os.sync()
                seen[run].append(timed(command))
        print(f"{'':>16} {'wall s':>8} {'CPU s':>8} {'of read':>8} {'of duckdb':>10}   {plain.stat().st_size:,} bytes")
        for run, times in seen.items():
            wall, cpu = (statistics.median(t[i] for t in times) for i in (0, 1))
            ratios = [statistics.median(t[0] / b[0] for t, b in zip(times, seen[of])) for of in ("duckdb_read", "duckdb")]
            print(f"{run:>16} {wall:8.2f} {cpu:8.2f} {ratios[0]:8.2f} {ratios[1]:10.2f}")


if __name__ == "__main__":
    main()
