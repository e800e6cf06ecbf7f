//! One value, several, or a range; and the products of such choices.

use super::error::Problem;
use crate::lang::{Both, both};
use rust_decimal::Decimal;
use std::str::FromStr;

/// A range, and a file, may stand for at most so many.
pub const MOST: usize = 100_000;

/// Between the ends of a range.
const DOTS: &str = "..";
/// Before its step.
const STEP: &str = " step ";

/// Sign of the ends of a range, kept on its values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Figures as they are.
    Plain,
    /// Changes: `+0.05`, `-0.05`.
    Change,
    /// Factors: `x1.10`.
    Factor,
}

/// The values of a policy that a text stands for: those of a range, or itself.
///
/// Both ends are in. Ends with a sign (`+0.00..+0.10`) or an `x` are changes, and so are the values between them.
///
/// # Errors
/// [`Problem::Range`]: a range that cannot be read, runs downwards, has too many values, or steps past its end.
pub fn values(text: &str) -> Result<Vec<String>, Problem> {
    expand(text, |first, last| (first == last).then_some(first))
}

/// The same for figures that may be below nought by themselves: `-0.05..0.10 step 0.05`.
///
/// # Errors
/// [`Problem::Range`] as for [`values`].
pub fn figures(text: &str) -> Result<Vec<String>, Problem> {
    expand(text, |first, last| match (first, last) {
        (Sign::Change, Sign::Plain) => Some(Sign::Plain),
        _ => (first == last).then_some(first),
    })
}

fn expand(text: &str, sign: impl Fn(Sign, Sign) -> Option<Sign>) -> Result<Vec<String>, Problem> {
    let bad = |why: Both| Problem::Range { text: text.to_owned(), why };
    let Some((from, rest)) = text.split_once(DOTS) else { return Ok(vec![text.to_owned()]) };
    // Words with two dots in them are no range.
    let Some((first, from)) = end(from) else { return Ok(vec![text.to_owned()]) };
    let (to, step) = rest.split_once(STEP).ok_or_else(|| bad(both!("has no step", "没有步长")))?;
    let (last, to) = end(to).ok_or_else(|| bad(both!("has an end that is no number", "有一端不是数字")))?;
    let step = number(step.trim()).ok_or_else(|| bad(both!("has a step that is no number", "步长不是数字")))?;
    let sign = sign(first, last).ok_or_else(|| {
        bad(both!("has one end that is a change and one that is a value", "一端是变动，另一端是数值"))
    })?;
    let values = stepped(from, to, step, |value| signed(sign, value)).map_err(bad)?;
    Ok(values.into_iter().map(|value| signed(sign, value)).collect())
}

/// The values from one end to the other, as `--within` and `--step` say.
///
/// # Errors
/// [`Problem::Range`] as for [`values`].
pub fn between(within: &str, step: &str) -> Result<Vec<String>, Problem> {
    let text = format!("{within}{STEP}{step}");
    let bad = |why: Both| Problem::Range { text: text.clone(), why };
    if end(within.split(DOTS).next().unwrap_or_default()).is_none() || !within.contains(DOTS) {
        return Err(bad(both!("is none", "不是范围")));
    }
    values(&text)
}

/// The values of a range; what is wrong with it else, with values in the words of `show`.
fn stepped(from: Decimal, to: Decimal, step: Decimal, show: impl Fn(Decimal) -> String) -> Result<Vec<Decimal>, Both> {
    if step <= Decimal::ZERO {
        return Err(both!("has a step that does not lead upwards", "步长不是正数"));
    }
    if from > to {
        return Err(both!("ends before it begins", "终点小于起点"));
    }
    let too_many = || both!("has more than {MOST} values", "超过 {MOST} 个取值");
    let span = to.checked_sub(from).ok_or_else(|| both!("is too wide", "过宽"))?;
    let rest = span.checked_rem(step).ok_or_else(too_many)?;
    let steps = (span - rest).checked_div(step).ok_or_else(too_many)?;
    let Some(steps) = u32::try_from(steps).ok().filter(|n| (*n as usize) < MOST) else { return Err(too_many()) };
    // All values are written with the decimals of the finer of begin and step.
    let scale = from.scale().max(step.scale());
    let value = |n: u32| {
        let mut value = from + step * Decimal::from(n);
        value.rescale(scale);
        value
    };
    if !rest.is_zero() {
        let [below, above] = [steps, steps + 1].map(|n| show(value(n)));
        return Err(both!(
            "steps past its end; it may end at {below} or at {above}",
            "按步长到不了终点；终点可为 {below} 或 {above}"
        ));
    }
    Ok((0..=steps).map(value).collect())
}

fn signed(sign: Sign, value: Decimal) -> String {
    match sign {
        Sign::Plain => value.to_string(),
        Sign::Change if value.is_sign_negative() => value.to_string(),
        Sign::Change => format!("+{value}"),
        Sign::Factor => format!("x{value}"),
    }
}

/// An end of a range: how it is signed, and its figure.
fn end(text: &str) -> Option<(Sign, Decimal)> {
    let text = text.trim();
    match text.as_bytes().first()? {
        b'x' => Some((Sign::Factor, number(&text[1..]).filter(|n| !n.is_sign_negative())?)),
        b'+' | b'-' => Some((Sign::Change, number(text)?)),
        _ => Some((Sign::Plain, number(text)?)),
    }
}

/// A plain decimal: an optional sign, digits, one point.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit());
    let plain = plain && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    // Twelve digits on either side are more than any figure has, and leave room for exact steps and products.
    let fits = digits.split('.').all(|part| part.len() <= 12);
    if plain && fits { Decimal::from_str(text).ok() } else { None }
}

/// Every combination of so many alternatives each, the last varying fastest.
#[derive(Clone, Debug)]
pub struct Product {
    sizes: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Product {
    /// The product of these sizes; of none it is one empty combination.
    pub fn of(sizes: Vec<usize>) -> Self {
        let next = sizes.iter().all(|&n| n > 0).then(|| vec![0; sizes.len()]);
        Self { sizes, next }
    }

    /// How many combinations there are; none = more than can be counted.
    pub fn size(sizes: &[usize]) -> Option<usize> {
        sizes.iter().try_fold(1usize, |product, &n| product.checked_mul(n))
    }
}

impl Iterator for Product {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let now = self.next.take()?;
        let mut after = now.clone();
        for (digit, &size) in after.iter_mut().zip(&self.sizes).rev() {
            *digit += 1;
            if *digit < size {
                self.next = Some(after);
                break;
            }
            *digit = 0;
        }
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> String {
        values(text).map_or_else(|e| e.to_string(), |all| all.join(" "))
    }

    #[test]
    fn a_text_without_a_range_is_itself() {
        for text in ["0.75", "none", "+0.05", "x1.10", "第一条..第二条", ""] {
            assert_eq!(list(text), text);
        }
    }

    #[test]
    fn both_ends_of_a_range_are_in() {
        assert_eq!(list("0.60..0.80 step 0.05"), "0.60 0.65 0.70 0.75 0.80");
        assert_eq!(list("0.6..0.7 step 0.05"), "0.60 0.65 0.70");
        assert_eq!(list("5000..5000 step 1000"), "5000");
        // A tenth is no binary fraction: a float would miss the end.
        assert_eq!(list("0.1..0.3 step 0.1"), "0.1 0.2 0.3");
    }

    #[test]
    fn a_range_whose_step_does_not_lead_to_its_end_names_the_nearest_ends() {
        for (text, ends) in [
            ("0.60..0.80 step 0.03", "0.78 or at 0.81"),
            ("70000..85000 step 10000", "80000 or at 90000"),
            ("0..1 step 2", "0 or at 2"),
            ("-0.05..+0.05 step 0.06", "+0.01 or at +0.07"),
            ("x1.0..x1.1 step 0.04", "x1.08 or at x1.12"),
            ("0..1 step 0.000000000003", "has more than 100000 values"),
            ("0..0.0000000001 step 0.00000000003", "0.00000000009 or at 0.00000000012"),
        ] {
            assert!(list(text).contains(ends), "{}", list(text));
        }
        let candidates = between("0..1", "0.03").unwrap_err().to_string();
        assert!(
            candidates.contains("`0..1 step 0.03` steps past its end; it may end at 0.99 or at 1.02"),
            "{candidates}"
        );
    }

    #[test]
    fn ranges_of_changes_stay_changes() {
        assert_eq!(list("-0.05..+0.05 step 0.05"), "-0.05 +0.00 +0.05");
        assert_eq!(list("x1.00..x1.10 step 0.05"), "x1.00 x1.05 x1.10");
        assert_eq!(figures("-0.05..0.05 step 0.05").unwrap(), ["-0.05", "0.00", "0.05"]);
        assert_eq!(figures("-0.10..-0.05 step 0.05").unwrap(), ["-0.10", "-0.05"]);
    }

    #[test]
    fn ranges_that_cannot_be_meant_say_why() {
        for (text, why) in [
            ("0.60..0.80", "has no step"),
            ("0.60..high step 0.05", "an end that is no number"),
            ("0.60...0.80 step 0.05", "an end that is no number"),
            ("0.60..0.80 step x", "a step that is no number"),
            ("0.60..0.80 step 0", "does not lead upwards"),
            ("0.60..0.80 step -0.05", "does not lead upwards"),
            ("0.80..0.60 step 0.05", "ends before it begins"),
            ("0..1 step 0.00001", "more than 100000 values"),
            ("0..999999999999 step 0.000000000001", "more than 100000 values"),
            ("-0.05..0.05 step 0.05", "one end that is a change"),
            ("x1.00..1.10 step 0.05", "one end that is a change"),
        ] {
            assert!(list(text).contains(why), "{text}: {}", list(text));
        }
        assert_eq!(values("1..100000 step 1").unwrap().len(), MOST);
    }

    #[test]
    fn the_candidates_of_a_search_are_a_range() {
        assert_eq!(between("0.60..0.70", "0.05").unwrap(), ["0.60", "0.65", "0.70"]);
        assert!(between("0.60", "0.05").is_err());
        assert!(between("a..b", "0.05").is_err());
        assert!(between("0.60..0.70", "nothing").is_err());
    }

    #[test]
    fn the_last_alternatives_vary_fastest() {
        let all: Vec<_> = Product::of(vec![2, 3]).collect();
        assert_eq!(all, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        assert_eq!(Product::of(vec![]).collect::<Vec<_>>(), [vec![0usize; 0]]);
        assert_eq!(Product::of(vec![2, 0]).count(), 0);
        assert_eq!(Product::size(&[2, 3]), Some(6));
        assert_eq!(Product::size(&[usize::MAX, 2]), None);
    }
}
