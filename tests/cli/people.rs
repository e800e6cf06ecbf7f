//! `onestop project`: who gains and who loses, burdens, limits; own effects, interaction, needs.

use crate::budget::{Office, POLICIES, Projection, Text, scenario, sets, under_every_policy};
use crate::desk::{Desk, Edit, holds, stay};
use crate::support::table::{Row, Table, fen, yuan};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

under_every_policy! {
    people_are_what_two_settlements_say_person_by_person
    whoever_reached_a_cap_is_counted_and_what_it_cut_off_is_told
}

type PersonYear = [String; 2];

fn person_year(row: &Row) -> PersonYear {
    ["psn_no", "charge_year"].map(|column| row[column].clone())
}

fn money(row: &Row, column: &str) -> i128 {
    row.get(column).map_or(0, |text| fen(text).expect("an amount"))
}

// --- Winners, losers and burdens ---------------------------------------------------------------------------------

/// The `percent`-quantile: the ceil(q·n)-th smallest.
fn quantile(sorted: &[i128], percent: usize) -> String {
    let at = (percent * sorted.len()).div_ceil(100);
    at.checked_sub(1).map_or(String::new(), |at| yuan(sorted[at]))
}

fn mean(amounts: &[i128]) -> String {
    let (sum, count) = (amounts.iter().sum::<i128>(), amounts.len() as i128);
    if count == 0 { String::new() } else { yuan((2 * sum + count) / (2 * count)) }
}

/// A row of `people.parquet` as it must be, from two settlements; nothing stands for null.
fn expected(
    before: &[&Row],
    after: &BTreeMap<PersonYear, Row>,
    income: &dyn Fn(&Row) -> Option<i128>,
) -> Vec<(String, String)> {
    let (mut won, mut lost, mut burdens) = (Vec::new(), Vec::new(), Vec::new());
    let (mut above_10, mut above_25) = (0, 0);
    for row in before {
        let burden = after.get(&person_year(row)).map_or(0, |row| money(row, "psn_burden"));
        let change = burden - money(row, "psn_burden");
        match change {
            0 => {}
            1.. => lost.push(change),
            _ => won.push(-change),
        }
        burdens.push(burden);
        if let Some(income) = income(row) {
            above_10 += usize::from(burden * 10 > income);
            above_25 += usize::from(burden * 4 > income);
        }
    }
    [&mut won, &mut lost, &mut burdens].into_iter().for_each(|amounts| amounts.sort_unstable());
    let known = before.first().is_some_and(|row| income(row).is_some());
    let above = |count: usize| if known { count.to_string() } else { String::new() };
    let mut cells = vec![("persons".to_owned(), before.len().to_string())];
    for (name, amounts) in [("winners", &won), ("losers", &lost)] {
        cells.push((name.to_owned(), amounts.len().to_string()));
        cells.push((format!("{name}_mean"), mean(amounts)));
        cells.extend([10, 50, 90].map(|q| (format!("{name}_p{q}"), quantile(amounts, q))));
    }
    cells.push(("burden_mean".to_owned(), mean(&burdens)));
    cells.extend([50, 90, 99].map(|q| (format!("burden_p{q}"), quantile(&burdens, q))));
    cells.push(("above_10_percent".to_owned(), above(above_10)));
    cells.push(("above_25_percent".to_owned(), above(above_25)));
    cells
}

fn by_year(table: Table) -> BTreeMap<PersonYear, Row> {
    table.rows.into_iter().map(|row| (person_year(&row), row)).collect()
}

/// Checks all rows of a scenario of `people.parquet`.
fn people_agree(
    projection: &Projection,
    scenario: &str,
    before: &BTreeMap<PersonYear, Row>,
    after: &BTreeMap<PersonYear, Row>,
    income: &dyn Fn(&Row) -> Option<i128>,
) {
    let preferred = |row: &Row| row.get("identity_preferred").map_or("none", String::as_str).to_owned();
    let identities: BTreeSet<String> = before.values().map(preferred).collect();
    let told: Vec<&Row> = projection.people.rows.iter().filter(|row| row["scenario"] == scenario).collect();
    let of = |identity: Option<&String>| {
        let mut rows = told.iter().filter(|row| row.get("identity") == identity);
        rows.next().unwrap_or_else(|| panic!("{scenario}: no row for {identity:?}"))
    };
    for identity in std::iter::once(None).chain(identities.iter().map(Some)) {
        let rows: Vec<&Row> = before.values().filter(|row| identity.is_none_or(|i| preferred(row) == *i)).collect();
        for (column, value) in expected(&rows, after, income) {
            let cell = of(identity).get(&column).cloned().unwrap_or_default();
            assert_eq!(cell, value, "{scenario}, {identity:?}: {column}");
        }
    }
    assert_eq!(told.len(), identities.len() + 1, "{scenario}: a row for each identity and for all");
}

/// Name, values set, the same in the policy's text: somebody gains by the first, loses by the second.
type Change = [(&'static str, &'static str, fn(Text) -> Text); 2];

const CHANGES: [Change; 4] = [
    [
        ("better", "\"ma.A.ratio\" = \"0.80\"", |t| t.put("ma.A", "\"0.70\"", "\"0.80\"")),
        ("worse for A", "\"ma.A.ratio\" = \"0.60\"\n\"ma.B.deductible\" = \"500\"", |t| {
            t.put("ma.A", "\"0.70\"", "\"0.60\"").put("ma.B", "\"3000\"", "\"500\"")
        }),
    ],
    [
        ("better", "\"ma.chronic.ratio\" = \"0.80\"", |t| t.put("ma.chronic", "\"0.70\"", "\"0.80\"")),
        ("without chronic", "\"ma.chronic\" = \"off\"", |t| t.out("ma.chronic")),
    ],
    [
        ("better", "\"ma.inpatient.S2.ratio\" = \"0.90\"", |t| t.put("ma.inpatient.S2", "\"0.80\"", "\"0.90\"")),
        ("without outpatients", "\"ma.outpatient.S1S2\" = \"off\"", |t| t.out("ma.outpatient.S1S2")),
    ],
    [
        ("better", "\"ma.inpatient.dibao.ratio\" = \"0.80\"", |t| t.put("ma.inpatient.dibao", "\"0.70\"", "\"0.80\"")),
        ("worse", "\"ma.inpatient.dibao.ratio\" = \"0.50\"", |t| t.put("ma.inpatient.dibao", "\"0.70\"", "\"0.50\"")),
    ],
];

fn people_are_what_two_settlements_say_person_by_person(case: usize) {
    let (policy, changes) = (POLICIES[case].0, CHANGES[case]);
    let office = Office::new(POLICIES[case], 41);
    let settled = |text: &Text| {
        office.settled_under(text, "");
        by_year(office.desk.read("persons"))
    };
    let text = Text::of(policy);
    let before = settled(&text);
    let after = changes.map(|(_, _, edit)| settled(&edit(text.clone())));
    let scenarios = changes.map(|(id, values, _)| sets(id, values)).concat();
    for (head, income) in [("[burden]\nincome = \"12000\"\n\n", Some(1_200_000)), ("", None)] {
        let projection = office.projected(&format!("{head}{scenarios}"), "");
        people_agree(&projection, "baseline", &before, &before, &|_| income);
        for ((id, ..), after) in changes.iter().zip(&after) {
            people_agree(&projection, id, &before, after, &|_| income);
            let all = &projection.scenario(id)["people"];
            assert!(all.is_object(), "{id}: {all}");
        }
        let count = |id: &str, column: &str| {
            let mut rows = projection.people.rows.iter();
            let row = rows.find(|row| row["scenario"] == id && !row.contains_key("identity")).expect("a row of all");
            row[column].parse::<u32>().expect("a count")
        };
        assert!(count("better", "winners") > 0 && count(changes[1].0, "losers") > 0, "{policy}");
        assert_eq!((count("baseline", "winners"), count("baseline", "losers")), (0, 0), "{policy}");
    }
}

/// The income is that of the year before a person's year.
#[test]
fn the_income_is_a_dated_value_of_each_year() {
    let office = Office::new(POLICIES[0], 42);
    let incomes = BTreeMap::from([("2023", 3_756_000), ("2024", 3_989_000)]);
    office.settled("weihai-2023", "");
    let before = by_year(office.desk.read("persons"));
    assert_eq!(before.keys().map(|[_, year]| year.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["2023", "2024"]));
    let head = "[burden]\nincome = { of = \"per-capita disposable income, Shandong\", year = -1 }\n\n";
    let projection = office.projected(&format!("{head}{}", sets("same", "\"ma.A.ratio\" = \"0.70\"")), "");
    let income = |row: &Row| incomes.get(row["charge_year"].as_str()).copied();
    for id in ["baseline", "same"] {
        people_agree(&projection, id, &before, &before, &income);
    }
}

// --- Limits --------------------------------------------------------------------------------------------------------

/// Persons' years with a pool at its cap, from the audit; and what the caps cut off, from the clauses.
fn at_caps(office: &Office, before: &BTreeMap<PersonYear, Row>) -> BTreeMap<String, (BTreeSet<PersonYear>, i128)> {
    let claims: BTreeMap<[String; 2], PersonYear> = office
        .desk
        .read("settlement")
        .rows
        .iter()
        .map(|row| (["psn_no", "setl_id"].map(|c| row[c].clone()), person_year(row)))
        .collect();
    let mut all: BTreeMap<String, (BTreeSet<PersonYear>, i128)> = BTreeMap::new();
    let mut last = (Vec::new(), 0);
    for row in office.desk.read("audit").rows {
        let place: Vec<String> = ["psn_no", "setl_id", "layer"].iter().map(|c| row[*c].clone()).collect();
        let paid_before = if last.0 == place && row.contains_key("lo") { last.1 } else { 0 };
        let paid = money(&row, "paid");
        last = (place, if row.contains_key("lo") { paid_before + paid } else { paid });
        if !row.contains_key("cap") || row["layer"] == "oocat" {
            continue;
        }
        let year = &claims[&["psn_no", "setl_id"].map(|c| row[c].clone())];
        let identity = before[year].get("identity_preferred").map_or("none", String::as_str);
        let cut = money(&row, "gross").min(money(&row, "base") - paid_before) - paid;
        for identity in ["", identity] {
            let (persons, sum) = all.entry(identity.to_owned()).or_default();
            if money(&row, "cap_used") + paid >= money(&row, "cap") {
                persons.insert(year.clone());
            }
            *sum += cut;
        }
    }
    all
}

fn whoever_reached_a_cap_is_counted_and_what_it_cut_off_is_told(case: usize) {
    let caps = [
        ("weihai-2023", "\"ma.A.cap\" = \"2000\"\n\"ma.B.cap\" = \"1000\"", "ma.A"),
        ("weihai-etdz-2017", "\"ma.inpatient.focal.cap\" = \"3000\"", "ma.inpatient.focal"),
        ("erenhot-2023", "\"ma.inpatient.S2.cap\" = \"2000\"", "ma.inpatient.S2"),
        ("jincheng-2023", "\"ma.inpatient.dibao.cap\" = \"2000\"", "ma.inpatient.dibao"),
    ];
    let (policy, values, rule) = caps[case];
    let office = Office::new(POLICIES[case], 43);
    office.settled(policy, "");
    let before = by_year(office.desk.read("persons"));
    let mut text = Text::of(policy);
    for line in values.lines() {
        let (address, cap) = line.split_once(" = ").expect("a value");
        let rule = address.trim_matches('"').strip_suffix(".cap").expect("a cap");
        let old = text.0.split_once(&format!("id = \"{rule}\"")).and_then(|(_, rest)| rest.split_once("cap = "));
        let old = old.and_then(|(_, rest)| rest.lines().next()).expect("a cap").to_owned();
        text = text.put(rule, &format!("cap = {old}"), &format!("cap = {cap}"));
    }
    office.settled_under(&text, "");
    let counted = at_caps(&office, &before);
    let clauses = office.desk.read("clauses");
    let whole: i128 = clauses.rows.iter().map(|row| money(row, "cut_off")).sum();
    assert!(whole > 0 && counted[""].1 == whole, "{policy}: {}", yuan(whole));
    let projection = office.projected(&sets("low caps", values), "");
    for row in projection.people.rows.iter().filter(|row| row["scenario"] == "low caps") {
        let nobody = (BTreeSet::new(), 0);
        let identity = row.get("identity").map_or("", String::as_str);
        let (persons, cut) = counted.get(identity).unwrap_or(&nobody);
        assert_eq!(row["at_cap"], persons.len().to_string(), "{policy}: {identity}");
        assert_eq!(money(row, "cut_off"), *cut, "{policy}: {identity}");
    }
    let of_rule: i128 = clauses.rows.iter().filter(|row| row["rule"] == rule).map(|row| money(row, "cut_off")).sum();
    let told = projection.scenario("low caps")["caps"].as_array().expect("caps").clone();
    let told = told.iter().find(|cap| cap["rule"] == rule).unwrap_or_else(|| panic!("{policy}: {told:?}"));
    assert_eq!(told["cut_off"], yuan(of_rule), "{policy}: {rule}");
}

// --- Own effects and interaction --------------------------------------------------------------------------------

/// Amounts by fund; a fund that is not named changes by nothing.
fn by_fund(funds: &Value) -> BTreeMap<String, i128> {
    let funds = funds.as_object().unwrap_or_else(|| panic!("no funds: {funds}"));
    let amount = |value: &Value| value.as_str().and_then(fen).expect("an amount");
    funds.iter().map(|(fund, value)| (fund.clone(), amount(value))).filter(|(_, fen)| *fen != 0).collect()
}

/// What a scenario changes, by fund.
fn changes(projection: &Projection, id: &str) -> BTreeMap<String, i128> {
    let funds = projection.scenario(id)["funds"].as_object().expect("funds").clone();
    let change = |value: &Value| value["change"].as_str().and_then(fen).expect("a change");
    funds.iter().map(|(fund, value)| (fund.clone(), change(value))).filter(|(_, fen)| *fen != 0).collect()
}

fn added<'a>(parts: impl IntoIterator<Item = &'a BTreeMap<String, i128>>) -> BTreeMap<String, i128> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for (fund, amount) in parts.into_iter().flatten() {
        *sums.entry(fund.clone()).or_default() += amount;
    }
    sums.retain(|_, fen| *fen != 0);
    sums
}

#[test]
fn own_effects_and_interaction_add_up_to_the_change_of_every_fund() {
    let office = Office::new(POLICIES[0], 44);
    let ratio = "\"ma.A.ratio\" = \"0.80\"";
    let cap = "\"ma.A.cap\" = \"3000\"";
    let fees = "[[scenario.fees]]\ngrowth = \"0.10\"\ncare = [\"inpatient\"]\n";
    let identities = "[[scenario.identities]]\nfrom = [\"dibao_margin\"]\nto = \"dibao\"\n";
    let scenarios = [
        scenario("all", &format!("[scenario.set]\n{ratio}\n{cap}\n{fees}{identities}")),
        sets("ratio", ratio),
        sets("cap", cap),
        scenario("fees", fees),
        scenario("identities", identities),
        scenario("policy", "policy = \"jincheng-2023\"\n[scenario.set]\n\"ma.inpatient.dibao.ratio\" = \"0.80\""),
        scenario("policy alone", "policy = \"jincheng-2023\""),
    ];
    let projection = office.projected(&scenarios.concat(), "");
    let all = projection.scenario("all");
    let effects = all["effects"].as_array().expect("effects");
    let own: Vec<_> = effects.iter().map(|effect| by_fund(&effect["funds"])).collect();
    let alone = ["ratio", "cap", "fees", "identities"].map(|id| changes(&projection, id));
    assert_eq!(own, alone, "the effect of each change by itself, in the order of the file");
    let interaction = by_fund(&all["interaction"]);
    assert!(!interaction.is_empty(), "a lower cap takes back what a higher ratio gives");
    let whole = changes(&projection, "all");
    assert_eq!(added(own.iter().chain([&interaction])), whole);
    assert!(whole.contains_key("medical_assistance") && whole.contains_key("persons"), "{whole:?}");
    assert_eq!(all["changes"].as_array().map(Vec::len), Some(4));
    for id in ["ratio", "fees"] {
        let one = projection.scenario(id);
        assert_eq!(by_fund(&one["effects"][0]["funds"]), changes(&projection, id), "a single change is its own effect");
        assert!(by_fund(&one["interaction"]).is_empty(), "{id}");
    }
    let policy = projection.scenario("policy")["effects"].as_array().expect("effects").clone();
    assert_eq!(policy.len(), 2);
    assert_eq!(by_fund(&policy[0]["funds"]), changes(&projection, "policy alone"));
}

/// The ratio of a rule of the other policy has no meaning without that policy; an edge may only move up to the next.
/// What such a change adds is left over, with the interaction.
#[test]
fn a_change_that_cannot_stand_alone_says_so() {
    let office = Office::new(POLICIES[0], 45);
    let edges = ["\"cii.A.resident.brackets.2.to\" = \"250000\"", "\"cii.A.resident.brackets.1.to\" = \"220000\""];
    let scenarios = [
        scenario("policy", "policy = \"jincheng-2023\"\n[scenario.set]\n\"ma.inpatient.dibao.ratio\" = \"0.80\""),
        sets("edges", &edges.join("\n")),
        scenario("policy alone", "policy = \"jincheng-2023\""),
        sets("edge alone", edges[0]),
    ];
    let projection = office.projected(&scenarios.concat(), "");
    for (id, alone) in [("policy", "policy alone"), ("edges", "edge alone")] {
        let scenario = projection.scenario(id);
        let [first, second] = [0, 1].map(|n| scenario["effects"][n].clone());
        assert!(first["funds"].is_object(), "{id}: {first}");
        assert!(second["funds"].is_null(), "{id}: {second}");
        let why = second.as_object().expect("an effect").iter().filter(|(key, _)| *key != "change" && *key != "funds");
        let why: Vec<&str> = why.filter_map(|(_, value)| value.as_str()).collect();
        assert!(why.iter().any(|text| !text.is_empty()), "{id}: it says why: {second}");
        assert_eq!(by_fund(&first["funds"]), changes(&projection, alone), "{id}");
        let left = by_fund(&scenario["interaction"]);
        assert_eq!(added([&by_fund(&first["funds"]), &left]), changes(&projection, id), "{id}: it is in what is left");
    }
}

// --- Needs --------------------------------------------------------------------------------------------------------

#[test]
fn the_need_of_a_fund_is_held_against_its_sources() {
    let ledger = [stay("P1", "S1"), stay("P2", "S2").with("setl_time", "2023-06-01T10:00:00")];
    let office = Office::at(Desk::with(&ledger, &[holds("P1", "dibao"), holds("P2", "dibao")]), "weihai-2023");
    let fund =
        "[[fund]]\nfund = \"medical_assistance\"\nresidents = 300\nper_resident = \"10\"\nother = \"1500.50\"\n\n";
    office.settled("weihai-2023", "");
    let contributions: i128 = office.desk.read("subsidies").rows.iter().map(|row| money(row, "subsidy")).sum();
    assert_eq!(contributions, 90_000, "450 for each of the two");
    let projection = office.projected(&format!("{fund}{}", sets("more", "\"ma.A.ratio\" = \"0.80\"")), "");
    // Sources of 300 × 10 + 1 500.50; paid are 4 200 and 4 800.
    for (id, paid) in [("baseline", 420_000), ("more", 480_000)] {
        let scenario = projection.scenario(id);
        assert_eq!(projection.total(id, "medical_assistance"), paid, "{id}");
        assert_eq!(scenario["subsidies"]["paid"], yuan(contributions), "{id}");
        let needs = scenario["need"].as_array().expect("needs");
        assert_eq!((needs.len(), &needs[0]["fund"]), (1, &Value::from("medical_assistance")), "{id}");
        let told = ["need", "sources", "left"].map(|key| needs[0][key].as_str().and_then(fen).expect("an amount"));
        let need = paid + contributions;
        assert_eq!(told, [need, 450_050, 450_050 - need], "{id}: what is over, or lacking");
    }
    let alone = office.projected(&sets("more", "\"ma.A.ratio\" = \"0.80\""), "");
    assert!(alone.scenario("more")["need"].as_array().is_none_or(Vec::is_empty), "no sources, no need");
}

/// The funds that reimburse beyond basic insurance: name, insurance type, layers.
const REIMBURSING: [(&str, Option<&str>, &[&str]); 3] = [
    ("catastrophic_insurance_310", Some("310"), &["cii_pay", "special_drug_pay"]),
    ("catastrophic_insurance_390", Some("390"), &["cii_pay", "special_drug_pay"]),
    ("medical_assistance", None, &["ma_pay", "ra_pay", "oocat_pay"]),
];

#[test]
fn the_share_of_those_who_get_most_is_told() {
    let office = Office::new(POLICIES[0], 46);
    let better = Text::of("weihai-2023").put("ma.A", "\"0.70\"", "\"0.80\"");
    let settled = [Text::of("weihai-2023"), better].map(|text| {
        office.settled_under(&text, "");
        office.desk.read("settlement")
    });
    let projection = office.projected(&sets("better", "\"ma.A.ratio\" = \"0.80\""), "");
    for (id, settlement) in ["baseline", "better"].iter().zip(&settled) {
        let top = projection.scenario(id)["top"].as_array().expect("top");
        let funds: Vec<_> = top.iter().map(|entry| entry["fund"].as_str().expect("a fund")).collect();
        assert_eq!(funds, REIMBURSING.map(|(fund, ..)| fund), "{id}");
        for (told, (fund, insutype, layers)) in top.iter().zip(REIMBURSING) {
            let mut paid: BTreeMap<PersonYear, i128> = BTreeMap::new();
            for row in settlement.rows.iter().filter(|row| insutype.is_none_or(|t| row["insutype"] == t)) {
                *paid.entry(person_year(row)).or_default() += layers.iter().map(|l| money(row, l)).sum::<i128>();
            }
            let mut amounts: Vec<i128> = paid.into_values().filter(|amount| *amount > 0).collect();
            amounts.sort_unstable_by(|a, b| b.cmp(a));
            let few = amounts.len().div_ceil(100);
            let most: i128 = amounts[..few].iter().sum();
            let whole: i128 = amounts.iter().sum();
            assert!(few > 0 && whole == projection.total(id, fund), "{id}: {fund}");
            assert_eq!(
                (&told["payees"], &told["few"]),
                (&Value::from(amounts.len()), &Value::from(few)),
                "{id}: {fund}"
            );
            assert_eq!(told["paid"], yuan(most), "{id}: {fund}");
            // To a millionth, half up.
            let share = (2 * most * 1_000_000 + whole) / (2 * whole);
            let share_told = told["share"].as_str().and_then(|share| share.parse::<f64>().ok()).expect("a share");
            assert_eq!((share_told * 1e6).round() as i128, share, "{id}: {fund}: {told}");
        }
        assert!(top[2]["few"].as_u64() > Some(1), "{id}: several get most: {top:?}");
    }
}
