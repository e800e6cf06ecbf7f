//! Values of a policy file: ratios and amounts, fixed or as shares of a dated parameter.
//!
//! Both are written in quotes (`"0.70"`, `"9000"`), because a TOML float is binary and money never is.

use crate::model::fen::{self, PPM};
use rust_decimal::Decimal;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// A ratio in millionths. Its range is checked by `policy check`, not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(pub i64);

impl Ratio {
    /// The whole.
    pub const fn one() -> Self {
        Ratio(PPM)
    }

    /// Nothing.
    pub const fn zero() -> Self {
        Ratio(0)
    }

    /// The exact decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, 6)
    }

    /// The ratio in per cent, as people read it: `70 %`, `2.5 %`.
    pub fn percent(self) -> String {
        format!("{} %", Decimal::new(self.0, 4).normalize())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let decimal = Decimal::from_str(text)
            .map_err(|_| format!("`{text}` is not a ratio; write it in quotes, such as \"0.70\""))?;
        let scaled = decimal
            .checked_mul(Decimal::from(PPM))
            .ok_or_else(|| format!("the ratio `{text}` is too large"))?
            .normalize();
        if scaled.scale() != 0 {
            return Err(format!("the ratio `{text}` has more than six decimals"));
        }
        i64::try_from(scaled).map(Ratio).map_err(|_| format!("the ratio `{text}` is too large"))
    }
}

/// An amount of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many fen.
    Fixed(i64),
    /// A share of a dated parameter.
    Share(ShareOf),
}

/// A share of a dated parameter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareOf {
    /// Name of the parameter.
    #[serde(deserialize_with = "name")]
    pub of: String,
    /// The share.
    #[serde(default = "Ratio::one")]
    pub share: Ratio,
    /// Year of the parameter relative to the benefit year: -1 = the year before.
    #[serde(default)]
    pub year: i32,
    /// Without the parameter what it is for does not exist (instead of an error).
    #[serde(default)]
    pub optional: bool,
    /// What stands in where the parameter is not set.
    pub or: Option<DeductibleOf>,
}

/// A share of the deductible of a base schedule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeductibleOf {
    /// Name of the base schedule.
    #[serde(deserialize_with = "name")]
    pub deductible_of: String,
    /// The share.
    pub share: Ratio,
}

struct RatioVisitor;

impl Visitor<'_> for RatioVisitor {
    type Value = Ratio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ratio in quotes, such as \"0.70\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ratio, E> {
        Ratio::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(RatioVisitor)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in quotes such as \"9000\", or { of = \"parameter\", share = \"0.10\", year = -1 }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        fen::parse_yuan(text).map(Amount::Fixed).map_err(|e| E::custom(format!("the amount `{text}`: {e}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
        ShareOf::deserialize(MapAccessDeserializer::new(map)).map(Amount::Share)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(AmountVisitor)
    }
}

/// The name of a parameter: what errors and tables show must be of one line.
pub(crate) fn name<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    match text.contains(char::is_control) {
        true => {
            Err(de::Error::custom(format!("the name {text:?}: a name has no line breaks and no control characters")))
        }
        false => Ok(text),
    }
}

/// Yuan in quotes, as fen (values of the parameters file). There is no income, contribution or limit below nought.
pub(crate) fn yuan_in_quotes<'de, D: Deserializer<'de>>(d: D) -> Result<i64, D::Error> {
    let text = String::deserialize(d)?;
    match fen::parse_yuan(&text) {
        Ok(fen) if fen < 0 => Err(de::Error::custom(format!("the value `{text}`: negative"))),
        read => read.map_err(|e| de::Error::custom(format!("the value `{text}`: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    struct Doc {
        ratio: Option<Ratio>,
        amount: Option<Amount>,
    }

    fn read(text: &str) -> Result<Doc, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    #[test]
    fn quoted_values_are_exact() {
        let doc = read("ratio = \"0.705\"\namount = \"2917.80\"").unwrap();
        assert_eq!(doc.ratio, Some(Ratio(705_000)));
        assert_eq!(doc.amount, Some(Amount::Fixed(291_780)));
        assert_eq!(Ratio(705_000).percent(), "70.5 %");
    }

    #[test]
    fn floats_are_refused_with_the_way_out() {
        assert!(read("ratio = 0.7").unwrap_err().contains("in quotes"));
        assert!(read("amount = 9000.5").unwrap_err().contains("in quotes"));
        assert!(read("ratio = \"0.1234567\"").unwrap_err().contains("six decimals"));
    }

    #[test]
    fn shares_are_strict() {
        let doc = read("amount = { of = \"income\", share = \"0.10\", year = -1 }").unwrap();
        assert!(matches!(doc.amount, Some(Amount::Share(s)) if s.of == "income" && s.year == -1 && !s.optional));
        assert!(read("amount = { of = \"income\", part = \"0.10\" }").unwrap_err().contains("part"));
        assert!(read("amount = { of = \"in\\ncome\" }").unwrap_err().contains("a name has no line breaks"));
    }
}
