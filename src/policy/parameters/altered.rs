//! Dated values as they would be: one grown, or given another amount. Base schedules stay.

use super::{Parameters, Standing, Value};
use crate::model::fen::{self, PPM};

/// Why a value cannot be altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAltered {
    /// There is none of that name.
    NoValue,
    /// It is the name of a base schedule.
    Schedule,
    /// There is none of that year that could grow; these years there are.
    NoYear(Vec<i32>),
}

impl Parameters {
    /// Names of the parameters that have a value, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.values.keys().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names.into_iter()
    }

    /// Multiplies a parameter's values, or that of one year, by a factor in millionths; to the fen, a half
    /// away from nought.
    ///
    /// # Errors
    /// [`NotAltered`]: there is no such value.
    pub fn grow(&mut self, name: &str, year: Option<i32>, factor_ppm: i64) -> Result<(), NotAltered> {
        let factor = rust_decimal::Decimal::new(factor_ppm, 6).normalize();
        let altered = self.values_of(name, year)?;
        self.alter(altered, |value| {
            let before = fen::to_text(value.value);
            let product = i128::from(value.value) * i128::from(factor_ppm);
            let half = i128::from(PPM / 2) * product.signum();
            let grown = (product + half) / i128::from(PPM);
            // What is beyond 64 bits is beyond every limit on amounts.
            value.value = i64::try_from(grown).unwrap_or(i64::MAX);
            format!("{before} x {factor}; {}", value.source)
        });
        Ok(())
    }

    /// Gives a parameter's values, or that of one year, another amount in fen. A year that has no value yet gets
    /// one: a budget is made before its year is known.
    ///
    /// # Errors
    /// [`NotAltered`]: there is no value of that name.
    pub fn put(&mut self, name: &str, year: Option<i32>, amount: i64) -> Result<(), NotAltered> {
        let (altered, is_new) = match self.values_of(name, year) {
            Err(NotAltered::NoYear(_)) => (vec![Value { year, ..Value::of(name) }], true),
            altered => (altered?, false),
        };
        self.alter(altered, |value| {
            let before = std::mem::replace(&mut value.value, amount);
            match is_new {
                true => "no value before".to_owned(),
                false => format!("{} replaced; {}", fen::to_text(before), value.source),
            }
        });
        Ok(())
    }

    /// A parameter's values, or that of one year.
    fn values_of(&self, name: &str, year: Option<i32>) -> Result<Vec<Value>, NotAltered> {
        let found: Vec<Value> = match year {
            // An undated value counts for every year that has none of its own.
            Some(year) => self.value(name, year).map(|v| Value { year: Some(year), ..v.clone() }).into_iter().collect(),
            None => self.values.values().filter(|v| v.parameter == name).cloned().collect(),
        };
        if !found.is_empty() {
            return Ok(found);
        }
        let years: Vec<i32> = self.values.keys().filter(|(n, _)| n == name).filter_map(|(_, y)| *y).collect();
        Err(match years.is_empty() {
            false => NotAltered::NoYear(years),
            true if self.schedules.keys().any(|(n, _)| n == name) => NotAltered::Schedule,
            true => NotAltered::NoValue,
        })
    }

    /// Alters values, says in their source how, and lays them as a document of the user's.
    fn alter(&mut self, mut altered: Vec<Value>, alter: impl Fn(&mut Value) -> String) {
        let mut text = String::new();
        for value in &mut altered {
            let how = alter(value);
            value.source = format!("as if: {}", how.trim_end_matches("; "));
            value.status = Standing::User;
            value.published_on = None;
            let year = value.year.map_or(String::new(), |y| format!("year = {y}\n"));
            text.push_str(&format!(
                "[[value]]\nparameter = {:?}\n{year}value = \"{}\"\nsource = {:?}\n",
                value.parameter,
                fen::to_text(value.value),
                value.source
            ));
        }
        self.values.extend(altered.into_iter().map(|v| ((v.parameter.clone(), v.year), v)));
        self.texts.push(text);
    }
}

impl Value {
    /// A value of that name that is nothing yet.
    fn of(name: &str) -> Self {
        Self {
            parameter: name.to_owned(),
            year: None,
            value: 0,
            status: Standing::User,
            source: String::new(),
            published_on: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCOME: &str = "per-capita disposable income, Shandong";

    #[test]
    fn all_years_grow_or_one_and_the_source_says_so() {
        let shipped = Parameters::shipped().unwrap();
        let mut all = shipped.clone();
        all.grow(INCOME, None, 1_050_000).unwrap();
        assert_eq!(all.value(INCOME, 2021).unwrap().value, 3_749_025);
        assert_eq!(all.value(INCOME, 2022).unwrap().value, 3_943_800);
        let mut one = shipped.clone();
        one.grow(INCOME, Some(2022), 1_050_000).unwrap();
        assert_eq!(one.value(INCOME, 2021).unwrap().value, 3_570_500);
        let value = one.value(INCOME, 2022).unwrap();
        assert_eq!((value.value, value.status), (3_943_800, Standing::User));
        assert!(value.source.starts_with("as if: 37560.00 x 1.05; statistical communiqué"), "{}", value.source);
        // What is told of the change is a document that makes it.
        let mut laid = shipped;
        laid.lay("told", one.texts.last().unwrap()).unwrap();
        assert_eq!(laid.value(INCOME, 2022).unwrap().value, 3_943_800);
    }

    #[test]
    fn a_value_takes_the_place_of_all_years_or_of_one() {
        let mut p = Parameters::shipped().unwrap();
        p.put(INCOME, Some(2022), 4_000_000).unwrap();
        assert_eq!(p.value(INCOME, 2022).unwrap().value, 4_000_000);
        assert_eq!(p.value(INCOME, 2023).unwrap().value, 3_989_000);
        p.put(INCOME, None, 5_000_000).unwrap();
        assert_eq!(p.value(INCOME, 2023).unwrap().value, 5_000_000);
    }

    #[test]
    fn a_year_without_a_value_gets_one_but_cannot_grow() {
        let mut p = Parameters::shipped().unwrap();
        assert_eq!(p.grow(INCOME, Some(2026), 1_050_000), Err(NotAltered::NoYear(vec![2021, 2022, 2023, 2024])));
        assert!(p.value(INCOME, 2026).is_none());
        p.put(INCOME, Some(2026), 4_500_000).unwrap();
        let value = p.value(INCOME, 2026).unwrap();
        assert_eq!(
            (value.value, value.status, value.source.as_str()),
            (4_500_000, Standing::User, "as if: no value before")
        );
        assert_eq!((p.value(INCOME, 2025).is_none(), p.value(INCOME, 2024).unwrap().value), (true, 4_207_700));
        // What is told of it makes it, and then it can grow.
        let mut laid = Parameters::shipped().unwrap();
        laid.lay("told", p.texts.last().unwrap()).unwrap();
        assert_eq!(laid.value(INCOME, 2026).unwrap().value, 4_500_000);
        p.grow(INCOME, Some(2026), 2_000_000).unwrap();
        assert_eq!(p.value(INCOME, 2026).unwrap().value, 9_000_000);
        assert_eq!(p.put("colour", Some(2026), 1), Err(NotAltered::NoValue));
    }

    #[test]
    fn an_undated_value_is_altered_for_the_year_alone() {
        let mut p = Parameters::shipped().unwrap();
        p.lay("mine", "[[value]]\nparameter = \"x\"\nvalue = \"100\"").unwrap();
        p.grow("x", Some(2023), 500_000).unwrap();
        assert_eq!((p.value("x", 2023).unwrap().value, p.value("x", 2024).unwrap().value), (5_000, 10_000));
    }

    #[test]
    fn grown_values_round_half_away_from_nought() {
        let mut p = Parameters::shipped().unwrap();
        p.lay("mine", "[[value]]\nparameter = \"x\"\nvalue = \"0.01\"").unwrap();
        p.grow("x", None, 1_500_000).unwrap();
        assert_eq!(p.value("x", 2023).unwrap().value, 2);
    }

    #[test]
    fn what_is_not_there_is_not_altered() {
        let mut p = Parameters::shipped().unwrap();
        assert_eq!(p.grow("colour", None, PPM), Err(NotAltered::NoValue));
        assert_eq!(p.grow(INCOME, Some(1999), PPM), Err(NotAltered::NoYear(vec![2021, 2022, 2023, 2024])));
        let base = "catastrophic base schedule, Jincheng, residents";
        assert_eq!(p.put(base, None, 1), Err(NotAltered::Schedule));
    }
}
