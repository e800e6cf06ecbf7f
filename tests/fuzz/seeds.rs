//! Small sound ledgers and rosters in every form that the reader takes apart: encodings, codecs, page versions.

#![allow(dead_code)] // Each test file takes the part that it needs.

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

/// Columns by name.
pub type Columns = Vec<(&'static str, ArrayRef)>;

/// 1 February 2024, in days.
const DAY: i32 = 19_754;

fn money(yuan: &[i128]) -> ArrayRef {
    let fen = Decimal128Array::from_iter_values(yuan.iter().map(|y| y * 100));
    Arc::new(fen.with_precision_and_scale(18, 2).expect("18 digits"))
}

fn text(texts: &[&str]) -> ArrayRef {
    let given = |t: &&str| (!t.is_empty()).then(|| (*t).to_owned());
    Arc::new(texts.iter().map(given).collect::<StringArray>())
}

fn times(days: &[i32]) -> ArrayRef {
    let micros = days.iter().map(|d| i64::from(DAY + d) * 86_400_000_000 + 36_000_000_000);
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros))
}

/// The columns that a ledger must have: five claims of three persons, one of them cancelled.
pub fn claims() -> Columns {
    vec![
        ("psn_no", text(&["P1", "P1", "P1", "P2", "P3"])),
        ("setl_id", text(&["S1", "S2", "S3", "S4", "S5"])),
        ("setl_time", times(&[0, 40, 41, 80, 300])),
        ("insutype", text(&["390", "390", "390", "310", "390"])),
        ("med_type", text(&["21", "2101", "21", "14", "11"])),
        ("medfee_sumamt", money(&[10_000, 50_000, -10_000, 900, 70])),
        ("inscp_scp_amt", money(&[8_000, 45_000, -8_000, 800, 70])),
        ("hifp_pay", money(&[5_000, 20_000, -5_000, 400, 0])),
        ("refd_setl_flag", text(&["1", "", "1", "0", ""])),
    ]
}

/// The same with integers for ids and codes, and some columns that a ledger may have.
pub fn numbers() -> Columns {
    let whole = |all: &[i64]| Arc::new(Int64Array::from(all.to_vec())) as ArrayRef;
    let flags = |all: [Option<bool>; 5]| Arc::new(BooleanArray::from(all.to_vec())) as ArrayRef;
    vec![
        ("psn_no", whole(&[1, 1, 1, 2, 3])),
        ("setl_id", whole(&[11, 12, 13, 14, 15])),
        ("setl_time", Arc::new(Date32Array::from_iter_values([0, 40, 41, 80, 300].map(|d| DAY + d)))),
        ("insutype", Arc::new(Int32Array::from(vec![390, 390, 390, 310, 390]))),
        ("care", text(&["inpatient", "inpatient", "", "chronic", "special_drug"])),
        ("med_type", whole(&[21, 21, 21, 14, 15])),
        ("medfee_sumamt", whole(&[10_000, 50_000, -10_000, 900, 70])),
        ("inscp_scp_amt", Arc::new(Float64Array::from(vec![8_000.0, 45_000.5, -8_000.0, 800.01, 70.0]))),
        ("hifp_pay", text(&["5000", "20000.00", "-5000", " 400.1 ", ""])),
        ("maf_pay", money(&[0, 100, 0, 7, 0])),
        ("refd_setl_flag", flags([Some(true), None, Some(true), Some(false), None])),
        ("init_setl_id", Arc::new(Int64Array::from(vec![None, None, Some(11), None, None]))),
        ("mdtrtarea_admvs", text(&["140500", "", "110100", "14", "海外"])),
        ("hosp_lv", whole(&[3, 2, 3, 1, 9])),
        ("referral", text(&["referred", "unreferred", "", "", "none_needed"])),
        ("designated", flags([Some(true), Some(true), None, Some(false), None])),
        ("identity", text(&["dibao", "tekun", "", "7202", "x"])),
        ("dise_codg", text(&["I10", "I10", "", "E11", ""])),
    ]
}

/// Who holds what.
pub fn roster() -> Columns {
    let days =
        |all: [Option<i32>; 3]| Arc::new(Date32Array::from(all.map(|d| d.map(|d| DAY + d)).to_vec())) as ArrayRef;
    vec![
        ("psn_no", text(&["P1", "P2", "P2"])),
        ("identity", text(&["fanpin", "dibao", "illness_poor"])),
        ("begndate", days([Some(-31), Some(0), Some(0)])),
        ("enddate", days([None, Some(300), None])),
        ("applied_on", days([None, None, Some(90)])),
        ("treated_as", text(&["", "", ""])),
    ]
}

/// A Parquet file of some columns.
pub fn file(columns: Columns, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let fields: Vec<Field> = columns.iter().map(|(n, a)| Field::new(*n, a.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).expect("columns of one length");
    let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, schema, options).expect("a writer");
    writer.write(&batch).expect("rows are written");
    writer.close().expect("the file is closed");
    bytes
}

/// Nothing but what a reader needs: no statistics, no indexes, no dictionary, no compression.
pub fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by("x".to_owned())
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
}

/// Every seed by name.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let whole = |builder: WriterPropertiesBuilder| builder.set_statistics_enabled(EnabledStatistics::Chunk);
    let delta = |name: &str, encoding| (ColumnPath::from(name), encoding);
    let mut deltas = plain().set_writer_version(WriterVersion::PARQUET_2_0);
    for (column, encoding) in [
        delta("psn_no", Encoding::DELTA_BYTE_ARRAY),
        delta("setl_id", Encoding::DELTA_LENGTH_BYTE_ARRAY),
        delta("setl_time", Encoding::DELTA_BINARY_PACKED),
        delta("medfee_sumamt", Encoding::BYTE_STREAM_SPLIT),
    ] {
        deltas = deltas.set_column_encoding(column, encoding);
    }
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let small = || plain().set_write_batch_size(1).set_data_page_row_count_limit(2);
    vec![
        ("plain", file(claims(), plain())),
        ("roster", file(roster(), plain())),
        ("dictionary", file(claims(), whole(plain().set_dictionary_enabled(true)))),
        ("delta", file(claims(), deltas)),
        ("snappy", file(claims(), plain().set_compression(Compression::SNAPPY).set_dictionary_enabled(true))),
        ("zstd", file(claims(), plain().set_compression(zstd).set_writer_version(WriterVersion::PARQUET_2_0))),
        ("lz4", file(claims(), plain().set_compression(Compression::LZ4_RAW))),
        ("lz4-frames", file(claims(), plain().set_compression(Compression::LZ4))),
        ("groups", file(claims(), whole(small().set_max_row_group_row_count(Some(3))))),
        (
            "indexed",
            file(claims(), small().set_statistics_enabled(EnabledStatistics::Page).set_offset_index_disabled(false)),
        ),
        ("numbers", file(numbers(), plain().set_dictionary_enabled(true))),
        ("roster-zstd", file(roster(), plain().set_compression(zstd).set_dictionary_enabled(true))),
    ]
}
