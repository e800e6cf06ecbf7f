//! `onestop policy`.

use super::args::PolicyCommand;
use super::{DONE, FAILED, Failure, lang, print};
use crate::lang::both;
use crate::policy::check::{Severity, check_with, years};
use crate::policy::diff::diff;
use crate::policy::figures::Shown;
use crate::policy::parameters::Parameters;
use crate::policy::show::show;
use crate::policy::{Policy, SHIPPED};
use crate::report::table::{Align, Table};

/// Years beyond the first that a policy without an end is checked for.
const OPEN_YEARS: i32 = 4;

/// Looks at policies; the exit code.
pub fn run(command: &PolicyCommand) -> Result<u8, Failure> {
    match command {
        PolicyCommand::List => list(),
        PolicyCommand::Show { policy, year, params, as_of } => {
            let policy = Policy::load(policy)?;
            let parameters = Parameters::with_file_as_of(params.as_deref(), *as_of)?;
            print(&show(&policy, Shown { resolve: year.map(|y| (&parameters, y)), lang: lang() }))?;
            Ok(DONE)
        }
        PolicyCommand::Check { policy, params, as_of } => {
            check(policy, &Parameters::with_file_as_of(params.as_deref(), *as_of)?)
        }
        PolicyCommand::Diff { a, b } => {
            let (a, b) = (Policy::load(a)?, Policy::load(b)?);
            let found = diff(&a, &b, lang());
            let same = lang().pick("The two policies say the same.\n", "两个政策内容相同。\n");
            print(if found.is_empty() { same } else { found.trim_start_matches('\n') })?;
            Ok(DONE)
        }
    }
}

fn list() -> Result<u8, Failure> {
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left, Align::Left]);
    for (id, _) in SHIPPED {
        let header = Policy::load(id)?.doc.policy;
        let until = header.until.map_or_else(|| lang().pick("open", "长期").to_owned(), |d| d.to_string());
        let dates = format!("{} {} {until}", header.from, lang().pick("to", "至"));
        table.row([header.id, dates, header.document, header.title]);
    }
    print(&table.to_string())?;
    Ok(DONE)
}

fn check(name: &str, parameters: &Parameters) -> Result<u8, Failure> {
    let policy = Policy::load(name)?;
    let first = crate::model::date::year_of(policy.doc.policy.from.0);
    let years = years(&policy.doc, first + OPEN_YEARS);
    let findings = check_with(&policy.doc, parameters, &years);
    let mut text = String::new();
    for finding in &findings {
        let line = finding.line_in(&policy.text).map_or(String::new(), |l| format!(":{l}"));
        let grade = match finding.severity {
            Severity::Error => lang().pick("error: ", "错误："),
            Severity::Warning => lang().pick("warning: ", "警告："),
        };
        text.push_str(&format!("{name}{line}: {grade}{}\n", finding.text().pick(lang())));
    }
    let errors = findings.iter().filter(|f| f.is_error()).count();
    if errors == 0 {
        let warnings = findings.len();
        let id = &policy.doc.policy.id;
        let verdict = both!("{id}: can be applied; {warnings} warnings\n", "{id}：可以适用；警告 {warnings} 条\n");
        text.push_str(verdict.pick(lang()));
    }
    print(&text)?;
    Ok(if errors == 0 { DONE } else { FAILED })
}
