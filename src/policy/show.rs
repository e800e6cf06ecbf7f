//! A policy as a table that a person can hold against its text.

use super::Policy;
use super::figures::{Figure, SECTIONS, Shown, figures};
use crate::report::table::{Align, Table};

/// The policy's figures, section by section, each with its clause.
pub fn show(policy: &Policy, shown: Shown<'_>) -> String {
    let header = &policy.doc.policy;
    let mut text = format!("{}  {}\n{}\n", header.id, header.document, header.title);
    let all = figures(&policy.doc, shown);
    for (section, label) in SECTIONS {
        let here: Vec<&Figure> = all.iter().filter(|f| f.section == *section).collect();
        if here.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}\n", shown.lang.term(label, section)));
        let mut table = Table::new(&[Align::Left, Align::Left, Align::Left, Align::Left]).indented(2);
        let mut last = "";
        for figure in here {
            // A rule's name stands once, at its first figure.
            let rule = if figure.rule == last { "" } else { &figure.rule };
            last = &figure.rule;
            table.row([rule, &figure.name, &format!("（{}）", figure.clause), &figure.value]);
        }
        text.push_str(&table.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::policy::parameters::Parameters;

    #[test]
    fn every_figure_of_a_rule_stands_with_its_clause() {
        let policy = Policy::load("weihai-2023").unwrap();
        let text = show(&policy, Shown { resolve: None, lang: Lang::En });
        for needle in ["85 %  from 100,000.00 to 300,000.00", "70,000.00 a year", "（二（三）4）", "150 % of"] {
            assert!(text.contains(needle), "{needle}\n{text}");
        }
    }

    #[test]
    fn shares_of_parameters_are_resolved_for_a_year() {
        let policy = Policy::load("jincheng-2023").unwrap();
        let parameters = Parameters::shipped().unwrap();
        let text = show(&policy, Shown { resolve: Some((&parameters, 2023)), lang: Lang::En });
        assert!(text.contains("= 2,917.80 in 2023"), "{text}");
    }
}
