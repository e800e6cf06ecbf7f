//! `onestop project`: identities as if the roster, or the ledger, said something else; each scenario against a
//! settlement with the codes replaced.

use crate::budget::{Cells, Office, POLICIES, scenario, under_every_policy};
use crate::causes::read;
use crate::desk::Edit;
use crate::support::contract::{Kind, ROSTER, kind_of};
use crate::support::table::{self, Row};

under_every_policy! {
    identities_that_change_are_the_settlement_with_another_roster
    identities_of_the_ledger_change_as_those_of_a_roster_do
}

/// The names of the national codes that generated rosters hold.
const NATIONAL: [(&str, &str); 4] =
    [("2303", "dibao"), ("2304", "tekun"), ("2305", "low_income"), ("2306", "illness_poor")];

/// A roster of names, without persons who are treated as others; who is 低保边缘 applied in May, too.
pub fn plain_roster(office: &mut Office, year: i32) -> Vec<Row> {
    let mut rows = read(&office.desk, "made", "roster.parquet").rows;
    rows.retain(|row| !row.contains_key("treated_as"));
    for row in &mut rows {
        let named = row.get("identity").and_then(|code| NATIONAL.iter().find(|(national, _)| national == code));
        if let Some((_, name)) = named {
            row.insert("identity".to_owned(), (*name).to_owned());
        }
        if row.get("identity").is_some_and(|identity| identity == "dibao_margin") {
            row.insert("applied_on".to_owned(), format!("{year}-05-20"));
        }
    }
    office.desk.roster(&rows);
    office.inputs =
        format!("{} --roster {}", office.desk.typed("made/ledger.parquet"), office.desk.typed("roster.parquet"));
    rows
}

/// The same rows with codes replaced; 突发严重困难户 go with all `monitored`.
pub fn replaced(rows: &[Row], from: &[&str], to: &str) -> Vec<Row> {
    let named = |identity: &str| from.contains(&identity);
    let changes = |identity: &str| named(identity) || (identity == "monitored_sudden" && named("monitored"));
    let change = |row: &Row| match row.get("identity") {
        Some(identity) if changes(identity) => row.clone().with("identity", to),
        _ => row.clone(),
    };
    rows.iter().map(change).collect()
}

fn moved(id: &str, from: &[&str], to: &str) -> String {
    scenario(id, &format!("[[scenario.identities]]\nfrom = {from:?}\nto = \"{to}\""))
}

fn identities_that_change_are_the_settlement_with_another_roster(case: usize) {
    let (policy, year) = POLICIES[case];
    let mut office = Office::new(POLICIES[case], 35);
    let roster = plain_roster(&mut office, year);
    let baseline = office.settled(policy, "");
    let listed = |identity: &str| roster.iter().any(|row| row.get("identity").is_some_and(|i| i == identity));
    let moves: [(&str, &[&str], &str); 6] = [
        ("margin", &["dibao_margin"], "dibao"),
        ("two", &["monitored", "monitored_sudden", "low_income"], "tekun"),
        ("down", &["tekun", "orphan"], "dibao"),
        ("grants", &["dibao_margin"], "illness_poor"),
        ("without application", &["dibao"], "illness_poor"),
        ("no grants", &["illness_poor"], "dibao"),
    ];
    let moves: Vec<_> = moves.into_iter().filter(|(_, from, _)| from.iter().any(|identity| listed(identity))).collect();
    let columns: Vec<(&str, Kind)> = ROSTER.iter().map(|c| (*c, kind_of(c).expect("a column"))).collect();
    let settled: Vec<Cells> = moves
        .iter()
        .map(|(_, from, to)| {
            let path = office.desk.path("replaced.parquet");
            table::write(&path, &columns, &replaced(&roster, from, to));
            let inputs = format!("{} --roster {}", office.desk.typed("made/ledger.parquet"), path.display());
            office.settled_from(&inputs, policy, "")
        })
        .collect();
    let scenarios: String = moves.iter().map(|(id, from, to)| moved(id, from, to)).collect();
    let projection = office.projected(&scenarios, "");
    projection.agrees("baseline", &baseline, &baseline);
    for ((id, ..), cells) in moves.iter().zip(&settled) {
        assert_ne!(*cells, baseline, "{policy}: {id}");
        projection.agrees(id, cells, &baseline);
    }
    assert!(moves.len() >= 4, "{policy}: {moves:?}");
}

fn identities_of_the_ledger_change_as_those_of_a_roster_do(case: usize) {
    let (policy, year) = POLICIES[case];
    let mut office = Office::new(POLICIES[case], 36);
    let roster = plain_roster(&mut office, year);
    let ledger = office.with_identities_in_the_ledger(&roster);
    let baseline = office.settled(policy, "");
    let moves: [(&str, &[&str], &str); 3] = [
        ("up", &["dibao_margin", "monitored", "low_income"], "dibao"),
        ("grants", &["dibao"], "illness_poor"),
        ("no grants", &["illness_poor"], "tekun"),
    ];
    let settled = moves.map(|(_, from, to)| {
        office.desk.ledger("replaced.parquet", &replaced(&ledger, from, to));
        office.settled_from(&office.desk.typed("replaced.parquet"), policy, "")
    });
    let projection = office.projected(&moves.map(|(id, from, to)| moved(id, from, to)).concat(), "");
    for ((id, ..), cells) in moves.iter().zip(&settled) {
        assert_ne!(*cells, baseline, "{policy}: {id}");
        projection.agrees(id, cells, &baseline);
    }
}
