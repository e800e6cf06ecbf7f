//! Days and instants as integers: days and microseconds since 1970-01-01, local and zone-less.

use chrono::{Datelike, Days, Months, NaiveDate};

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Stands for "never ends" among days.
pub const OPEN_END: i32 = i32::MAX;

const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

/// Days since the epoch of a date.
pub fn to_days(date: NaiveDate) -> i32 {
    (date - EPOCH).num_days() as i32
}

/// The date of a day number; `None` outside the calendar that can be shown.
pub fn from_days(days: i32) -> Option<NaiveDate> {
    if days >= 0 {
        EPOCH.checked_add_days(Days::new(days as u64))
    } else {
        EPOCH.checked_sub_days(Days::new(u64::from(days.unsigned_abs())))
    }
}

/// The day on which an instant lies.
pub fn day_of_micros(micros: i64) -> i32 {
    micros.div_euclid(MICROS_PER_DAY) as i32
}

/// Calendar year of a day number (proleptic Gregorian), without building a date.
#[inline]
pub fn year_of(days: i32) -> i32 {
    // Days are counted from 0000-03-01, so that the leap day closes the year.
    let z = i64::from(days) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    (yoe + era * 400) as i32 + i32::from(doy >= 306)
}

/// Years of days that mostly lie in the same year as the one before.
#[derive(Clone, Copy, Debug)]
pub struct Years {
    first: i32,
    last: i32,
    year: i32,
}

impl Default for Years {
    fn default() -> Self {
        Self { first: 0, last: -1, year: 0 }
    }
}

impl Years {
    /// Calendar year of a day number.
    #[inline]
    pub fn of(&mut self, days: i32) -> i32 {
        if days < self.first || days > self.last {
            self.year = year_of(days);
            let bound = |month, date, other| day(self.year, month, date).unwrap_or(other);
            (self.first, self.last) = (bound(1, 1, days), bound(12, 31, days));
        }
        self.year
    }
}

/// First day of the month of `days`, moved by whole months.
pub fn month_start(days: i32, months: i32) -> Option<i32> {
    let first = from_days(days)?.with_day(1)?;
    let step = Months::new(months.unsigned_abs());
    let moved = if months >= 0 { first.checked_add_months(step) } else { first.checked_sub_months(step) };
    moved.map(to_days)
}

/// Day number of a year, month and day.
pub fn day(year: i32, month: u32, day: u32) -> Option<i32> {
    NaiveDate::from_ymd_opt(year, month, day).map(to_days)
}

/// A day as `2023-06-30`.
pub fn show(days: i32) -> String {
    from_days(days).map_or_else(|| format!("day {days}"), |d| d.to_string())
}

/// A TOML date as a day number; `None` where a time or a zone stands with it.
pub fn from_toml(value: &toml::value::Datetime) -> Option<i32> {
    match (value.date, value.time, value.offset) {
        (Some(d), None, None) => day(i32::from(d.year), u32::from(d.month), u32::from(d.day)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_of_days_are_those_of_the_calendar() {
        let mut years = Years::default();
        for days in [0, 364, 365, -1, 19_723, 19_722, 20_088, 20_089, i32::MAX, i32::MIN, 0] {
            assert_eq!(years.of(days), year_of(days), "{days}");
        }
    }

    #[test]
    fn years_agree_with_the_calendar() {
        for date in ["0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2023-12-31", "2024-01-01", "9999-12-31"] {
            let date: NaiveDate = date.parse().unwrap();
            assert_eq!(year_of(to_days(date)), date.year());
        }
        for days in (-800_000..800_000).step_by(97) {
            assert_eq!(year_of(days), from_days(days).unwrap().year());
        }
    }

    #[test]
    fn months_move_from_their_first_day() {
        let day = |t: &str| to_days(t.parse().unwrap());
        assert_eq!(month_start(day("2024-03-20"), -12), Some(day("2023-03-01")));
        assert_eq!(month_start(day("2023-12-31"), 1), Some(day("2024-01-01")));
    }

    #[test]
    fn instants_before_the_epoch_lie_on_their_day() {
        assert_eq!(day_of_micros(-1), -1);
        assert_eq!(day_of_micros(0), 0);
    }
}
