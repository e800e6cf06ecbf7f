//! Everything that can end a projection.

use super::error::ScenarioError;
use crate::lang::{Both, Told};
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::error::RunError;

/// Why a projection ended without publishing anything.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The scenarios file, or an address that was typed.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The inputs, the policy, the outputs.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A scenario's policy cannot be compiled with its parameters.
    #[error("{scenario}: {source}")]
    Under {
        /// The scenario, and where it stands.
        scenario: String,
        /// What is wrong.
        source: PolicyError,
    },
    /// A scenario's policy is none that could be meant.
    #[error(
        "{scenario}: with it policy `{id}` cannot be applied: {findings}\n  change the scenario; `onestop policy show` prints the rules as they stand"
    )]
    CannotApply {
        /// The scenario, and where it stands.
        scenario: String,
        /// The policy.
        id: String,
        /// What is found.
        findings: Both,
    },
    /// `--strict`, and a scenario that needs a value without a publication.
    #[error(
        "--strict: {scenario} needs values without a publication: {values}\n  give confirmed values with --params FILE, or run without --strict"
    )]
    Illustrative {
        /// The scenario, and where it stands.
        scenario: String,
        /// The values.
        values: String,
    },
    /// Growths that multiply beyond reason.
    #[error(
        "{scenario}: its growths of {what} come to more than a hundredfold where all of them match\n  choose smaller ones, or let each speak of claims or persons of its own"
    )]
    GrowsTooMuch {
        /// The scenario, and where it stands.
        scenario: String,
        /// Of what.
        what: Both,
    },
    /// A scenario's policy goes by another date than the run's.
    #[error(
        "{scenario} tells the year by another date than the policy of the run\n  leave `year_by` as it is; project such a policy in a run of its own"
    )]
    AnotherDate {
        /// The scenario, and where it stands.
        scenario: String,
    },
    /// A yardstick or source that the parameters do not hold.
    #[error(
        "{file}: {what} needs the parameter `{parameter}` of {year}, which is not set\n  give it with --params FILE, or write the amount"
    )]
    NoYardstick {
        /// The scenarios file.
        file: String,
        /// What needs it.
        what: Both,
        /// The parameter.
        parameter: String,
        /// Its year.
        year: i32,
    },
    /// Goal seek: totals that neither rise nor fall throughout.
    #[error(transparent)]
    TurnsRound(Box<TurnsRound>),
    /// A figure that the outputs cannot hold.
    #[error("{what} is more than the outputs' eighteen digits hold\n  look for amounts in the ledger that cannot be")]
    TooLarge {
        /// Which figure.
        what: Both,
    },
}

/// Where the totals of a goal seek turn round.
#[derive(Debug, thiserror::Error)]
#[error(
    "--solve: what {fund} pays turns round at `{address}` = {value} ({total}): it {before} up to there and {after} from there on, to {next_total}\n  \
     narrow --within to one side of it"
)]
pub struct TurnsRound {
    /// The fund.
    pub fund: String,
    /// What is varied.
    pub address: String,
    /// Where.
    pub value: String,
    /// What the fund pays there, in yuan.
    pub total: String,
    /// What it pays with the next value settled, in yuan.
    pub next_total: String,
    /// `rises` or `falls`.
    pub before: &'static str,
    /// `rises` or `falls`.
    pub after: &'static str,
}

impl Told for ProjectError {
    fn zh(&self) -> String {
        match self {
            ProjectError::Scenario(error) => error.zh(),
            ProjectError::Run(error) => error.zh(),
            ProjectError::Under { scenario, source } => format!("{}：{}", place(scenario), source.zh()),
            ProjectError::CannotApply { scenario, id, findings } => format!(
                "{}：政策 `{id}` 据此不能适用：{}\n  请改动方案；现行规则见 `onestop policy show`",
                place(scenario),
                findings.zh
            ),
            ProjectError::Illustrative { scenario, values } => format!(
                "--strict：{}须用未经公布的参数值：{values}\n  请用 --params FILE 给出经确认的值，或不写 --strict",
                place(scenario)
            ),
            ProjectError::GrowsTooMuch { scenario, what } => format!(
                "{}：各项{}增长同时适用时超过百倍\n  请减小增长，或使各项适用于不同的结算或人员",
                place(scenario),
                what.zh
            ),
            ProjectError::AnotherDate { scenario } => format!(
                "{}确定年度所依据的日期与本次政策不同\n  请不要改动 `year_by`；此类政策请另行测算",
                place(scenario)
            ),
            ProjectError::NoYardstick { file, what, parameter, year } => format!(
                "{file}：{}需要参数 `{parameter}` {year} 年的值，而没有给出\n  请用 --params FILE 给出，或直接写明金额",
                what.zh
            ),
            ProjectError::TurnsRound(turns) => turns.zh(),
            ProjectError::TooLarge { what } => {
                format!("{}超过输出所能容纳的十八位数\n  请查找台账中不可能的金额", what.zh)
            }
        }
    }
}

/// A scenario and where it stands, `plan.toml, line 7: scenario `a``, in Chinese.
fn place(scenario: &str) -> String {
    scenario.replacen(", line ", " 第 ", 1).replacen(": scenario ", " 行：方案 ", 1)
}

impl Told for TurnsRound {
    fn zh(&self) -> String {
        let Self { fund, address, value, total, next_total, before, after } = self;
        let way = |en: &str| if en == "rises" { "递增" } else { "递减" };
        format!(
            "--solve：{fund} 的支出在 `{address}` = {value}（{total}）处转向：此前{}，此后{}，其后为 {next_total}\n  \
             请将 --within 限于其中一侧",
            way(before),
            way(after)
        )
    }
}

impl From<OutputError> for ProjectError {
    fn from(error: OutputError) -> Self {
        ProjectError::Run(error.into())
    }
}

impl From<LedgerError> for ProjectError {
    fn from(error: LedgerError) -> Self {
        ProjectError::Run(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::both;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let scenario = || "plan.toml, line 7: scenario `a`".to_owned();
        let stands = "plan.toml 第 7 行：方案 `a`";
        let source = PolicyError::Unknown { id: "mine".into(), known: "b".into() };
        let flaw = || both!("something", "某项");
        two_lines(&ProjectError::Under { scenario: scenario(), source }, &[stands, "`mine`"]);
        let cannot = ProjectError::CannotApply { scenario: scenario(), id: "mine".into(), findings: flaw() };
        two_lines(&cannot, &[stands, "`mine`", "某项"]);
        let strict = ProjectError::Illustrative { scenario: scenario(), values: "income".into() };
        two_lines(&strict, &["--strict", stands, "income"]);
        two_lines(&ProjectError::GrowsTooMuch { scenario: scenario(), what: flaw() }, &[stands, "某项"]);
        two_lines(&ProjectError::AnotherDate { scenario: scenario() }, &[stands, "`year_by`"]);
        let (file, parameter) = ("plan.toml".to_owned(), "income".to_owned());
        let yardstick = ProjectError::NoYardstick { file, what: flaw(), parameter, year: 2022 };
        two_lines(&yardstick, &["plan.toml", "某项", "`income`", "2022"]);
        two_lines(&ProjectError::TooLarge { what: flaw() }, &["某项"]);
        let turns = TurnsRound {
            fund: "medical_assistance".into(),
            address: "ma.A.cap".into(),
            value: "5".into(),
            total: "1.00".into(),
            next_total: "2.00".into(),
            before: "falls",
            after: "rises",
        };
        let facts = ["medical_assistance", "`ma.A.cap` = 5（1.00）", "此前递减，此后递增", "2.00", "--within"];
        two_lines(&ProjectError::TurnsRound(Box::new(turns)), &facts);
        assert_eq!(ProjectError::from(LedgerError::NoIdentities).zh(), LedgerError::NoIdentities.zh());
    }
}
