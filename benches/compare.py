#!/usr/bin/env python3
"""`onestop settle` end to end beside two DuckDB references, in turn: A B C A B C …

    cargo build --release && pip install duckdb==2.0.0
    python benches/compare.py --claims 1M --rounds 3

floor         DuckDB sorts the ledger by person and time and writes it as Parquet. No settlement at all.
peer          The job as SQL (peer.sql): checks, duplicates, refunds, identities, weihai-2023's layers as windows.
settle        `onestop settle`, complete. Variants: no_audit, one_thread, small_memory.
floor_sorted, settle_sorted   The same on a ledger that lies in the order of persons already (--sorted).

Each run is a process of its own, after the ledger was read once into the page cache and old writes were flushed. Wall,
CPU time and peak memory are the whole process's; for DuckDB they include Python's start and the import, about 0.2 s.
DuckDB may use as much memory as it likes (its default, four fifths of the machine), unless --duckdb-memory says less.

The peer runs its windows only over persons on the roster and special drugs, which is quicker than over everybody. Its
money equals the settlement's in all but a few rows of a million (--agree counts them). It leaves out:
- all outputs but the settlement: audit, persons, alerts, subsidies, rejects, manifest, digests; reason, channel, note;
- the several runs of 就高不重复: the highest-ranked identity in force on the day is applied;
- the exact use of caps across a change of class within the year: what a lower cap cut is paid out under a higher one;
- nested refunds of one amount: each takes the latest earlier record, and of two that take the same one only one does;
- the full order of duplicates (time, insurance type and fee decide), local codes, other column names and types.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
PEER_POLICY = "weihai-2023"
PEER_SQL = ROOT / "benches/peer.sql"
DUCKDB = ("floor", "peer", "floor_sorted")
SETTLE = {"settle": [], "no_audit": ["--audit", "none"], "one_thread": ["--threads", "1"],
          "small_memory": ["--memory", "256M"], "settle_sorted": []}
ORDER = ("floor", "peer", "settle", "no_audit", "one_thread", "small_memory", "floor_sorted", "settle_sorted")
# What is compared with what, within one round.
RATIOS = (("settle", "floor", "wall"), ("settle", "floor", "cpu"),
          ("settle", "peer", "wall"), ("settle", "peer", "cpu"),
          ("settle", "no_audit", "wall"), ("settle", "no_audit", "cpu"),
          ("one_thread", "settle", "wall"), ("small_memory", "settle", "wall"),
          ("settle_sorted", "floor_sorted", "wall"), ("settle_sorted", "floor_sorted", "cpu"),
          ("settle_sorted", "settle", "wall"))

# ---- The SQL ---------------------------------------------------------------------------------------------------------

SORTED_COPY = """
COPY (SELECT * FROM read_parquet('$ledger') ORDER BY psn_no, setl_time, setl_id)
TO '$out' (FORMAT parquet, COMPRESSION zstd)"""

COUNT = "SELECT count(*) FROM read_parquet('$ledger')"

# Counts of rows: all, in both, equal in each of four columns, in all four; with an identity applied, equal of those.
AGREE = """
SELECT count(*), count(c), count_if(c), count_if(m), count_if(r), count_if(b), count_if(c AND m AND r AND b),
  count_if(identity IS NOT NULL), count_if(identity IS NOT NULL AND c AND m AND r AND b)
FROM (SELECT s.identity, p.cii_pay = s.cii_pay AS c, p.ma_pay = s.ma_pay AS m, p.ra_pay = s.ra_pay AS r,
    p.psn_burden = s.psn_burden AS b
  FROM read_parquet('$ledger') p FULL JOIN read_parquet('$roster') s USING (psn_no, setl_id))"""

SQL = {"floor": SORTED_COPY, "floor_sorted": SORTED_COPY, "sort": SORTED_COPY, "count": COUNT, "agree": AGREE}


def run_sql(task: str, threads: str, memory: str, temp: str, *paths: str) -> None:
    """What a DuckDB child does; prints the last statement's first row."""
    import duckdb  # Only here: a child's peak begins with what its parent held at the fork.

    script = Template(SQL.get(task) or PEER_SQL.read_text(encoding="utf-8"))
    names = {name: path.replace("'", "''") for name, path in zip(("ledger", "roster", "out"), paths)}
    with duckdb.connect() as connection:
        for setting in (f"threads = {int(threads)}", "temp_directory = '{}'".format(temp.replace("'", "''"))):
            connection.execute(f"SET {setting}").fetchall()
        if memory:
            connection.execute("SET memory_limit = '{}'".format(memory.replace("'", "''"))).fetchall()
        for statement in script.substitute(names).split(";\n"):
            result = connection.execute(statement).fetchall()
        print(json.dumps(result[0]))


# ---- Measuring one process -------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Run:
    """One contestant in one round; times in seconds, sizes in bytes."""

    contestant: str
    round: int
    wall: float
    cpu: float
    peak: int
    written: int
    spilled: int


def fail(what: str, remedy: str) -> SystemExit:
    return SystemExit(f"error: {what}\n  {remedy}")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what vanishes meanwhile counts nothing."""
    if not path.is_dir():
        return size_at(path)
    return sum(size_at(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)


def size_at(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def unlinked_bytes(pid: int) -> int:
    """Blocks of files that a process holds open under no name: onestop unlinks its spill as soon as it is open."""
    held: dict[tuple[int, int], int] = {}
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.endswith(" (deleted)") and not target.startswith("/memfd:"):
                stat = link.stat()
                held[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    except OSError:  # The process ended, or there is no /proc.
        pass
    return sum(held.values())


def child(command: list[str], spilled: Callable[[int], int] = lambda pid: 0) -> tuple[str, dict[str, float]]:
    """Runs a command; its stdout, and wall, cpu, peak and the most that `spilled` saw."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        ended, most = threading.Event(), [0]

        def sample() -> None:
            while not ended.wait(0.05):
                most[0] = max(most[0], spilled(process.pid))

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)  # The only call that tells one child's peak from another's.
            wall = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            ended.set()
            sampler.join()
            if process.returncode is None:  # Interrupted: leave nothing running.
                process.kill()
        if process.returncode != 0:
            err.seek(0)
            what = f"{' '.join(command[:4])} … ended with {process.returncode}"
            raise fail(what, err.read().strip() or "it said nothing")
        out.seek(0)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        cpu = usage.ru_utime + usage.ru_stime
        return out.read(), {"wall": wall, "cpu": cpu, "peak": peak, "spilled": most[0]}


# ---- One comparison --------------------------------------------------------------------------------------------------

class Comparison:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.work = args, args.work
        self.temp, self.roster = args.work / "duckdb.tmp", args.work / "roster.parquet"
        self.runs: list[Run] = []

    def duckdb(self, task: str, *paths: Path) -> list[str]:
        script = [sys.executable, str(Path(__file__).resolve()), "_sql", task]
        return [*script, str(self.args.threads), self.args.duckdb_memory, str(self.temp), *map(str, paths)]

    def ledger(self, name: str) -> Path:
        return self.work / ("ledger_sorted.parquet" if name.endswith("_sorted") else "ledger.parquet")

    def out(self, name: str) -> Path:
        return self.work / (f"{name}.parquet" if name in DUCKDB else f"{name}.out")

    def command(self, name: str) -> list[str]:
        if name in DUCKDB:
            return self.duckdb(name, self.ledger(name), self.roster, self.out(name))
        extra = SETTLE[name] if name == "one_thread" else ["--threads", str(self.args.threads), *SETTLE[name]]
        return [str(self.args.onestop), "settle", str(self.ledger(name)), "--roster", str(self.roster),
                "--policy", self.args.policy, "--out", str(self.out(name)), "--no-xlsx", "--no-report", "--quiet", *extra]

    def prepare(self) -> None:
        """The ledger, if it is not there yet, and its copy in the order of persons."""
        self.work.mkdir(parents=True, exist_ok=True)
        if not self.ledger("").exists():
            say(f"generating {self.args.persons:,} persons")
            options = {"--policy": self.args.policy, "--persons": self.args.persons, "--year": self.args.year}
            words = [str(word) for option in options.items() for word in option]
            child([str(self.args.onestop), "generate", *words, "--out", str(self.work), "--quiet"])
        ordered = self.ledger("_sorted")
        stale = not ordered.exists() or ordered.stat().st_mtime < self.ledger("").stat().st_mtime
        if stale and any(name.endswith("_sorted") for name in self.args.only):
            say("sorting a copy of the ledger")
            part = ordered.with_suffix(".part")
            child(self.duckdb("sort", self.ledger(""), self.roster, part))
            part.rename(ordered)

    def measure(self, name: str, turn: int) -> None:
        self.discard(name)
        for path in (self.ledger(name), self.roster):
            with path.open("rb", buffering=0) as file:
                while file.read(1 << 24):
                    pass
        os.sync()  # What the last contestant left to be written must not be written at the next one's expense.
        spilled = (lambda pid: size_of(self.temp)) if name in DUCKDB else unlinked_bytes
        _, figures = child(self.command(name), spilled)
        self.runs.append(Run(name, turn, written=size_of(self.out(name)), **figures))
        wall, cpu, peak = figures["wall"], figures["cpu"], figures["peak"] / 1e6
        say(f"round {turn}: {name} {wall:.2f} s, CPU {cpu:.2f} s, {peak:,.0f} MB")

    def discard(self, name: str) -> None:
        out = self.out(name)
        shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)
        shutil.rmtree(self.temp, ignore_errors=True)

    def manifest(self) -> dict | None:
        """The manifest of the complete run, or else of a variant."""
        kept = [self.out(name) / "manifest.json" for name in SETTLE if name in self.args.only]
        return json.loads(kept[0].read_text()) if kept else None

    def claims(self) -> int:
        return json.loads(child(self.duckdb("count", self.ledger("")))[0])[0] if uses_duckdb(self.args) else \
            self.manifest()["counts"]["ledger_rows"]

    def agreement(self) -> list[int]:
        settled = self.out("settle") / "settlement.parquet"
        return json.loads(child(self.duckdb("agree", self.out("peer"), settled))[0])

    def figures(self, name: str, what: str) -> list[float]:
        """One figure of a contestant, round by round."""
        return [getattr(run, what) for run in self.runs if run.contestant == name]


# ---- What is printed -------------------------------------------------------------------------------------------------

def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(head: list[str], rows: list[list[str]], markdown: bool) -> str:
    """Right-aligned but for the first column."""
    wide = [max(map(len, column)) for column in zip(head, *rows)]
    cells = [[c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, wide))] for row in [head, *rows]]
    if not markdown:
        return "\n".join("  ".join(row) for row in cells)
    rule = "|".join(["", *("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(wide)), ""])
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], rule, *lines[1:]])


def contestants(done: Comparison, claims: int) -> list[list[str]]:
    rows = []
    for name in done.args.only:
        wall, cpu = (statistics.median(done.figures(name, what)) for what in ("wall", "cpu"))
        peak, written, spilled = (max(done.figures(name, what)) for what in ("peak", "written", "spilled"))
        times, sizes = [f"{wall:,.2f}", f"{cpu:,.2f}"], [f"{peak / 1e6:,.0f}", f"{written:,}"]
        rows.append([name, *times, *sizes, f"{spilled / claims:,.1f}", f"{cpu / claims * 1e9:,.0f}"])
    return rows


def ratios(done: Comparison) -> list[list[str]]:
    """Pair by pair within each round, so that a slow minute of the machine falls on both."""
    rows = []
    for over, under, what in RATIOS:
        if over in done.args.only and under in done.args.only:
            each = [a / b for a, b in zip(done.figures(over, what), done.figures(under, what))]
            label = f"{over} / {under}, {'wall' if what == 'wall' else 'CPU'}"
            rows.append([label, f"{statistics.median(each):.3f}", f"{min(each):.3f}", f"{max(each):.3f}"])
    return rows


def report(done: Comparison, claims: int) -> None:
    args, markdown = done.args, done.args.markdown
    print(f"{claims:,} claims, {args.policy}, threads: {args.threads}, rounds: {args.rounds}; medians, highest peaks\n")
    head = ["contestant", "wall s", "CPU s", "peak MB", "bytes out", "spill B/claim", "CPU ns/claim"]
    print(table(head, contestants(done, claims), markdown))
    if compared := ratios(done):
        print("\n" + table(["ratio", "median", "min", "max"], compared, markdown))
    outputs = (done.manifest() or {"outputs": {}})["outputs"]
    files = [[name, f"{o['rows']:,}", f"{o['size']:,}", f"{o['size'] / max(o['rows'], 1):.1f}"]
             for name in ("settlement.parquet", "audit.parquet") if (o := outputs.get(name))]
    if files:
        print("\n" + table(["output", "rows", "bytes", "bytes/row"], files, markdown))
    if args.agree:
        every, both, *columns, equal, held, held_equal = done.agreement()
        named = ", ".join(f"{n} {k:,}" for n, k in zip(("cii_pay", "ma_pay", "ra_pay", "psn_burden"), columns))
        print(f"\nRows of peer and settle: {every:,}, in both {both:,}; equal in {named}")
        print(f"Equal in all: {equal:,} ({equal / every:.4%}); where an identity applied: {held_equal:,} of {held:,}")


def write_json(done: Comparison, claims: int) -> None:
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version(),
               "duckdb": importlib.metadata.version("duckdb") if uses_duckdb(done.args) else None}
    setting = {"policy": done.args.policy, "claims": claims, "threads": done.args.threads, "rounds": done.args.rounds}
    heads = ("ratio", "median", "min", "max")
    raw = {"machine": machine, "setting": setting, "runs": [asdict(run) for run in done.runs],
           "ratios": [dict(zip(heads, row)) for row in ratios(done)], "outputs": (done.manifest() or {}).get("outputs")}
    done.args.json.write_text(json.dumps(raw, indent=2, ensure_ascii=False) + "\n")


# ---- The command line ------------------------------------------------------------------------------------------------

def number(text: str) -> int:
    """500k, 10M, or plain digits."""
    if not (parts := re.fullmatch(r"(\d+)([kM]?)", text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number such as 100000, 500k or 10M")
    return int(parts[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[parts[2]]


def uses_duckdb(args: argparse.Namespace) -> bool:
    return any(name in DUCKDB or name.endswith("_sorted") for name in args.only)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onestop", type=Path, default=ROOT / "target/release/onestop", help="the program to measure")
    parser.add_argument("--policy", default=PEER_POLICY)
    parser.add_argument("--year", type=int, default=2024)
    parser.add_argument("--claims", type=number, default="1M", help="about so many, such as 10M")
    parser.add_argument("--persons", type=number, help="instead of --claims: ten claims a person")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duckdb-memory", default="", help="DuckDB's memory_limit, such as 12GB; its default if not given")
    parser.add_argument("--work", type=Path, help="ledger.parquet and roster.parquet here are used if they are there")
    parser.add_argument("--only", help=f"comma-separated, of {','.join(ORDER)}")
    parser.add_argument("--sorted", action="store_true", help="also on a ledger in the order of persons")
    parser.add_argument("--agree", action="store_true", help="count the rows in which peer and settle agree")
    parser.add_argument("--keep", action="store_true", help="keep the last outputs")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures")
    args = parser.parse_args()
    chosen = set(args.only.split(",") if args.only else ORDER[:4]) | set(ORDER[-2:] if args.sorted else ())
    if unknown := chosen - set(ORDER):
        parser.error(f"no contestant {', '.join(sorted(unknown))}; there are {', '.join(ORDER)}")
    if args.policy != PEER_POLICY and "peer" in chosen:
        say(f"the peer knows {PEER_POLICY} only and is left out")
        chosen.discard("peer")
    if args.agree and not {"peer", "settle"} <= chosen:
        parser.error("--agree needs both peer and settle")
    args.only = [name for name in ORDER if name in chosen]
    args.persons = args.persons or max(args.claims // 10, 1)
    args.work = args.work or ROOT / f"target/compare/{args.policy}-{args.year}-{args.persons}"
    return args


def main() -> None:
    args = arguments()
    if uses_duckdb(args) and importlib.util.find_spec("duckdb") is None:
        raise fail("duckdb is not installed for this Python", "pip install duckdb==2.0.0, or --only settle,no_audit")
    if not args.onestop.is_file():
        raise fail(f"no program at {args.onestop}", "cargo build --release, or name it with --onestop")
    comparison = Comparison(args)
    comparison.prepare()
    for turn in range(1, args.rounds + 1):
        for name in args.only:
            comparison.measure(name, turn)
    claims = comparison.claims()
    report(comparison, claims)
    if args.json:
        write_json(comparison, claims)
    if not args.keep:
        for name in args.only:
            comparison.discard(name)


if __name__ == "__main__":
    run_sql(*sys.argv[2:]) if sys.argv[1:2] == ["_sql"] else main()
