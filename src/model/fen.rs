//! Money as integer fen, ratios as integer millionths, and the only places where either is rounded.
//!
//! One yuan is 100 fen. Everything between the edges of the program is an `i64` of fen; exact
//! decimals are read and shown at the edges, and nothing is ever a binary float.

use rust_decimal::Decimal;
use serde::Deserialize;

/// Fen in one yuan.
pub const FEN_PER_YUAN: i64 = 100;
/// Millionths in a ratio of 1 (the scale of `decimal(9,6)`).
pub const PPM: i64 = 1_000_000;
/// The largest amount that is accepted on one row, in fen (a hundred billion yuan).
///
/// A larger figure is a fault of the ledger. What a person's rows add up to is looked at where there are so
/// many that it could exceed [`MAX_SUM`].
pub const MAX_AMOUNT: i64 = 10_000_000_000_000;
/// The largest sum that eighteen digits hold, in fen: what outputs state, and what one person's amounts may
/// come to. Sums of a few of them still fit into `i64`.
pub const MAX_SUM: i64 = 999_999_999_999_999_999;
/// Stands for "no limit" in compiled tables.
pub const NO_LIMIT: i64 = i64::MAX;

/// How a product is rounded (SPEC R4; a switch of the policy file).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// A half goes away from zero.
    #[default]
    HalfUp,
    /// A half goes to the even neighbour.
    HalfEven,
}

/// What a product is rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// To the fen.
    #[default]
    Fen,
    /// To the whole yuan.
    Yuan,
}

/// A rounding rule: mode and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Round {
    /// Which way a half goes.
    pub mode: Rounding,
    /// The unit of the result.
    pub unit: Unit,
}

impl Round {
    /// `amount × ratio_ppm`, rounded. `amount` in fen and not negative, the result in fen.
    #[inline]
    pub fn product(self, amount: i64, ratio_ppm: i64) -> i64 {
        debug_assert!(amount >= 0 && ratio_ppm >= 0);
        let step: i64 = match self.unit {
            Unit::Fen => 1,
            Unit::Yuan => FEN_PER_YUAN,
        };
        // The fast path holds whenever the product fits 64 bits, which it does up to 92 billion yuan.
        if let Some(product) = amount.checked_mul(ratio_ppm) {
            let divisor = PPM * step;
            let (quotient, rest) = (product / divisor, product % divisor);
            return (quotient + i64::from(self.goes_up(quotient, rest, divisor))) * step;
        }
        let product = i128::from(amount) * i128::from(ratio_ppm);
        let divisor = i128::from(PPM * step);
        let (quotient, rest) = ((product / divisor) as i64, (product % divisor) as i64);
        (quotient + i64::from(self.goes_up(quotient, rest, PPM * step))) * step
    }

    #[inline]
    fn goes_up(self, quotient: i64, rest: i64, divisor: i64) -> bool {
        let twice = rest * 2;
        twice > divisor || (twice == divisor && (self.mode == Rounding::HalfUp || quotient % 2 != 0))
    }
}

/// Fen of ten thousand yuan, in which totals are told in Chinese.
const WAN: i128 = 1_000_000;

/// A sum of ten thousand yuan or more in ten thousands, as officials read it: `1398.84 万元`, a half rounded up;
/// nothing for a smaller one.
pub fn to_wan(fen: i128) -> Option<String> {
    let whole = fen.unsigned_abs();
    if whole < WAN.unsigned_abs() {
        return None;
    }
    let hundredths = whole / 10_000 + u128::from(whole % 10_000 >= 5_000);
    let sign = if fen < 0 { "-" } else { "" };
    Some(format!("{sign}{}.{:02} 万元", hundredths / 100, hundredths % 100))
}

/// Why a text or a decimal is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a number.
    #[error("not a number")]
    NotANumber,
    /// More than two decimals that are not zero.
    #[error("more than two decimals")]
    TooFine,
    /// Larger than [`MAX_AMOUNT`].
    #[error("too large an amount")]
    TooLarge,
}

impl AmountError {
    /// The same in Chinese.
    pub fn label(self) -> &'static str {
        match self {
            AmountError::NotANumber => "不是数字",
            AmountError::TooFine => "超过两位小数",
            AmountError::TooLarge => "金额过大",
        }
    }
}

/// Reads yuan from text such as `1234.50` or `-3`; the result in fen.
///
/// # Errors
/// [`AmountError`]: anything but an optional sign, digits and one decimal point; a third decimal that
/// is not zero; an amount beyond [`MAX_AMOUNT`].
pub fn parse_yuan(text: &str) -> Result<i64, AmountError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut fen: i64 = 0;
    let mut decimals: Option<u32> = None;
    let mut seen = false;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                let digit = i64::from(byte - b'0');
                match decimals {
                    None => {}
                    Some(n) if n < 2 => decimals = Some(n + 1),
                    Some(_) if digit == 0 => continue,
                    Some(_) => return Err(AmountError::TooFine),
                }
                fen = fen.checked_mul(10).and_then(|f| f.checked_add(digit)).ok_or(AmountError::TooLarge)?;
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return Err(AmountError::NotANumber),
        }
    }
    if !seen {
        return Err(AmountError::NotANumber);
    }
    for _ in decimals.unwrap_or(0)..2 {
        fen = fen.checked_mul(10).ok_or(AmountError::TooLarge)?;
    }
    within_limit(if negative { -fen } else { fen })
}

/// A scaled integer (`raw / 10^scale` yuan) as fen.
///
/// # Errors
/// [`AmountError::TooFine`] where digits beyond the fen are not zero, [`AmountError::TooLarge`].
pub fn from_scaled(raw: i128, scale: i8) -> Result<i64, AmountError> {
    let shift = 2 - i32::from(scale);
    let fen = if shift >= 0 {
        10i128.checked_pow(shift.unsigned_abs()).and_then(|f| raw.checked_mul(f)).ok_or(AmountError::TooLarge)?
    } else {
        // A divisor beyond i128 can only divide zero exactly.
        match 10i128.checked_pow(shift.unsigned_abs()) {
            Some(divisor) if raw % divisor == 0 => raw / divisor,
            None if raw == 0 => 0,
            _ => return Err(AmountError::TooFine),
        }
    };
    within_limit(i64::try_from(fen).map_err(|_| AmountError::TooLarge)?)
}

/// A binary float of yuan as fen, if it is a whole number of fen to within a millionth of a fen.
///
/// # Errors
/// [`AmountError`]: not finite, not a whole number of fen, or too large.
pub fn from_float(yuan: f64) -> Result<i64, AmountError> {
    let fen = yuan * 100.0;
    if !fen.is_finite() {
        return Err(AmountError::NotANumber);
    }
    if fen.abs() > MAX_AMOUNT as f64 {
        return Err(AmountError::TooLarge);
    }
    let whole = fen.round();
    if (fen - whole).abs() > 1e-6 {
        return Err(AmountError::TooFine);
    }
    Ok(whole as i64)
}

fn within_limit(fen: i64) -> Result<i64, AmountError> {
    if fen.unsigned_abs() > MAX_AMOUNT.unsigned_abs() {
        return Err(AmountError::TooLarge);
    }
    Ok(fen)
}

/// Fen as an exact decimal of yuan with two decimals.
pub fn to_decimal(fen: i64) -> Decimal {
    Decimal::new(fen, 2)
}

/// A sum that may exceed 64 bits as plain yuan, such as `-1234.50`.
pub fn to_yuan(fen: i128) -> String {
    // Beyond what a decimal holds, plain digits are as exact.
    Decimal::try_from_i128_with_scale(fen, 2).map_or_else(|_| to_grouped(fen).replace(',', ""), |d| d.to_string())
}

/// Fen as plain yuan with two decimals: `-1234.50`.
pub fn to_text(fen: i64) -> String {
    to_decimal(fen).to_string()
}

/// Fen as yuan for people, with thousands separators: `-1,234.50`.
pub fn to_grouped(fen: i128) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let absolute = fen.unsigned_abs();
    let (yuan, rest) = (absolute / 100, absolute % 100);
    format!("{sign}{}.{rest:02}", group_thousands(yuan))
}

/// A count for people, with thousands separators.
pub fn group_thousands(count: u128) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Round = Round { mode: Rounding::HalfUp, unit: Unit::Fen };

    #[test]
    fn products_round_half_up() {
        assert_eq!(UP.product(1, 700_000), 1);
        assert_eq!(UP.product(2, 700_000), 1);
        assert_eq!(UP.product(3, 700_000), 2);
        assert_eq!(UP.product(1, 500_000), 1);
        assert_eq!(UP.product(8_571_427, 700_000), 5_999_999);
    }

    #[test]
    fn half_even_and_whole_yuan() {
        let even = Round { mode: Rounding::HalfEven, unit: Unit::Fen };
        assert_eq!(even.product(1, 500_000), 0);
        assert_eq!(even.product(3, 500_000), 2);
        let yuan = Round { mode: Rounding::HalfUp, unit: Unit::Yuan };
        assert_eq!(yuan.product(108_400, 800_000), 86_700);
        assert_eq!(yuan.product(50, PPM), 100);
    }

    #[test]
    fn huge_products_take_the_wide_path() {
        assert_eq!(UP.product(MAX_AMOUNT, 950_001), 9_500_010_000_000);
        assert_eq!(UP.product(MAX_AMOUNT - 1, PPM), MAX_AMOUNT - 1);
    }

    #[test]
    fn text_is_read_exactly() {
        assert_eq!(parse_yuan("60000"), Ok(6_000_000));
        assert_eq!(parse_yuan("-0.01"), Ok(-1));
        assert_eq!(parse_yuan("1.500"), Ok(150));
        assert_eq!(parse_yuan("1.005"), Err(AmountError::TooFine));
        assert_eq!(parse_yuan("1o"), Err(AmountError::NotANumber));
        assert_eq!(parse_yuan(""), Err(AmountError::NotANumber));
        assert_eq!(parse_yuan("."), Err(AmountError::NotANumber));
        assert_eq!(parse_yuan("99999999999999999999"), Err(AmountError::TooLarge));
        assert_eq!(parse_yuan("100000000000.01"), Err(AmountError::TooLarge));
    }

    #[test]
    fn scaled_integers_and_floats() {
        assert_eq!(from_scaled(1500, 3), Ok(150));
        assert_eq!(from_scaled(1505, 3), Err(AmountError::TooFine));
        assert_eq!(from_scaled(7, 0), Ok(700));
        assert_eq!(from_scaled(7, -2), Ok(70_000));
        assert_eq!(from_scaled(i128::MAX, 0), Err(AmountError::TooLarge));
        assert_eq!(from_float(12.34), Ok(1234));
        assert_eq!(from_float(0.005), Err(AmountError::TooFine));
        assert_eq!(from_float(f64::NAN), Err(AmountError::NotANumber));
    }

    #[test]
    fn figures_for_people() {
        assert_eq!(to_text(-105), "-1.05");
        assert_eq!(to_grouped(123_456_789), "1,234,567.89");
        assert_eq!(to_grouped(-99), "-0.99");
        assert_eq!(group_thousands(1000), "1,000");
    }

    #[test]
    fn sums_are_told_in_ten_thousands_from_ten_thousand_yuan_on() {
        let wan = |fen| to_wan(fen).unwrap_or_default();
        assert_eq!(to_wan(999_999), None);
        assert_eq!(to_wan(-999_999), None);
        assert_eq!(wan(1_000_000), "1.00 万元");
        assert_eq!(wan(1_004_999), "1.00 万元");
        assert_eq!(wan(1_005_000), "1.01 万元");
        assert_eq!(wan(1_398_842_123), "1398.84 万元");
        assert_eq!(wan(-1_398_845_000), "-1398.85 万元");
        assert_eq!(wan(1_999_995_000), "2000.00 万元");
        assert_eq!(wan(i128::MIN), "-170141183460469231731687303715884.11 万元");
    }
}
