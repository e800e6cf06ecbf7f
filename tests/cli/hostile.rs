//! Broken and hostile Parquet: an error that names the file, or rows that are rejected; never a panic, never a
//! signal, never memory without end.
//!
//! Every run here has an address space of [`SPACE`], of which the program and its threads take a part before
//! they read a byte. A file of some kilobytes that made it ask for a page of 2 GiB would be ended by the system.
//! Damages byte by byte are tried out in `tests/corpus.rs`, without starting the program for each.

use crate::desk::{Desk, names_in};
use crate::support::forge::{Column, Forged, Page, counted, ledger, roster, snappy_of_zeros, zstd_of_zeros};
use crate::support::program::Outcome;
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Address space that a run may take.
const SPACE: u64 = 3 << 30;
/// The last line of an error about a file that is no sound Parquet.
const REMEDY: &str = "  the file is not readable Parquet; export it again";

/// Runs `onestop` in the space given.
fn confined(line: &str, space: u64) -> Outcome {
    let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", space >> 10);
    let mut command = Command::new("sh");
    command.env("LC_ALL", "C").args(["-c", &limited, env!("CARGO_BIN_EXE_onestop")]).args(line.split_whitespace());
    let output = command.output().expect("a shell starts");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("a file on the desk");
}

/// A ledger and its roster, and the run over them.
fn settle(desk: &Desk) -> Outcome {
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "out"].map(|name| desk.typed(name));
    confined(&format!("settle {ledger} --roster {roster} --policy weihai-2023 --threads 2 --quiet --out {out}"), SPACE)
}

fn desk_of(ledger: &[u8], roster: &[u8]) -> Desk {
    let desk = Desk::new();
    put(&desk.path("ledger.parquet"), ledger);
    put(&desk.path("roster.parquet"), roster);
    desk
}

/// The run ended with an error about that file, two lines long, and left nothing behind.
fn refuses(case: &str, desk: &Desk, file: &str, says: &str) {
    let before = desk.names();
    let outcome = settle(desk);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let shown = outcome.stderr.chars().take(600).collect::<String>();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{case}: {shown}");
    assert_eq!((lines.len(), lines.last()), (2, Some(&REMEDY)), "{case}: {shown}");
    assert!(lines[0].starts_with(&format!("error: {}", desk.typed(file))), "{case}: {shown}");
    assert!(lines[0].contains(says), "{case}, wants `{says}`: {shown}");
    assert_eq!(desk.names(), before, "{case}: something is left");
}

/// The same of a file forged as a ledger.
fn refuses_ledger(case: &str, file: &Forged, says: &str) {
    refuses(case, &desk_of(&file.bytes(), &roster().bytes()), "ledger.parquet", says);
}

/// What the run rejected: rows, reasons and how many were settled.
fn settles(case: &str, desk: &Desk) -> (u64, Vec<String>) {
    let outcome = settle(desk);
    assert_eq!(outcome.code, Some(0), "{case}: {}", outcome.stderr);
    let rejects = desk.read("rejects").rows;
    let settled = desk.manifest()["counts"]["settlement_rows"].as_u64().expect("a count");
    (settled, rejects.iter().map(|row| row["reason"].clone()).collect())
}

#[test]
fn what_is_forged_soundly_is_settled() {
    let sound = ledger();
    assert_eq!(settles("sound", &desk_of(&sound.bytes(), &roster().bytes())), (3, vec![]));
    let zstd = ledger().with("psn_no", |c| {
        c.codec = 6;
        c.pages[0].unpacked = Some(12);
        c.pages[0].body = zstd_of_zeros(12);
    });
    let (settled, rejects) = settles("packed zeros", &desk_of(&zstd.bytes(), &roster().bytes()));
    assert_eq!((settled, rejects), (0, vec!["null_required".to_owned(); 3]));
}

// --- The ends of the file --------------------------------------------------------------------------------

#[test]
fn a_footer_of_another_length_or_kind_is_refused() {
    let sound = ledger().bytes();
    let end = sound.len() - 8;
    let lengths = [0, 1, 2, 7, sound.len() as u32, 1 << 20, i32::MAX as u32, 1 << 31, u32::MAX];
    for length in lengths {
        let mut bytes = sound.clone();
        bytes[end..end + 4].copy_from_slice(&length.to_le_bytes());
        refuses(&format!("length {length}"), &desk_of(&bytes, &roster().bytes()), "ledger.parquet", "");
    }
    for magic in [b"PARX", b"PARE", b"\0\0\0\0"] {
        let mut bytes = sound.clone();
        bytes[end + 4..].copy_from_slice(magic);
        refuses(&format!("magic {magic:?}"), &desk_of(&bytes, &roster().bytes()), "ledger.parquet", "");
    }
    for bytes in [&b""[..], b"P", b"PAR1", b"PAR1PAR1", b"\0\0\0\0PAR1"] {
        refuses(&format!("{bytes:?}"), &desk_of(bytes, &roster().bytes()), "ledger.parquet", "");
    }
    for len in [4, 100, end, sound.len() - 1] {
        refuses(&format!("cut at {len}"), &desk_of(&sound[..len], &roster().bytes()), "ledger.parquet", "");
    }
}

#[test]
fn a_footer_far_too_long_is_refused_before_it_is_read() {
    let desk = desk_of(b"", &roster().bytes());
    let length: u32 = 200 << 20;
    let file = std::fs::File::create(desk.path("ledger.parquet")).unwrap();
    file.set_len(u64::from(length) + 4).unwrap();
    drop(file);
    let mut bytes = std::fs::OpenOptions::new().append(true).open(desk.path("ledger.parquet")).unwrap();
    std::io::Write::write_all(&mut bytes, &[&length.to_le_bytes()[..], b"PAR1"].concat()).unwrap();
    refuses("a long footer", &desk, "ledger.parquet", "its footer takes 209715200 bytes, more than 134217728");
}

// --- What the footer claims ------------------------------------------------------------------------------

#[test]
fn rows_that_are_not_there_are_missed() {
    let rows = |file: i64, group: i64| ledger().but(|f| (f.rows, f.group_rows) = (file, group));
    let all_say = |rows: i64, group: i64| {
        ledger().but(|f| {
            (f.rows, f.group_rows) = (rows, group);
            f.columns.iter_mut().for_each(|c| c.pages[0].values = rows);
        })
    };
    for (case, file, says) in [
        ("a row more in the footer", rows(4, 4), "row group 0: "),
        ("a row less in the footer", rows(2, 2), "row group 0: "),
        ("fewer rows in the group", rows(3, 2), "3 rows, and its row groups of others"),
        ("10^15 rows", rows(1_000_000_000_000_000, 1_000_000_000_000_000), "tells of 1000000000000000 rows"),
        ("10^11 rows", rows(100_000_000_000, 100_000_000_000), "row group 0: "),
        ("10^9 rows, pages agree", all_say(1_000_000_000, 1_000_000_000), "row group 0: "),
        ("rows below nought", rows(-3, -3), "-3 rows"),
        ("rows of the file below nought", rows(-1, 3), "-1 rows"),
        ("rows of the group below nought", rows(3, -3), "3 rows"),
        ("the most rows", rows(i64::MAX, i64::MAX), "rows"),
        ("row groups twice", ledger().but(|f| (f.groups, f.rows) = (2, 3)), "row groups of others"),
        ("a column with fewer values", ledger().with("care", |c| c.values = Some(2)), "2 values in 3 rows"),
        ("a column with values below nought", ledger().with("care", |c| c.values = Some(-1)), ""),
        ("a page with fewer values", ledger().with("care", |c| c.pages[0].values = 2), "row group 0: "),
        ("a column without pages", ledger().with("care", |c| c.pages.clear()), "row group 0: "),
        ("no pages at all", ledger().but(|f| f.columns.iter_mut().for_each(|c| c.pages.clear())), "row group 0: "),
    ] {
        refuses_ledger(case, &file, says);
    }
    // Three files whose rows add up to more than can be counted.
    let desk = desk_of(&ledger().bytes(), &roster().bytes());
    std::fs::remove_file(desk.path("ledger.parquet")).unwrap();
    desk.make_folder("ledger.parquet");
    for name in ["a", "b", "c"] {
        put(&desk.path("ledger.parquet").join(name).with_extension("parquet"), &rows(i64::MAX, i64::MAX).bytes());
    }
    refuses("rows beyond counting", &desk, "ledger.parquet/a.parquet", "rows");
}

#[test]
fn schemas_and_groups_beyond_measure_are_refused() {
    let many = |columns: usize| {
        ledger().but(|f| {
            let more = (0..columns).map(|n| Column::days(&format!("c{n}"), &[1, 2, 3]));
            f.columns.extend(more);
        })
    };
    let desk = desk_of(&many(20_000).bytes(), &roster().bytes());
    assert_eq!(settles("20 000 columns that nobody reads", &desk), (3, vec![]));
    for (case, file, says) in [
        ("2^31 children", ledger().but(|f| f.children = Some(i64::from(i32::MAX))), "2147483647 columns within one"),
        ("children below nought", ledger().but(|f| f.children = Some(-1)), ""),
        ("no children", ledger().but(|f| f.children = Some(0)), ""),
        ("too few children", ledger().but(|f| f.children = Some(2)), ""),
        ("one child too many", ledger().but(|f| f.children = Some(9)), ""),
        ("10 000 deep", ledger().but(|f| f.nested = 10_000), "more than 64 deep"),
        ("100 000 deep", ledger().but(|f| (f.nested, f.groups) = (100_000, 0)), "more than 64 deep"),
        ("100 000 row groups", ledger().but(|f| (f.groups, f.rows) = (100_000, 3)), "row groups of others"),
    ] {
        refuses_ledger(case, &file, says);
    }
    // A hundred thousand times the same pages: as many rows as it says, if not as one would have it.
    let twice = ledger().but(|f| (f.groups, f.rows) = (50, 150));
    let (settled, rejects) = settles("row groups in one place", &desk_of(&twice.bytes(), &roster().bytes()));
    assert_eq!((settled, rejects), (3, vec!["duplicate_setl_id".to_owned(); 147]));
}

#[test]
fn columns_that_lie_elsewhere_are_refused() {
    let file = ledger().bytes().len() as i64;
    let (outside, together) = ("`care` is said to lie outside the file's pages", "are said to lie in one place");
    for (case, at, bytes, says) in [
        ("behind the file", Some(file * 2), None, outside),
        ("at the end", Some(file), None, outside),
        ("in the footer", Some(file - 40), None, outside),
        ("below nought", Some(-40), None, outside),
        ("the most", Some(i64::MAX), None, outside),
        ("longer than the file", None, Some(file * 2), outside),
        ("into the footer", None, Some(file - 100), outside),
        ("the longest", None, Some(i64::MAX), outside),
        ("of less than no length", None, Some(-1), outside),
        ("of no length", None, Some(0), ""),
        ("too short", None, Some(20), ""),
        ("where another one is", Some(4), None, together),
        ("beside its place", Some(60), None, together),
    ] {
        let forged = ledger().with("care", |c| (c.at, c.bytes) = (at, bytes));
        refuses_ledger(case, &forged, "row group 0: ");
        refuses_ledger(case, &forged, says);
    }
}

// --- What pages claim ------------------------------------------------------------------------------------

/// The most that a header can claim.
const MOST: i64 = i32::MAX as i64;

#[test]
fn pages_that_claim_more_than_can_be_held_are_refused_unread() {
    for codec in [0, 1, 6, 7] {
        let claims = ledger().with("psn_no", |c| (c.codec, c.pages[0].unpacked) = (codec, Some(MOST)));
        refuses_ledger(&format!("2 GiB claimed, codec {codec}"), &claims, "row group 0: ");
        let of_all = ledger().but(|f| {
            f.columns.iter_mut().for_each(|c| (c.codec, c.pages[0].unpacked) = (codec, Some(300 << 20)));
        });
        refuses_ledger(&format!("300 MiB claimed by each column, codec {codec}"), &of_all, "row group 0: ");
    }
    let bomb = |bytes: usize, values: i64| {
        ledger().with("care", |c| {
            c.codec = 6;
            c.pages[0] = Page { unpacked: Some(bytes as i64), ..Page::plain(values, zstd_of_zeros(bytes)) };
        })
    };
    assert!(bomb(MOST as usize, 3).bytes().len() < 100_000);
    refuses_ledger("2 GiB of zeros in 64 KiB", &bomb(MOST as usize, 3), "more than 1073741824: write smaller pages");
    let dictionary = ledger().with("care", |c| {
        c.codec = 6;
        let body = zstd_of_zeros(MOST as usize);
        c.pages.insert(0, Page { kind: 2, unpacked: Some(MOST), ..Page::plain(1 << 28, body) });
    });
    refuses_ledger("a dictionary of 2 GiB", &dictionary, "write smaller pages");
    let together = ledger().but(|f| {
        for column in &mut f.columns {
            column.codec = 6;
            let body = zstd_of_zeros(200 << 20);
            column.pages[0] = Page { unpacked: Some(200 << 20), ..Page::plain(3, body) };
        }
    });
    refuses_ledger("200 MiB of zeros in each of eight columns", &together, "write smaller pages");
    // What can be held is read, however it is packed: blank ids here.
    for (case, codec, body) in [("zstd", 6, zstd_of_zeros(200 << 20)), ("snappy", 1, snappy_of_zeros(200 << 20))] {
        let large = ledger().with("psn_no", |c| {
            c.codec = codec;
            c.pages[0] = Page { unpacked: Some(200 << 20), ..Page::plain(3, body) };
        });
        let (settled, rejects) = settles(case, &desk_of(&large.bytes(), &roster().bytes()));
        assert_eq!((settled, rejects), (0, vec!["null_required".to_owned(); 3]), "{case}");
    }
}

#[test]
fn sizes_of_pages_that_cannot_be_true_are_refused() {
    for (case, unpacked, packed) in [
        ("unpacked below nought", Some(-1), None),
        ("packed below nought", None, Some(-1)),
        ("packed beyond the column", None, Some(1 << 20)),
        ("packed 2 GiB", None, Some(MOST)),
        ("packed short", None, Some(3)),
    ] {
        let forged = ledger().with("care", |c| (c.pages[0].unpacked, c.pages[0].packed) = (unpacked, packed));
        refuses_ledger(case, &forged, "row group 0: ");
    }
    for codec in [1, 6, 7] {
        for unpacked in [0, 1, 38, 40, 1 << 20] {
            let forged = ledger().with("care", |c| (c.codec, c.pages[0].unpacked) = (codec, Some(unpacked)));
            refuses_ledger(&format!("codec {codec}, {unpacked} bytes"), &forged, "row group 0: ");
        }
        let wrong = |packed: Vec<u8>| {
            ledger().with("care", |c| {
                c.codec = codec;
                c.pages[0] = Page { unpacked: Some(100), ..Page::plain(3, packed) };
            })
        };
        refuses_ledger("more zeros than claimed", &wrong(zstd_of_zeros(1 << 20)), "row group 0: ");
        refuses_ledger("fewer zeros than claimed", &wrong(zstd_of_zeros(20)), "row group 0: ");
    }
}

/// `care` by dictionary, with these indices.
fn by_dictionary(indices: Vec<u8>, values: i64) -> Forged {
    ledger().with("care", |c| {
        let words = Page { kind: 2, ..Page::plain(1, counted(b"inpatient")) };
        c.pages = vec![words, Page { encoding: 8, ..Page::plain(values, indices) }];
    })
}

#[test]
fn indices_and_levels_out_of_range_are_refused() {
    // Bits of an index; then how often, doubled, and which.
    assert_eq!(settles("sound", &desk_of(&by_dictionary(vec![1, 6, 0], 3).bytes(), &roster().bytes())), (3, vec![]));
    let endless = |values| by_dictionary(vec![0, 0xfe, 0xff, 0xff, 0xff, 0x0f], values);
    for (case, file) in [
        ("index beyond the dictionary", by_dictionary(vec![1, 6, 1], 3)),
        ("index far beyond", by_dictionary(vec![32, 6, 0xff, 0xff, 0xff, 0x7f], 3)),
        ("index below nought", by_dictionary(vec![32, 6, 0xff, 0xff, 0xff, 0xff], 3)),
        ("too few indices", by_dictionary(vec![1, 4, 0], 3)),
        ("no indices", by_dictionary(vec![1], 3)),
        ("indices of 255 bits", by_dictionary(vec![255, 6, 0, 0, 0, 0], 3)),
        ("a run without end, claimed", endless(MOST)),
        ("values below nought", endless(-1)),
        ("no dictionary", by_dictionary(vec![1, 6, 0], 3).with("care", |c| drop(c.pages.remove(0)))),
        ("a dictionary of 2^31 words", by_dictionary(vec![1, 6, 0], 3).with("care", |c| c.pages[0].values = MOST)),
        ("an empty dictionary", by_dictionary(vec![1, 6, 0], 3).with("care", |c| c.pages[0].values = 0)),
        ("a word longer than the page", ledger().with("care", |c| c.pages[0].body[..4].fill(0xff))),
        ("a word of 2 GiB", ledger().with("care", |c| c.pages[0].body[..4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]))),
    ] {
        refuses_ledger(case, &file, "row group 0: ");
    }
    // A run without end of which three are asked for.
    assert_eq!(settles("an endless run", &desk_of(&endless(3).bytes(), &roster().bytes())), (3, vec![]));
    let levels = |levels: &[u8], body: &[u8]| {
        ledger().with("care", |c| {
            c.optional = true;
            c.pages[0].body = [&(levels.len() as u32).to_le_bytes()[..], levels, body].concat();
        })
    };
    let three = [&counted(b"inpatient")[..]; 3].concat();
    // Of a level of one bit, the other seven are not looked at.
    for level in [1, 0xff] {
        let desk = desk_of(&levels(&[6, level], &three).bytes(), &roster().bytes());
        assert_eq!(settles("levels", &desk), (3, vec![]));
    }
    for (case, file) in [
        ("too few levels", levels(&[2, 1], &three)),
        ("no levels", levels(&[], &three)),
        ("levels without end of nothing", levels(&[0xff, 0xff, 0xff, 0xff, 0x0f], &three)),
        ("no values behind the levels", levels(&[6, 1], &[])),
    ] {
        refuses_ledger(case, &file, "row group 0: ");
    }
    // Texts that are read as levels are levels of some kind: no row is lost over it.
    let (settled, rejects) =
        settles("texts as levels", &desk_of(&ledger().with("care", |c| c.optional = true).bytes(), &roster().bytes()));
    assert_eq!(settled + rejects.len() as u64, 3, "{rejects:?}");
}

/// Lengths in blocks of 128, four to a block: of so many values, the first of this length.
fn lengths(count: u64, first: u8) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 4];
    let mut left = count;
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.extend([left as u8, first * 2]);
    // The others are as long: nothing more each.
    if count > 1 {
        bytes.extend([0, 0, 0, 0, 0]);
    }
    bytes
}

#[test]
fn lengths_of_more_values_than_there_are_are_refused() {
    let lengthy = |encoding: i64, count: u64, codec: i64| {
        let suffixes = [lengths(count, 9), b"inpatient".repeat(3)].concat();
        let body = if encoding == 7 { [lengths(count, 0), suffixes].concat() } else { suffixes };
        ledger().with("care", |c| {
            c.codec = codec;
            let unpacked = Some(body.len() as i64);
            // One piece of snappy that stands for itself.
            let packed = [&[body.len() as u8, (body.len() as u8 - 1) << 2][..], &body].concat();
            let body = if codec == 1 { packed } else { body };
            c.pages[0] = Page { encoding, unpacked, ..Page::plain(3, body) };
        })
    };
    for encoding in [6, 7] {
        for codec in [0, 1] {
            let desk = desk_of(&lengthy(encoding, 3, codec).bytes(), &roster().bytes());
            assert_eq!(settles("lengths", &desk), (3, vec![]), "encoding {encoding}, codec {codec}");
            for count in [4, 1 << 31, 1 << 40, 1 << 62] {
                let case = format!("{count} lengths, encoding {encoding}, codec {codec}");
                refuses_ledger(&case, &lengthy(encoding, count, codec), "row group 0: ");
            }
        }
    }
}

#[test]
fn values_of_a_width_that_no_amount_has_are_refused() {
    for width in [0, -1, 17, 1 << 20, MOST] {
        let wide = ledger().with("hifp_pay", |c| (c.physical, c.width) = (7, Some(width)));
        refuses_ledger(&format!("{width} bytes"), &wide, "");
    }
}

// --- Cells -----------------------------------------------------------------------------------------------

#[test]
fn text_that_is_no_text_is_refused() {
    let no_text = |converted: Option<i64>| {
        ledger().with("care", |c| {
            c.converted = converted;
            c.pages[0].body = [counted(b"inpatient"), counted(b"\xff\xfe"), counted(b"chronic")].concat();
        })
    };
    refuses_ledger("no UTF-8 in a column of text", &no_text(Some(0)), "row group 0: ");
    // Bytes without a word of what they are come under another error: a column of the wrong type.
    let desk = desk_of(&no_text(None).bytes(), &roster().bytes());
    let outcome = settle(&desk);
    let says = outcome.stderr.contains("column `care` is Binary") && outcome.stderr.contains("ledger.parquet");
    assert!(outcome.code == Some(1) && says, "{}", outcome.stderr);
}

#[test]
fn cells_of_ten_megabytes_are_read() {
    let long = |letter: &str| letter.repeat(10 << 20);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("psn_no", Arc::new(StringArray::from(vec!["P1".to_owned(), long("x"), "P3".to_owned()]))),
        ("setl_id", Arc::new(StringArray::from(vec!["S1".to_owned(), "S2".to_owned(), long("y")]))),
        ("setl_time", Arc::new(Date32Array::from(vec![19_500; 3]))),
        ("insutype", Arc::new(Int64Array::from(vec![390; 3]))),
        ("care", Arc::new(StringArray::from(vec!["inpatient".to_owned(), "inpatient".to_owned(), long("z")]))),
        ("medfee_sumamt", Arc::new(Int64Array::from(vec![10_000; 3]))),
        ("inscp_scp_amt", Arc::new(Int64Array::from(vec![8_000; 3]))),
        ("hifp_pay", Arc::new(Int64Array::from(vec![5_000; 3]))),
        ("dise_codg", Arc::new(StringArray::from(vec![long("a"), long("b"), long("c")]))),
        ("unknown", Arc::new(StringArray::from(vec![long("a"), long("b"), long("c")]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    for dictionary in [true, false] {
        let desk = desk_of(b"", &roster().bytes());
        let file = std::fs::File::create(desk.path("ledger.parquet")).unwrap();
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).build();
        let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        let outcome = settle(&desk);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr.chars().take(600).collect::<String>());
        let reasons: Vec<String> = desk.read("rejects").rows.iter().map(|row| row["reason"].clone()).collect();
        assert_eq!(reasons, ["null_required", "null_required"], "an id of ten megabytes is none");
    }
}

#[test]
fn a_long_cell_told_once_and_meant_in_every_row_is_read_a_few_rows_at_a_time() {
    // 2^12 rows, in each of them the same megabyte twice: 8 GiB, if it were all unpacked.
    let (rows, long) = (1 << 12, 1 << 20);
    let run = vec![1, 0x80, 0x40, 0];
    let file = ledger().but(|f| {
        (f.rows, f.group_rows) = (rows, rows);
        for column in &mut f.columns {
            let one = column.pages[0].body.len() / 3;
            let mut words = Page { kind: 2, ..Page::plain(1, column.pages[0].body[..one].to_vec()) };
            if ["psn_no", "setl_id"].contains(&column.name.as_str()) {
                words.body = counted(&vec![b'x'; long]);
            }
            column.pages = vec![words, Page { encoding: 8, ..Page::plain(rows, run.clone()) }];
        }
    });
    let (settled, rejects) = settles("8 GiB", &desk_of(&file.bytes(), &roster().bytes()));
    assert_eq!((settled, rejects.len()), (0, 1 << 12));
    assert!(rejects.iter().all(|reason| reason == "null_required"));
}

// --- Other files that are read ---------------------------------------------------------------------------

#[test]
fn a_roster_is_held_to_the_same() {
    let sound = roster().bytes();
    let cut = [&sound[..sound.len() / 2], &sound[sound.len() / 2 + 1..]].concat();
    let forged = [
        ("10^15 rows", roster().but(|f| (f.rows, f.group_rows) = (1_000_000_000_000_000, 1_000_000_000_000_000))),
        ("10^11 rows", roster().but(|f| (f.rows, f.group_rows) = (100_000_000_000, 100_000_000_000))),
        ("a row more", roster().but(|f| (f.rows, f.group_rows) = (4, 4))),
        ("2^31 children", roster().but(|f| f.children = Some(MOST))),
        ("10 000 deep", roster().but(|f| f.nested = 10_000)),
        ("outside", roster().with("identity", |c| c.at = Some(1 << 40))),
        ("2 GiB claimed", roster().with("psn_no", |c| (c.codec, c.pages[0].unpacked) = (1, Some(MOST)))),
        (
            "2 GiB held",
            roster().with("identity", |c| {
                c.codec = 6;
                c.pages[0] = Page { unpacked: Some(MOST), ..Page::plain(3, zstd_of_zeros(MOST as usize)) };
            }),
        ),
        (
            "2^62 lengths",
            roster().with("identity", |c| {
                c.pages[0] = Page { encoding: 6, ..Page::plain(3, lengths(1 << 62, 9)) };
            }),
        ),
    ];
    let bytes = forged.iter().map(|(case, file)| (*case, file.bytes()));
    for (case, bytes) in bytes.chain([("cut", cut), ("empty", Vec::new())]) {
        refuses(case, &desk_of(&ledger().bytes(), &bytes), "roster.parquet", "");
    }
}

#[test]
fn values_of_two_gigabytes_each_are_not_read_back() {
    let wide = ledger().with("hifp_pay", |c| (c.physical, c.width, c.converted) = (7, Some(MOST), None));
    let desk = desk_of(&ledger().bytes(), &roster().bytes());
    assert_eq!(settles("sound", &desk), (3, vec![]));
    put(&desk.path("out").join("settlement.parquet"), &wide.bytes());
    let outcome = confined(&format!("explain {} P1", desk.typed("out")), SPACE);
    let says = outcome.stderr.contains("column `hifp_pay` is said to be 2147483647 bytes wide");
    assert!(outcome.code == Some(1) && says, "{}", outcome.stderr);
}

/// What becomes of a file.
type Damage = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// Files of a run and how they may be damaged; the readers of such folders say so and end.
#[test]
fn a_damaged_folder_of_outputs_is_told_of() {
    let bomb = |name: &str| {
        let page = Page { unpacked: Some(MOST), ..Page::plain(3, zstd_of_zeros(MOST as usize)) };
        ledger().with("psn_no", |c| (c.codec, c.pages[0]) = (6, page)).but(|f| f.columns[3].name = name.to_owned())
    };
    let claims = ledger().with("psn_no", |c| (c.codec, c.pages[0].unpacked) = (1, Some(MOST)));
    let lengthy = ledger().with("psn_no", |c| c.pages[0] = Page { encoding: 6, ..Page::plain(3, lengths(1 << 62, 2)) });
    let more_rows = ledger().but(|f| (f.rows, f.group_rows) = (1 << 50, 1 << 50));
    let damages: Vec<(&str, Damage)> = vec![
        ("cut", Box::new(|bytes| bytes[..bytes.len() - 9].to_vec())),
        ("empty", Box::new(|_| Vec::new())),
        (
            "a footer of zeros",
            Box::new(|bytes| {
                let mut bytes = bytes.to_vec();
                let end = bytes.len() - 8;
                bytes[end - 60..end].fill(0);
                bytes
            }),
        ),
        (
            "pages of zeros",
            Box::new(|bytes| {
                let mut bytes = bytes.to_vec();
                bytes[4..60].fill(0);
                bytes
            }),
        ),
        ("2 GiB held", Box::new(move |_| bomb("benefit_year").bytes())),
        ("2 GiB claimed", Box::new(move |_| claims.bytes())),
        ("2^62 lengths", Box::new(move |_| lengthy.bytes())),
        ("10^15 rows", Box::new(move |_| more_rows.bytes())),
        ("10 000 deep", Box::new(|_| ledger().but(|f| f.nested = 10_000).bytes())),
        ("2^31 children", Box::new(|_| ledger().but(|f| f.children = Some(MOST)).bytes())),
    ];
    let desk = desk_of(&ledger().bytes(), &roster().bytes());
    assert_eq!(settles("sound", &desk), (3, vec![]));
    let out = desk.typed("out");
    for name in ["settlement.parquet", "audit.parquet", "persons.parquet"] {
        let path = desk.path("out").join(name);
        let sound = std::fs::read(&path).unwrap();
        for (case, damage) in &damages {
            put(&path, &damage(&sound));
            let before = names_in(&desk.path("out"));
            for line in [
                format!("explain {out} P1"),
                format!("verify {out} --quiet"),
                format!("reconcile {out} --out {} --quiet", desk.typed("found")),
            ] {
                let outcome = confined(&line, SPACE);
                let shown = format!("{name}, {case}: {line}: {}{}", outcome.stdout, outcome.stderr);
                // A file that a command does not read is no matter to it.
                assert!(matches!(outcome.code, Some(0 | 1)), "{shown}");
                assert!(outcome.code == Some(1) || !line.starts_with("verify"), "{shown}");
                assert!(!outcome.stderr.contains("panicked"), "{shown}");
                if outcome.code == Some(1) && !line.starts_with("verify") {
                    assert!(outcome.stderr.contains(name) && outcome.stderr.lines().count() == 2, "{shown}");
                    assert!(!desk.path("found").exists(), "{shown}");
                }
                std::fs::remove_dir_all(desk.path("found")).ok();
            }
            assert_eq!(names_in(&desk.path("out")), before, "{name}, {case}");
        }
        put(&path, &sound);
    }
}
