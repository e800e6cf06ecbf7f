"""The job's own care: what is there stays until something better is."""

import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Case

pytest.importorskip("pyspark")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Case(tmp_path_factory.mktemp("small"), "jincheng-2023", 300)


def test_the_job_leaves_what_was_there_until_it_has_something_better(small, tmp_path, capsys, monkeypatch):
    """In this process, with a cluster of threads."""
    from onestop import settle_spark

    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    (tmp_path / "spark-defaults.conf").write_text("spark.master local[2]\nspark.ui.enabled false\n")
    inputs = ["--ledger", str(small.ledger_path), "--roster", str(small.roster_path), "--partitions", "2"]
    out = tmp_path / "out"

    def job(*args):
        code = settle_spark.main(["--out", str(out), *args])
        said = capsys.readouterr()
        assert [name for name in os.listdir(tmp_path) if "finished" in name or "earlier" in name] == []
        return code, said.out + said.err

    good = [*inputs, "--policy", small.policy]
    code, said = job(*good)
    assert code == 0 and f"{len(small.ledger):,}" in said
    first = (out / "manifest.json").read_bytes()
    for wrong, part in [
        ([*inputs, "--policy", "atlantis-2023", "--overwrite"], "atlantis"),
        (good, "--overwrite"),
        ([*good, "--ledger", str(tmp_path / "nowhere"), "--overwrite"], "nowhere"),
        ([*good, "--ledger", str(out / "settlement"), "--overwrite"], "lies in"),
        ([*good, "--ledger", str(tmp_path / "*" / "settlement"), "--overwrite"], "lies in"),
    ]:
        code, said = job(*wrong)
        assert code == 1 and part in said and (out / "manifest.json").read_bytes() == first, said
    code, said = job(*good, "--no-audit", "--overwrite")
    assert code == 0 and not (out / "audit").exists() and (out / "manifest.json").read_bytes() != first
    (out / "mine.txt").write_text("kept")
    code, said = job(*good, "--overwrite")
    assert code == 1 and "no run of onestop" in said and (out / "mine.txt").exists()
    (out / "mine.txt").unlink()
    code, said = job(*good, "--overwrite", "--out", f"{out}/../out/.")
    assert code == 0 and (out / "audit").is_dir()
    (out / "manifest.json").write_text('{"program": "another"}')
    (out / ".manifest.json.crc").unlink()
    code, said = job(*good, "--overwrite")
    assert code == 1 and "no run of onestop" in said
    shutil.rmtree(out)
    # A ledger without a row, which carries identities itself.
    empty = tmp_path / "empty.parquet"
    pq.write_table(small.ledger.slice(0, 0).append_column("identity", pa.array([], pa.string())), empty)
    code, said = job("--ledger", str(empty), "--policy", small.policy)
    assert code == 0 and json.loads((out / "manifest.json").read_text())["counts"]["ledger_rows"] == 0
