//! Progress bars on a terminal.

use super::{lang, note, warn};
use crate::lang::both;
use crate::output::publish::Leftover;
use crate::run::progress::{Progress, Step};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::Mutex;

/// Rows done and all, rows a second, and how long it will take; English and Chinese.
const TEMPLATE: [&str; 2] = [
    "{msg} {wide_bar} {human_pos}/{human_len} rows, {rate}/s, {eta} left",
    "{msg} {wide_bar} {human_pos}/{human_len} 行，每秒 {rate} 行，约余 {eta}",
];

/// Whole rows a second.
pub(super) fn rate(state: &ProgressState, out: &mut dyn Write) {
    let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
}

/// A bar for the step at hand; shown on a terminal only.
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    shown: bool,
    /// The steps are those of a settlement, and numbered.
    numbered: bool,
}

impl Bars {
    /// Bars, or nothing where `shown` is off.
    pub fn new(shown: bool) -> Self {
        Self { bar: Mutex::new(None), shown, numbered: false }
    }

    /// The bars of a settlement, whose steps are known; one that a run can do without is left out.
    pub fn numbered(shown: bool) -> Self {
        Self { numbered: true, ..Self::new(shown) }
    }

    fn label(&self, step: Step) -> String {
        let (number, en, zh) = match step {
            Step::Survey => (1, "looking at persons 清点人员", "清点人员"),
            Step::Read => (2, "reading 读取台账", "读取台账"),
            Step::Settle => (3, "settling 结算", "结算"),
        };
        let label = lang().pick(en, zh);
        if self.numbered { format!("{number}/3 {label}") } else { label.to_owned() }
    }

    fn with(&self, f: impl FnOnce(&mut Option<ProgressBar>)) {
        f(&mut self.bar.lock().unwrap_or_else(|e| e.into_inner()));
    }
}

impl Progress for Bars {
    fn begin(&self, step: Step, rows: u64) {
        // indicatif itself stays silent where stderr is no terminal.
        let target = if self.shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(rows), target).with_message(self.label(step));
        let bar = match ProgressStyle::with_template(lang().pick(TEMPLATE[0], TEMPLATE[1])) {
            Ok(style) => bar.with_style(style.with_key("rate", rate)),
            Err(_) => bar,
        };
        self.with(|slot| *slot = Some(bar));
    }

    fn advance(&self, rows: u64) {
        self.with(|slot| {
            if let Some(bar) = slot {
                bar.inc(rows);
            }
        });
    }

    fn leftover(&self, left: &Leftover) {
        if !self.shown {
            return;
        }
        match left {
            Leftover::Removed(path) => note(&both!(
                "removed what a run that was killed had left: {}",
                "已删除被强行终止的运行所遗留的内容：{}",
                path.display()
            )),
            Leftover::PutBack(path) => note(&both!(
                "a run was killed while it replaced this one, which is back: {}",
                "有运行在替换此结果时被强行终止，原结果已恢复：{}",
                path.display()
            )),
            Leftover::Left(path) => warn(&both!(
                "the run that was replaced could not be removed: {}\n  remove it yourself, or leave it to the next run into this folder",
                "被替换的结果未能删除：{}\n  请自行删除，或留待下次对该目录运行时删除",
                path.display()
            )),
        }
    }

    fn end(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }
}
