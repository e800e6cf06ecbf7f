//! Where two policies say different things, figure by figure.

use super::Policy;
use super::figures::{SECTIONS, Shown, figures};
use crate::lang::Lang;
use crate::report::table::{Align, Table};
use std::collections::BTreeMap;

/// The figures in which two policies differ; empty where they say the same.
pub fn diff(a: &Policy, b: &Policy, lang: Lang) -> String {
    let table_of = |policy: &Policy| -> BTreeMap<(usize, String, String), (String, String)> {
        let mut rows = BTreeMap::new();
        for figure in figures(&policy.doc, Shown { resolve: None, lang }) {
            let section = SECTIONS.iter().position(|(s, _)| *s == figure.section).unwrap_or(SECTIONS.len());
            rows.insert((section, figure.rule, figure.name), (figure.value, figure.clause));
        }
        rows
    };
    let (left, right) = (table_of(a), table_of(b));
    let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut text = String::new();
    let mut section = usize::MAX;
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left]).indented(2);
    for key in keys {
        let (x, y) = (left.get(key), right.get(key));
        if x == y {
            continue;
        }
        if key.0 != section {
            text.push_str(&table.to_string());
            table = Table::new(&[Align::Left, Align::Left, Align::Left]).indented(2);
            section = key.0;
            let (name, label) = SECTIONS.get(section).copied().unwrap_or(("other", ""));
            text.push_str(&format!("\n{}\n", lang.term(label, name)));
        }
        table.row([format!("{} {}", key.1, key.2).trim_start().to_owned()]);
        for (policy, side) in [(a, x), (b, y)] {
            let said = side.map_or("—".to_owned(), |(value, clause)| format!("{value}（{clause}）"));
            table.row([String::new(), policy.doc.policy.id.clone(), said]);
        }
    }
    text.push_str(&table.to_string());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SHIPPED;

    #[test]
    fn a_policy_does_not_differ_from_itself_and_one_ratio_shows() {
        let (id, text) = SHIPPED.iter().find(|(id, _)| *id == "weihai-2023").unwrap();
        let a = Policy::parse(id, text, "a").unwrap();
        assert_eq!(diff(&a, &a, Lang::En), "");
        let b = Policy::parse(id, &text.replacen("ratio = \"0.70\"", "ratio = \"0.72\"", 1), "b").unwrap();
        let found = diff(&a, &b, Lang::En);
        assert!(found.contains("70 %") && found.contains("72 %"), "{found}");
    }
}
