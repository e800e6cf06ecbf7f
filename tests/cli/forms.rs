//! Every form in which a ledger may come settles to the same rows.

use crate::desk::{Desk, Edit, POLICY, Sheet, cells, holds, stay};
use crate::support::program::Settle;
use crate::support::table::{Row, Table};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Claims that use columns of every kind. Amounts are whole yuan, so that they may come as integers.
fn rows() -> Vec<Row> {
    let full = |psn_no: &str, setl_id: &str| {
        stay(psn_no, setl_id)
            .with("identity", "tekun")
            .with("oth_pay", "100")
            .with("maf_pay", "50")
            .with("hosp_lv", "3")
            .with("refd_setl_flag", "0")
            .with("vali_flag", "1")
            .with("designated", "true")
            .with("mdtrtarea_admvs", "371000")
    };
    vec![
        full("1", "10"),
        full("2", "11").with("insutype", "310").with("care", "chronic").with("designated", "false"),
        full("3", "12").with("setl_time", "2023-05-01T00:00:00").without("hosp_lv").without("maf_pay"),
    ]
}

/// Settles a ledger that carries identities.
fn settled_with(write: impl FnOnce(&Desk), change: impl FnOnce(Settle) -> Settle) -> Table {
    let desk = Desk::new();
    write(&desk);
    desk.done(change(desk.settle()));
    assert!(desk.read("rejects").rows.is_empty(), "{:?}", desk.read("rejects").rows);
    desk.read("settlement")
}

fn settled(sheet: &Sheet) -> Table {
    settled_with(|desk| drop(sheet.lay(desk, "ledger.parquet")), |settle| settle)
}

/// A form settles to the same rows as the usual one.
fn alike(what: &str, sheet: &Sheet) {
    assert_eq!(settled(sheet).rows, settled(&Sheet::of(&rows())).rows, "{what}");
}

fn sheet() -> Sheet {
    Sheet::of(&rows())
}

const MONEY: DataType = DataType::Decimal128(18, 2);

#[test]
fn the_usual_form_settles_to_the_figures_that_a_clerk_computes() {
    let table = settled(&sheet());
    let found = cells(&table, &["psn_no", "insutype", "basic_pay", "ma_pay", "psn_burden", "payable_ma", "reason"]);
    // Stay: 8 000 − 5 100 = 2 900, of which 70 %. Not designated: nothing.
    assert_eq!(found[0], ["1", "390", "5100.00", "2030.00", "2870.00", "1980.00", ""]);
    assert_eq!(found[1], ["2", "310", "5100.00", "0.00", "4900.00", "-50.00", "not_designated"]);
    assert_eq!(found[2], ["3", "390", "5100.00", "2030.00", "2870.00", "2030.00", ""]);
}

#[test]
fn headers_in_upper_case_and_padded_are_the_same() {
    alike("upper case", &sheet().rename("psn_no", "PSN_NO").rename("medfee_sumamt", "MedFee_SumAmt"));
    alike("padded", &sheet().rename("hifp_pay", " hifp_pay\t").rename("care", "\tCare "));
    alike("byte order mark", &sheet().rename("care", "\u{feff}care"));
}

#[test]
fn the_other_names_of_the_platforms_tables_are_the_same() {
    let renamed = sheet()
        .rename("inscp_scp_amt", "inscp_amt")
        .rename("oth_pay", "OTHFUND_PAY")
        .rename("identity", "psn_idet_type");
    for area in ["fix_blng_admdvs", "fixmedins_poolarea"] {
        alike(area, &renamed.clone().rename("mdtrtarea_admvs", area));
    }
}

#[test]
fn a_users_own_names_are_given_with_column() {
    let theirs = sheet().rename("psn_no", "GRBH").rename("setl_time", "结算时间").rename("oth_pay", "其他");
    let change = |settle: Settle| {
        settle
            .option("--column", "psn_no=grbh")
            .option("--column", "SETL_TIME = 结算时间")
            .option("--column", "oth_pay=其他")
    };
    let table = settled_with(|desk| drop(theirs.lay(desk, "ledger.parquet")), change);
    assert_eq!(table.rows, settled(&sheet()).rows);
}

#[test]
fn a_users_own_names_and_codes_are_given_with_a_codes_file() {
    let theirs = sheet().rename("psn_no", "grbh").without("care").without("identity");
    let theirs = theirs
        .put("med_type", Arc::new(StringArray::from(vec!["ZY", "MZ9", "ZY"])))
        .put("identity", Arc::new(StringArray::from(vec!["五保", "五保", "2304"])));
    let codes = "[columns]\nGRBH = \"psn_no\"\n[identity]\n\"五保\" = \"tekun\"\n[med_type]\nZY = \"inpatient\"\nMZ9 = \"chronic\"\n";
    let desk = Desk::new();
    theirs.lay(&desk, "ledger.parquet");
    let codes = desk.text("codes.toml", codes);
    desk.done(desk.settle().option("--codes", codes));
    assert_eq!(desk.read("settlement").rows, settled(&sheet()).rows);
}

#[test]
fn columns_that_nobody_knows_are_ignored_whatever_their_type() {
    alike("a float", &sheet().put("temperature", Arc::new(Float64Array::from(vec![36.6, 37.0, 41.2]))));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["Zhang", "Li", "Wang"]));
    alike("a name", &sheet().put("psn_name", texts));
}

#[test]
fn codes_are_trimmed() {
    let padded = |name: &str, sheet: Sheet| {
        let column = sheet.column(name);
        let texts = column.as_string::<i32>().iter().map(|t| t.map(|t| format!(" {t}\t")));
        sheet.put(name, Arc::new(texts.collect::<StringArray>()))
    };
    let names = ["psn_no", "setl_id", "insutype", "care", "vali_flag", "refd_setl_flag", "hosp_lv", "identity"];
    alike("padded codes", &names.iter().fold(sheet(), |sheet, name| padded(name, sheet)));
}

#[test]
fn blank_text_is_null() {
    let blank: ArrayRef = Arc::new(StringArray::from(vec![" ", "", "\t"]));
    alike(
        "blank",
        &["referral", "excl_cause", "fee_class", "init_setl_id"].iter().fold(sheet(), |s, n| s.put(n, blank.clone())),
    );
}

#[test]
fn codes_may_be_integers_of_any_width() {
    for width in [DataType::Int8, DataType::UInt8, DataType::Int16, DataType::Int32, DataType::UInt32] {
        alike(
            &format!("flags as {width}"),
            &["hosp_lv", "vali_flag", "refd_setl_flag"].iter().fold(sheet(), |s, n| s.cast(n, &width)),
        );
    }
    for width in [DataType::Int16, DataType::UInt16, DataType::Int32, DataType::Int64, DataType::UInt64] {
        alike(&format!("insutype as {width}"), &sheet().cast("insutype", &width));
        let visits: ArrayRef = Arc::new(Int64Array::from(vec![21, 14, 22]));
        alike(
            &format!("med_type as {width}"),
            &sheet().without("care").put("med_type", visits).cast("med_type", &width),
        );
    }
}

#[test]
fn the_care_kind_wins_over_the_visit_type() {
    let visits: ArrayRef = Arc::new(StringArray::from(vec!["41", "777", "51"]));
    alike("care", &sheet().put("med_type", visits));
}

#[test]
fn flags_may_be_true_or_false_numbers_or_text() {
    for to in [DataType::Int32, DataType::Int64, DataType::Utf8] {
        alike(&format!("designated as {to}"), &sheet().cast("designated", &to));
    }
    let words: ArrayRef = Arc::new(StringArray::from(vec!["TRUE", "False", "1"]));
    alike("designated in words", &sheet().put("designated", words));
    let flag = sheet().cast("refd_setl_flag", &DataType::Int32).cast("refd_setl_flag", &DataType::Boolean);
    alike("refd_setl_flag as a truth value", &flag);
    let flag = sheet().cast("vali_flag", &DataType::Int32).cast("vali_flag", &DataType::Boolean);
    alike("vali_flag as a truth value", &flag);
}

#[test]
fn money_may_be_whole_yuan_or_text() {
    for width in [DataType::Int16, DataType::Int32, DataType::Int64, DataType::UInt32, DataType::UInt64] {
        alike(&format!("{width}"), &sheet().cast_all(&MONEY, &width));
    }
    alike("text", &sheet().cast_all(&MONEY, &DataType::Utf8));
    let padded: ArrayRef = Arc::new(StringArray::from(vec![" 10000\t", "+10000.0", "10000.000"]));
    alike("padded text", &sheet().put("medfee_sumamt", padded));
}

#[test]
fn money_may_be_decimal_of_any_precision_and_scale_with_trailing_zeros() {
    for decimal in [
        DataType::Decimal128(18, 4),
        DataType::Decimal128(38, 10),
        DataType::Decimal128(10, 0),
        DataType::Decimal128(9, 2),
        DataType::Decimal32(9, 2),
        DataType::Decimal64(18, 6),
        DataType::Decimal256(50, 4),
    ] {
        alike(&format!("{decimal}"), &sheet().cast_all(&MONEY, &decimal));
    }
}

#[test]
fn a_third_decimal_that_is_not_zero_rejects_its_row() {
    let fees = arrow::array::Decimal128Array::from(vec![100_000_000, 100_000_010, 100_000_001]);
    let fees = fees.with_precision_and_scale(18, 4).unwrap();
    let desk = Desk::new();
    sheet().put("medfee_sumamt", Arc::new(fees)).lay(&desk, "ledger.parquet");
    desk.done(desk.settle());
    let expected = ["medfee_sumamt: more than two decimals"; 2].map(|d| vec!["bad_value", d]);
    assert_eq!(cells(&desk.read("rejects"), &["reason", "detail"]), expected);
}

#[test]
fn floats_of_whole_fen_are_accepted_where_allowed() {
    let odd = || {
        let rows = rows().into_iter().map(|r| r.with("medfee_sumamt", "10000.07").with("hifp_pay", "4999.29"));
        Sheet::of(&rows.collect::<Vec<_>>())
    };
    let floats = odd().cast_all(&MONEY, &DataType::Float64);
    let table = settled_with(|desk| drop(floats.lay(desk, "ledger.parquet")), |settle| settle.flag("--allow-float"));
    assert_eq!(table.rows, settled(&odd()).rows);
}

#[test]
fn a_float_that_is_no_whole_fen_rejects_its_row() {
    let fees: ArrayRef = Arc::new(Float64Array::from(vec![10_000.001, f64::NAN, 10_000.000_000_001]));
    let desk = Desk::new();
    sheet().put("medfee_sumamt", fees).lay(&desk, "ledger.parquet");
    desk.done(desk.settle().flag("--allow-float"));
    assert_eq!(
        cells(&desk.read("rejects"), &["psn_no", "reason", "detail"]),
        [
            ["1", "bad_value", "medfee_sumamt: more than two decimals"],
            ["2", "bad_value", "medfee_sumamt: not a number"]
        ]
    );
    assert_eq!(cells(&desk.read("settlement"), &["psn_no", "medfee_sumamt"]), [["3", "10000.00"]]);
    assert_eq!(desk.manifest()["options"]["allow_float"], true);
}

#[test]
fn times_may_be_of_any_unit() {
    for unit in [TimeUnit::Millisecond, TimeUnit::Nanosecond] {
        alike(&format!("{unit:?}"), &sheet().cast("setl_time", &DataType::Timestamp(unit, None)));
    }
}

/// The usual claims with times at midnight, as a date holds them.
fn at_midnight() -> Sheet {
    Sheet::of(&rows().into_iter().map(|r| r.with("setl_time", "2023-05-01T00:00:00")).collect::<Vec<_>>())
}

#[test]
fn times_may_be_dates() {
    let dates = at_midnight().cast("setl_time", &DataType::Date32);
    assert_eq!(settled(&dates).rows, settled(&at_midnight()).rows);
}

#[test]
fn the_old_timestamp_of_spark_and_hive_is_read() {
    let desk = Desk::new();
    int96::write(&desk.path("ledger.parquet"), &["2023-05-01T00:00:00", "2023-12-31T23:59:59"]);
    desk.done(desk.settle());
    let expected = [["1", "2023-05-01T00:00:00", "2100.00"], ["2", "2023-12-31T23:59:59", "2100.00"]];
    assert_eq!(cells(&desk.read("settlement"), &["psn_no", "setl_time", "ma_pay"]), expected);
}

/// A ledger written column by column, since Arrow's writer no longer writes such times.
mod int96 {
    use chrono::{NaiveDateTime, Timelike as _};
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::fs::File;
    use std::path::Path;
    use std::sync::Arc;

    const SCHEMA: &str = "message spark_schema {
        required binary psn_no (UTF8);
        required int96 setl_time;
        required int32 setl_id;
        required int32 insutype;
        required binary care (UTF8);
        required binary identity (UTF8);
        required int32 medfee_sumamt;
        required int32 inscp_scp_amt;
        required int32 hifp_pay;
    }";

    /// Stays of `tekun` persons numbered from 1, at these times.
    pub fn write(path: &Path, times: &[&str]) {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let file = File::create(path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let texts = |text: &dyn Fn(usize) -> String| -> Vec<ByteArray> {
            (0..times.len()).map(|n| text(n).into_bytes().into()).collect()
        };
        let times: Vec<Int96> = times.iter().map(|t| int96(t)).collect();
        for column in 0..9 {
            let mut writer = group.next_column().unwrap().unwrap();
            let mut numbers =
                |value: i32| writer.typed::<Int32Type>().write_batch(&vec![value; times.len()], None, None);
            match column {
                2 => numbers(7),
                3 => numbers(390),
                6 => numbers(10_000),
                7 => numbers(8_000),
                8 => numbers(5_000),
                1 => writer.typed::<Int96Type>().write_batch(&times, None, None),
                0 => writer.typed::<ByteArrayType>().write_batch(&texts(&|n| (n + 1).to_string()), None, None),
                4 => writer.typed::<ByteArrayType>().write_batch(&texts(&|_| "inpatient".into()), None, None),
                _ => writer.typed::<ByteArrayType>().write_batch(&texts(&|_| "tekun".into()), None, None),
            }
            .unwrap();
            writer.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
    }

    /// Nanoseconds of the day and the Julian day.
    fn int96(text: &str) -> Int96 {
        let time: NaiveDateTime = text.parse().unwrap();
        let nanos = u64::from(time.num_seconds_from_midnight()) * 1_000_000_000;
        let days = time.date().signed_duration_since(chrono::NaiveDate::default()).num_days();
        let mut value = Int96::new();
        value.set_data(nanos as u32, (nanos >> 32) as u32, u32::try_from(days + 2_440_588).unwrap());
        value
    }
}

#[test]
fn texts_may_be_dictionaries_large_or_views() {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for text in [dictionary, DataType::LargeUtf8, DataType::Utf8View] {
        alike(&format!("{text}"), &sheet().cast_all(&DataType::Utf8, &text));
    }
}

#[test]
fn files_may_be_compressed_by_snappy_zstd_and_lz4_or_not_at_all() {
    let usual = settled(&sheet());
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default()), Compression::LZ4_RAW]
    {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let table = settled_with(|desk| sheet().write(&desk.path("ledger.parquet"), properties), |settle| settle);
        assert_eq!(table.rows, usual.rows, "{compression}");
    }
}

#[test]
fn columns_without_any_value_may_be_of_no_type() {
    let nothing: ArrayRef = arrow::array::new_null_array(&DataType::Null, 3);
    let optional = [
        "cvlserv_pay",
        "ext_comp_amt",
        "init_setl_id",
        "fee_class",
        "referral",
        "tilt_applied",
        "excl_cause",
        "quota_managed",
        "disease_limit",
        "dise_codg",
    ];
    alike("null columns", &optional.iter().fold(sheet(), |s, n| s.put(n, nothing.clone())));
}

/// Persons of whom the order of the text is not the order of the numbers.
fn of_persons(ids: &[&str]) -> Sheet {
    Sheet::of(&ids.iter().map(|id| stay(id, id).with("identity", "tekun")).collect::<Vec<_>>())
}

#[test]
fn text_ids_are_sorted_by_bytes_and_integer_ids_by_value() {
    let ids = ["100", "9", "-3", "10"];
    let order = |sheet: &Sheet| {
        let table = settled(sheet);
        table.rows.iter().map(|r| r["psn_no"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(order(&of_persons(&ids)), ["-3", "10", "100", "9"]);
    let integers = of_persons(&ids).cast("psn_no", &DataType::Int64).cast("setl_id", &DataType::Int32);
    assert_eq!(order(&integers), ["-3", "9", "10", "100"]);
}

#[test]
fn integer_ids_stay_integers_in_every_output() {
    let desk = Desk::new();
    let ledger = of_persons(&["7", "8"]).without("identity");
    ledger.cast("psn_no", &DataType::Int64).lay(&desk, "ledger.parquet");
    let roster = Sheet::of(&[holds("7", "tekun"), holds("9", "nobleman"), holds("11", "dibao")]);
    roster.cast("psn_no", &DataType::Int64).lay(&desk, "roster.parquet");
    desk.done(desk.settle());
    assert_eq!(cells(&desk.read("settlement"), &["psn_no", "identity"]), [["7", "tekun"], ["8", ""]]);
    assert_eq!(cells(&desk.read("subsidies"), &["psn_no", "subsidy"]), [["7", "650.00"], ["11", "450.00"]]);
    assert_eq!(cells(&desk.read("rejects"), &["psn_no", "reason"]), [["9", "unknown_identity"]]);
    let file = std::fs::File::open(desk.path("out/persons.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(*reader.schema().field(0).data_type(), DataType::Int64);
}

#[test]
fn claims_of_one_moment_are_taken_in_the_order_of_their_ids_by_value() {
    let claim = |id: &str, scope: &str| stay("1", id).with("identity", "tekun").with("inscp_scp_amt", scope);
    let sheet = Sheet::of(&[claim("100", "6000"), claim("9", "7000")]).cast("setl_id", &DataType::Int64);
    assert_eq!(cells(&settled(&sheet), &["setl_id"]), [["9"], ["100"]]);
}

#[test]
fn a_roster_may_come_in_other_forms_too() {
    let rows = [
        holds("P1", "other_hardship").with("treated_as", "tekun").with("enddate", "2023-12-31"),
        holds("P2", "illness_poor").with("applied_on", "2023-02-10"),
    ];
    let plain = Sheet::of(&rows);
    let times = DataType::Timestamp(TimeUnit::Millisecond, None);
    let timed = ["begndate", "enddate", "applied_on"].iter().fold(plain.clone(), |s, n| s.cast(n, &times));
    let national: ArrayRef = Arc::new(StringArray::from(vec!["other_hardship", "2306"]));
    let named = plain.clone().rename("identity", "PSN_IDET_TYPE").put("PSN_IDET_TYPE", national);
    let run = |roster: &Sheet| {
        let desk =
            Desk::with(&[stay("P1", "S1"), stay("P2", "S2").with("inscp_scp_amt", "10000").with("hifp_pay", "0")], &[]);
        roster.lay(&desk, "roster.parquet");
        desk.done(desk.settle());
        assert!(desk.read("rejects").rows.is_empty());
        desk.read("settlement").rows
    };
    let expected = run(&plain);
    assert_eq!(expected[0]["identity"], "tekun");
    assert_eq!(expected[1]["identity"], "illness_poor");
    assert_eq!(run(&timed), expected);
    assert_eq!(run(&named), expected);
}

#[test]
fn ends_of_periods_beyond_every_calendar_are_open() {
    let far: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]));
    let desk = Desk::with(&[stay("P1", "S1")], &[]);
    Sheet::of(&[holds("P1", "tekun")]).put("enddate", far).lay(&desk, "roster.parquet");
    desk.done(desk.settle());
    assert_eq!(desk.read("settlement").rows[0]["identity"], "tekun");
}

// --- Empty files ------------------------------------------------------------------------------------------

/// A ledger with these columns and no rows.
fn empty_ledger() -> Sheet {
    Sheet::of(&[stay("P1", "S1")]).head(0)
}

/// Every column of a sheet as pyarrow types an empty list.
fn untyped(sheet: Sheet, columns: &[&str]) -> Sheet {
    columns.iter().fold(sheet, |sheet, name| {
        assert_eq!(sheet.column(name).len(), 0);
        sheet.put(name, arrow::array::new_null_array(&DataType::Null, 0))
    })
}

/// A run over no rows publishes everything, empty.
fn publishes_nothing(desk: &Desk) {
    desk.done(desk.settle());
    for name in ["settlement", "audit", "persons", "alerts", "subsidies"] {
        assert!(desk.read(name).rows.is_empty(), "{name}");
    }
    let counts = &desk.manifest()["counts"];
    assert_eq!((&counts["ledger_rows"], &counts["settlement_rows"]), (&0.into(), &0.into()));
}

const STAY: [&str; 8] =
    ["psn_no", "setl_id", "setl_time", "insutype", "care", "medfee_sumamt", "inscp_scp_amt", "hifp_pay"];

#[test]
fn an_empty_ledger_publishes_empty_files() {
    let desk = Desk::new();
    desk.roster(&[holds("P1", "tekun")]);
    empty_ledger().lay(&desk, "ledger.parquet");
    publishes_nothing(&desk);
    assert!(desk.read("rejects").rows.is_empty());
}

#[test]
fn an_empty_ledger_and_an_empty_roster_may_be_of_no_type() {
    let desk = Desk::new();
    let roster = Sheet::of(&[holds("P1", "tekun")]).head(0);
    for untype in [false, true] {
        if untype {
            untyped(empty_ledger(), &STAY).lay(&desk, "ledger.parquet");
            untyped(roster.clone(), &["psn_no", "identity", "begndate"]).lay(&desk, "roster.parquet");
        } else {
            empty_ledger().lay(&desk, "ledger.parquet");
            roster.lay(&desk, "roster.parquet");
        }
        publishes_nothing(&desk);
        std::fs::remove_dir_all(desk.path("out")).unwrap();
    }
}

#[test]
fn an_empty_roster_leaves_everybody_without_identity() {
    let desk = Desk::with(&[stay("P1", "S1")], &[]);
    let roster = Sheet::of(&[holds("P1", "tekun")]).head(0);
    untyped(roster, &["psn_no", "identity", "begndate"]).lay(&desk, "roster.parquet");
    desk.done(desk.settle());
    assert_eq!(cells(&desk.read("settlement"), &["status", "reason"]), [["out_of_scope", "no_identity"]]);
}

#[test]
fn an_empty_ledger_under_a_users_own_names_is_read() {
    let desk = Desk::new();
    desk.roster(&[holds("P1", "tekun")]);
    empty_ledger().rename("setl_time", "jssj").lay(&desk, "ledger.parquet");
    desk.done(desk.settle().option("--column", "setl_time=JSSJ"));
    assert!(desk.read("settlement").rows.is_empty());
}

#[test]
fn an_empty_ledger_leaves_the_rosters_integer_ids_as_they_are() {
    let desk = Desk::new();
    empty_ledger().lay(&desk, "ledger.parquet");
    Sheet::of(&[holds("42", "nobleman")]).cast("psn_no", &DataType::Int64).lay(&desk, "roster.parquet");
    desk.done(desk.settle());
    assert_eq!(cells(&desk.read("rejects"), &["psn_no", "reason"]), [["42", "unknown_identity"]]);
}

#[test]
fn an_empty_file_beside_a_full_one_is_no_obstacle() {
    let desk = Desk::new();
    desk.make_folder("ledger");
    let integers = sheet().cast("psn_no", &DataType::Int64);
    integers.lay(&desk, "ledger/a.parquet");
    untyped(Sheet::of(&rows()).head(0), &["psn_no", "setl_id", "maf_pay"]).lay(&desk, "ledger/b.parquet");
    desk.done(Settle::ledger(&desk.path("ledger")).policy(POLICY));
    assert_eq!(desk.read("settlement").rows.len(), 3);
}
