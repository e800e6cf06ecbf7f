"""Batches against the program: the same rows, byte for byte."""

import datetime
import threading
from decimal import Decimal

import onestop
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import OUTPUTS, ROOT, assert_same, in_order


def push_all(settler, ledger, rows):
    tables = [settler.push(batch) for batch in ledger.to_batches(max_chunksize=rows)] + [settler.finish()]
    joined = {}
    for name in OUTPUTS:
        parts = [t[name] for t in tables if name in t]
        if parts:
            joined[name] = pa.concat_tables(parts)
    return joined


@pytest.mark.parametrize("rows", [7, 97, 1 << 20])
def test_batches_of_any_size_give_what_the_program_gives(case, rows):
    settler = onestop.Settler(case.policy, roster=case.roster)
    ours = push_all(settler, in_order(case.ledger).combine_chunks(), rows)
    assert len(ours["rejects"]) > 20
    for name in OUTPUTS:
        native = case.native(name)
        if native.num_rows or name in ours:
            assert_same(name, ours[name], native)
    stats = settler.stats()
    assert stats["ledger_rows"] == len(case.ledger)
    assert stats["settlement_rows"] == len(ours["settlement"]) and stats["audit_rows"] == len(ours["audit"])
    assert stats["settlement_rows"] + stats["ledger_rejects"] == stats["ledger_rows"]
    for name, fen in stats["fen"].items():
        assert Decimal(fen).scaleb(-2) == (pc.sum(ours["settlement"][name]).as_py() or 0), name


def test_persons_are_settled_while_others_still_come(large):
    settler = onestop.Settler(large.policy, roster=large.roster)
    ours = push_all(settler, in_order(large.ledger).combine_chunks(), 10_007)
    for name in OUTPUTS:
        assert_same(name, ours[name], large.native(name))


def test_a_person_of_many_rows_is_held_together(large):
    one = pc.index_in(large.ledger["psn_no"], pa.array([large.ledger["psn_no"][0].as_py()]))
    ledger = pa.concat_tables([large.ledger.filter(pc.is_valid(one))] * 1)
    rows = pa.concat_tables([ledger] * (70_000 // len(ledger))).combine_chunks()
    ids = pa.array([f"N{row}" for row in range(len(rows))])
    rows = rows.set_column(rows.schema.get_field_index("setl_id"), "setl_id", ids)
    settler = onestop.Settler(large.policy, roster=large.roster)
    ours = push_all(settler, rows, 1_000)
    assert_same("audit", ours["audit"], onestop.settle(rows, large.roster, large.policy).audit)


def test_a_roster_may_come_with_its_persons(large):
    case = large
    settler = onestop.Settler(case.policy, roster=True)
    ledger, roster = in_order(case.ledger), case.roster.sort_by("psn_no")
    tables = []
    cuts = [*sorted({p for p in ledger["psn_no"].to_pylist() if p})[::300], "~"]
    persons = pc.fill_null(pc.utf8_trim(ledger["psn_no"], " \t"), "")
    last = ""
    for cut in cuts:
        due, late = (pc.and_(pc.greater_equal(c, last), pc.less(c, cut)) for c in (roster["psn_no"], persons))
        settler.push_roster(roster.filter(due))
        tables.append(settler.push(ledger.filter(late)))
        last = cut
    tables.append(settler.finish())
    for name in ("settlement", "audit"):
        assert_same(name, pa.concat_tables([t[name] for t in tables if name in t]), case.native(name))


@pytest.mark.parametrize(
    "as_table",
    [pl.from_arrow, lambda t: t.to_pandas(types_mapper=pd.ArrowDtype), lambda t: t],
    ids=["polars", "pandas", "pyarrow"],
)
def test_tables_of_polars_pandas_and_pyarrow_give_what_the_program_gives(case, as_table):
    run = onestop.settle(as_table(case.ledger), as_table(case.roster), case.policy)
    for name in (*OUTPUTS, "clauses", "subsidies"):
        assert_same(name, run.table(name), case.native(name))


def test_pandas_of_decimals_and_stamps_is_read_as_well(case):
    ledger = in_order(case.ledger).to_pandas()
    assert ledger["setl_time"].dtype.kind == "M"
    run = onestop.settle(ledger, case.roster.to_pandas(date_as_object=True), case.policy)
    assert_same("settlement", run.settlement, case.native("settlement"))


def test_files_are_settled_as_the_program_does(case, tmp_path):
    run = onestop.settle(case.ledger_path, case.roster_path, case.policy, out=tmp_path / "out")
    for name in OUTPUTS:
        assert (tmp_path / "out" / f"{name}.parquet").read_bytes() == (case.out / f"{name}.parquet").read_bytes()
    assert run.manifest["counts"]["ledger_rows"] == len(case.ledger)
    with pytest.raises(onestop.OutputError, match="force"):
        onestop.settle(case.ledger_path, case.roster_path, case.policy, out=tmp_path / "out")
    onestop.settle(case.ledger_path, case.roster_path, case.policy, out=tmp_path / "out", force=True)


def test_a_year_is_explained_in_both_languages(case):
    run = onestop.settle(case.ledger, case.roster, case.policy)
    person = next(p for p in run.audit["psn_no"].to_pylist())
    told = run.explain(person)
    assert person in told and "within scope" in told
    assert told != run.explain(person, lang="zh")
    assert onestop.explain(case.out, person) == told
    with pytest.raises(onestop.OutputError):
        run.explain("nobody")
    with pytest.raises(onestop.OnestopError, match="en or zh"):
        run.explain(person, lang="de")


def test_a_result_shows_its_totals_and_takes_its_folder_with_it(case):
    run = onestop.settle(case.ledger, case.roster, case.policy)
    folder = run.folder
    assert folder.is_dir() and f"{len(case.ledger):,}" in repr(run) and "<table>" in run._repr_html_()
    with pytest.raises(onestop.OutputError, match="orders"):
        run.table("orders")
    del run
    assert not folder.exists()


def test_policies_are_listed_and_a_changed_one_is_settled_under(case):
    shipped = onestop.policies()
    assert {p.id for p in shipped} >= {"weihai-2023", "weihai-etdz-2017", "erenhot-2023", "jincheng-2023"}
    mine = next(p for p in shipped if p.id == case.policy)
    assert mine.document and isinstance(mine.valid_from, datetime.date) and mine.text
    same = onestop.settle(case.ledger, case.roster, mine)
    assert_same("audit", same.audit, case.native("audit"))
    import dataclasses

    broken = dataclasses.replace(mine, text=mine.text + "\n[colour]\nred = 1\n")
    with pytest.raises(onestop.PolicyError, match="colour"):
        onestop.Settler(broken)


def test_digests_tell_policies_values_and_options_apart(tmp_path):
    params = tmp_path / "mine.toml"
    params.write_text("")
    digests = {
        onestop.Settler("weihai-2023", roster=True).digest,
        onestop.Settler("jincheng-2023", roster=True).digest,
        onestop.Settler("weihai-2023", params, roster=True).digest,
        onestop.Settler("weihai-2023", roster=True, year=2024).digest,
        onestop.Settler("weihai-2023", roster=True, audit=False).digest,
    }
    assert len(digests) == 5
    assert onestop.Settler("weihai-2023", roster=False).digest in digests


def test_years_are_charged_as_the_program_charges_them(case):
    settler = onestop.Settler(case.policy, roster=case.roster, year=case.year, audit=False)
    ours = push_all(settler, in_order(case.ledger).combine_chunks(), 1_000)
    run = onestop.settle(case.ledger, case.roster, case.policy, year=case.year, audit=False)
    assert_same("settlement", ours["settlement"], run.settlement)
    assert "audit" not in ours
    with pytest.raises(onestop.OutputError, match="audit"):
        run.table("audit")
    other = settler.stats()["other_charge_years"]
    assert other == run.manifest["counts"]["other_charge_years"]


def test_an_empty_ledger_is_settled_to_nothing(case):
    settler = onestop.Settler(case.policy, roster=case.roster)
    assert settler.push(case.ledger.slice(0, 0)) == {}
    # Without rows a frame of pandas has no types, and that says nothing.
    settler.push(case.ledger.slice(0, 0).to_pandas().astype(object))
    settler.push_roster(case.roster.slice(0, 0).to_pandas().astype(object))
    assert set(settler.finish()) <= {"rejects"}
    assert settler.stats()["settlement_rows"] == 0
    run = onestop.settle(case.ledger.slice(0, 0), case.roster, case.policy)
    assert len(run.settlement) == 0


def without(ledger, name):
    return ledger.drop_columns([name])


def with_type(ledger, name, data_type):
    at = ledger.schema.get_field_index(name)
    return ledger.set_column(at, name, ledger[name].cast(data_type, safe=False))


WRONG = {
    "no person": (lambda t: without(t, "psn_no"), "psn_no"),
    "zoned": (lambda t: with_type(t, "setl_time", pa.timestamp("us", "Asia/Shanghai")), "time zone"),
    "float": (lambda t: with_type(t, "hifp_pay", pa.float64()), "allow_float"),
    "scale of 1": (lambda t: with_type(t, "medfee_sumamt", pa.decimal128(18, 1)), r"decimal\(18,2\)"),
    "scale of 0": (lambda t: with_type(t, "hifp_pay", pa.decimal128(18, 0)), r"decimal\(18,2\)"),
    "no care": (lambda t: t.drop_columns([c for c in t.column_names if c in ("care", "med_type")]), "med_type"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_columns_is_said_before_a_row_is_settled(case, wrong):
    change, said = WRONG[wrong]
    settler = onestop.Settler(case.policy, roster=True)
    with pytest.raises(onestop.LedgerError, match=said):
        settler.push(change(case.ledger.slice(0, 100)))
    with pytest.raises(onestop.LedgerError, match="new one"):
        settler.push(case.ledger.slice(0, 100))


def test_persons_out_of_order_are_refused(case):
    ledger = in_order(case.ledger)
    settler = onestop.Settler(case.policy, roster=True)
    with pytest.raises(onestop.LedgerError, match="order of persons") as error:
        settler.push(pa.concat_tables([ledger.slice(1_000, 500), ledger.slice(0, 500)]).combine_chunks())
    # Logs are many people's.
    assert "P0" not in str(error.value)


def test_a_roster_that_comes_late_or_unannounced_is_refused(large):
    settler = onestop.Settler(large.policy, roster=True)
    settler.push(in_order(large.ledger).combine_chunks())
    late = large.roster.sort_by("psn_no").slice(0, 1)
    with pytest.raises(onestop.LedgerError, match="settled before"):
        settler.push_roster(late)
    with pytest.raises(onestop.LedgerError, match="announced"):
        onestop.Settler(large.policy, roster=False).push_roster(late)


def test_wrong_options_are_said_at_once(case):
    with pytest.raises(onestop.PolicyError, match="atlantis"):
        onestop.Settler("atlantis-2023")
    with pytest.raises(onestop.PolicyError, match="as_if"):
        onestop.Settler(case.policy, year=1999)
    with pytest.raises(onestop.OnestopError, match="roster"):
        onestop.Settler(case.policy, as_known="2024-05-31")
    with pytest.raises(onestop.OnestopError, match="YYYY-MM-DD"):
        onestop.Settler(case.policy, roster=True, as_known="yesterday")
    with pytest.raises(onestop.OnestopError, match="colour"):
        onestop.Settler(case.policy, columns={"colour": "red"})
    with pytest.raises(onestop.OnestopError, match="check the path"):
        onestop.Settler(case.policy, "no such file")
    with pytest.raises(onestop.OnestopError, match="one is needed"):
        onestop.settle(case.ledger, case.roster, case.policy, threads=0)
    for year in ("2024", True):
        with pytest.raises(TypeError, match="year"):
            onestop.Settler(case.policy, year=year)
    with pytest.raises(TypeError, match="year"):
        onestop.Settler(case.policy, year="2024")
    with pytest.raises(onestop.OnestopError, match="no ledger"):
        onestop.settle([], case.roster, case.policy)
    onestop.Settler(case.policy, as_of=datetime.datetime(2025, 1, 1, 12))
    with pytest.raises(TypeError, match="Arrow"):
        onestop.Settler(case.policy).push([1, 2, 3])
    with pytest.raises(TypeError):
        onestop.Settler(case.policy, colour="red")


def test_columns_of_other_names_are_renamed(case):
    ledger = in_order(case.ledger).rename_columns({"psn_no": "ID"})
    roster = case.roster.rename_columns({"psn_no": "ID"})
    settler = onestop.Settler(case.policy, roster=roster, columns={"psn_no": "ID"})
    assert_same("audit", push_all(settler, ledger.combine_chunks(), 5_000)["audit"], case.native("audit"))


def test_a_column_that_is_not_there_is_not_renamed_without_a_word(case):
    settler = onestop.Settler(case.policy, roster=True, columns={"maf_pay": "TYPO"})
    with pytest.raises(onestop.LedgerError, match=r"(?i)typo"):
        settler.push(case.ledger)


def test_two_columns_may_change_places(case):
    columns = {"maf_pay": "oth_pay", "oth_pay": "maf_pay"}
    names = {"maf_pay": "oth_pay", "oth_pay": "maf_pay"}
    swapped = in_order(case.ledger).rename_columns([names.get(n, n) for n in case.ledger.column_names])
    settler = onestop.Settler(case.policy, roster=case.roster, columns=columns)
    assert_same(
        "settlement", push_all(settler, swapped.combine_chunks(), 5_000)["settlement"], case.native("settlement")
    )


def test_a_settler_that_has_finished_takes_nothing_more(case):
    settler = onestop.Settler(case.policy, roster=case.roster)
    settler.push(in_order(case.ledger))
    settler.finish()
    for again in (settler.finish, lambda: settler.push(case.ledger), lambda: settler.push_roster(case.roster)):
        with pytest.raises(onestop.LedgerError, match="finished"):
            again()
    assert settler.stats()["ledger_rows"] == len(case.ledger)


def test_persons_are_of_one_type_throughout(case):
    numbers = pa.table({"psn_no": [7], "identity": ["nobleman"], "begndate": [datetime.date(2024, 1, 1)]})
    texts = numbers.set_column(0, "psn_no", pa.array(["7"]))
    settler = onestop.Settler(case.policy, roster=numbers)
    with pytest.raises(onestop.LedgerError, match="one type"):
        settler.push_roster(texts)
    settler = onestop.Settler(case.policy, roster=numbers)
    with pytest.raises(onestop.LedgerError, match="one type"):
        settler.push(case.ledger)
    # Rejects of a roster alone show its numbers.
    assert onestop.Settler(case.policy, roster=numbers).finish()["rejects"]["psn_no"].to_pylist() == ["7"]


def test_times_of_any_unit_and_columns_that_nobody_reads_are_taken(case):
    ledger, roster = case.ledger, case.roster
    for unit in (pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ns")):
        ledger = with_type(case.ledger, "setl_time", unit)
        dated = with_type(roster, "begndate", pa.date64())
        listed = pa.array([datetime.date(2024, 5, 1)] * len(ledger), pa.date64()).dictionary_encode()
        dated = dated.append_column("days", listed.slice(0, len(dated)))
        odd = pa.array([pa.MonthDayNano([1, 2, 3])] * len(ledger), pa.month_day_nano_interval())
        union = pa.UnionArray.from_sparse(pa.array([0] * len(ledger), pa.int8()), [pa.array(range(len(ledger)))])
        wide = ledger.append_column("odd", odd).append_column("union", union)
        wide = wide.append_column("list", pa.array([[1]] * len(ledger)))
        wide = wide.append_column("tens", pa.nulls(len(ledger), pa.decimal128(5, -1)))
        wide = wide.append_column("nothing", pa.nulls(len(ledger), pa.binary(0)))
        run = onestop.settle(wide, dated, case.policy)
        assert_same("settlement", run.settlement, case.native("settlement"))


def test_whole_yuan_of_pandas_are_no_rounded_ones(case):
    ledger = in_order(case.ledger).slice(0, 50)
    whole = [Decimal(int(fee)) for fee in ledger["ext_comp_amt"].to_pylist()]
    frame = ledger.to_pandas().assign(ext_comp_amt=whole)
    settler = onestop.Settler(case.policy, roster=case.roster)
    settler.push(frame)
    assert settler.finish()["settlement"].num_rows + settler.stats()["ledger_rejects"] == 50


def test_text_that_is_none_is_an_error_of_the_ledger(case):
    text = pa.array(["ab"] * 3).buffers()
    broken = pa.Array.from_buffers(pa.string(), 3, [None, text[1], pa.py_buffer(b"\xff\xfe\xff\xfe\xff\xfe")])
    batch = pa.record_batch({"psn_no": broken})
    with pytest.raises(onestop.LedgerError, match="sound Arrow"):
        onestop.Settler(case.policy, roster=True).push(batch)


def test_values_that_nobody_confirmed_are_told_of(large):
    with pytest.warns(onestop.UnconfirmedWarning, match=r"Shandong 2023 = .* \(reported\)"):
        run = onestop.settle(large.ledger, large.roster, large.policy)
    settler = onestop.Settler(large.policy, roster=large.roster)
    settler.push(in_order(large.ledger))
    with pytest.warns(onestop.UnconfirmedWarning, match="Shandong 2023"):
        settler.finish()
    # Subsidies alone need the others.
    told = {u["parameter"] for u in run.manifest["parameters"]["used"]}
    assert {value.partition(" 20")[0] for value in settler.stats()["unconfirmed"]} <= told


def test_a_roster_that_does_not_tell_when_it_was_recorded_is_told_of(case):
    with pytest.warns(onestop.KnownOnWarning):
        onestop.settle(case.ledger, case.roster, case.policy, as_known="2024-12-31")
    with pytest.warns(onestop.KnownOnWarning):
        onestop.Settler(case.policy, roster=case.roster, as_known="2024-12-31")


def test_other_threads_go_on_while_it_settles(case):
    """The interpreter's lock is released: another thread counts while batches are pushed."""
    ledger = in_order(case.ledger).combine_chunks().to_batches()[0]
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            stop.wait(0.0005)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        for _ in range(5):
            settler = onestop.Settler(case.policy, roster=case.roster)
            settler.push(ledger)
            settler.finish()
        assert counted[0] > before
    finally:
        stop.set()
        thread.join()


def test_the_five_lines_of_the_readme_settle_the_sample(capsys, monkeypatch):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = text.split("```python\n")[1].split("```")[0]
    assert len(lines.splitlines()) == 5
    monkeypatch.chdir(ROOT)
    exec(compile(lines, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "15,290" in said and "medfee_sumamt" in said and "188,185.59" in said
