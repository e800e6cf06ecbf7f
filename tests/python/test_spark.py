"""Spark with executors of their own against the program: the same rows, byte for byte, also after a loss."""

import glob
import json
import os
import shutil
import signal
import subprocess
import threading

import pyarrow.parquet as pq
import pytest
from conftest import OUTPUTS, Case, assert_same

pytest.importorskip("pyspark")

import onestop
import onestop.spark
import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

PARTITIONS = 8
PERSONS = int(os.environ.get("ONESTOP_SPARK_PERSONS", "100000"))


@pytest.fixture(scope="module")
def spark():
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.sql.shuffle.partitions", str(PARTITIONS))
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "Asia/Shanghai")
        .config("spark.task.maxFailures", "8")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    return Case(tmp_path_factory.mktemp("big"), "weihai-2023", PERSONS)


def written(df, folder):
    df.write.parquet(str(folder))
    return pq.read_table(folder)


def test_a_large_ledger_gives_what_the_program_gives(spark, big, tmp_path):
    ledger, roster = spark.read.parquet(str(big.ledger_path)), spark.read.parquet(str(big.roster_path))
    done = onestop.spark.settle(ledger, roster, big.policy)
    for name in OUTPUTS:
        assert_same(name, written(getattr(done, name), tmp_path / name), big.native(name))
    assert done.total("ledger_rows") == len(big.ledger)
    assert any("Shandong 2023" in value for value in done.unconfirmed)
    done.unpersist()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Case(tmp_path_factory.mktemp("small"), "jincheng-2023", 1_500)


def read(spark, case):
    return spark.read.parquet(str(case.ledger_path)), spark.read.parquet(str(case.roster_path))


def executors():
    """Process numbers of the executors."""
    found = []
    for process in os.listdir("/proc"):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as line:
                if b"CoarseGrainedExecutorBackend" in line.read():
                    found.append(int(process))
        except OSError:
            continue
    return sorted(found)


class Killer(threading.Thread):
    """Kills one of two executors in every stage that runs long enough to be seen at work."""

    def __init__(self, spark):
        super().__init__(daemon=True)
        self.tracker = spark.sparkContext.statusTracker()
        self.killed, self.over = {}, threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            for stage in self.tracker.getActiveStageIds():
                info = self.tracker.getStageInfo(stage)
                running = executors()
                if info and info.numActiveTasks and stage not in self.killed and len(running) == 2:
                    os.kill(running[len(self.killed) % 2], signal.SIGKILL)
                    self.killed[stage] = (info.name, info.numTasks)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def test_an_executor_killed_in_every_stage_changes_nothing(spark, big, tmp_path):
    ledger, roster = read(spark, big)
    # Several tasks read the ledger, so that some are done when one is lost.
    with Killer(spark) as killer:
        done = onestop.spark.settle(ledger, roster, big.policy)
        settled = len(killer.killed)
        tables = {name: written(getattr(done, name), tmp_path / name) for name in OUTPUTS}
    done.unpersist()
    # In the reading and moving of the rows and in the settling; then in the writing of what was settled. A stage that
    # is over before two executors are there again may be spared.
    assert settled >= 2 and len(killer.killed) > settled, killer.killed
    assert any(tasks == PARTITIONS for _, tasks in list(killer.killed.values())[:settled]), killer.killed
    for name, table in tables.items():
        assert_same(name, table, big.native(name))


def test_batches_of_97_rows_change_nothing(spark, small, tmp_path):
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "97")
    try:
        done = onestop.spark.settle(*read(spark, small), small.policy, partitions=3)
        assert len(done.stats) == 3
        for name in OUTPUTS:
            if small.native(name).num_rows:
                assert_same(name, written(getattr(done, name), tmp_path / name), small.native(name))
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    done.unpersist()


def test_persons_of_whole_numbers_are_settled_alike(spark, small, tmp_path):
    def numbered(df, *names):
        for name in names:
            df = df.withColumn(name, F.expr(f"try_cast(regexp_replace({name}, '[^0-9]', '') as bigint)"))
        return df

    ledger, roster = read(spark, small)
    ledger = numbered(ledger, "psn_no", "setl_id", "init_setl_id")
    roster = numbered(roster, "psn_no")
    done = onestop.spark.settle(ledger, roster, small.policy)
    native = onestop.settle(written(ledger, tmp_path / "ledger"), written(roster, tmp_path / "roster"), small.policy)
    for name in ("settlement", "audit"):
        assert_same(name, written(getattr(done, name), tmp_path / name), native.table(name))
    done.unpersist()


def test_a_ledger_without_rows_is_settled_to_nothing(spark, small):
    ledger, roster = read(spark, small)
    done = onestop.spark.settle(ledger.limit(0), roster, small.policy)
    assert done.settlement.count() == 0 and done.total("ledger_rows") == 0
    done.unpersist()


def test_columns_by_other_names_are_renamed_once(spark, small, tmp_path):
    ledger, roster = read(spark, small)
    theirs = {"maf_pay": "oth_pay", "oth_pay": "maf_pay", "psn_no": "PERSON"}
    swapped = ledger.toDF(*[theirs.get(name, name) for name in ledger.columns])
    columns = {"maf_pay": "oth_pay", "oth_pay": "maf_pay", "psn_no": "person"}
    done = onestop.spark.settle(swapped, roster.withColumnRenamed("psn_no", "person"), small.policy, columns=columns)
    for name in ("settlement", "persons"):
        assert_same(name, written(getattr(done, name), tmp_path / name), small.native(name))
    done.unpersist()
    with pytest.raises(onestop.LedgerError, match=r"(?i)typo"):
        onestop.spark.settle(ledger, roster, small.policy, columns={"maf_pay": "TYPO"})


def test_persons_are_told_apart_as_the_program_tells_them(spark, small, tmp_path):
    """Blanks are trimmed and a line's end is not, a number far too long is none, whatever order a text goes by."""
    ledger, roster = read(spark, small)
    odd = F.when(F.hash("setl_id") % 50 == 0, F.concat("psn_no", F.lit(" \n")))
    odd = odd.when(F.hash("setl_id") % 50 == 1, F.concat(F.lit("\t "), "psn_no", F.lit("\t")))
    odd = odd.when(F.hash("setl_id") % 50 == 2, F.repeat(F.lit("x"), 2_000)).otherwise(F.col("psn_no"))
    ledger = ledger.withColumn("psn_no", odd)
    native = onestop.settle(written(ledger, tmp_path / "ledger"), small.roster, small.policy)
    assert native.manifest["counts"]["rejects_by_reason"]["null_required"] > 100
    if not pyspark.__version__.startswith("3"):
        ledger = ledger.withColumn("psn_no", F.collate("psn_no", "UNICODE_CI"))
    done = onestop.spark.settle(ledger, roster, small.policy, partitions=3)
    for name in ("settlement", "rejects"):
        assert_same(name, written(getattr(done, name), tmp_path / name), native.table(name))
    done.unpersist()


def test_the_package_may_be_sent_twice(spark):
    onestop.spark.ship(spark)
    onestop.spark.ship(spark)


def test_rows_may_wait_on_the_clusters_storage(spark, small, tmp_path):
    staging = tmp_path / "rows"
    done = onestop.spark.settle(*read(spark, small), small.policy, partitions=2, staging=str(staging))
    assert staging.is_dir() and done.partitions(spark).count() == len(done.stats) == 2
    assert_same("audit", written(done.audit, tmp_path / "audit"), small.native("audit"))


WRONG = {
    "no person": (lambda df: df.drop("psn_no"), "psn_no"),
    "zoned": (lambda df: df.withColumn("setl_time", F.col("setl_time").cast("timestamp")), "time zone"),
    "scale of 1": (
        lambda df: df.withColumn("hifp_pay", F.col("hifp_pay").cast("decimal(18,1)")),
        r"hifp_pay.*decimal\(18,2\)",
    ),
    "float": (lambda df: df.withColumn("medfee_sumamt", F.col("medfee_sumamt").cast("double")), "float"),
    "two scales": (
        lambda df: df.withColumn("medfee_sumamt", F.col("medfee_sumamt").cast("decimal(10,0)")),
        r"medfee_sumamt.*decimal\(18,2\)",
    ),
    "a list": (lambda df: df.withColumn("insutype", F.array("insutype")), "insutype"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_columns_is_said_before_anything_is_moved(spark, small, wrong):
    change, said = WRONG[wrong]
    ledger, roster = read(spark, small)
    with pytest.raises(onestop.LedgerError, match=f"(?s){said}"):
        onestop.spark.settle(change(ledger), roster, small.policy)


def test_persons_need_a_partition(spark, small):
    with pytest.raises(onestop.OnestopError, match="one at least"):
        onestop.spark.settle(*read(spark, small), small.policy, partitions=0)


def test_ids_of_two_types_are_refused(spark, small):
    ledger, roster = read(spark, small)
    roster = roster.withColumn("psn_no", F.regexp_replace("psn_no", "[^0-9]", "").cast("bigint"))
    with pytest.raises(onestop.LedgerError, match="one type"):
        onestop.spark.settle(ledger, roster, small.policy)


def test_a_person_in_two_partitions_is_noticed(spark, small, monkeypatch):
    ledger, roster = read(spark, small)
    scattered = ledger.repartition(4).localCheckpoint()
    monkeypatch.setattr(type(scattered), "repartition", lambda self, *_: self)
    with pytest.raises(onestop.OnestopError, match="persons, the partitions counted"):
        onestop.spark.settle(scattered, roster.limit(0), small.policy)


def test_what_an_executor_says_is_told_as_onestops_own(spark, small, monkeypatch):
    task = onestop.spark.Task
    monkeypatch.setattr(onestop.spark, "Task", lambda text, digest, *rest: task(text, "of another", *rest))
    with pytest.raises(onestop.OnestopError, match=r"(?s)executor's onestop.*ship the driver's package"):
        onestop.spark.settle(*read(spark, small), small.policy, partitions=2)


def test_an_executor_with_another_policy_is_noticed(small):
    from onestop import _options, _partition

    task = _partition.Task(_options.options("weihai-2023"), "of another", True, False, False)
    with pytest.raises(onestop.OnestopError, match="ship the driver's package"):
        list(_partition.settle(iter([]), task))


def submit(driver, executor, *args, archive=None):
    """Submits the job as the README does, with Pythons of their own on driver and executors."""
    import pyspark

    home = os.path.dirname(pyspark.__file__)
    job = os.path.join(os.path.dirname(onestop.__file__), "settle_spark.py")
    ship = ["--archives", f"{archive}#onestop_wheel"] if archive else []
    command = [
        os.path.join(home, "bin", "spark-submit"),
        "--master",
        "local-cluster[2,1,1024]",
        *ship,
        job,
        *map(str, args),
    ]
    paths = os.pathsep.join([home + "/python", *glob.glob(home + "/python/lib/*.zip")])
    env = {
        **os.environ,
        "SPARK_HOME": home,
        "PYSPARK_PYTHON": executor,
        "PYSPARK_DRIVER_PYTHON": driver,
        "PYTHONPATH": paths,
    }
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd="/")


def test_the_job_runs_where_nothing_but_pyarrow_is_installed(small, tmp_path):
    driver, bare, wheel = (os.environ.get(f"ONESTOP_{name}") for name in ("DRIVER_PYTHON", "BARE_PYTHON", "WHEEL"))
    if not (driver and bare and wheel):
        pytest.skip(
            "ONESTOP_WHEEL names the wheel, ONESTOP_BARE_PYTHON a Python with pyarrow alone, "
            "ONESTOP_DRIVER_PYTHON one with pyarrow and the pandas that PySpark asks for; neither has onestop"
        )
    archive = shutil.copy(wheel, tmp_path / (os.path.basename(wheel) + ".zip"))
    out = tmp_path / "out"
    args = [
        "--ledger",
        small.ledger_path,
        "--roster",
        small.roster_path,
        "--policy",
        small.policy,
        "--partitions",
        4,
        "--out",
        f"file://{out}",
    ]
    done = submit(driver, bare, *args, archive=archive)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{len(small.ledger):,}" in done.stdout
    for name in OUTPUTS:
        if small.native(name).num_rows:
            assert_same(name, pq.read_table(out / name), small.native(name))
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"]["ledger_rows"] == len(small.ledger)
    assert sorted(os.listdir(tmp_path)) == sorted([os.path.basename(archive), "out"])
    # spark-submit hands on what Python says, on stdout.
    again = submit(driver, bare, *args, archive=archive)
    assert again.returncode == 1 and "--overwrite" in again.stdout
    without = submit(driver, bare, *args, "--overwrite")
    assert without.returncode == 1 and "--archives" in without.stdout
