#!/usr/bin/env python3
"""What a further scenario of `onestop project` costs, as a share of the first run.

    cargo build --release
    python benches/scenarios.py --claims 10M --rounds 3
    python benches/scenarios.py --claims 1M --thousand

first         `onestop project` with the baseline alone: the ledger is read, grouped and settled once.
a kind        The same with a grid of so many scenarios of that kind; what these take above `first`, by scenario.
bootstrap     The baseline and 40 scenarios with 200 replicates; what these take above the same without them.
solve         Goal seek over 101 ratios; what it takes above `first`, by candidate settled.
settle        `onestop settle` on the same ledger, for scale.

Each run is a process of its own and follows the others in turn; figures are pairs within one round, medians over rounds.
CPU is steadier than wall on a shared machine. --thousand also times 1 000 scenarios of all kinds that name policy values.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from compare import ROOT, child, fail, number, say, table

GRID = '[[scenario]]\nid = "grid"\n{}\n'
SET = '[scenario.set]\n"{}" = "{}"'
EACH = '[[scenario.{}]]\ngrowth = "0.01..0.10 step 0.01"'
# Kind: how many scenarios, and the grid that stands for them.
KINDS = {
    "ratio": (40, SET.format("ma.A.ratio", "0.50..0.89 step 0.01")),
    "cap": (40, SET.format("ma.A.cap", "20000..59000 step 1000")),
    "deductible": (40, SET.format("ma.B.deductible", "1000..4900 step 100")),
    "catastrophic": (40, SET.format("cii.A.resident.deductible", "5000..8900 step 100")),
    "for_anyone": (40, SET.format("special_drug.ratio", "0.50..0.89 step 0.01")),
    "identities": (1, '[[scenario.identities]]\nfrom = ["dibao_margin"]\nto = "dibao"'),
    "persons": (10, EACH.format("persons")),
    "claims": (10, EACH.format("claims")),
    "fees": (10, EACH.format("fees")),
    "another_policy": (1, 'policy = "jincheng-2023"'),
}
THOUSAND = ('[scenario.set]\n"ma.A.ratio" = "0.60..0.79 step 0.01"\n"ma.A.cap" = "50000..90000 step 10000"\n'
            '"ma.B.deductible" = "2000..4000 step 500"\n"ra.A" = ["on", "off"]')


class Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.work = args, args.work
        self.ledger, self.roster = self.work / "ledger.parquet", self.work / "roster.parquet"

    def prepare(self) -> None:
        if not self.ledger.exists():
            say(f"generating {self.args.persons:,} persons")
            child([str(self.args.onestop), "generate", "--policy", "weihai-2023", "--persons", str(self.args.persons),
                   "--year", "2024", "--out", str(self.work), "--quiet"])

    def run(self, command: str, scenarios: str, *options: str) -> dict[str, float]:
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            file = Path(folder) / "scenarios.toml"
            file.write_text(scenarios, encoding="utf-8")
            named = ["--scenarios", str(file)] if command == "project" else []
            os.sync()
            _, figures = child([
                str(self.args.onestop), command, str(self.ledger), "--roster", str(self.roster), "--policy", "weihai-2023",
                "--out", str(Path(folder) / "out"), "--threads", str(self.args.threads), "--quiet", *named, *options])
        return figures


def measure(bench: Bench, turn: int, rows: dict[str, list[dict[str, float]]]) -> None:
    """One round: every kind beside the first run."""
    first = bench.run("project", "")
    runs = {"first": (1, first, None), "settle": (1, bench.run("settle", ""), None)}
    for kind, (count, grid) in KINDS.items():
        runs[kind] = (count, bench.run("project", GRID.format(grid)), first)
    ratio = GRID.format(KINDS["ratio"][1])
    runs["bootstrap"] = (41, bench.run("project", ratio, "--bootstrap", "200"), runs["ratio"][1])
    runs["solve"] = (101, bench.run("project", "", "--solve", "ma.A.ratio", "--budget", "10000000"), first)
    for name, (count, figures, under) in runs.items():
        share = {what: (figures[what] - (under[what] if under else 0)) / count / first[what] for what in ("wall", "cpu")}
        rows.setdefault(name, []).append({**figures, "count": count, **{f"{w}_share": s for w, s in share.items()}})
        say(f"round {turn}: {name} {figures['wall']:.2f} s, CPU {figures['cpu']:.2f} s, {figures['peak'] / 1e6:,.0f} MB")


def report(rows: dict[str, list[dict[str, float]]], markdown: bool) -> str:
    lines = []
    for name, runs in rows.items():
        of = lambda what: statistics.median(run[what] for run in runs)  # noqa: E731
        lines.append([name, f"{runs[0]['count']:.0f}", f"{of('wall'):.2f}", f"{of('cpu'):.2f}",
                      f"{max(run['peak'] for run in runs) / 1e6:,.0f}",
                      f"{of('wall_share'):.2%}", f"{of('cpu_share'):.2%}"])
    return table(["run", "scenarios", "wall s", "CPU s", "peak MB", "each / first, wall", "CPU"], lines, markdown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onestop", type=Path, default=ROOT / "target/release/onestop", help="the program to measure")
    parser.add_argument("--claims", type=number, default="1M", help="about so many, such as 10M")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--thousand", action="store_true", help="also 1 000 scenarios at once")
    parser.add_argument("--work", type=Path, help="ledger.parquet and roster.parquet here are used if they are there")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    args.persons = max(args.claims // 10, 1)
    args.work = args.work or ROOT / f"target/compare/weihai-2023-2024-{args.persons}"
    if not args.onestop.is_file():
        raise fail(f"no program at {args.onestop}", "cargo build --release, or name it with --onestop")
    args.work.mkdir(parents=True, exist_ok=True)
    bench, rows = Bench(args), {}
    bench.prepare()
    for turn in range(1, args.rounds + 1):
        measure(bench, turn, rows)
    print(report(rows, args.markdown))
    if args.thousand:
        figures = bench.run("project", GRID.format(THOUSAND))
        print(f"\n1 000 scenarios: {figures['wall']:.1f} s, CPU {figures['cpu']:.1f} s, {figures['peak'] / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
