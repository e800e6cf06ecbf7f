"""Settles a ledger on a cluster: a job for ``spark-submit``.

    spark-submit --archives onestop-VERSION.whl.zip#onestop_wheel settle_spark.py \
        --ledger hdfs:///ledger --roster hdfs:///roster --policy weihai-2023 --year 2024 --out hdfs:///settled

The archive is the wheel, renamed so that it ends in ``.zip``; driver and executors need pyarrow beside it, and no
installation. Where onestop is installed on all of them, leave ``--archives`` out.

Written are ``settlement``, ``audit``, ``persons``, ``alerts``, ``rejects`` and ``stats`` (a row a partition), each
a folder of Parquet files, and at the very end ``manifest.json``: a folder without it is not finished.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from pyspark import SparkFiles
from pyspark.sql import SparkSession

ARCHIVE = "onestop_wheel"
OUTPUTS = ("settlement", "audit", "persons", "alerts", "rejects")


def arguments(given: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="settle_spark.py", description="Settle a ledger on a cluster.")
    add = parser.add_argument
    add("--ledger", action="append", required=True, metavar="URI", help="Parquet files of claims; may be given again")
    add("--roster", metavar="URI", help="Parquet files of who holds which identity when; else the ledger carries it")
    add(
        "--policy",
        action="append",
        required=True,
        metavar="ID|FILE",
        help="shipped policy, or a file on the driver; may be given again",
    )
    add("--params", metavar="FILE", help="dated values that win over the shipped ones, on the driver")
    add("--codes", metavar="FILE", help="codes beside the shipped ones, on the driver")
    add(
        "--column",
        action="append",
        default=[],
        metavar="NAME=THEIRS",
        help="a column by another name; may be given again",
    )
    add(
        "--recorded-maf",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that holds assistance paid; may be given again",
    )
    add("--year", type=int, help="only this charge year")
    add("--as-if", action="store_true", help="apply the policy outside its dates")
    add("--as-known", metavar="DATE", help="leave out what the roster recorded later")
    add("--as-of", metavar="DATE", help="leave out dated values published later")
    add("--no-audit", action="store_true", help="write no audit")
    add("--strict", action="store_true", help="refuse dated values without a publication")
    add("--allow-float", action="store_true", help="accept checked floats as money")
    add("--partitions", type=int, metavar="N", help="into how many partitions persons are spread")
    add("--out", required=True, metavar="URI", help="folder to write; it must not be there")
    add("--overwrite", action="store_true", help="replace what is there")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    """Runs the job; the exit code."""
    args = arguments(given)
    spark = SparkSession.builder.appName("onestop settle").getOrCreate()
    onestop, settle = _package()
    try:
        folder = _Folder(spark, args.out)
        folder.begin(args.overwrite)
        done = settle(
            spark.read.parquet(*args.ledger),
            spark.read.parquet(args.roster) if args.roster else None,
            args.policy,
            args.params,
            partitions=args.partitions,
            codes=args.codes,
            columns=_pairs(args.column),
            recorded_maf=args.recorded_maf,
            year=args.year,
            as_if=args.as_if,
            as_known=args.as_known,
            as_of=args.as_of,
            audit=not args.no_audit,
            strict=args.strict,
            allow_float=args.allow_float,
        )
        for name in OUTPUTS:
            if name != "audit" or not args.no_audit:
                getattr(done, name).write.parquet(folder.of(name))
        spark.createDataFrame(done.stats).coalesce(1).write.parquet(folder.of("stats"))
        manifest = _manifest(args, done, onestop.__version__)
        folder.finish(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    except (onestop.OnestopError, FileExistsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        spark.stop()
    _tell(manifest)
    return 0


def _package() -> tuple[Any, Any]:
    """onestop as installed, else from the archive that came with the job."""
    try:
        import onestop.spark
    except ImportError:
        unpacked = SparkFiles.get(ARCHIVE)
        if not os.path.isdir(unpacked):
            raise SystemExit(
                f"error: the driver has no onestop\n  install it, or give its wheel with --archives WHEEL.zip#{ARCHIVE}"
            ) from None
        sys.path.insert(0, unpacked)
        import onestop.spark
    return onestop, onestop.spark.settle


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(pair.split("=", 1) for pair in given if "=" in pair)
    if len(pairs) != len(given):
        raise SystemExit(
            "error: --column: not a pair, or one name twice\n  write --column NAME=THEIRS, such as --column psn_no=ID"
        )
    return pairs


class _Folder:
    """The output folder, wherever the cluster keeps it."""

    def __init__(self, spark: SparkSession, uri: str) -> None:
        context: Any = spark.sparkContext
        self._uri = uri.rstrip("/")
        self._path = context._jvm.org.apache.hadoop.fs.Path(self._uri)
        self._fs = self._path.getFileSystem(context._jsc.hadoopConfiguration())
        self._new = context._jvm.org.apache.hadoop.fs.Path

    def begin(self, overwrite: bool) -> None:
        if self._fs.exists(self._path):
            if not overwrite:
                raise FileExistsError(
                    f"{self._uri} is there already\n  choose another folder, or replace it with --overwrite"
                )
            if any(self._fs.listStatus(self._path)) and not self._is_ours():
                raise FileExistsError(f"{self._uri} holds what no run of onestop wrote\n  choose another folder")
            self._fs.delete(self._path, True)
        self._fs.mkdirs(self._path)
        self._write("_started", "")

    def of(self, name: str) -> str:
        return f"{self._uri}/{name}"

    def finish(self, manifest: str) -> None:
        self._write("manifest.json", manifest)
        self._fs.delete(self._new(self.of("_started")), False)

    def _is_ours(self) -> bool:
        return any(self._fs.exists(self._new(self.of(name))) for name in ("manifest.json", "_started"))

    def _write(self, name: str, text: str) -> None:
        stream = self._fs.create(self._new(self.of(name)), True)
        try:
            stream.write(bytearray(text.encode()))
        finally:
            stream.close()


def _manifest(args: argparse.Namespace, done: Any, version: str) -> dict[str, Any]:
    counts = [name for name in done.stats[0] if name not in ("digest", "kernel_ns")] if done.stats else []
    return {
        "program": "onestop",
        "version": version,
        "digest": done.digest,
        "options": {name: value for name, value in vars(args).items() if name != "overwrite"},
        "partitions": len(done.stats),
        "counts": {name: done.total(name) for name in counts},
        "kernel_seconds": round(done.total("kernel_ns") / 1e9, 3),
    }


def _tell(manifest: dict[str, Any]) -> None:
    counts = {**manifest["counts"], "partitions": manifest["partitions"]}
    width, figures = max(map(len, counts)), max(len(f"{count:,}") for count in counts.values())
    print(f"Settled under {', '.join(manifest['options']['policy'])} into {manifest['options']['out']}")
    for name, count in counts.items():
        print(f"  {name:<{width}}  {count:>{figures},}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
