//! Everything that can end a run.

use crate::lang::{Both, Told};
use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;

/// Why a run ended without publishing anything.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The policy or the parameters.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The parameters, as one of several policies needs them.
    #[error("policy `{policy}`: {source}")]
    UnderPolicy {
        /// The policy.
        policy: String,
        /// What is wrong.
        source: PolicyError,
    },
    /// No policy to settle under.
    #[error("no policy to settle under\n  name one or more with --policy")]
    NoPolicy,
    /// Two policies for one day.
    #[error(
        "policies {first} and {second} are both in force from {from} to {until}\n  name policies whose dates do not overlap, or settle them in runs of their own"
    )]
    PoliciesOverlap {
        /// The earlier one, with its dates.
        first: Box<Both>,
        /// The later one, with its dates.
        second: Box<Both>,
        /// First day of both.
        from: String,
        /// Last day of both.
        until: Box<Both>,
    },
    /// One policy goes by `setl_time`, another by `enddate`.
    #[error(
        "policies `{first}` and `{second}` tell the year by different dates\n  name policies with the same `year_by`, or settle them in runs of their own"
    )]
    YearsByDifferentDates {
        /// The first policy.
        first: String,
        /// One that differs from it.
        second: String,
    },
    /// `--as-if` with several policies.
    #[error(
        "--as-if applies one policy outside its dates, but several are named\n  name one policy, or leave out --as-if"
    )]
    AsIfSeveral,
    /// The input.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The codes file.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// The file of payees.
    #[error(transparent)]
    Payees(#[from] crate::payments::payees::PayeesError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Rows that wait on disk.
    #[error(transparent)]
    Store(#[from] crate::persons::store::StoreError),
    /// `--strict`, and a value without a publication.
    #[error(
        "--strict: the run needs values without a publication: {values}\n  \
         give confirmed values with --params FILE, or run without --strict"
    )]
    Illustrative {
        /// The values.
        values: Both,
    },
    /// The ledger holds no row charged to the year, because the policy's dates exclude it.
    #[error(
        "--year {year} lies outside policy `{policy}` ({from} to {until})\n  choose another year or policy, or apply it all the same with --as-if"
    )]
    YearOutside {
        /// The year.
        year: i32,
        /// The policy.
        policy: String,
        /// First day.
        from: String,
        /// Last day.
        until: Both,
    },
    /// No policy of several reaches the year.
    #[error(
        "--year {year} lies outside every policy of the run: {policies}\n  choose another year, or name a policy that reaches it"
    )]
    YearOutsideAll {
        /// The year.
        year: i32,
        /// The policies, with their dates.
        policies: Both,
    },
    /// A column operation failed, which no input should bring about.
    #[error("{what}: {message}\n  this is a defect of the program; please report it with the input's schema")]
    Defect {
        /// Where.
        what: &'static str,
        /// What was said.
        message: String,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} threads: {message}\n  choose fewer with --threads")]
    Threads {
        /// How many.
        threads: usize,
        /// What was said.
        message: String,
    },
}

impl RunError {
    /// A failure that no input should bring about.
    pub fn defect(what: &'static str) -> impl Fn(arrow::error::ArrowError) -> Self {
        move |error| RunError::Defect { what, message: error.to_string() }
    }
}

impl Told for RunError {
    fn zh(&self) -> String {
        match self {
            RunError::Policy(error) => error.zh(),
            RunError::UnderPolicy { policy, source } => format!("政策 `{policy}`：{}", source.zh()),
            RunError::NoPolicy => "没有给出结算所依据的政策\n  请用 --policy 写明一个或多个政策".to_owned(),
            RunError::PoliciesOverlap { first, second, from, until } => format!(
                "政策 {} 与 {} 在 {from} 至 {} 同时有效\n  请给出有效期互不重叠的政策，或分开结算",
                first.zh, second.zh, until.zh
            ),
            RunError::YearsByDifferentDates { first, second } => format!(
                "政策 `{first}` 与 `{second}` 确定年度所依据的日期不同\n  请给出 `year_by` 相同的政策，或分开结算"
            ),
            RunError::AsIfSeveral => {
                "--as-if 只能将一个政策用于其有效期之外，而给出了多个\n  请只写一个政策，或不写 --as-if".to_owned()
            }
            RunError::Ledger(error) => error.zh(),
            RunError::Codes(error) => error.zh(),
            RunError::Payees(error) => error.zh(),
            RunError::Output(error) => error.zh(),
            RunError::Store(error) => error.zh(),
            RunError::Illustrative { values } => format!(
                "--strict：本次结算须用未经公布的参数值：{}\n  请用 --params FILE 给出经确认的值，或不写 --strict",
                values.zh
            ),
            RunError::YearOutside { year, policy, from, until } => format!(
                "--year {year} 不在政策 `{policy}` 的有效期内（{from} 至 {}）\n  \
                 请另选年度或政策；仍要适用的，请写 --as-if",
                until.zh
            ),
            RunError::YearOutsideAll { year, policies } => format!(
                "--year {year} 不在本次结算任何政策的有效期内：{}\n  请另选年度，或给出覆盖该年度的政策",
                policies.zh
            ),
            RunError::Defect { what, message } => {
                format!("程序缺陷（{what}: {message}）\n  这是本程序的缺陷；请连同输入文件的列名和类型一并报告")
            }
            RunError::Threads { threads, message } => {
                format!("无法启动 {threads} 个线程：{message}\n  请用 --threads 减少线程数")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::both;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let open = || both!("open", "长期");
        let dated = |id: &str| Both::foreign(id);
        let name = |id: &str| id.to_owned();
        let policy = || PolicyError::Unknown { id: "x".into(), known: "y".into() };
        two_lines(&RunError::UnderPolicy { policy: name("mine"), source: policy() }, &["`mine`", "`x`"]);
        two_lines(&RunError::NoPolicy, &["--policy"]);
        let (first, second, from) = (dated("a"), dated("b"), name("2023-01-01"));
        let (first, second, until) = (first.into(), second.into(), open().into());
        let overlap = RunError::PoliciesOverlap { first, second, from, until };
        two_lines(&overlap, &["a 与 b", "2023-01-01 至 长期"]);
        two_lines(&RunError::YearsByDifferentDates { first: name("a"), second: name("b") }, &["`a` 与 `b`", "year_by"]);
        two_lines(&RunError::AsIfSeveral, &["--as-if"]);
        two_lines(&RunError::Illustrative { values: dated("income") }, &["--strict", "income", "--params FILE"]);
        let outside = RunError::YearOutside { year: 2030, policy: name("a"), from: name("2023-01-01"), until: open() };
        two_lines(&outside, &["--year 2030", "`a`", "2023-01-01 至 长期"]);
        two_lines(&RunError::YearOutsideAll { year: 2030, policies: dated("a, b") }, &["--year 2030", "a, b"]);
        two_lines(&RunError::Defect { what: "sums", message: name("off") }, &["sums: off"]);
        two_lines(&RunError::Threads { threads: 9, message: name("no room") }, &["9 个线程", "no room"]);
        assert_eq!(RunError::from(policy()).zh(), policy().zh());
        assert_eq!(RunError::from(LedgerError::NoIdentities).zh(), LedgerError::NoIdentities.zh());
    }
}
