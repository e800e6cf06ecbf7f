//! One row of the audit, recomputed from its own columns.

use crate::model::codes::Layer;
use crate::model::fen::{PPM, Round};
use crate::output::stream::{Kind, Stream};

/// Columns of the audit, in the order in which they are read.
pub(super) fn columns() -> Vec<(&'static str, Kind)> {
    vec![
        ("psn_no", Kind::Id),
        ("setl_id", Kind::Id),
        ("step", Kind::Int),
        ("layer", Kind::Text),
        ("rule", Kind::Text),
        ("clause", Kind::Text),
        ("base", Kind::Money),
        ("from", Kind::OptionalMoney),
        ("to", Kind::OptionalMoney),
        ("lo", Kind::OptionalMoney),
        ("ratio", Kind::OptionalRatio),
        ("gross", Kind::Money),
        ("cap", Kind::OptionalMoney),
        ("cap_used", Kind::Money),
        ("paid", Kind::Money),
    ]
}

pub(super) const PSN_NO: usize = 0;
pub(super) const SETL_ID: usize = 1;
pub(super) const RULE: usize = 4;
pub(super) const CLAUSE: usize = 5;

/// A row of the audit. Money in fen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) step: i32,
    pub(super) layer: Option<Layer>,
    pub(super) base: i64,
    /// From, to and the start of the bracket.
    pub(super) band: Option<(i64, i64, i64)>,
    pub(super) ratio_ppm: Option<i64>,
    pub(super) gross: i64,
    pub(super) cap: Option<i64>,
    pub(super) cap_used: i64,
    pub(super) paid: i64,
}

impl Step {
    /// The row that the stream stands at.
    pub(super) fn of(audit: &Stream) -> Self {
        let [from, to, lo] = [7, 8, 9].map(|column| audit.optional_figure(column));
        Self {
            step: audit.int(2),
            layer: Layer::parse(audit.text(3)),
            base: audit.figure(6),
            band: from.zip(to).zip(lo).map(|((from, to), lo)| (from, to, lo)),
            ratio_ppm: audit.optional_figure(10),
            gross: audit.figure(11),
            cap: audit.optional_figure(12),
            cap_used: audit.figure(13),
            paid: audit.figure(14),
        }
    }

    /// What `gross` should be; `None` for a row without a bracket, where it stands by itself.
    pub(super) fn gross(&self, round: Round) -> Option<Result<i64, &'static str>> {
        let (from, to, lo) = self.band?;
        let ratio = self.ratio_ppm.unwrap_or(-1);
        // Beyond this no run writes a figure, and a product would not fit.
        let sane = 0 <= lo && lo <= from && from < to && to < i64::MAX / 4 && (0..=PPM).contains(&ratio);
        if !sane {
            return Some(Err("no bracket of which it could be a part"));
        }
        Some(Ok(round.product(to - lo, ratio) - round.product(from - lo, ratio)))
    }

    /// What `paid` should be, where so much was paid by earlier rows of the claim and layer: the least of
    /// `gross`, the room under the limit and what is left of the base.
    pub(super) fn paid(&self, before: i128) -> i128 {
        // Where a row has no bracket its `base` is what was left already.
        let before = if self.band.is_some() { before } else { 0 };
        let room = self.cap.map_or(i128::MAX, |cap| (i128::from(cap) - i128::from(self.cap_used)).max(0));
        i128::from(self.gross).min(i128::from(self.base) - before).min(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(band: Option<(i64, i64, i64)>, gross: i64, cap: Option<i64>, cap_used: i64) -> Step {
        let (layer, ratio_ppm) = (Some(Layer::Ma), Some(700_000));
        Step { step: 1, layer, base: 1_000, band, ratio_ppm, gross, cap, cap_used, paid: 0 }
    }

    #[test]
    fn a_bracket_pays_the_difference_of_two_rounded_figures() {
        let round = Round::default();
        assert_eq!(step(Some((1, 3, 0)), 0, None, 0).gross(round), Some(Ok(1)));
        assert_eq!(step(None, 5, None, 0).gross(round), None);
        for (from, to, lo) in [(3, 3, 0), (0, 3, 1), (-1, 3, -2), (0, i64::MAX, 0)] {
            assert!(step(Some((from, to, lo)), 0, None, 0).gross(round).is_some_and(|g| g.is_err()));
        }
    }

    #[test]
    fn the_limit_and_what_is_left_of_the_base_bound_what_is_paid() {
        assert_eq!(step(Some((0, 1_000, 0)), 700, None, 0).paid(0), 700);
        assert_eq!(step(Some((0, 1_000, 0)), 700, Some(500), 100).paid(0), 400);
        assert_eq!(step(Some((0, 1_000, 0)), 700, Some(500), 600).paid(0), 0);
        assert_eq!(step(Some((0, 1_000, 0)), 700, None, 0).paid(600), 400);
        assert_eq!(step(None, 700, None, 0).paid(600), 700);
    }
}
