//! Charts of a page: bars in a single dark tone, which grey print keeps.

use super::html::{escaped, words};
use crate::model::fen::FEN_PER_YUAN;
use charts_rs::{BarChart, Box as Margin, Color, HorizontalBarChart, Series};

/// Width of a chart, in the page's points.
const WIDTH: f32 = 1_000.0;
/// What the names of lying bars take of it, the height of such a bar, and of the scale below them.
const NAMES: f32 = 220.0;
const SLOT: f32 = 30.0;
const AXIS: f32 = 30.0;
const TONE: Color = Color { r: 0x33, g: 0x5c, b: 0x81, a: 255 };
const FONT: &str = "Noto Sans CJK SC,Noto Sans SC,PingFang SC,Microsoft YaHei,WenQuanYi Micro Hei,sans-serif";

/// What a bar says: its name, and fen.
pub(super) type Bars = Vec<(String, i128)>;

/// A unit of a scale: its names, and its fen.
type Unit = (&'static str, &'static str, i64);
const YUAN: Unit = ("元", "yuan", FEN_PER_YUAN);
const TEN_THOUSANDS: Unit = ("万元", "10 000 yuan", 10_000 * FEN_PER_YUAN);

/// Yuan, where a scale of ten thousands would need decimals.
fn unit(bars: &Bars) -> Unit {
    let largest = bars.iter().map(|(_, fen)| fen.unsigned_abs()).max().unwrap_or(0);
    if largest < 100 * TEN_THOUSANDS.2 as u128 { YUAN } else { TEN_THOUSANDS }
}

/// Heights for people's eyes: to the precision of a screen, and no more.
fn series<'a>(bars: impl Iterator<Item = &'a (String, i128)>, unit: Unit) -> Vec<Series> {
    vec![Series::new(String::new(), bars.map(|(_, fen)| (*fen as f64 / unit.2 as f64) as f32).collect())]
}

/// The scale's unit, below the chart.
fn caption((zh, en, _): Unit) -> String {
    format!("<figcaption class=\"soft\">{}</figcaption>", words(&format!("单位：{zh}"), &format!("in {en}")))
}

/// Lying bars, one below the other, their names beside them: the library does not know how wide Chinese letters are.
///
/// # Errors
/// What the library says.
pub(super) fn lying(bars: &Bars) -> Result<String, String> {
    let unit = unit(bars);
    // The library draws the first of them at the bottom.
    let names = bars.iter().rev().map(|(name, _)| name.clone()).collect();
    let mut chart = HorizontalBarChart::new(series(bars.iter().rev(), unit), names);
    (chart.width, chart.height) = (WIDTH - NAMES, SLOT * bars.len() as f32 + AXIS);
    chart.margin = Margin { left: 1.0, right: 20.0, ..Margin::default() };
    chart.y_axis_hidden = true;
    chart.x_axis.height = AXIS;
    chart.legend.show = Some(false);
    chart.font_family = FONT.to_owned();
    chart.series.colors = vec![TONE];
    if let Some(axis) = chart.y_axis_configs.first_mut() {
        axis.formatter = Some("{t}".to_owned());
    }
    let svg = chart.svg().map_err(|e| e.to_string())?;
    let names: String = bars.iter().map(|(name, _)| format!("<span>{}</span>", escaped(name))).collect();
    let rows = format!("repeat({},{SLOT}fr) {AXIS}fr", bars.len());
    Ok(format!(
        "<div class=\"bars\"><div class=\"names\" style=\"grid-template-rows:{rows}\">{names}</div>{svg}</div>{}",
        caption(unit)
    ))
}

/// Standing bars, one beside the other.
///
/// # Errors
/// What the library says.
pub(super) fn standing(bars: &Bars) -> Result<String, String> {
    let unit = unit(bars);
    let names = bars.iter().map(|(name, _)| name.clone()).collect();
    let mut chart = BarChart::new(series(bars.iter(), unit), names);
    (chart.width, chart.height) = (WIDTH, 260.0);
    chart.legend.show = Some(false);
    chart.font_family = FONT.to_owned();
    chart.series.colors = vec![TONE];
    if let Some(axis) = chart.y_axis_configs.first_mut() {
        axis.formatter = Some("{t}".to_owned());
    }
    Ok(chart.svg().map_err(|e| e.to_string())? + &caption(unit))
}
