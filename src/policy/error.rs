//! What can be wrong with a policy or its parameters; each says where and what to do.

use crate::lang::{Both, Told, io};
use std::path::PathBuf;

/// An error of a policy or parameters file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No policy of that name, and no such file.
    #[error("policy `{id}` is neither shipped nor a file\n  shipped are: {known}; or give the path of a TOML file")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The shipped policies.
        known: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a valid document; the text carries line and column.
    #[error("{name}: {message}\n  correct the file; the README prints the whole form under \"How to add a city\"")]
    Syntax {
        /// Name or path of the document.
        name: String,
        /// The parser's message, with line and column.
        message: Both,
    },
    /// What `policy check` refuses.
    #[error("policy `{id}` cannot be applied: {findings}\n  run `onestop policy check` on the file and correct it")]
    Refused {
        /// The policy.
        id: String,
        /// The findings, one after the other.
        findings: Both,
    },
    /// Several policies name more things than the outputs can tell apart.
    #[error("the policies of the run name more than {most} different {what}\n  settle them in runs of their own")]
    TooManyNames {
        /// Of what.
        what: Both,
        /// How many can be told apart.
        most: usize,
    },
    /// A dated value is needed and not there.
    #[error(transparent)]
    MissingParameter(Box<MissingParameter>),
    /// A dated value is there, but cannot stand where it is used.
    #[error("parameter `{parameter}`: {problem}\n  correct the value in the parameters file")]
    BadParameter {
        /// Name of the parameter.
        parameter: String,
        /// What is wrong.
        problem: Both,
    },
}

/// A dated value that is needed and not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "no value for parameter `{parameter}`{year}, needed by rule `{rule}` ({clause}) for benefit year {benefit_year}\n  \
     {later}give it in a file: --params FILE, with [[value]] (or [[schedule]]) parameter = \"{parameter}\"{year_line}"
)]
pub struct MissingParameter {
    /// Name of the parameter.
    pub parameter: String,
    /// ` of year Y` or nothing.
    pub year: Both,
    /// `, year = Y` or nothing.
    pub year_line: String,
    /// That it was published too late for the run, or nothing.
    pub later: Both,
    /// The rule that needs it.
    pub rule: String,
    /// The rule's clause.
    pub clause: String,
    /// The benefit year.
    pub benefit_year: i32,
}

impl Told for PolicyError {
    fn zh(&self) -> String {
        match self {
            PolicyError::Unknown { id, known } => {
                format!("政策 `{id}` 既非随附政策，也不是文件\n  随附政策有：{known}；或给出 TOML 政策文件的路径")
            }
            PolicyError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source))
            }
            PolicyError::Syntax { name, message } => {
                format!("{name}：{}\n  请改正文件；完整写法见 README 的 “How to add a city” 一节", message.zh)
            }
            PolicyError::Refused { id, findings } => {
                format!("政策 `{id}` 不能适用：{}\n  请对该文件运行 `onestop policy check` 并改正", findings.zh)
            }
            PolicyError::TooManyNames { what, most } => {
                format!("本次结算各政策的{}超过 {most} 种\n  请分开结算", what.zh)
            }
            PolicyError::MissingParameter(missing) => missing.zh(),
            PolicyError::BadParameter { parameter, problem } => {
                format!("参数 `{parameter}`：{}\n  请在参数文件中改正该值", problem.zh)
            }
        }
    }
}

impl Told for MissingParameter {
    fn zh(&self) -> String {
        let Self { parameter, year, year_line, later, rule, clause, benefit_year } = self;
        format!(
            "缺少参数 `{parameter}`{}的值；{benefit_year} 待遇年度的规则 `{rule}`（{clause}）需要\n  \
             {}请在文件中给出：--params FILE，内写 [[value]]（或 [[schedule]]）parameter = \"{parameter}\"{year_line}",
            year.zh, later.zh
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::both;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let missing = MissingParameter {
            parameter: "人均收入".into(),
            year: both!(" of year 2022", " 2022 年"),
            year_line: ", year = 2022".into(),
            later: Both::default(),
            rule: "ma.A".into(),
            clause: "第三条".into(),
            benefit_year: 2023,
        };
        let gone = || std::io::ErrorKind::NotFound.into();
        let flaw = || both!("no", "有误");
        two_lines(&PolicyError::Unknown { id: "atlantis".into(), known: "a, b".into() }, &["atlantis", "a, b"]);
        two_lines(&PolicyError::Io { path: "p.toml".into(), source: gone() }, &["p.toml", "文件不存在"]);
        two_lines(&PolicyError::Syntax { name: "p.toml".into(), message: flaw() }, &["p.toml", "有误"]);
        two_lines(&PolicyError::Refused { id: "mine".into(), findings: flaw() }, &["mine", "有误"]);
        two_lines(&PolicyError::TooManyNames { what: flaw(), most: 7 }, &["有误", "7"]);
        two_lines(&PolicyError::BadParameter { parameter: "x".into(), problem: flaw() }, &["`x`", "有误"]);
        let facts = ["人均收入", "2022 年", "2023", "ma.A", "第三条", "--params FILE", "year = 2022"];
        two_lines(&PolicyError::MissingParameter(Box::new(missing)), &facts);
    }
}
