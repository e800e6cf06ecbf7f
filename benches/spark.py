"""CPU a claim on Spark, beside the program on the same ledger.

    pip install "./src/python[spark]" "pandas<3"
    cargo build --release
    python benches/spark.py --claims 10M --memory 5g

Two executors of one core each, as processes of their own. What is counted is the CPU time of this process and all that
it started: driver, executors, their Pythons. Starting and warming the cluster is not counted; reading, moving, sorting,
settling, checking and writing settlement and audit is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = str(ROOT / "target/release/onestop")
POLICY, YEAR = "weihai-2023", 2024
SIZES = {"k": 1_000, "M": 1_000_000}


def busy() -> float:
    """CPU seconds of this process, of all that descend from it, and of those that ended."""
    parents, ticks = {}, {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(process)], ticks[int(process)] = int(fields[1]), sum(map(int, fields[11:15]))
    own = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(ticks[process] for process in own) / os.sysconf("SC_CLK_TCK")


class Measured:
    """Wall and CPU seconds of a block."""

    def __enter__(self):
        self.wall, self.cpu = -time.monotonic(), -busy()
        return self

    def __exit__(self, *_):
        self.wall, self.cpu = self.wall + time.monotonic(), self.cpu + busy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", default="1M", help="such as 300k or 10M")
    parser.add_argument("--memory", default="2g", help="of an executor")
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--staging", action="store_true", help="keep settled rows in files, not on the executors")
    parser.add_argument("--folder", help="where to work; else a folder that is removed")
    args = parser.parse_args()
    claims = int(float(args.claims[:-1]) * SIZES[args.claims[-1]])
    folder = Path(args.folder or tempfile.mkdtemp(prefix="onestop-bench-"))
    try:
        measure(folder, claims, args)
    finally:
        if not args.folder:
            shutil.rmtree(folder)


def measure(folder: Path, claims: int, args: argparse.Namespace) -> None:
    made = folder / f"made-{claims}"
    if not made.exists():
        persons = ["--persons", str(claims // 10), "--year", str(YEAR)]
        run(PROGRAM, "generate", "--policy", POLICY, *persons, "--out", str(made), "--quiet")
    ledger, roster = made / "ledger.parquet", made / "roster.parquet"
    with Measured() as native:
        papers = ["--no-report", "--no-xlsx", "--force", "--quiet"]
        run(
            PROGRAM,
            "settle",
            str(ledger),
            "--roster",
            str(roster),
            "--policy",
            POLICY,
            "--out",
            str(folder / "native"),
            *papers,
        )

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    import onestop.spark
    from pyspark.sql import SparkSession

    memory = str(int(args.memory[:-1]) * 1024)
    spark = (
        SparkSession.builder.master(f"local-cluster[2,1,{memory}]")
        .config("spark.executor.memory", args.memory)
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", str(folder / "local"))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    claims_df, roster_df = spark.read.parquet(str(ledger)), spark.read.parquet(str(roster))
    onestop.spark.settle(claims_df.limit(1_000), roster_df, POLICY, partitions=2).unpersist()
    with Measured() as whole:
        with Measured() as settled:
            staging = str(folder / "spark-rows") if args.staging else None
            done = onestop.spark.settle(claims_df, roster_df, POLICY, partitions=args.partitions, staging=staging)
        for name in ("settlement", "audit"):
            getattr(done, name).write.mode("overwrite").parquet(str(folder / f"spark-{name}"))
    rows, kernel = done.total("ledger_rows"), done.total("kernel_ns") / 1e9
    # What moving and sorting the same rows costs without us: the floor of whatever is computed by person.
    with Measured() as floor:
        moved = claims_df.repartition(args.partitions, "psn_no").sortWithinPartitions("psn_no", "setl_time", "setl_id")
        moved.write.mode("overwrite").parquet(str(folder / "spark-floor"))
    spark.stop()

    def line(name: str, wall: float, cpu: float) -> None:
        print(f"{name:<34} {wall:>8.1f} {cpu:>8.1f} {cpu / rows * 1e6:>10.2f}")

    print(f"{rows:,} claims, {args.partitions} partitions, two executors of one core\n")
    print(f"{'':<34} {'wall s':>8} {'CPU s':>8} {'µs a claim':>10}")
    line("onestop settle", native.wall, native.cpu)
    line("on Spark, both outputs written", whole.wall, whole.cpu)
    line("… until settled and counted", settled.wall, settled.cpu)
    line("… inside the kernel", 0, kernel)
    line("Spark moves, sorts, writes (floor)", floor.wall, floor.cpu)


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
