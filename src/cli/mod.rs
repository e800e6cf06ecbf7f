//! The command line: what was typed, what it means, and one file a command.

pub mod args;
mod explain;
mod generate;
mod import;
mod policy;
mod progress;
mod project;
mod reconcile;
mod sample;
mod settle;
mod shell;
mod stop;
mod typed;
mod verify;
mod zh;

use crate::lang::{Both, Lang, Told, both};
use args::{Cli, Command};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Done.
pub const DONE: u8 = 0;
/// Failed; nothing was published.
pub const FAILED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// Done, but more rows were rejected than `--max-rejects` allows.
pub const TOO_MANY_REJECTS: u8 = 3;

/// Why a command ended early: the text, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// One line of what and where, one of what to do.
    pub text: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// A mistake on the command line.
    pub fn usage(error: &impl Told) -> Self {
        Self { text: error.told(lang()), code: USAGE }
    }
}

impl Failure {
    /// The text as it is said.
    fn told(&self) -> String {
        format!("{}{}", lang().pick("error: ", "错误："), self.text)
    }

    /// Names the person whom an error is about, where that is wanted.
    fn about(self, psn_no: Option<&str>, verbose: bool) -> Self {
        match psn_no.filter(|_| verbose) {
            Some(psn_no) => {
                let who = both!("the person is {psn_no}", "该人员为 {psn_no}");
                Self { text: format!("{}\n  {}", self.text, who.pick(lang())), ..self }
            }
            None => self,
        }
    }
}

impl<E: Told> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { text: error.told(lang()), code: FAILED }
    }
}

/// The language of this process: it is chosen once, before anything is said.
static LANG: OnceLock<Lang> = OnceLock::new();

/// The language in which everything is said: `--lang`, else the locale's.
fn lang() -> Lang {
    *LANG.get_or_init(|| Lang::of_locale(|name| std::env::var(name).ok()))
}

/// Reads what was typed and runs it; the exit code.
pub fn start() -> ExitCode {
    let typed: Vec<_> = std::env::args_os().collect();
    if let Some(named) = typed::lang_of(&typed) {
        // Nobody has asked yet.
        let _ = LANG.set(named);
    }
    match typed::read(&typed, lang()) {
        Ok(cli) => run(cli),
        Err(code) => ExitCode::from(code),
    }
}

fn run(cli: Cli) -> ExitCode {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A panic of the Parquet reader on a damaged file is told as an error of that file.
        if !crate::ledger::open::is_guarded() {
            shown(panic);
        }
    }));
    if let Err(failure) = stop::watch() {
        say(&failure.told());
        return ExitCode::from(failure.code);
    }
    let done = match cli.command {
        Command::Settle(args) => settle::run(*args),
        Command::Import(args) => import::run(&args),
        Command::Project(args) => project::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Reconcile(args) => reconcile::run(*args, cli.verbose),
        Command::Explain(args) => explain::run(&args, cli.verbose),
        Command::Verify(args) => verify::run(args, cli.verbose),
        Command::Policy(command) => policy::run(&command),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { out } => shell::man(out.as_deref()),
    };
    stop::give_way();
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&failure.told());
            ExitCode::from(failure.code)
        }
    }
}

/// Says something on stderr. Where nothing can be said, the run goes on: its result does not hang on it.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Says something that somebody should look at: what, and in a second line what to do.
fn warn(text: &Both) {
    say(&format!("{}{}", lang().pick("warning: ", "警告："), text.pick(lang())));
}

/// Says something that is good to know.
fn note(text: &Both) {
    say(&format!("{}{}", lang().pick("note: ", "提示："), text.pick(lang())));
}

/// Prints what a run came to. The run is published: that its summary cannot be printed undoes nothing.
fn report(text: &str) {
    if let Err(error) = write_out(text) {
        warn(&both!(
            "the summary could not be printed: {}\n  the exit code tells how the run ended",
            "无法输出汇总：{}\n  运行结果以退出码为准",
            error.told(lang())
        ));
    }
}

/// Prints to stdout what a command gives.
fn print(text: &str) -> Result<(), Failure> {
    let told = |error: std::io::Error| Both {
        en: format!("standard output: {error}\n  look where it is led to, and run again"),
        zh: format!("标准输出：{}\n  请检查输出所指向的位置，再重新运行", error.zh()),
    };
    write_out(text).map_err(|error| told(error).into())
}

/// Writes to stdout; a reader that went away (`| head`) is no failure.
fn write_out(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
