//! Runs of the program itself, as a user starts it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

/// What a run said and how it ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The program, which speaks English whatever the locale of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onestop"));
    command.env("LC_ALL", "C");
    command
}

/// Runs `onestop` with these arguments.
///
/// # Panics
/// Where the program cannot be started.
pub fn onestop<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Outcome {
    let output = command().args(args).output().expect("onestop starts");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// An `onestop settle`, put together argument by argument.
#[derive(Clone, Debug)]
pub struct Settle(Vec<OsString>);

impl Settle {
    /// Settles a ledger file or folder, quietly.
    pub fn ledger(path: &Path) -> Self {
        Self(vec!["settle".into(), path.into(), "--quiet".into()])
    }

    /// Under a shipped policy, or one at a path.
    pub fn policy(self, id_or_path: impl AsRef<OsStr>) -> Self {
        self.option("--policy", id_or_path)
    }

    /// With a roster.
    pub fn roster(self, path: &Path) -> Self {
        self.option("--roster", path)
    }

    /// With parameters laid over the shipped ones.
    pub fn params(self, path: &Path) -> Self {
        self.option("--params", path)
    }

    /// With one more flag.
    pub fn flag(mut self, name: &str) -> Self {
        self.0.push(name.into());
        self
    }

    /// With one more option.
    pub fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.extend([name.into(), value.as_ref().to_owned()]);
        self
    }

    /// Runs it, with the outputs in this folder.
    pub fn into_folder(self, out: &Path) -> Outcome {
        onestop(self.option("--out", out).0)
    }
}
