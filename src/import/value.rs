//! What a cell says: amounts, times, ids, codes and flags as people and spreadsheets write them.

use crate::lang::Lang;
use crate::model::{date, fen};
use std::borrow::Cow;

/// A cell as it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Blank,
    /// Text.
    Text(&'a str),
    /// A number of a spreadsheet.
    Number(f64),
    /// A date of a spreadsheet, in microseconds since 1970.
    Moment(i64),
    /// Yes or no of a spreadsheet.
    Bool(bool),
    /// What a spreadsheet could not compute, or bytes that are no letters.
    Broken,
}

/// Why a cell cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Bytes that are no letters, or an error of the spreadsheet.
    Broken,
    /// No amount.
    NotMoney,
    /// An amount in ten thousands of yuan.
    TenThousands,
    /// Separators that do not stand before three digits each.
    Separators,
    /// More decimals than fen.
    TooFine,
    /// More digits than an amount can have.
    TooLarge,
    /// No date or time.
    NotATime,
    /// A date that may be read in two ways.
    Ambiguous,
    /// A time with a zone.
    Zoned,
    /// A number whose last digits the spreadsheet has dropped.
    LostDigits,
    /// No id or code.
    NotAnId,
    /// Neither yes nor no.
    NotAFlag,
    /// Cells to the right of the last head.
    Extra,
    /// The row ends before a column that is needed.
    CutShort,
}

impl Wrong {
    /// In words.
    pub fn words(self, lang: Lang) -> &'static str {
        let (en, zh) = match self {
            Wrong::Broken => ("cannot be read: broken letters or an error value", "无法识别：乱码或错误值"),
            Wrong::NotMoney => ("no amount", "不是金额"),
            Wrong::TenThousands => ("in ten thousands; give yuan", "以万元为单位；请以元为单位"),
            Wrong::Separators => ("separators not before three digits each", "千分位分隔不符"),
            Wrong::TooFine => ("more than two decimals", "超过两位小数"),
            Wrong::TooLarge => ("too large an amount", "金额过大"),
            Wrong::NotATime => ("no date or time", "不是日期或时间"),
            Wrong::Ambiguous => {
                ("a date that may be read in two ways; give year-month-day", "日期有歧义；请写年-月-日")
            }
            Wrong::Zoned => ("a time with a zone; give local time", "时间带有时区；请用当地时间"),
            Wrong::LostDigits => {
                ("a number whose last digits are lost; export the column as text", "数字末位已丢失；请将该列以文本导出")
            }
            Wrong::NotAnId => ("no id or code", "不是编号或代码"),
            Wrong::NotAFlag => ("neither yes nor no", "不是“是”或“否”"),
            Wrong::Extra => ("a cell to the right of the last head", "超出表头的多余单元格"),
            Wrong::CutShort => ("the row ends before this column", "该行在此列之前结束"),
        };
        lang.pick(en, zh)
    }
}

/// What a cell says, where it says something.
pub type Said<T> = Result<Option<T>, Wrong>;

/// Numbers of this size and more have lost digits in a spreadsheet.
const LOST: f64 = 1e15;
/// Days of a spreadsheet that are taken as dates: 1954 to 2119.
const SERIALS: std::ops::RangeInclusive<f64> = 20_000.0..=80_000.0;
/// The day 0 of spreadsheets, in days since 1970.
const DAY_ZERO: i64 = -25_569;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Text without what exports put around it, in half-width characters; none where it is blank.
pub fn bare(text: &str) -> Option<Cow<'_, str>> {
    let mut text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if let Some(inner) = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')) {
        text = inner.trim();
    }
    text = text.strip_prefix('\'').unwrap_or(text).trim();
    if matches!(text, "" | "-" | "--" | "—" | "——" | "\\N") || text.eq_ignore_ascii_case("null") {
        return None;
    }
    Some(half_width(text))
}

/// Full-width letters, digits and signs as half-width ones.
pub fn half_width(text: &str) -> Cow<'_, str> {
    let wide = |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{3000}');
    if !text.contains(wide) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    Cow::Owned(text.chars().map(narrow).collect())
}

fn text_of(text: &str) -> Said<Cow<'_, str>> {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Wrong::Broken);
    }
    Ok(bare(text))
}

/// An amount in fen.
///
/// # Errors
/// [`Wrong`].
pub fn money(cell: Cell<'_>) -> Said<i64> {
    match cell {
        Cell::Blank => Ok(None),
        Cell::Text(text) => match text_of(text)? {
            None => Ok(None),
            Some(text) => match fen::parse_yuan(&text) {
                Ok(fen) => Ok(Some(fen)),
                Err(_) => decorated(&text).map(Some),
            },
        },
        Cell::Number(number) => whole_fen(number).map(Some),
        Cell::Broken => Err(Wrong::Broken),
        Cell::Moment(_) | Cell::Bool(_) => Err(Wrong::NotMoney),
    }
}

/// An amount with separators, a sign of the currency, or its sign elsewhere.
fn decorated(text: &str) -> Result<i64, Wrong> {
    let mut rest: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut negative = false;
    if rest.contains('万') {
        return Err(Wrong::TenThousands);
    }
    if let Some(inner) = rest.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        (rest, negative) = (inner.to_owned(), true);
    }
    let minus = |c: char| matches!(c, '-' | '\u{2212}' | '\u{2013}');
    let mut turn = |rest: String| {
        let bare = rest.trim_start_matches(minus);
        let bare = if bare.len() == rest.len() { bare.trim_end_matches(minus) } else { bare };
        if bare.len() == rest.len() {
            return rest;
        }
        // Two signs are no amount; the reader of digits says so.
        let once = rest.chars().filter(|c| minus(*c)).count() == 1 && !negative;
        negative = true;
        if once { bare.to_owned() } else { rest }
    };
    rest = turn(rest);
    rest = rest.trim_start_matches(['¥', '\u{ffe5}', '+']).trim_start_matches("人民币").to_owned();
    rest = rest.strip_suffix('元').unwrap_or(&rest).to_owned();
    rest = turn(rest);
    if rest.contains(',') {
        let (whole, decimals) = rest.split_once('.').map_or((&*rest, None), |(w, d)| (w, Some(d)));
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        if !(1..=3).contains(&first.len()) || groups.any(|g| g.len() != 3) || decimals.is_some_and(|d| d.contains(','))
        {
            return Err(Wrong::Separators);
        }
        rest.retain(|c| c != ',');
    }
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(Wrong::NotMoney);
    }
    match fen::parse_yuan(&rest) {
        Ok(fen) => Ok(if negative { -fen } else { fen }),
        Err(fen::AmountError::NotANumber) => Err(Wrong::NotMoney),
        Err(fen::AmountError::TooFine) => Err(Wrong::TooFine),
        Err(fen::AmountError::TooLarge) => Err(Wrong::TooLarge),
    }
}

/// A number of a spreadsheet as whole fen, as far as its sixteen digits go.
fn whole_fen(number: f64) -> Result<i64, Wrong> {
    if !number.is_finite() {
        return Err(Wrong::NotMoney);
    }
    // Beyond this, a double no longer tells fen apart.
    if number.abs() >= LOST / 100.0 {
        return Err(Wrong::TooLarge);
    }
    let fen = number * 100.0;
    let whole = fen.round();
    if (fen - whole).abs() > f64::max(1e-6, fen.abs() * 5e-16) {
        return Err(Wrong::TooFine);
    }
    Ok(whole as i64)
}

/// An instant in microseconds since 1970, local.
///
/// # Errors
/// [`Wrong`].
pub fn time(cell: Cell<'_>) -> Said<i64> {
    match cell {
        Cell::Blank => Ok(None),
        Cell::Moment(micros) => Ok(Some(micros)),
        Cell::Number(number) if number.fract() == 0.0 && (1e7..1e8).contains(&number) => {
            written(&format!("{number:.0}")).map(Some)
        }
        Cell::Number(number) => serial(number).map(Some),
        Cell::Text(text) => text_of(text)?.map(|text| written(&text)).transpose(),
        Cell::Broken => Err(Wrong::Broken),
        Cell::Bool(_) => Err(Wrong::NotATime),
    }
}

/// A day, in days since 1970; a time of day does not count.
///
/// # Errors
/// [`Wrong`].
pub fn day(cell: Cell<'_>) -> Said<i32> {
    Ok(time(cell)?.map(date::day_of_micros))
}

/// A date as a spreadsheet counts days, to the second.
fn serial(number: f64) -> Result<i64, Wrong> {
    if !SERIALS.contains(&number) {
        return Err(Wrong::NotATime);
    }
    let seconds = (number.fract() * 86_400.0).round() as i64;
    Ok((number.trunc() as i64 + DAY_ZERO) * MICROS_A_DAY + seconds * 1_000_000)
}

/// A date, perhaps with a time, as it is written.
fn written(text: &str) -> Result<i64, Wrong> {
    // Nothing but digits.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let part = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap_or(i64::MAX);
        return match text.len() {
            5 => serial(part(0, 5) as f64),
            8 => moment([part(0, 4), part(4, 6), part(6, 8)], [0, 0, 0], 0),
            12 => moment([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), 0], 0),
            14 => moment([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)], 0),
            _ => Err(Wrong::NotATime),
        };
    }
    if text.len() > 5 && text.as_bytes()[5] == b'.' && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse().map_err(|_| Wrong::NotATime).and_then(serial);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '年' | '月' | '/' => plain.push('-'),
            '日' | 'T' | 't' => plain.push(' '),
            '时' | '分' => plain.push(':'),
            '秒' => {}
            c => plain.push(c),
        }
    }
    let (day, clock) = match plain.trim().split_once(char::is_whitespace) {
        Some((day, clock)) => (day, clock.trim()),
        None => (plain.trim(), ""),
    };
    let marks = if day.contains('-') { '-' } else { '.' };
    let parts: Vec<&str> = day.trim_end_matches(marks).split(marks).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let [year, month, of_month] = parts[..] else { return Err(Wrong::NotATime) };
    if !parts.iter().all(digits) {
        return Err(Wrong::NotATime);
    }
    if year.len() != 4 {
        return Err(Wrong::Ambiguous);
    }
    let number = |part: &str| part.parse::<i64>().unwrap_or(i64::MAX);
    let (clock, fraction) = clock_of(clock)?;
    moment([year, month, of_month].map(number), clock, fraction)
}

/// Hours, minutes, seconds, and the microseconds beyond them.
fn clock_of(text: &str) -> Result<([i64; 3], i64), Wrong> {
    if text.is_empty() {
        return Ok(([0; 3], 0));
    }
    if text.ends_with(['Z', 'z']) || text.contains(['+', '-']) {
        return Err(Wrong::Zoned);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut clock = [0; 3];
    let parts: Vec<&str> = whole.trim_end_matches(':').split(':').collect();
    if parts.len() > 3 || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Wrong::NotATime);
    }
    for (slot, part) in clock.iter_mut().zip(parts) {
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Wrong::NotATime);
        }
        *slot = part.parse().map_err(|_| Wrong::NotATime)?;
    }
    let micros = format!("{fraction:0<6}");
    Ok((clock, micros[..6].parse().map_err(|_| Wrong::NotATime)?))
}

fn moment([year, month, of_month]: [i64; 3], [hour, minute, second]: [i64; 3], micros: i64) -> Result<i64, Wrong> {
    let small = |n: i64| u32::try_from(n).map_err(|_| Wrong::NotATime);
    let year = i32::try_from(year).ok().filter(|y| (1900..=2200).contains(y)).ok_or(Wrong::NotATime)?;
    let day = date::day(year, small(month)?, small(of_month)?).ok_or(Wrong::NotATime)?;
    let midnight = (hour, minute, second, micros) == (24, 0, 0, 0);
    if !midnight && (hour > 23 || minute > 59 || second > 59) {
        return Err(Wrong::NotATime);
    }
    Ok(i64::from(day) * MICROS_A_DAY + (hour * 3_600 + minute * 60 + second) * 1_000_000 + micros)
}

/// An id, as text.
///
/// # Errors
/// [`Wrong`].
pub fn id(cell: Cell<'_>) -> Said<Cow<'_, str>> {
    match cell {
        Cell::Blank => Ok(None),
        Cell::Text(text) => match text_of(text)? {
            Some(text) if scientific(&text) => Err(Wrong::LostDigits),
            text => Ok(text),
        },
        Cell::Number(number) if number.abs() >= LOST => Err(Wrong::LostDigits),
        Cell::Number(number) if number.fract() == 0.0 && number >= 0.0 => Ok(Some(format!("{number:.0}").into())),
        Cell::Broken => Err(Wrong::Broken),
        Cell::Number(_) | Cell::Moment(_) | Cell::Bool(_) => Err(Wrong::NotAnId),
    }
}

/// Whether a spreadsheet has written a long number with a power of ten.
fn scientific(text: &str) -> bool {
    let Some((mantissa, power)) = text.split_once(['E', 'e']) else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole) && digits(decimals) && power.strip_prefix('+').is_some_and(digits)
}

/// A code: as an id, but a whole number that got a decimal is whole again.
///
/// # Errors
/// [`Wrong`].
pub fn code(cell: Cell<'_>) -> Said<Cow<'_, str>> {
    match cell {
        Cell::Bool(yes) => Ok(Some(Cow::Borrowed(if yes { "1" } else { "0" }))),
        cell => Ok(id(cell)?.map(|text| match text.strip_suffix(".0") {
            Some(whole) if !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) => whole.to_owned().into(),
            _ => text,
        })),
    }
}

/// Yes or no.
///
/// # Errors
/// [`Wrong`].
pub fn flag(cell: Cell<'_>) -> Said<bool> {
    match cell {
        Cell::Bool(yes) => Ok(Some(yes)),
        Cell::Moment(_) => Err(Wrong::NotAFlag),
        cell => match code(cell)? {
            None => Ok(None),
            Some(text) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "t" | "yes" | "y" | "是" | "有" => Ok(Some(true)),
                "0" | "false" | "f" | "no" | "n" | "否" | "无" => Ok(Some(false)),
                _ => Err(Wrong::NotAFlag),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cell::{Number, Text};

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, fen) in [
            ("1234.5", 123_450),
            (" 1,234.50\t", 123_450),
            ("12,345,678", 1_234_567_800),
            ("￥１，２３４．５０元", 123_450),
            ("¥-3", -300),
            ("-¥3", -300),
            ("(3.10)", -310),
            ("3.10-", -310),
            ("−3", -300),
            ("1.500", 150),
            ("\"\"", 0),
        ] {
            let said = money(Text(text));
            if text == "\"\"" {
                assert_eq!(said, Err(Wrong::NotMoney));
            } else {
                assert_eq!(said, Ok(Some(fen)), "{text}");
            }
        }
        for blank in ["", " ", "\t", "-", "--", "NULL", "\\N", "　"] {
            assert_eq!(money(Text(blank)), Ok(None), "{blank:?}");
        }
        for (text, wrong) in [
            ("1.005", Wrong::TooFine),
            ("1万元", Wrong::TenThousands),
            ("12,34", Wrong::Separators),
            ("1,234.5,6", Wrong::Separators),
            (",123", Wrong::Separators),
            ("1e3", Wrong::NotMoney),
            ("--3", Wrong::NotMoney),
            ("(-3)", Wrong::NotMoney),
            ("-3-", Wrong::NotMoney),
            ("三元", Wrong::NotMoney),
            ("1\u{fffd}", Wrong::Broken),
            ("99999999999999999999", Wrong::TooLarge),
        ] {
            assert_eq!(money(Text(text)), Err(wrong), "{text}");
        }
    }

    #[test]
    fn numbers_of_spreadsheets_are_whole_fen_or_refused() {
        for (number, fen) in
            [(0.1 + 0.2, 30), (188_185.59, 18_818_559), (-0.01, -1), (9_999_999_999.99, 999_999_999_999)]
        {
            assert_eq!(money(Number(number)), Ok(Some(fen)), "{number}");
        }
        assert_eq!(money(Number(0.001)), Err(Wrong::TooFine));
        assert_eq!(money(Number(1e14)), Err(Wrong::TooLarge));
        assert_eq!(money(Number(f64::NAN)), Err(Wrong::NotMoney));
    }

    #[test]
    fn times_are_read_in_every_form_that_has_one_meaning() {
        let noon = time(Text("2024-02-29 12:30:00")).unwrap().unwrap();
        for text in [
            "2024/2/29 12:30",
            "2024.2.29 12:30:00",
            "2024-02-29T12:30:00.000",
            "20240229123000",
            "202402291230",
            "2024年2月29日 12时30分",
            "２０２４－０２－２９ １２：３０：００",
        ] {
            assert_eq!(time(Text(text)), Ok(Some(noon)), "{text}");
        }
        assert_eq!(time(Number(45_351.520_833_333_336)), Ok(Some(noon)));
        assert_eq!(time(Text("45351.520833333336")), Ok(Some(noon)));
        let midnight = time(Text("20240301")).unwrap();
        assert_eq!(time(Text("2024-02-29 24:00:00")).unwrap(), midnight);
        assert_eq!((time(Number(20_240_301.0)), time(Text("45352"))), (Ok(midnight), Ok(midnight)));
        assert_eq!(day(Text("2024-03-01 23:59:59")).unwrap(), midnight.map(date::day_of_micros));
        for (text, wrong) in [
            ("29/02/2024", Wrong::Ambiguous),
            ("24-02-03", Wrong::Ambiguous),
            ("2023-02-29", Wrong::NotATime),
            ("2024-02-29 25:00", Wrong::NotATime),
            ("2024-02-29 24:00:01", Wrong::NotATime),
            ("2024-02-29T12:30:00Z", Wrong::Zoned),
            ("2024-02-29T12:30:00+08:00", Wrong::Zoned),
            ("2024-02-29 下午1:00", Wrong::NotATime),
            ("123", Wrong::NotATime),
            ("soon", Wrong::NotATime),
        ] {
            assert_eq!(time(Text(text)), Err(wrong), "{text}");
        }
    }

    #[test]
    fn ids_keep_every_digit_or_are_refused() {
        let told = |cell| id(cell).map(|t| t.map(Cow::into_owned));
        for (text, is) in [
            ("371081199001011234", "371081199001011234"),
            ("001\t", "001"),
            ("'0012", "0012"),
            ("=\"0012\"", "0012"),
            ("３７１", "371"),
            ("S1E5", "S1E5"),
        ] {
            assert_eq!(told(Text(text)), Ok(Some(is.to_owned())), "{text}");
        }
        assert_eq!(told(Number(21.0)), Ok(Some("21".to_owned())));
        for cell in [Number(3.7e17), Text("3.71E+17")] {
            assert_eq!(told(cell), Err(Wrong::LostDigits));
        }
        assert_eq!(told(Number(1.5)), Err(Wrong::NotAnId));
        assert_eq!(code(Text("21.0")), Ok(Some("21".into())));
        assert_eq!(code(Text("C50.0x")), Ok(Some("C50.0x".into())));
    }

    #[test]
    fn flags_are_yes_or_no() {
        for (cell, yes) in [(Text("是"), true), (Text("N"), false), (Number(1.0), true), (Cell::Bool(false), false)] {
            assert_eq!(flag(cell), Ok(Some(yes)));
        }
        assert_eq!((flag(Text("")), flag(Text("maybe"))), (Ok(None), Err(Wrong::NotAFlag)));
    }
}
