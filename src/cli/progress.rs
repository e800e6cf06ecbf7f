//! Progress bars on a terminal.

use super::say;
use crate::output::publish::Leftover;
use crate::run::progress::{Progress, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;

/// A bar for the step at hand; shown on a terminal only.
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    shown: bool,
}

impl Bars {
    /// Bars, or nothing where `shown` is off.
    pub fn new(shown: bool) -> Self {
        Self { bar: Mutex::new(None), shown }
    }

    fn with(&self, f: impl FnOnce(&mut Option<ProgressBar>)) {
        f(&mut self.bar.lock().unwrap_or_else(|e| e.into_inner()));
    }
}

impl Progress for Bars {
    fn begin(&self, step: Step, rows: u64) {
        let label = match step {
            Step::Survey => "looking at persons 清点人员",
            Step::Read => "reading 读取台账",
            Step::Settle => "settling 结算",
        };
        // indicatif itself stays silent where stderr is no terminal.
        let target = if self.shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left");
        let bar = ProgressBar::with_draw_target(Some(rows), target).with_message(label);
        self.with(|slot| *slot = Some(style.map_or_else(|_| bar.clone(), |s| bar.clone().with_style(s))));
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
            Leftover::Removed(path) => {
                say(&format!("note: removed what a run that was killed had left: {}", path.display()));
            }
            Leftover::PutBack(path) => {
                say(&format!("note: a run was killed while it replaced this one, which is back: {}", path.display()));
            }
            Leftover::Left(path) => {
                say(&format!("warning: the run that was replaced could not be removed: {}", path.display()));
                say("  remove it yourself, or leave it to the next run into this folder");
            }
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
