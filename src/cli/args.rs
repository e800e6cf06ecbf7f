//! What was typed.

use crate::generate::ErrorSpec;
use crate::lang::{Both, both};
use crate::model::{date, fen};
use crate::output::access::Access;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// One-stop medical settlement: a year's claims ledger in, settlement and audit out, every fen explained.
#[derive(Debug, Parser)]
#[command(name = "onestop", version, about, long_about = None, arg_required_else_help = true)]
pub struct Cli {
    /// Name persons in error texts, too
    #[arg(long, global = true)]
    pub verbose: bool,
    /// Language of what is said [default: from the locale]
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Language>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Settle a ledger under a policy
    Settle(Box<SettleArgs>),
    /// Make a ledger or a roster of exported files (CSV, XLSX)
    Import(ImportArgs),
    /// Settle a ledger again under scenarios: what would it cost, whom would it reach?
    Project(Box<ProjectArgs>),
    /// Make a synthetic ledger and roster to try things on
    Generate(GenerateArgs),
    /// Hold what was paid against what was due, and name the cause of every difference
    Reconcile(Box<ReconcileArgs>),
    /// Tell a person's year step by step, from a settlement's outputs
    Explain(ExplainArgs),
    /// Hold a settlement's outputs against themselves and, with the ledger, against the run made again
    Verify(VerifyArgs),
    /// Look at policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Print what a shell needs to complete commands and options
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write a page for every command into this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// What a run is made from, and how it is made.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Ledger files or folders (Parquet)
    #[arg(required_unless_present = "sample", conflicts_with = "sample")]
    pub ledger: Vec<PathBuf>,
    /// Take the sample that comes with the program
    #[arg(long, conflicts_with_all = ["roster", "policy"])]
    pub sample: bool,
    /// Who holds which identity when (Parquet)
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// A shipped policy's id, or a policy file; several, separated by commas, whose dates do not overlap
    #[arg(long, value_name = "ID|FILE", required_unless_present = "sample")]
    pub policy: Vec<String>,
    /// Dated values that win over the shipped ones (TOML)
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
    /// Other names and codes (TOML)
    #[arg(long, value_name = "FILE")]
    pub codes: Option<PathBuf>,
    /// Output folder
    #[arg(long, value_name = "DIR", required_unless_present = "sample")]
    pub out: Option<PathBuf>,
    /// Keep only rows charged to this year
    #[arg(long, value_name = "Y", value_parser = clap::value_parser!(i32).range(1..=9999))]
    pub year: Option<i32>,
    /// Apply the policy outside its dates
    #[arg(long)]
    pub as_if: bool,
    /// Leave out what the roster recorded after this day
    #[arg(long, value_name = "DATE", value_parser = parse_date, requires = "roster")]
    pub as_known: Option<i32>,
    /// Leave out dated values that were published after this day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub as_of: Option<i32>,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory to keep to, such as 2G; rows that do not fit wait on disk [default: 512M]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
    /// Refuse parameters without a publication
    #[arg(long)]
    pub strict: bool,
    /// Replace an earlier run in the output folder
    #[arg(long)]
    pub force: bool,
    /// Who may read what is written
    #[arg(long, value_name = "WHO", value_enum, default_value_t = ReadableBy::Owner)]
    pub readable_by: ReadableBy,
    /// Take the file's column THEIRS as NAME
    #[arg(long = "column", value_name = "NAME=THEIRS")]
    pub columns: Vec<String>,
    /// Columns that hold assistance paid, such as maf_pay,oth_pay
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub recorded_maf: Vec<String>,
    /// Accept float columns of money whose values are whole fen
    #[arg(long)]
    pub allow_float: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

/// `onestop settle`.
#[derive(Debug, Args)]
pub struct SettleArgs {
    /// Inputs and limits
    #[command(flatten)]
    pub run: RunArgs,
    /// How much audit to write
    #[arg(long, value_enum, default_value_t = Audit::Full)]
    pub audit: Audit,
    /// Leave out payments.xlsx, the list to pay from
    #[arg(long)]
    pub no_xlsx: bool,
    /// Leave out report.html, the page that tells the run
    #[arg(long)]
    pub no_report: bool,
    /// Who is paid where: psn_no, name, certificate number, bank, account (XLSX, CSV or Parquet)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_xlsx", "mask"])]
    pub payees: Option<PathBuf>,
    /// Find the persons whose year would come to another total if claims were taken in another order
    #[arg(long)]
    pub orders: bool,
    /// Write keyed hashes for person numbers; the key is what the file holds, 16 bytes at least
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// Exit with 3 where more than N rows, or more than P % of the ledger's, are rejected
    #[arg(long, value_name = "N|P%", value_parser = parse_max_rejects)]
    pub max_rejects: Option<MaxRejects>,
}

/// `onestop import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Exported files: CSV, text with tabs, or XLSX
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The file to make (Parquet)
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub out: Option<PathBuf>,
    /// Make a roster, not a ledger
    #[arg(long)]
    pub roster: bool,
    /// Take the column under the head THEIRS as NAME
    #[arg(long = "column", value_name = "NAME=THEIRS")]
    pub columns: Vec<String>,
    /// More heads and words (TOML, in the form of data/headers.toml)
    #[arg(long, value_name = "FILE")]
    pub headers: Option<PathBuf>,
    /// Other names and codes (TOML)
    #[arg(long, value_name = "FILE")]
    pub codes: Option<PathBuf>,
    /// The sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Where cells that cannot be read are listed [default: beside the output, as .rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Show what was found and the first rows as they are understood, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace earlier files
    #[arg(long)]
    pub force: bool,
    /// Who may read what is written
    #[arg(long, value_name = "WHO", value_enum, default_value_t = ReadableBy::Owner)]
    pub readable_by: ReadableBy,
    /// Print nothing but errors and warnings
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

/// `onestop project`.
#[derive(Debug, Args)]
pub struct ProjectArgs {
    /// Inputs and limits
    #[command(flatten)]
    pub run: RunArgs,
    /// What might be otherwise (TOML); with --sample the scenarios that come with the program
    #[arg(long, value_name = "FILE", required_unless_present_any = ["sample", "solve"])]
    pub scenarios: Option<PathBuf>,
    /// Write a commented example of a scenarios file, and do nothing else
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub init: Option<PathBuf>,
    /// Replicates of the bootstrap that gives totals and differences their intervals, 20 to 2000; 0: none
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_replicates)]
    pub bootstrap: u16,
    /// What chance begins with: the same seed gives the same figures
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Find the most generous value of the policy, such as ma.A.ratio, that keeps a fund within --budget
    #[arg(long, value_name = "ADDRESS", requires = "budget")]
    pub solve: Option<String>,
    /// What the fund may pay, in yuan
    #[arg(long, value_name = "YUAN", requires = "solve", value_parser = parse_yuan)]
    pub budget: Option<i64>,
    /// The fund that --budget is for [default: medical_assistance]
    #[arg(long, value_name = "FUND", requires = "solve")]
    pub fund: Option<String>,
    /// Values to look at, such as 0.50..0.90 [default for ratios: 0..1]
    #[arg(long, value_name = "A..B", requires = "solve")]
    pub within: Option<String>,
    /// How far apart they are [default for ratios: 0.01]
    #[arg(long, value_name = "S", requires = "solve")]
    pub step: Option<String>,
}

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReadableBy {
    /// Nobody but the owner
    Owner,
    /// The owner's group, too
    Group,
    /// Everybody
    Everyone,
}

impl From<ReadableBy> for Access {
    fn from(who: ReadableBy) -> Self {
        match who {
            ReadableBy::Owner => Access::Owner,
            ReadableBy::Group => Access::Group,
            ReadableBy::Everyone => Access::Everyone,
        }
    }
}

/// How much audit to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Audit {
    /// A row for every step that moved something.
    Full,
    /// No audit file.
    None,
}

/// When rejects are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxRejects {
    /// More than so many rows.
    Rows(u64),
    /// More than so many millionths of the ledger's rows.
    Share(u64),
}

impl MaxRejects {
    /// Whether so many rejects, so many of them of the ledger's rows, are too many.
    pub fn exceeded(self, rejects: u64, of_ledger: u64, rows: u64) -> bool {
        match self {
            MaxRejects::Rows(most) => rejects > most,
            MaxRejects::Share(ppm) => u128::from(of_ledger) * 1_000_000 > u128::from(rows) * u128::from(ppm),
        }
    }
}

/// `onestop generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// A shipped policy's id, or a policy file
    #[arg(long, value_name = "ID|FILE")]
    pub policy: String,
    /// How many persons
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub persons: u64,
    /// Benefit year
    #[arg(long, value_name = "Y", value_parser = clap::value_parser!(i32).range(1..=9999))]
    pub year: i32,
    /// The same seed gives the same files
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Record what is due as paid, plant known errors and write the truth beside: `all:0.02` (a share of the
    /// persons) or `KIND=COUNT,…`; `double=COUNT` for persons with two errors; `twins` also where two kinds look alike
    #[arg(long, value_name = "SPEC")]
    pub errors: Option<ErrorSpec>,
    /// Dated values that win over the shipped ones (TOML), to settle for --errors
    #[arg(long, value_name = "FILE", requires = "errors")]
    pub params: Option<PathBuf>,
    /// Output folder
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Who may read what is written
    #[arg(long, value_name = "WHO", value_enum, default_value_t = ReadableBy::Owner)]
    pub readable_by: ReadableBy,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

/// `onestop reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    /// A settlement's output folder: what was due
    pub dir: PathBuf,
    /// What was paid: a file of payments (Parquet), or another settlement's folder [default: the recorded columns]
    #[arg(long, value_name = "FILE|DIR")]
    pub paid: Option<PathBuf>,
    /// Ledger files or folders, where they are no longer where the settlement found them
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub ledger: Vec<PathBuf>,
    /// Inputs in place of the recorded ones
    #[command(flatten)]
    pub given: GivenArgs,
    /// Output folder
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory to keep to, such as 2G; rows that do not fit wait on disk [default: 512M]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
    /// Replace an earlier output in the output folder
    #[arg(long)]
    pub force: bool,
    /// Who may read what is written
    #[arg(long, value_name = "WHO", value_enum, default_value_t = ReadableBy::Owner)]
    pub readable_by: ReadableBy,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the manifest as JSON
    #[arg(long)]
    pub json: bool,
}

/// `onestop explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A settlement's output folder
    pub dir: PathBuf,
    /// The person
    pub psn_no: String,
    /// Only this claim
    #[arg(long, value_name = "SETL_ID")]
    pub claim: Option<String>,
    /// The key that person numbers were masked with; the person is given by the real number
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// Also what a reconciliation of the settlement found about the person: its output folder
    #[arg(long, value_name = "DIR")]
    pub findings: Option<PathBuf>,
}

/// `onestop verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A settlement's output folder
    pub dir: PathBuf,
    /// Settle again from these ledger files or folders, and compare byte for byte
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub ledger: Vec<PathBuf>,
    /// Inputs in place of the recorded ones
    #[command(flatten)]
    pub given: GivenArgs,
    /// The payees, where they do not lie at their recorded path
    #[arg(long, value_name = "FILE", requires = "ledger")]
    pub payees: Option<PathBuf>,
    /// Replay this person alone from the ledger; nobody else's rows are settled or shown
    #[arg(long, value_name = "PSN_NO")]
    pub person: Option<String>,
    /// Print nothing; the exit code tells
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the checks as JSON
    #[arg(long)]
    pub json: bool,
}

/// Inputs of a run that no longer lie where its manifest says.
#[derive(Debug, Args)]
pub struct GivenArgs {
    /// The roster, where it does not lie at its recorded path
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// The policy, where it does not lie at its recorded path; several, separated by commas
    #[arg(long, value_name = "ID|FILE")]
    pub policy: Vec<String>,
    /// The dated values, where they do not lie at their recorded path
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
    /// The codes, where they do not lie at their recorded path
    #[arg(long, value_name = "FILE")]
    pub codes: Option<PathBuf>,
    /// The key that person numbers were masked with; those on the command line are the real ones
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
}

/// Language of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Chinese
    Zh,
    /// English, with Chinese terms
    En,
}

/// `onestop policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the shipped policies
    List,
    /// Show a policy as a table to hold against its text
    Show {
        /// A shipped policy's id, or a policy file
        policy: String,
        /// Resolve shares of dated parameters for this benefit year
        #[arg(long, value_name = "Y")]
        year: Option<i32>,
        /// Dated values that win over the shipped ones (TOML)
        #[arg(long, value_name = "FILE")]
        params: Option<PathBuf>,
        /// Leave out dated values that were published after this day
        #[arg(long, value_name = "DATE", value_parser = parse_date)]
        as_of: Option<i32>,
    },
    /// Look for what cannot be meant in a policy file
    Check {
        /// A shipped policy's id, or a policy file
        policy: String,
        /// Dated values that win over the shipped ones (TOML)
        #[arg(long, value_name = "FILE")]
        params: Option<PathBuf>,
        /// Leave out dated values that were published after this day
        #[arg(long, value_name = "DATE", value_parser = parse_date)]
        as_of: Option<i32>,
    },
    /// Show in which rules and figures two policies differ
    Diff {
        /// One policy
        a: String,
        /// The other
        b: String,
    },
}

fn parse_date(text: &str) -> Result<i32, Both> {
    let wrong = |_| both!("`{text}` is not a date such as 2024-06-30", "`{text}` 不是日期，应如 2024-06-30");
    let date: NaiveDate = text.trim().parse().map_err(wrong)?;
    Ok(date::to_days(date))
}

/// Fewer replicates than this have no fortieth on either side; more than that take memory and say no more.
const REPLICATES: std::ops::RangeInclusive<u16> = 20..=2_000;

fn parse_replicates(text: &str) -> Result<u16, Both> {
    let (least, most) = (REPLICATES.start(), REPLICATES.end());
    let wanted = |n: &u16| *n == 0 || REPLICATES.contains(n);
    text.parse().ok().filter(wanted).ok_or_else(|| {
        both!("`{text}` is neither 0 nor from {least} to {most}", "`{text}` 既不是 0，也不在 {least} 至 {most} 之间")
    })
}

fn parse_yuan(text: &str) -> Result<i64, Both> {
    match fen::parse_yuan(text.trim()) {
        Ok(fen) if fen >= 0 => Ok(fen),
        Ok(_) => Err(both!("`{text}` is negative", "`{text}` 为负数")),
        Err(why) => Err(Both {
            en: format!("`{text}` is {why}; write yuan such as 12000000"),
            zh: format!("`{text}` {}；请以元填写，例如 12000000", why.label()),
        }),
    }
}

fn parse_size(text: &str) -> Result<u64, Both> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let wrong = |_| both!("`{text}` is not a size such as 512M or 4G", "`{text}` 不是容量，应如 512M 或 4G");
    let number: u64 = digits.parse().map_err(wrong)?;
    let shift = match unit.trim().to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => {
            return Err(both!(
                "`{unit}` is no unit of size; use K, M, G or T",
                "`{unit}` 不是容量单位；请用 K、M、G 或 T"
            ));
        }
    };
    number
        .checked_mul(1 << shift)
        .filter(|n| *n > 0)
        .ok_or_else(|| both!("`{text}` is out of range", "`{text}` 超出范围"))
}

fn parse_max_rejects(text: &str) -> Result<MaxRejects, Both> {
    let wrong = || {
        both!(
            "`{text}` is neither a number of rows such as 100 nor a share such as 0.5%",
            "`{text}` 既不是行数（如 100），也不是比例（如 0.5%）"
        )
    };
    match text.strip_suffix('%') {
        None => text.parse().map(MaxRejects::Rows).map_err(|_| wrong()),
        Some(percent) => {
            let percent: rust_decimal::Decimal = percent.trim().parse().map_err(|_| wrong())?;
            let ppm = percent.checked_mul(rust_decimal::Decimal::from(10_000)).ok_or_else(wrong)?;
            u64::try_from(ppm.trunc()).map(MaxRejects::Share).map_err(|_| wrong())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_limits_read_as_people_write_them() {
        assert_eq!(parse_size("512M"), Ok(512 << 20));
        assert_eq!(parse_size("4GiB"), Ok(4 << 30));
        assert!(parse_size("0").is_err() && parse_size("4X").is_err() && parse_size("M").is_err());
        assert_eq!(parse_max_rejects("0.5%"), Ok(MaxRejects::Share(5_000)));
        assert!(parse_max_rejects("0.5%").unwrap().exceeded(6, 6, 1_000));
        assert!(!parse_max_rejects("6").unwrap().exceeded(6, 6, 7));
        assert!(parse_max_rejects("some").is_err());
        assert_eq!(parse_date("2024-02-29").map(date::show), Ok("2024-02-29".into()));
        assert!(parse_date("2023-02-29").is_err() && parse_date("20240229").is_err());
    }
}
