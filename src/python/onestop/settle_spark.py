"""Settles a ledger on a cluster: a job for ``spark-submit``.

    spark-submit --archives onestop-VERSION.whl.zip#onestop_wheel settle_spark.py \
        --ledger hdfs:///ledger --roster hdfs:///roster --policy weihai-2023 --year 2024 --out hdfs:///settled

The archive is the wheel, renamed so that it ends in ``.zip``; driver and executors need pyarrow beside it, and no
installation. Where onestop is installed on all of them, leave ``--archives`` out.

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

from py4j.protocol import Py4JError
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
        folder = _Folder(spark, args.out)
        folder.begin([*args.ledger, *([args.roster] if args.roster else [])], args.overwrite)
        done = cluster.settle(
            spark.read.parquet(*args.ledger),
            spark.read.parquet(args.roster) if args.roster else None,
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
        said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        print(f"error: {said}\n  look into Spark's own log for more", file=sys.stderr)
        return 1
    finally:
        if folder is not None:
            folder.abandon()
        spark.stop()
    _tell(manifest)
    return 0


def _package() -> tuple[Any, Any]:
    """onestop and its part for clusters, as installed, else from the archive that came with the job."""
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

    def __init__(self, spark: SparkSession, uri: str) -> None:
        context: Any = spark.sparkContext
        self._jvm = context._jvm
        self._configuration = context._jsc.hadoopConfiguration()
        self._out = self._path(uri)
        self._fs = self._out.getFileSystem(self._configuration)
        self._unfinished = self._path(f"{uri.rstrip('/')}.unfinished-{context.applicationId}")

    def begin(self, inputs: list[str], overwrite: bool) -> None:
        """Makes sure that nothing is lost at the end, before anything is done."""
        if self._fs.exists(self._out):
            if not overwrite:
                raise FileExistsError(f"{self._out} is there already\n  choose another, or replace it with --overwrite")
            if any(self._fs.listStatus(self._out)) and not self._is_ours():
                raise FileExistsError(f"{self._out} holds what no run of onestop wrote\n  choose another folder")
        out = self._full(self._out) + "/"
        for uri in inputs:
            if (self._full(self._path(uri)) + "/").startswith(out):
                raise FileExistsError(f"{uri} lies in {self._out}, which is replaced\n  choose another folder")
        self._fs.mkdirs(self._unfinished)

    def of(self, name: str) -> str:
        """Where an output is written."""
        return f"{self._unfinished}/{name}"

    def finish(self, manifest: str, needless: list[str]) -> None:
        """Puts the folder in its place."""
        for name in needless:
            self._fs.delete(self._path(self.of(name)), True)
        stream = self._fs.create(self._path(self.of("manifest.json")), True)
        try:
            stream.write(bytearray(manifest.encode()))
        finally:
            stream.close()
        self._fs.delete(self._out, True)
        if not self._fs.rename(self._unfinished, self._out):
            raise OSError(f"{self._unfinished} cannot be renamed to {self._out}\n  rename it; it is complete")

    def abandon(self) -> None:
        """Removes what is not finished."""
        if self._fs.exists(self._unfinished) and not self._fs.exists(self._path(self.of("manifest.json"))):
            self._fs.delete(self._unfinished, True)

    def _is_ours(self) -> bool:
        path = self._path(f"{self._out}/manifest.json")
        if not self._fs.exists(path):
            return False
        stream = self._fs.open(path)
        try:
            said = json.loads(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        except (ValueError, Py4JError):
            return False
        finally:
            stream.close()
        return isinstance(said, dict) and said.get("program") == "onestop" and "kernel_seconds" in said

    def _path(self, uri: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(uri)

    def _full(self, path: Any) -> str:
        return str(path.getFileSystem(self._configuration).makeQualified(path))


def _manifest(args: argparse.Namespace, done: Any, version: str) -> dict[str, Any]:
    return {
        "program": "onestop",
        "version": version,
        "digest": done.digest,
        "options": {name: value for name, value in vars(args).items() if name != "overwrite"},
        "unconfirmed": done.unconfirmed,
        "partitions": len(done.stats),
        "counts": {name: done.total(name) for name in done.counts},
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
