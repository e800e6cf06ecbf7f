//! What shows a cause: the clause that was broken, the claims, the dates, in English and in Chinese.

use super::cause::Cause;
use super::hypothesis::{Hypothesis, Span};
use super::measure::{ASSISTANCE, ByLayer, Measure};
use super::search::{Explained, Question, worlds};
use super::world::{Bench, History, Settlement};
use crate::ledger::reject::id_text;
use crate::ledger::schema::IdType;
use crate::model::codes::Identity;
use crate::model::date::{self, OPEN_END};
use crate::model::fen::to_grouped;
use crate::policy::document::PolicyDoc;
use crate::policy::eras::{Eras, Names};
use crate::settle::outcome::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Claims that evidence names; of more it gives the number.
const NAMED: usize = 5;

/// What a finding says beside its amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// By the figures that the paid side states.
    pub cited: Vec<Cited>,
    /// The first few claims.
    pub setl_ids: String,
    /// English and Chinese.
    pub evidence: (String, String),
}

/// What was broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cited {
    /// Rule of the policy file.
    pub rule: Option<String>,
    /// Clause of the policy text.
    pub clause: Option<String>,
    /// The identity that was applied, or should have been.
    pub identity: Option<String>,
}

/// Tells a cause.
pub fn tell(
    bench: &mut Bench<'_>,
    question: &Question<'_>,
    explained: &Explained,
    docs: &[&PolicyDoc],
    setl_id: IdType,
) -> Told {
    let eras = bench.variants().eras();
    let history = question.history;
    let own = explained
        .records
        .first()
        .and_then(|(record, _)| own_clause(explained.cause, docs[history.records[*record as usize].policy]));
    let mut cited = cited(bench, question, explained);
    if own.is_some() {
        cited.iter_mut().for_each(|c| (c.rule, c.clause) = (None, own.clone()));
    }
    let named: Vec<u32> = explained.records.iter().map(|(record, _)| *record).collect();
    let id = |record: &u32| id_text(&history.records[*record as usize].setl_id, setl_id);
    let setl_ids = named.iter().take(NAMED).map(id).collect::<Vec<_>>().join(",");
    let evidence = evidence(question, explained, eras, &named, id);
    Told { cited, setl_ids, evidence }
}

fn identity(names: &Names, rank: u8) -> Option<Identity> {
    names.identity_at.get(usize::from(rank)).copied()
}

/// The clause that a policy gives to the condition itself.
fn own_clause(cause: Cause, doc: &PolicyDoc) -> Option<String> {
    match cause {
        Cause::ExcludedCausePaid => doc.assistance.exclude_causes.as_ref().map(|e| e.clause.clone()),
        Cause::UnreferredPaid => doc.assistance.exclude_unreferred.clone(),
        Cause::UndesignatedPaid => Some(doc.assistance.clause.clone()),
        Cause::AnotherIdentity => Some(doc.policy.order_clause.clone()),
        _ => None,
    }
}

/// By figure, rule, clause and identity of the payment that moved most: the one that was made where too much
/// was paid, the one that was due where too little was.
fn cited(bench: &mut Bench<'_>, question: &Question<'_>, explained: &Explained) -> Vec<Cited> {
    let measures = &question.measures.0;
    let names = &bench.variants().eras().names;
    let both = worlds(question, explained, bench.variants().eras())
        .and_then(|(before, after)| Some((bench.settle(&before, true)?, bench.settle(&after, true)?)));
    let Some((due, other)) = both else { return vec![Cited::default(); measures.len()] };
    // Of a person with very many claims each entry must find its like at once.
    let named: BTreeSet<u32> = explained.records.iter().map(|(record, _)| *record).collect();
    let like = |record: u32, e: &Entry| (record, e.layer as u8, e.cite, e.identity);
    let paid_alike = |settled: &Settlement| -> BTreeMap<_, i64> {
        let mut sums = BTreeMap::new();
        for (record, entry) in settled.audit.iter().filter(|(record, _)| named.contains(record)) {
            *sums.entry(like(*record, entry)).or_default() += entry.paid;
        }
        sums
    };
    let (of_due, of_other) = (paid_alike(&due), paid_alike(&other));
    let figure = |(measure, net): (&Measure, i64)| {
        let (from, against) = if net > 0 { (&other, &of_due) } else { (&due, &of_other) };
        let mut best: Option<(i64, Entry)> = None;
        for (record, entry) in &from.audit {
            if !measure.covers(entry.layer) || !named.contains(record) {
                continue;
            }
            let moved = entry.paid - against.get(&like(*record, entry)).copied().unwrap_or(0);
            // What is withheld stands in the audit of both sides, so the payment itself breaks the tie.
            let weight = if moved > 0 { moved.saturating_mul(1 << 20) } else { entry.paid };
            if weight > 0 && best.as_ref().is_none_or(|b| weight > b.0) {
                best = Some((weight, *entry));
            }
        }
        let cite = best.and_then(|(_, entry)| names.cites.get(usize::from(entry.cite)));
        Cited {
            rule: cite.map(|c| c.rule.clone()),
            clause: cite.map(|c| c.clause.clone()),
            identity: best.and_then(|(_, e)| identity(names, e.identity)).map(|i| i.as_str().to_owned()),
        }
    };
    measures.iter().zip(explained.amount).map(figure).collect()
}

fn evidence(
    question: &Question<'_>,
    explained: &Explained,
    eras: &Eras,
    named: &[u32],
    id: impl Fn(&u32) -> String,
) -> (String, String) {
    let history = question.history;
    let claims: Vec<String> = named
        .iter()
        .take(NAMED)
        .map(|record| format!("{} ({})", id(record), date::show(history.day(*record))))
        .collect();
    let more = named.len().saturating_sub(NAMED);
    let (mut list, mut list_zh) = (claims.join(", "), claims.join("、"));
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
        list_zh.push_str(&format!(" 等另 {more} 笔"));
    }
    let (detail, detail_zh) = detail(history, explained.hypothesis, eras);
    let amounts: Vec<String> = question
        .measures
        .0
        .iter()
        .zip(explained.amount)
        .filter(|(_, fen)| *fen != 0)
        .map(|(m, fen)| format!("{} {}{}", m.name, if fen > 0 { "+" } else { "" }, to_grouped(i128::from(fen))))
        .collect();
    let amounts = amounts.join(", ");
    let cause = explained.cause;
    let mut en = format!("{}{detail}: {amounts}", cause.english());
    let mut zh = format!("{}{detail_zh}：{amounts}", cause.label());
    if !named.is_empty() {
        let claims = if named.len() == 1 { "claim" } else { "claims" };
        en.push_str(&format!("; {} {claims}: {list}", named.len()));
        zh.push_str(&format!("；涉及 {} 笔：{list_zh}", named.len()));
    }
    (en, zh)
}

/// The identity and dates, or the claims, that a hypothesis is about.
fn detail(history: &History, hypothesis: Option<Hypothesis>, eras: &Eras) -> (String, String) {
    let label = |rank: u8| identity(&eras.names, rank);
    let periods = |span: Span| -> Vec<(Identity, String, String)> {
        let all = history.held(eras).into_iter();
        all.filter(|held| span == Span::All || span == Span::One(*held))
            .filter_map(|p| {
                let end = if p.end == OPEN_END { "open".to_owned() } else { date::show(p.end) };
                Some((label(p.rank)?, date::show(p.begin), end))
            })
            .collect()
    };
    match hypothesis {
        Some(Hypothesis::AfterEnd(span) | Hypothesis::BeforeBegin(span) | Hypothesis::OutsideDates(span)) => {
            let periods = periods(span);
            let en: Vec<String> = periods.iter().map(|(i, b, e)| format!("{i} {b} to {e}")).collect();
            let zh: Vec<String> = periods.iter().map(|(i, b, e)| format!("{} {b} 至 {e}", i.label())).collect();
            if en.is_empty() {
                return (String::new(), String::new());
            }
            (format!(" ({})", en.join("; ")), format!("（{}）", zh.join("；")))
        }
        Some(Hypothesis::Another(rank, _)) => match label(rank) {
            Some(i) => (format!(" ({i})"), format!("（{}）", i.label())),
            None => Default::default(),
        },
        Some(Hypothesis::IdentityIgnored) => {
            let held: Vec<Identity> = history.ranks.clone().into_iter().filter_map(label).collect();
            let join =
                |of: &dyn Fn(&Identity) -> &'static str, by: &str| held.iter().map(of).collect::<Vec<_>>().join(by);
            (format!(" ({})", join(&|i| i.as_str(), ", ")), format!("（{}）", join(&|i| i.label(), "、")))
        }
        _ => Default::default(),
    }
}

/// The evidence of assistance that was due and not paid.
pub fn due_not_paid(due: &ByLayer) -> (String, String) {
    let assistance = to_grouped(i128::from(ASSISTANCE.of(due)));
    (format!("assistance due {assistance}, paid 0.00 in the year"), format!("应付救助 {assistance} 元，全年未支付"))
}

/// The evidence of a monitored person who was never assisted.
pub fn monitored(due: &ByLayer, alert: Option<&str>) -> (String, String) {
    let assistance = to_grouped(i128::from(ASSISTANCE.of(due)));
    match alert {
        Some(alert) => (
            format!("monitored, alert `{alert}` raised in the year; assistance due {assistance}, paid 0.00"),
            format!("监测对象，本年度已触发预警 {alert}；应付救助 {assistance} 元，全年未支付"),
        ),
        None => (
            format!("monitored, with claims in scope in the year; assistance due {assistance}, paid 0.00"),
            format!("监测对象，本年度有救助范围内费用；应付救助 {assistance} 元，全年未支付"),
        ),
    }
}
