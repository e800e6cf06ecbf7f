"""The same kernel on Apache Spark, 3.5 and 4: the cluster's engine reads, moves, sorts and writes; onestop settles.

>>> import onestop.spark
>>> done = onestop.spark.settle(spark.read.parquet("ledger"), spark.read.parquet("roster"), "weihai-2023")
>>> done.settlement.write.parquet("settlement")
>>> done.audit.write.parquet("audit")

What happens: rows of ledger and roster are brought together by person, sorted by ``psn_no``, ``setl_time`` and
``setl_id`` within their partition, and settled there by one :class:`onestop.Settler`. Policies, dated values and
codes travel as the bytes that the driver read, with their digest; every executor holds its own package to it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.storagelevel import StorageLevel

from . import _native, _warnings
from ._options import PathLike, PolicyLike, options
from ._partition import COUNTS, KIND, LEDGER, ROSTER, ROSTER_PREFIX, STATS, Task, outputs

ARCHIVE = "onestop_wheel"
"""Name under which the package travels as an archive."""


_shipped: set[str] = set()
"""Applications that have this package."""


@dataclass
class Settled:
    """The outputs of one job, which keeps its rows until :meth:`unpersist`; write what is needed before that."""

    settlement: DataFrame
    """A row a claim: what each fund and the person pay."""
    audit: DataFrame
    """The steps of each claim, with rule and clause."""
    persons: DataFrame
    """A row a person and charge year."""
    alerts: DataFrame
    """Whom the policy wants to be warned of."""
    rejects: DataFrame
    """Rows that were not settled, each with its reason."""
    stats: list[dict[str, Any]]
    """What each partition counted; ``kernel_ns`` is its CPU time inside the kernel."""
    digest: str
    """SHA-256 over version, policies, dated values and options."""
    _rows: DataFrame

    @property
    def unconfirmed(self) -> list[str]:
        """Dated values used that nobody has confirmed."""
        return sorted({value for partition in self.stats for value in partition["unconfirmed"]})

    def partitions(self, spark: SparkSession) -> DataFrame:
        """What each partition counted, as rows."""
        return spark.createDataFrame([tuple(row[name] for name in STATS.names) for row in self.stats], _struct(STATS))

    def total(self, name: str) -> int:
        """A count over all partitions, such as ``settlement_rows``."""
        return sum(partition[name] for partition in self.stats)

    def counts(self) -> dict[str, int]:
        """All of them."""
        return {name: self.total(name) for name in COUNTS}

    def unpersist(self) -> None:
        """Lets the rows go."""
        self._rows.unpersist()


def settle(
    ledger_df: DataFrame,
    roster_df: DataFrame | None,
    policy: PolicyLike | Sequence[PolicyLike],
    params: PathLike | None = None,
    *,
    partitions: int | None = None,
    storage: StorageLevel = StorageLevel.MEMORY_AND_DISK,
    staging: str | None = None,
    check: bool = True,
    **how: Any,
) -> Settled:
    """Settles a ledger on the cluster; the rows equal those of ``onestop settle`` on the same ledger.

    :param ledger_df: the ledger; columns as for a file, times as ``timestamp_ntz``.
    :param roster_df: the roster; ``None`` where the ledger carries identities itself.
    :param policy: id of a shipped policy, path of one on the driver, or :class:`onestop.Policy`; several for
        several periods.
    :param params: path, on the driver, of dated values that win over the shipped ones.
    :param partitions: into how many partitions persons are spread; as ``spark.sql.shuffle.partitions`` says where
        not given. Some hundred thousand claims a partition is a good size.
    :param storage: where executors keep the settled rows until they are written.
    :param staging: folder on the cluster's storage for them instead, for ledgers larger than the executors' disks,
        and so that nothing is settled again where an executor is lost later; it must not be there, and is the
        caller's to remove.
    :param check: count rows and persons of the ledger in a second look at it, and hold them against what the
        partitions counted.
    :param how: as of :func:`onestop.settle`.
    :raises LedgerError: columns that do not fit, before anything is moved.
    :raises OnestopError: counts that do not add up.

    Contribution subsidies hang on the years of the whole ledger and are not given; where a row stood in its file is
    not told of rejects.
    """
    text = options(policy, params, **how)
    planned = _native.Settler(text, roster_df is not None, False)
    if partitions is not None and index(partitions) < 1:
        raise _native.OnestopError(f"partitions={partitions}: persons need one at least\n  give a number from 1 on")
    read = dict(planned.ledger_columns(_arrow_schema(ledger_df)))
    ledger = ledger_df.select(*[_column(ledger_df, theirs, name) for name, theirs in read.items()])
    rows = ledger
    keys = ["psn_no", "setl_time", "setl_id"]
    if roster_df is not None:
        of_roster = dict(planned.roster_columns(_arrow_schema(roster_df)))
        roster = roster_df.select(*[_column(roster_df, theirs, name) for name, theirs in of_roster.items()])
        _check_persons(ledger, roster)
        if how.get("as_known") is not None and "known_on" not in of_roster:
            _warnings.nothing_known_on()
        moved = roster.select(
            F.lit(ROSTER).alias(KIND), F.col("psn_no"), *[F.col(n).alias(ROSTER_PREFIX + n) for n in of_roster]
        )
        rows = ledger.withColumn(KIND, F.lit(LEDGER)).unionByName(moved, allowMissingColumns=True)
        # A person's rows of the roster come first, and in one order whatever came before.
        keys[1:1] = [KIND, *[ROSTER_PREFIX + n for n in of_roster if n != "psn_no"]]
    by_person = rows.repartition(partitions, "psn_no") if partitions else rows.repartition("psn_no")
    task = Task(text, planned.digest, roster_df is not None, _is_int(ledger, "psn_no"), _is_int(ledger, "setl_id"))
    schemas = outputs(task.psn_no_int, task.setl_id_int)
    ddl = T.StructType([T.StructField(name, _struct(schema)) for name, schema in schemas.items()])
    settled = by_person.sortWithinPartitions(*keys).mapInArrow(_settler(task, ARCHIVE), ddl)
    try:
        if staging is None:
            settled = settled.persist(storage)
        else:
            settled.write.parquet(staging)
            settled = ledger_df.sparkSession.read.schema(ddl).parquet(staging)
        stats = [row.asDict() for row in _output(settled, "stats").collect()]
        _check(stats, ledger if check else None, planned.digest)
    except BaseException as error:
        settled.unpersist()
        own = _own(error)
        if own is None:
            raise
        raise own from error
    named = {name: _output(settled, name) for name in schemas if name != "stats"}
    done = Settled(**named, stats=stats, digest=planned.digest, _rows=settled)
    _warnings.unconfirmed(done.unconfirmed)
    return done


def ship(spark: SparkSession) -> None:
    """Sends this package to the executors, which then need only pyarrow; call it before :func:`settle`."""
    context = spark.sparkContext
    if context.applicationId in _shipped:
        return
    package = Path(__file__).parent
    # Executors that start later fetch it, too.
    folder = tempfile.mkdtemp(prefix="onestop-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = os.path.join(folder, f"{ARCHIVE}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                zipped.write(path, Path(package.name) / path.relative_to(package))
    context.addArchive(f"{archive}#{ARCHIVE}")
    _shipped.add(context.applicationId)


def _settler(task: Task, archive: str) -> Any:
    # The function travels by value and so must not lean on this module: an executor may have the package in an
    # archive only.
    told = (task.options, task.digest, task.roster, task.psn_no_int, task.setl_id_int)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            import onestop._partition as partition
        except ImportError as missing:
            import os
            import sys

            from pyspark import SparkFiles

            places = [os.path.join(SparkFiles.getRootDirectory(), archive), archive]
            unpacked = next(filter(os.path.isdir, places), None)
            if unpacked is None:
                raise ImportError(
                    "this executor has no onestop\n"
                    f"  install it there, give its wheel with --archives WHEEL.zip#{archive}, "
                    "or call onestop.spark.ship(spark) first"
                ) from missing
            sys.path.insert(0, os.path.abspath(unpacked))
            import onestop._partition as partition
        yield from partition.settle(batches, partition.Task(*told))

    return run


def _own(error: BaseException) -> BaseException | None:
    """What onestop said on an executor, out of all that Spark tells around it."""
    said = re.search(r"onestop\.(\w+Error): (.+(?:\n  \S.*)*)", str(error))
    return getattr(_native, said[1])(said[2]) if said and hasattr(_native, said[1]) else None


def _output(settled: DataFrame, name: str) -> DataFrame:
    return settled.where(F.col(name).isNotNull()).select(f"{name}.*")


def _check(stats: list[dict[str, Any]], ledger: DataFrame | None, digest: str) -> None:
    """Holds the partitions' counts against each other and against the ledger's own."""

    def total(name: str) -> int:
        return sum(partition[name] for partition in stats)

    told = total("settlement_rows") + total("ledger_rejects") + total("other_charge_years")
    if told != total("ledger_rows"):
        raise _native.OnestopError(
            f"of {total('ledger_rows'):,} rows {told:,} are told of\n"
            "  this is a defect of the program; please report it"
        )
    if any(partition["digest"] != digest for partition in stats):
        raise _native.OnestopError("partitions were settled under other policies\n  ship one package to all executors")
    if ledger is None:
        return
    given = ledger.agg(F.count(F.lit(1)).alias("rows"), F.countDistinct(_person(ledger)).alias("persons")).collect()[0]
    for what, there, here in [
        ("rows", given["rows"], total("ledger_rows")),
        ("persons", given["persons"], total("persons_in_ledger")),
    ]:
        if there != here:
            raise _native.OnestopError(
                f"the ledger has {there:,} {what}, the partitions counted {here:,}\n"
                "  the ledger changed while it was read, or a person's rows lie in several partitions; settle it again"
            )


def _person(ledger: DataFrame) -> Column:
    """Persons that the kernel counts: no number is a blank one, or one that is far too long."""
    psn_no = F.col("psn_no")
    return psn_no if _is_int(ledger, "psn_no") else F.when(F.octet_length(psn_no).between(1, _native.MOST_ID), psn_no)


def _column(df: DataFrame, theirs: str, name: str) -> Column:
    column = df["`" + theirs.replace("`", "``") + "`"]
    if isinstance(df.schema[theirs].dataType, T.StringType):
        # Whatever collation it has: texts are told apart and sorted by their bytes.
        column = column.cast("string")
        if name == "psn_no":
            # As the kernel reads it: blanks around a number are no part of it, and no number is a blank one.
            column = F.coalesce(F.regexp_replace(column, r"^[ \t]+|[ \t]+\z", ""), F.lit(""))
    return column.alias(name)


def _is_int(df: DataFrame, name: str) -> bool:
    return not isinstance(df.schema[name].dataType, T.StringType)


def _check_persons(ledger: DataFrame, roster: DataFrame) -> None:
    if _is_int(ledger, "psn_no") != _is_int(roster, "psn_no"):
        raise _native.LedgerError(
            "roster: `psn_no` is text in one and integer in the other of ledger and roster\n"
            "  ids must be of one type throughout; cast them alike"
        )


_TO_ARROW: list[tuple[type[T.DataType], pa.DataType]] = [
    (T.StringType, pa.string()),
    (T.TimestampNTZType, pa.timestamp("us")),
    (T.DateType, pa.date32()),
    (T.BooleanType, pa.bool_()),
    (T.ByteType, pa.int8()),
    (T.ShortType, pa.int16()),
    (T.IntegerType, pa.int32()),
    (T.LongType, pa.int64()),
    (T.FloatType, pa.float32()),
    (T.DoubleType, pa.float64()),
    (T.NullType, pa.null()),
]


def _arrow_schema(df: DataFrame) -> pa.Schema:
    """The columns as the executors will see them. What no column of a ledger can be is binary here, which the
    kernel refuses where it needs the column and leaves alone where not."""
    fields = []
    for field in df.schema.fields:
        of = field.dataType
        if isinstance(of, T.DecimalType):
            arrow = pa.decimal128(of.precision, of.scale)
        elif isinstance(of, T.TimestampType):
            arrow = pa.timestamp("us", tz=df.sparkSession.conf.get("spark.sql.session.timeZone"))
        else:
            arrow = next((arrow for spark, arrow in _TO_ARROW if isinstance(of, spark)), pa.binary())
        fields.append(pa.field(field.name, arrow))
    return pa.schema(fields)


def _struct(schema: pa.Schema) -> T.StructType:
    """The kernel's schema as Spark's: columns are matched by place, so it is made from nothing else."""
    return T.StructType([T.StructField(field.name, _to_spark(field.type)) for field in schema])


def _to_spark(arrow: pa.DataType) -> T.DataType:
    if pa.types.is_decimal(arrow):
        return T.DecimalType(arrow.precision, arrow.scale)
    if pa.types.is_list(arrow):
        return T.ArrayType(_to_spark(arrow.value_type))
    return next(spark() for spark, known in _TO_ARROW if known == arrow)
