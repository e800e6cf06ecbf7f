"""Settles a ledger on a cluster: a job for ``spark-submit``.

    spark-submit --archives onestop-VERSION.whl.zip#onestop_wheel settle_spark.py \
        --ledger hdfs:///ledger --roster hdfs:///roster --policy weihai-2023 --year 2024 --out hdfs:///settled

The archive is the wheel, renamed so that it ends in ``.zip``; executors need pyarrow beside it, the driver also the
pandas that PySpark asks for, and none of them an installation. Where onestop is installed on all of them, leave
``--archives`` out. A cluster that unpacks no archives for the driver (YARN in client mode) needs it installed there.

Written are ``settlement``, ``audit``, ``persons``, ``alerts``, ``rejects`` and ``stats`` (a row a partition), each a
folder of Parquet files, and ``manifest.json``. The folder appears at the very end, whole or not at all; what a job
that was killed has left beside it is called ``….unfinished-…``, and can be removed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkFiles
from pyspark.errors import PySparkException
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
    columns = _pairs(args.column)
    spark = SparkSession.builder.appName("onestop settle").getOrCreate()
    onestop, cluster = _package()
    folder = None
    try:
        ledger = spark.read.parquet(*args.ledger)
        roster = spark.read.parquet(args.roster) if args.roster else None
        folder = _Folder(spark, args.out, args.overwrite)
        folder.begin([*ledger.inputFiles(), *(roster.inputFiles() if roster else [])])
        done = cluster.settle(
            ledger,
            roster,
            args.policy,
            args.params,
            partitions=args.partitions,
            staging=folder.of("rows-before-outputs"),
            codes=args.codes,
            columns=columns,
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
        done.partitions(spark).coalesce(1).write.parquet(folder.of("stats"))
        manifest = _manifest(args, done, onestop.__version__)
        folder.finish(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", ["rows-before-outputs"])
    except (onestop.OnestopError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (PySparkException, Py4JError) as error:
        # Of what Spark tells, the first line says what and where.
        whole = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
        said = next((line for line in whole.splitlines() if line.strip()), type(error).__name__)
        print(f"error: {said}\n  look into Spark's own log for more", file=sys.stderr)
        return 1
    finally:
        try:
            if folder is not None:
                folder.abandon()
        finally:
            spark.stop()
    _tell(manifest)
    return 0


def _package() -> tuple[Any, Any]:
    """onestop and its part for clusters, as installed, else from the archive that came with the job."""
    try:
        import onestop.spark
    except ImportError:
        unpacked = next(filter(os.path.isdir, [SparkFiles.get(ARCHIVE), ARCHIVE]), None)
        if unpacked is None:
            raise SystemExit(
                f"error: the driver has no onestop\n  give its wheel with --archives WHEEL.zip#{ARCHIVE}, "
                "or install it on the driver where the cluster unpacks no archives for it"
            ) from None
        sys.path.insert(0, os.path.abspath(unpacked))
        import onestop.spark
    return onestop, onestop.spark


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(pair.split("=", 1) for pair in given if "=" in pair)
    if len(pairs) != len(given):
        raise SystemExit(
            "error: --column: not a pair, or one name twice\n  write --column NAME=THEIRS, such as --column psn_no=ID"
        )
    return pairs


class _Folder:
    """The output folder, wherever the cluster keeps it. It appears whole or not at all: until the end everything is
    written beside it, and what was there before stays."""

    def __init__(self, spark: SparkSession, uri: str, overwrite: bool) -> None:
        context: Any = spark.sparkContext
        self._jvm, self._overwrite, self._complete = context._jvm, overwrite, False
        self._configuration = context._jsc.hadoopConfiguration()
        self._out = self._full(uri)
        self._fs = self._out.getFileSystem(self._configuration)
        parent, name = self._out.getParent(), self._out.getName()
        if parent is None or not name:
            raise OSError(f"{uri} is no folder that can be put in its place\n  name a folder inside of another")
        self._unfinished, self._earlier = (
            self._jvm.org.apache.hadoop.fs.Path(parent, f"{name}.{what}-{context.applicationId}")
            for what in ("unfinished", "earlier")
        )

    def begin(self, inputs: list[str]) -> None:
        """Makes sure that nothing is lost at the end, before anything is done."""
        self._check()
        out = f"{self._out}/"
        for uri in inputs:
            if str(self._full(uri)).startswith(out):
                raise FileExistsError(f"{uri} lies in {self._out}, which is replaced\n  choose another folder")
        self._fs.mkdirs(self._unfinished)

    def of(self, name: str) -> str:
        """Where an output is written."""
        return f"{self._unfinished}/{name}"

    def finish(self, manifest: str, needless: list[str]) -> None:
        """Puts the folder in its place."""
        for name in needless:
            self._fs.delete(self._full(self.of(name)), True)
        stream = self._fs.create(self._full(self.of("manifest.json")), True)
        try:
            stream.write(bytearray(manifest.encode()))
        finally:
            stream.close()
        # Somebody may have been there meanwhile.
        self._check()
        replaces = self._fs.exists(self._out)
        if replaces and not self._fs.rename(self._out, self._earlier):
            raise OSError(f"{self._out} cannot be moved aside\n  choose another folder")
        self._complete = True
        if not self._fs.rename(self._unfinished, self._out):
            if replaces:
                self._fs.rename(self._earlier, self._out)
            raise OSError(f"{self._unfinished} cannot be renamed to {self._out}\n  rename it; it is complete")
        self._fs.delete(self._earlier, True)

    def abandon(self) -> None:
        """Removes what is not finished."""
        if not self._complete:
            self._fs.delete(self._unfinished, True)

    def _check(self) -> None:
        """What is there may be replaced."""
        if not self._fs.exists(self._out):
            return
        if not self._overwrite:
            raise FileExistsError(f"{self._out} is there already\n  choose another, or replace it with --overwrite")
        names = {status.getPath().getName() for status in self._fs.listStatus(self._out)}
        if names and not (names <= {*OUTPUTS, "stats", "manifest.json"} and self._is_ours()):
            raise FileExistsError(f"{self._out} holds what no run of onestop wrote\n  choose another folder")

    def _is_ours(self) -> bool:
        path = self._full(f"{self._out}/manifest.json")
        try:
            stream = self._fs.open(path)
            try:
                said = json.loads(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
            finally:
                stream.close()
        except (ValueError, RecursionError, Py4JError):
            return False
        return isinstance(said, dict) and said.get("program") == "onestop" and "kernel_seconds" in said

    def _full(self, uri: str) -> Any:
        """A place, told in one way only."""
        path = self._jvm.org.apache.hadoop.fs.Path(uri)
        full = path.getFileSystem(self._configuration).makeQualified(path)
        return self._jvm.org.apache.hadoop.fs.Path(full.toUri().normalize())


def _manifest(args: argparse.Namespace, done: Any, version: str) -> dict[str, Any]:
    return {
        "program": "onestop",
        "version": version,
        "digest": done.digest,
        "options": {name: value for name, value in vars(args).items() if name != "overwrite"},
        "unconfirmed": done.unconfirmed,
        "partitions": len(done.stats),
        "counts": done.counts(),
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
