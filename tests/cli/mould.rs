//! Every form in which a column may come, the values that go wrong in it, and what the contract reads in them.

use super::soil::{Cell, Dice, MONEY, Soil};
use crate::support::table::fen;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array, Float64Array,
    Int32Array, Int64Array, LargeStringArray, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::i256;
use std::sync::Arc;

/// The form of a column in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    LargeText,
    Int,
    Int32,
    Unsigned,
    Flag,
    /// Precision and scale.
    Decimal(u8, i8),
    Wide,
    Double,
    Single,
    Millis,
    Micros,
    Nanos,
    Days,
}

use Form::{Days, Decimal, Double, Flag, Int, Int32, LargeText, Micros, Millis, Nanos, Single, Text, Unsigned, Wide};

const FLAGS: [&str; 4] = ["refd_setl_flag", "designated", "tilt_applied", "quota_managed"];

/// Codes of identities: the contract's own, the national and the local ones.
const IDENTITIES: &[&str] = &[
    "tekun",
    "orphan",
    "dibao",
    "fanpin",
    "monitored",
    "monitored_sudden",
    "dibao_margin",
    "illness_poor",
    "other_hardship",
    "low_income",
    "disabled_severe",
    "elder_low_income",
    "minor_low_income",
    "veteran_care",
    "2303",
    "2304",
    "2305",
    "2306",
    "2307",
    "7131",
    "7041",
    "7141",
    "7019",
    "7202",
    "7203",
    "7204",
    "7205",
    "7201",
    "7110",
    "7069",
];

impl Form {
    /// Any form that a column may have.
    pub fn of(name: &str, soil: Soil, dice: &mut Dice) -> Self {
        let texts = [Text, Text, LargeText];
        match name {
            "psn_no" | "setl_id" | "init_setl_id" if soil.numbered => dice.pick(&[Int, Int, Unsigned]),
            "setl_time" | "begndate" | "enddate" | "applied_on" => dice.pick(&[Millis, Micros, Nanos, Days]),
            "insutype" | "med_type" | "vali_flag" | "mdtrtarea_admvs" => {
                dice.pick(&[Text, Text, LargeText, Int, Int32, Unsigned])
            }
            name if FLAGS.contains(&name) => dice.pick(&[Text, Flag, Int, Int32]),
            name if MONEY.contains(&name) => {
                let decimals = [Decimal(18, 2), Decimal(9, 2), Decimal(38, 2), Decimal(38, 4), Decimal(38, 1), Wide];
                let others = [Text, LargeText, Int, Unsigned, Double, Single];
                if dice.one_in(2) { dice.pick(&decimals) } else { dice.pick(&others) }
            }
            _ => dice.pick(&texts),
        }
    }
}

/// A column that was made.
pub struct Made {
    pub array: ArrayRef,
    pub cells: Vec<Cell>,
    /// Ids as the outputs show them, and identities; empty for other columns.
    pub texts: Vec<String>,
    pub corrupted: usize,
}

/// A value on its way into a column.
#[derive(Clone, Debug)]
enum Value {
    None,
    Text(String),
    Whole(i128),
    Huge(i256),
    Real(f64),
}

/// Makes a column of this form out of plain cells, some of them corrupted.
pub fn column(form: Form, name: &str, cells: &[Option<&str>], soil: Soil, dice: &mut Dice) -> Made {
    let mut corrupted = 0;
    let mut one = |cell: &Option<&str>| {
        if dice.one_in(soil.one_in) {
            corrupted += 1;
            return odd(form, name, soil, dice);
        }
        cell.map_or(Value::None, |text| plain(form, name, text))
    };
    let values: Vec<Value> = cells.iter().map(&mut one).collect();
    let judged: Vec<Cell> = values.iter().map(|value| judge(form, name, value)).collect();
    let is_id = ["psn_no", "setl_id", "identity", "treated_as"].contains(&name);
    let shown = |value: &Value| match value {
        Value::Text(text) if is_id => trimmed(text).to_owned(),
        Value::Whole(number) if is_id => number.to_string(),
        _ => String::new(),
    };
    let texts = values.iter().map(shown).collect();
    Made { array: array(form, &values), cells: judged, texts, corrupted }
}

/// A sound cell in this form.
fn plain(form: Form, name: &str, text: &str) -> Value {
    let is_money = MONEY.contains(&name);
    let fen = || fen(text).unwrap_or(0);
    match form {
        Text | LargeText => Value::Text(text.to_owned()),
        Decimal(precision, scale) => {
            let raw = if scale >= 2 { fen() * 10i128.pow(scale as u32 - 2) } else { fen() / 10 };
            if raw.unsigned_abs() < 10u128.pow(u32::from(precision)) { Value::Whole(raw) } else { Value::None }
        }
        Wide => Value::Huge(i256::from_i128(fen())),
        Double => Value::Real(fen() as f64 / 100.0),
        // Whole yuan, which such a float holds.
        Single => Value::Real(f64::from((fen() / 100) as f32)),
        Unsigned if is_money => Value::Whole((fen() / 100).max(0)),
        Int if is_money => Value::Whole(fen() / 100),
        Flag => Value::Whole(i128::from(text == "true" || text == "1")),
        Int | Int32 | Unsigned => {
            let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
            let flag = match text {
                "true" => Some(1),
                "false" => Some(0),
                _ => digits.parse().ok(),
            };
            flag.map_or(Value::None, Value::Whole)
        }
        _ => {
            let micros = text
                .parse::<chrono::NaiveDateTime>()
                .ok()
                .or_else(|| text.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0));
            micros
                .map_or(Value::None, |m| Value::Whole(i128::from(m.and_utc().timestamp_micros()) * 1_000 / nanos(form)))
        }
    }
}

/// Nanoseconds in a unit of time.
fn nanos(form: Form) -> i128 {
    match form {
        Millis => 1_000_000,
        Micros => 1_000,
        Nanos => 1,
        _ => 86_400_000_000_000,
    }
}

/// A value that should not stand there, or seldom does.
fn odd(form: Form, name: &str, soil: Soil, dice: &mut Dice) -> Value {
    let is_money = MONEY.contains(&name);
    if dice.one_in(6) || (soil.ordered && name == "psn_no") {
        return Value::None;
    }
    match form {
        Text | LargeText if is_money => {
            let digits = "9".repeat(dice.pick(&[15, 19, 20, 400]));
            let texts =
                ["", " \t", " 12.50\t", "NaN", "inf", "-inf", "-0.00", "1e3", "１２", "1,000.00", "12.345", "12.3400"];
            let more =
                ["\0", "1\0", "\u{200b}5", "-0.01", "100000000000", "100000000000.01", "0x10", "５０", "十", "--1"];
            let text = dice.pick(&[&texts[..], &more]);
            let text = if dice.one_in(8) { digits.as_str() } else { dice.pick(text) };
            Value::Text(text.to_owned())
        }
        Text | LargeText => {
            let codes =
                ["", " ", "\t\t", "\0", "1\0", "\u{200b}", "\u{200b}310", "３１０", "　310　", "ABC", "999", "-1", "𝟛"];
            let (short, long) = ("Z".repeat(63), "Z".repeat(65));
            let ids = ["P\0", "P", "P\u{200b}1", "Ｐ１", &short, &long, "\u{10ffff}", "p 1", "'; --"];
            let is_id = name.ends_with("_no") || name.ends_with("_id");
            let text = if is_id { dice.pick(&[&codes[..], &ids]) } else { &codes };
            let text = dice.pick(text);
            if soil.long && (is_id || name == "care" || name == "dise_codg") && dice.one_in(4) {
                Value::Text(format!("{text}{}", "长".repeat(3_400_000)))
            } else {
                Value::Text(text.to_owned())
            }
        }
        Flag => Value::Whole(i128::from(dice.one_in(2))),
        Decimal(precision, scale) => {
            let most = 10i128.pow(u32::from(precision)) - 1;
            let limit = 10i128.pow((11 + i32::from(scale)) as u32);
            let raw = dice.pick(&[
                0,
                -1,
                1,
                most,
                -most,
                limit,
                limit + 1,
                i128::from(i64::MAX),
                i128::from(i64::MIN),
                10i128.pow(18),
            ]);
            Value::Whole(raw.clamp(-most, most))
        }
        Wide => Value::Huge(dice.pick(&[
            i256::MAX.wrapping_div(i256::from_i128(2)),
            i256::from_i128(i128::MIN),
            i256::from_i128(-1),
            i256::ZERO,
        ])),
        Double => Value::Real(dice.pick(&[
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            1e300,
            0.1 + 0.2,
            12.345,
            f64::MAX,
            -0.01,
            1e11,
            1e11 + 1.0,
        ])),
        Single => Value::Real(f64::from(dice.pick(&[f32::NAN, f32::INFINITY, -0.0, f32::MAX, 0.5, 12.345, -1.0]))),
        Int => Value::Whole(i128::from(dice.pick(&[
            i64::MIN,
            i64::MIN + 1,
            i64::MAX,
            -1,
            0,
            1,
            310,
            100_000_000_000,
            100_000_000_001,
            1_000_000_000_000_000_000,
        ]))),
        Int32 => Value::Whole(i128::from(dice.pick(&[i32::MIN, i32::MAX, -1, 0, 310, 7]))),
        Unsigned => Value::Whole(i128::from(dice.pick(&[u64::MAX, 1 << 63, 0, 1, 390, 100_000_000_001]))),
        Days => {
            let (near, far) = ([i32::MIN, i32::MAX, -719_162, -719_163, 0], [2_932_896, 2_932_897]);
            let days = if soil.far && dice.one_in(3) { &far[..] } else { &near };
            Value::Whole(i128::from(dice.pick(days)))
        }
        _ => {
            let days =
                dice.pick(if soil.far { &[2_932_896i128, 2_932_897, -719_163][..] } else { &[-719_162, -719_163, 0] });
            let edges = [i64::MIN, i64::MIN + 1, i64::MAX];
            // Nanoseconds end in a year that a calendar shows.
            let edge = dice.pick(if soil.far || form != Nanos { &edges } else { &edges[..2] });
            let at = days * 86_400_000_000_000 / nanos(form);
            Value::Whole(if dice.one_in(2) || i64::try_from(at).is_err() { i128::from(edge) } else { at })
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

const IDS: [&str; 3] = ["psn_no", "setl_id", "init_setl_id"];

/// What the contract reads in a value.
fn judge(form: Form, name: &str, value: &Value) -> Cell {
    const LIMIT: i128 = 10_000_000_000_000;
    let amount =
        |fen: Option<i128>| fen.filter(|fen| fen.unsigned_abs() <= LIMIT.unsigned_abs()).map_or(Cell::Bad, Cell::Good);
    let is_money = MONEY.contains(&name);
    match (form, value) {
        (_, Value::None) => Cell::None,
        (_, Value::Text(text)) if trimmed(text).is_empty() => Cell::None,
        // R93.
        (_, Value::Text(text)) if IDS.contains(&name) && trimmed(text).len() > 1_024 => Cell::None,
        (_, Value::Text(text)) if is_money => {
            let plain = trimmed(text).bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
            amount(fen(trimmed(text)).filter(|_| plain))
        }
        (_, Value::Text(text)) => code(name, trimmed(text)),
        (Decimal(_, scale), Value::Whole(raw)) => {
            let more = 10i128.pow((scale - 2).max(0) as u32);
            amount(if scale < 2 { raw.checked_mul(10) } else { (raw % more == 0).then_some(raw / more) })
        }
        (_, Value::Huge(raw)) => amount(raw.to_i128()),
        (_, Value::Real(yuan)) => {
            let fen = yuan * 100.0;
            let whole = fen.is_finite() && fen.abs() <= LIMIT as f64 && (fen - fen.round()).abs() <= 1e-6;
            amount(whole.then(|| fen.round() as i128))
        }
        (_, Value::Whole(yuan)) if is_money => amount(yuan.checked_mul(100)),
        (Millis | Micros | Nanos | Days, Value::Whole(raw)) => {
            let days = (raw * nanos(form)).div_euclid(nanos(Days));
            match days {
                -719_162..=2_932_896 => Cell::Good(days),
                ..-719_162 => Cell::Past,
                _ => Cell::Bad,
            }
        }
        (Unsigned, Value::Whole(id)) if name.ends_with("_no") || name.ends_with("_id") => {
            // No id of 64 signed bits.
            if i64::try_from(*id).is_ok() { Cell::Good(0) } else { Cell::None }
        }
        (_, Value::Whole(number)) => code(name, &number.to_string()),
    }
}

/// What the contract reads in a code or id.
fn code(name: &str, text: &str) -> Cell {
    let one_of = |known: &[&str]| if known.contains(&text) { Cell::Good(0) } else { Cell::Bad };
    match name {
        "insutype" => one_of(&["310", "390"]),
        "vali_flag" => one_of(&["1"]),
        "identity" | "treated_as" => one_of(IDENTITIES),
        "care" => one_of(&["inpatient", "chronic", "outpatient", "special_drug", "high_value_drug", "other"]),
        "med_type" => one_of(&[
            "11", "12", "13", "14", "140104", "140201", "1403", "21", "22", "23", "24", "25", "26", "28", "2101",
            "2102", "15", "9904", "41", "51", "52", "53", "2106", "2107",
        ]),
        "hosp_lv" => one_of(&["1", "2", "3", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"]),
        "fee_class" => one_of(&["1", "2_prov", "2_county", "3"]),
        "referral" => one_of(&["none_needed", "referred", "unreferred"]),
        "excl_cause" => one_of(&["self_harm", "fight", "alcohol", "traffic_liable"]),
        name if FLAGS.contains(&name) => match text {
            "1" | "true" => Cell::Good(1),
            "0" | "false" => Cell::Good(0),
            _ => Cell::Bad,
        },
        _ => Cell::Good(0),
    }
}

fn array(form: Form, values: &[Value]) -> ArrayRef {
    let texts = || values.iter().map(|v| if let Value::Text(text) = v { Some(text.as_str()) } else { None });
    let wholes = || values.iter().map(|v| if let Value::Whole(number) = v { Some(*number) } else { None });
    let reals = || values.iter().map(|v| if let Value::Real(number) = v { Some(*number) } else { None });
    let longs = || wholes().map(|v| v.and_then(|v| i64::try_from(v).ok()));
    let ints = || wholes().map(|v| v.and_then(|v| i32::try_from(v).ok()));
    let fits = longs().zip(wholes()).all(|(long, whole)| long.map(i128::from) == whole);
    let made: ArrayRef = match form {
        Text => Arc::new(texts().collect::<StringArray>()),
        LargeText => Arc::new(texts().collect::<LargeStringArray>()),
        Int => Arc::new(longs().collect::<Int64Array>()),
        Int32 => Arc::new(ints().collect::<Int32Array>()),
        Unsigned => Arc::new(wholes().map(|v| v.and_then(|v| u64::try_from(v).ok())).collect::<UInt64Array>()),
        Flag => Arc::new(wholes().map(|v| v.map(|v| v == 1)).collect::<BooleanArray>()),
        Decimal(precision, scale) => {
            Arc::new(wholes().collect::<Decimal128Array>().with_precision_and_scale(precision, scale).expect("digits"))
        }
        Wide => {
            let huge = values.iter().map(|v| if let Value::Huge(number) = v { Some(*number) } else { None });
            Arc::new(huge.collect::<Decimal256Array>().with_precision_and_scale(76, 2).expect("digits"))
        }
        Double => Arc::new(reals().collect::<Float64Array>()),
        Single => Arc::new(reals().map(|v| v.map(|v| v as f32)).collect::<Float32Array>()),
        Millis => Arc::new(longs().collect::<TimestampMillisecondArray>()),
        Micros => Arc::new(longs().collect::<TimestampMicrosecondArray>()),
        Nanos => Arc::new(longs().collect::<TimestampNanosecondArray>()),
        Days => Arc::new(ints().collect::<Date32Array>()),
    };
    let given = values.iter().filter(|v| !matches!(v, Value::None)).count();
    assert!(
        made.len() - made.null_count() == given && (fits || form == Unsigned || matches!(form, Decimal(..))),
        "{form:?}"
    );
    made
}
