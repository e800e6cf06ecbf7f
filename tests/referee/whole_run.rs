//! Histories as Parquet files, through the program itself: rows that fail their own checks, rosters as they
//! are written, and every output column as text, against the referee.

use super::histories::counts::Standing;
use super::histories::dice::{Dice, bytes_of};
use super::histories::draw;
use super::histories::history::{History, Row, Tenure};
use super::histories::holds::stretches;
use super::histories::outcome::Outcome;
use super::histories::person::{Person, settle};
use super::histories::town::{ODD, Town, towns};
use super::subsidies::{claimed, subsidies};
use super::support::contract::{AUDIT, kind_of};
use super::support::program::Settle;
use super::support::table::{self, Row as Text};
use onestop::model::codes::{Channel, Identity, RejectReason, Status};
use onestop::model::date;
use onestop::policy::document::YearBy;
use onestop::policy::tables::LOCAL_AREA;
use onestop::settle::outcome::MONEY_NAMES;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Persons of a run.
const PERSONS: usize = if cfg!(debug_assertions) { 60 } else { 400 };

/// Settles persons of a town through the program and compares every file.
pub fn compare(town: usize, on_roster: bool, first_seed: u64) {
    let persons = persons(town, on_roster, first_seed);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let town = &towns()[town];

    let mut expected = Expected::default();
    let (mut ledger, mut roster) = (Vec::new(), Vec::new());
    for (number, history, faults) in &persons {
        let psn_no = format!("P{number:06}");
        let person = settle(town, history);
        ledger.extend(history.rows.iter().map(|row| text_of(town, &psn_no, row, on_roster)));
        for (row, reason) in faults {
            expected.reject("ledger", &psn_no, row.get("setl_id"), *reason);
            ledger.push(row.clone());
        }
        for (tenure, read) in
            history.roster.iter().flatten().zip(stretches(town, history.roster.as_deref().unwrap_or(&[])))
        {
            roster.push(text_of_tenure(&psn_no, tenure));
            if let Err(reason) = read {
                expected.reject("roster", &psn_no, None, reason);
            }
        }
        expected.take(town, &psn_no, history, &person);
    }
    if on_roster {
        expected.subsidise(town, &persons);
    }
    write(&at("ledger.parquet"), &ledger);
    let mut run = Settle::ledger(&at("ledger.parquet"));
    run = match &town.text {
        Some(text) => {
            std::fs::write(at("policy.toml"), text).expect("the policy is written");
            run.policy(at("policy.toml"))
        }
        None => run.policy(&town.doc.policy.id),
    };
    if on_roster {
        write(&at("roster.parquet"), &roster);
        run = run.roster(&at("roster.parquet"));
    }
    if town.odd {
        std::fs::write(at("odd.toml"), ODD.concat()).expect("parameters are written");
        run = run.params(&at("odd.toml"));
    }
    let outcome = run.into_folder(&at("out"));
    assert_eq!(outcome.code, Some(0), "{}: {}", town.name, outcome.stderr);
    for (name, mut rows) in [
        ("settlement", expected.settlement),
        ("audit", expected.audit),
        ("persons", expected.persons),
        ("alerts", expected.alerts),
        ("subsidies", expected.subsidies),
        ("rejects", expected.rejects),
    ] {
        let mut found = table::read(&at("out").join(format!("{name}.parquet"))).expect("an output").rows;
        if name == "rejects" {
            for row in &mut found {
                ["file", "row", "detail"].iter().for_each(|c| drop(row.remove(*c)));
            }
            found.sort();
            rows.sort();
        }
        let differ = found.iter().zip(&rows).find(|(found, expected)| found != expected);
        if let Some((found, expected)) = differ {
            let person = found.get("psn_no").min(expected.get("psn_no")).cloned().unwrap_or_default();
            let number: usize = person.trim_start_matches('P').parse().unwrap_or(0);
            panic!("{}: {name}: found {found:?}, expected {expected:?}\n{:#?}", town.name, persons[number].1);
        }
        assert_eq!(found.len(), rows.len(), "{}: rows of {name}", town.name);
        assert!(["alerts", "subsidies"].contains(&name) || !rows.is_empty(), "{}: {name} is empty", town.name);
    }
}

/// Rows that fail their own checks, with the reason of each.
type Faults = Vec<(Text, RejectReason)>;

/// Histories of one town, of one kind of identities.
fn persons(town: usize, on_roster: bool, first_seed: u64) -> Vec<(usize, History, Faults)> {
    let mut persons = Vec::new();
    let mut bytes = [0; 1_024];
    for seed in first_seed.. {
        bytes_of(seed, &mut bytes);
        bytes[0] = town as u8;
        let (mut history, _) = draw::history(&bytes);
        history.as_if = false;
        if history.roster.is_some() != on_roster {
            continue;
        }
        let number = persons.len();
        let dice = &mut Dice::new(&bytes[900..]);
        let psn_no = format!("P{number:06}");
        let faults =
            history.rows.iter().filter_map(|row| fault(&towns()[town], &psn_no, row, on_roster, dice)).collect();
        persons.push((number, history, faults));
        if persons.len() == PERSONS {
            break;
        }
    }
    persons
}

fn write(path: &Path, rows: &[Text]) {
    table::write(path, &table::columns_of(rows), rows);
}

/// A copy of a row with one or two faults, and the first reason that holds of them.
fn fault(town: &Town, psn_no: &str, row: &Row, on_roster: bool, dice: &mut Dice<'_>) -> Option<(Text, RejectReason)> {
    if !dice.one_in(6) || row.claim.fee <= 0 {
        return None;
    }
    let mut text = text_of(town, psn_no, row, on_roster);
    let mut first = None;
    for _ in 0..1 + dice.below(2) {
        let yuan = |fen: i64| super::histories::schedule::yuan(fen).to_string();
        let (column, value, reason) = match dice.below(10) {
            0 => ("vali_flag", Some("0".to_owned()), RejectReason::VoidRecord),
            1 => ("medfee_sumamt", None, RejectReason::NullRequired),
            2 => ("referral", Some("perhaps".to_owned()), RejectReason::BadValue),
            3 => ("insutype", Some("340".to_owned()), RejectReason::UnknownInsutype),
            4 => ("med_type", Some("9999".to_owned()), RejectReason::UnknownMedType),
            5 if !on_roster => ("identity", Some("nobleman".to_owned()), RejectReason::UnknownIdentity),
            6 => ("maf_pay", Some("-0.01".to_owned()), RejectReason::NegativeAmount),
            7 => ("inscp_scp_amt", Some(yuan(row.claim.fee + 1)), RejectReason::ScopeExceedsFee),
            _ => ("ext_comp_amt", Some(yuan(row.claim.fee - row.claim.basic + 1)), RejectReason::PaymentsExceedFee),
        };
        if column == "med_type" {
            text.remove("care");
        }
        match value {
            Some(value) => text.insert(column.to_owned(), value),
            None => text.remove(column),
        };
        first = Some(first.map_or(reason, |earlier: RejectReason| earlier.min(reason)));
    }
    Some((text, first?))
}

fn moment(row: &Row) -> String {
    let (hour, minute, second) = (row.second / 3_600, row.second / 60 % 60, row.second % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}", date::show(row.claim.day))
}

/// A row of the ledger as text.
fn text_of(town: &Town, psn_no: &str, row: &Row, on_roster: bool) -> Text {
    let claim = &row.claim;
    let marks = &claim.marks;
    let mut text = Text::new();
    let mut set = |column: &str, value: Option<String>| {
        assert!(kind_of(column).is_some(), "{column}");
        if let Some(value) = value {
            text.insert(column.to_owned(), value);
        }
    };
    let yuan = |fen: i64| super::histories::schedule::yuan(fen).to_string();
    let said = |value: bool, default: bool| (!row.sparse || value != default).then(|| value.to_string());
    let [hifp, cvlserv, oth] = row.basic();
    let [hifmi, hifob] = row.recorded_cii();
    set("psn_no", Some(psn_no.to_owned()));
    set("setl_id", Some(row.id.to_string()));
    set("setl_time", Some(moment(row)));
    set("enddate", (town.doc.switches.year_by == YearBy::Enddate).then(|| date::show(row.enddate)));
    set("insutype", Some(claim.insutype.to_string()));
    set("care", Some(claim.care.to_string()));
    for (column, fen) in [
        ("medfee_sumamt", claim.fee),
        ("inscp_scp_amt", claim.scope),
        ("hifp_pay", hifp),
        ("cvlserv_pay", cvlserv),
        ("oth_pay", oth),
        ("hifmi_pay", hifmi),
        ("hifob_pay", hifob),
        ("maf_pay", claim.recorded_maf),
        ("ext_comp_amt", claim.ext_comp),
    ] {
        set(column, Some(yuan(fen)));
    }
    set("refd_setl_flag", row.refunded.map(|f| u8::from(f).to_string()));
    set("init_setl_id", row.init.map(|i| i.to_string()));
    // A code that is no number lies in no area that a policy names (R22).
    let area = if claim.area < 0 { "overseas".to_owned() } else { format!("{:06}", claim.area) };
    set("mdtrtarea_admvs", (claim.area != LOCAL_AREA).then_some(area));
    set("hosp_lv", (marks.hosp_lv > 0).then(|| marks.hosp_lv.to_string()));
    set("fee_class", marks.fee_class.map(|c| c.to_string()));
    set("designated", said(marks.designated, true));
    set("referral", Some(marks.referral.to_string()).filter(|r| !row.sparse || r != "none_needed"));
    set("tilt_applied", said(marks.tilt_applied, false));
    set("excl_cause", marks.excl_cause.map(|c| c.to_string()));
    set("quota_managed", said(marks.quota_managed, false));
    set("disease_limit", claim.disease_limit.map(yuan));
    set("dise_codg", disease(row));
    // With a roster the ledger's identity is only compared.
    set(
        "identity",
        row.identity.map(|i| i.to_string()).or((on_roster && row.spread == 0).then(|| "squire".to_owned())),
    );
    text
}

fn disease(row: &Row) -> Option<String> {
    (row.claim.disease > 0).then(|| format!("D{:02}", row.claim.disease))
}

fn text_of_tenure(psn_no: &str, tenure: &Tenure) -> Text {
    let columns = [
        ("psn_no", Some(psn_no.to_owned())),
        ("identity", Some(tenure.identity.to_string())),
        ("begndate", Some(date::show(tenure.begin))),
        ("enddate", tenure.end.map(date::show)),
        ("applied_on", tenure.applied_on.map(date::show)),
        ("treated_as", tenure.treated_as.map(|i| i.to_string())),
    ];
    columns.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What the files must hold.
#[derive(Default)]
struct Expected {
    settlement: Vec<Text>,
    audit: Vec<Text>,
    persons: Vec<Text>,
    alerts: Vec<Text>,
    subsidies: Vec<Text>,
    rejects: Vec<Text>,
}

/// Columns that are not null.
fn columns<const N: usize>(values: [(&str, Option<String>); N]) -> Text {
    values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Yuan with two decimals.
fn yuan(amount: Decimal) -> String {
    let mut amount = amount;
    amount.rescale(2);
    amount.to_string()
}

fn code(identity: Option<Identity>) -> Option<String> {
    identity.map(|i| i.to_string())
}

impl Expected {
    fn reject(&mut self, source: &str, psn_no: &str, setl_id: Option<&String>, reason: RejectReason) {
        self.rejects.push(columns([
            ("source", Some(source.to_owned())),
            ("psn_no", Some(psn_no.to_owned())),
            ("setl_id", setl_id.cloned()),
            ("reason", Some(reason.to_string())),
        ]));
    }

    fn take(&mut self, town: &Town, psn_no: &str, history: &History, person: &Person) {
        for number in &person.order {
            let row = &history.rows[*number];
            let id = row.id.to_string();
            if let Standing::Rejected(reason) = person.standing[*number] {
                self.reject("ledger", psn_no, Some(&id), reason);
                continue;
            }
            let year = date::year_of(super::histories::counts::deciding_day(town, row)).to_string();
            let outcome = person.outcomes.get(number);
            let status = match outcome {
                None => Status::Reversed,
                Some(o) if o.reason.is_none() => Status::Settled,
                Some(_) => Status::OutOfScope,
            };
            let notes = outcome.map(|o| o.notes.join(";")).filter(|n| !n.is_empty());
            let mut text = columns([
                ("psn_no", Some(psn_no.to_owned())),
                ("setl_id", Some(id.clone())),
                ("setl_time", Some(moment(row))),
                ("charge_year", Some(outcome.map_or_else(|| year.clone(), |o| o.charge_year.to_string()))),
                ("benefit_year", Some(year)),
                ("insutype", Some(row.claim.insutype.to_string())),
                ("care", Some(row.claim.care.to_string())),
                ("identity", code(outcome.and_then(|o| o.identity))),
                ("status", Some(status.to_string())),
                ("reason", outcome.and_then(|o| o.reason).map(|r| r.to_string())),
                ("channel", outcome.and_then(|o| o.channel).map(|c| c.to_string())),
                ("note", notes),
            ]);
            for (n, name) in MONEY_NAMES.iter().enumerate() {
                text.insert((*name).to_owned(), yuan(outcome.map_or(Decimal::ZERO, |o| o.money[n])));
            }
            self.settlement.push(text);
            if let Some(outcome) = outcome {
                self.audit(town, psn_no, row, outcome);
            }
        }
        for year in &person.years {
            let held: Vec<&str> = year.identities.iter().map(|i| i.as_str()).collect();
            let mut text = columns([
                ("psn_no", Some(psn_no.to_owned())),
                ("charge_year", Some(year.charge_year.to_string())),
                ("identities", Some(held.join(",")).filter(|h| !h.is_empty())),
                ("identity_preferred", code(year.preferred)),
                ("runs_not_taken", year.not_taken.clone()),
            ]);
            for (n, name) in MONEY_NAMES.iter().enumerate() {
                text.insert((*name).to_owned(), yuan(year.money[n]));
            }
            for (n, channel) in [Channel::Instant, Channel::YearEnd, Channel::Application].iter().enumerate() {
                text.insert(format!("payable_{channel}"), yuan(year.payable[n]));
            }
            self.persons.push(text);
        }
        let mut alerts = person.alerts.clone();
        alerts.sort_by_key(|a| a.year);
        for alert in alerts {
            let row = &history.rows[alert.row];
            self.alerts.push(columns([
                ("psn_no", Some(psn_no.to_owned())),
                ("year", Some(alert.year.to_string())),
                ("alert", Some(alert.alert)),
                ("clause", Some(alert.clause)),
                ("threshold", Some(yuan(alert.threshold))),
                ("accumulated", Some(yuan(alert.accumulated))),
                ("setl_id", Some(row.id.to_string())),
                ("setl_time", Some(moment(row))),
            ]));
        }
    }

    fn subsidise(&mut self, town: &Town, persons: &[(usize, History, Faults)]) {
        let own: Vec<_> =
            persons.iter().map(|(_, history, _)| claimed(town, history, &settle(town, history))).collect();
        let years: BTreeSet<i32> = own.iter().flatten().map(|(year, _)| *year).collect();
        for ((number, history, _), own) in persons.iter().zip(own) {
            for given in subsidies(town, history, &own, &years) {
                self.subsidies.push(columns([
                    ("psn_no", Some(format!("P{number:06}"))),
                    ("year", Some(given.year.to_string())),
                    ("identity", code(Some(given.identity))),
                    ("standard", Some(yuan(given.standard))),
                    ("subsidy", Some(yuan(given.subsidy))),
                    ("own_part", Some(yuan(given.standard - given.subsidy))),
                    ("clause", Some(given.clause)),
                ]));
            }
        }
    }

    fn audit(&mut self, town: &Town, psn_no: &str, row: &Row, outcome: &Outcome) {
        for (n, line) in outcome.audit.iter().enumerate() {
            let ratio = |r: Decimal| {
                let mut r = r;
                r.rescale(6);
                r.to_string()
            };
            let band = |n: usize| line.band.map(|b| yuan(b[n]));
            let text: BTreeMap<String, String> = columns([
                ("psn_no", Some(psn_no.to_owned())),
                ("setl_id", Some(row.id.to_string())),
                ("step", Some((n + 1).to_string())),
                ("layer", Some(line.layer.to_string())),
                ("identity", code(line.identity)),
                ("rule", Some(line.rule.clone())),
                // A policy without catastrophic insurance has no clause of the layer; it cites assistance's.
                ("clause", line.clause.clone().or(Some(town.doc.assistance.clause.clone()))),
                ("pool", line.pool.map(|p| town.accounts[p].clone())),
                ("base", Some(yuan(line.base))),
                ("from", band(0)),
                ("to", band(1)),
                ("lo", band(2)),
                ("ratio", line.ratio.map(ratio)),
                ("gross", Some(yuan(line.gross))),
                ("cap", line.cap.map(yuan)),
                ("cap_used", Some(yuan(line.used))),
                ("paid", Some(yuan(line.paid))),
                ("dise_codg", disease(row)),
            ]);
            assert!(text.keys().all(|name| AUDIT.contains(&name.as_str())));
            self.audit.push(text);
        }
    }
}
