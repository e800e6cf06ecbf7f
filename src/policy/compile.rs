//! Turns a policy, parameters and years into [`Tables`]: every value resolved, every lookup filled.

use super::check::{self, Finding};
use super::document::*;
use super::error::{MissingParameter, PolicyError};
use super::parameters::{BaseSchedule, Parameters, Standing, Used};
use super::tables::*;
use super::value::{Amount, ShareOf};
use crate::lang::{Both, both};
use crate::model::codes::{Care, Identity, Insutype};
use crate::model::date;
use crate::model::fen::{self, NO_LIMIT, PPM, Round, Unit};
use std::collections::BTreeSet;

/// What the audit cites as the rule of a payment that is carried as recorded.
const RECORDED: &str = "recorded";

/// What a run needs of a policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Contribution subsidies, and so the contributions of the years.
    pub subsidies: bool,
}

/// Compiled tables and the dated values that they took.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The tables.
    pub tables: Tables,
    /// Every dated value taken, for the manifest and the warnings.
    pub used: Vec<Used>,
}

/// Compiles a policy for the given benefit years.
///
/// # Errors
/// [`PolicyError::Refused`] for what cannot be meant, [`PolicyError::MissingParameter`] for a dated
/// value that a year needs and the parameters do not hold.
pub fn compile(doc: &PolicyDoc, parameters: &Parameters, years: &[i32], needs: Needs) -> Result<Compiled, PolicyError> {
    let errors: Vec<Both> = check::check(doc).iter().filter(|f| f.is_error()).map(Finding::text).collect();
    if !errors.is_empty() {
        return Err(refused(doc, Both::list("; ", "；", errors)));
    }
    let mut compiler = Compiler { doc, parameters, names: Names::new(), ranks: Ranks::new(doc), used: BTreeSet::new() };
    let mut year_tables = Vec::with_capacity(years.len());
    for &year in years.iter().collect::<BTreeSet<_>>() {
        year_tables.push(compiler.year(year, needs)?);
    }
    let channels = compiler.channels();
    let mut exclusive = [0; RANKS];
    let mut grant_lookback = [None; RANKS];
    for identity in &doc.identity {
        let rank = usize::from(compiler.ranks.rank_of[identity.code.index()]);
        exclusive[rank] = compiler.ranks.mask(&identity.exclusive_with, &[]);
        grant_lookback[rank] = identity.grant_lookback_months;
    }
    let causes = doc.assistance.exclude_causes.as_ref().map_or(&[][..], |e| &e.causes);
    let tables = Tables {
        policy: doc.policy.id.clone(),
        from: doc.policy.from.0,
        until: doc.policy.until.map_or(date::OPEN_END, |d| d.0),
        rank_of: compiler.ranks.rank_of,
        identity_at: compiler.ranks.identity_at,
        exclusive,
        grant_lookback,
        round: Round { mode: doc.switches.rounding, unit: doc.switches.unit },
        accumulation: doc.switches.accumulation,
        cap_per_visit: false,
        catastrophic_payment: doc.switches.catastrophic_payment,
        ext_comp: doc.switches.ext_comp,
        exclude_unreferred: doc.assistance.exclude_unreferred.is_some(),
        exclude_causes: causes.iter().fold(0, |m, c| m | 1 << c.index()),
        channels,
        cites: compiler.names.cites,
        pools: compiler.names.pools,
        notes: compiler.names.notes,
        alerts: compiler.names.alerts,
        subsidy_date: parameters.subsidy_date,
        years: year_tables,
    };
    Ok(Compiled { tables, used: compiler.used.into_iter().collect() })
}

fn in_year(rule: &str, year: i32, problem: &Both) -> Both {
    Both {
        en: format!("rule `{rule}` in {year}: {}", problem.en),
        zh: format!("规则 `{rule}`（{year} 年）：{}", problem.zh),
    }
}

fn refused(doc: &PolicyDoc, findings: Both) -> PolicyError {
    PolicyError::Refused { id: doc.policy.id.clone(), findings }
}

/// Identities by rank: the listed order, then what the policy does not name.
pub(crate) struct Ranks {
    rank_of: [u8; Identity::COUNT],
    pub(crate) identity_at: [Identity; Identity::COUNT],
}

impl Ranks {
    pub(crate) fn new(doc: &PolicyDoc) -> Self {
        Self::of(&[&doc.policy.listed_order])
    }

    /// Ranks of several lists, one after the other.
    pub(crate) fn of(listed: &[&[Identity]]) -> Self {
        let mut order: Vec<Identity> = Vec::with_capacity(Identity::COUNT);
        let listed = listed.iter().flat_map(|listed| with_sudden(listed));
        for identity in listed.chain(Identity::ALL.iter().copied()) {
            if !order.contains(&identity) {
                order.push(identity);
            }
        }
        let mut rank_of = [0; Identity::COUNT];
        let mut identity_at = [Identity::Tekun; Identity::COUNT];
        for (rank, &identity) in order.iter().enumerate() {
            rank_of[identity.index()] = rank as u8;
            identity_at[rank] = identity;
        }
        Self { rank_of, identity_at }
    }

    /// The set of the identities named, less the exceptions.
    pub(crate) fn mask(&self, named: &[Identity], except: &[Identity]) -> Mask {
        let named = with_sudden(named);
        named.iter().filter(|i| !except.contains(i)).fold(0, |m, i| m | 1 << self.rank_of[i.index()])
    }

    fn all(&self) -> Mask {
        (1 << Identity::COUNT) - 1
    }
}

/// `monitored_sudden` is everywhere the same as `monitored` but where a policy names it (SPEC 1.3).
pub(crate) fn with_sudden(named: &[Identity]) -> Vec<Identity> {
    let mut all = Vec::with_capacity(named.len() + 1);
    for &identity in named {
        all.push(identity);
        if identity == Identity::Monitored && !named.contains(&Identity::MonitoredSudden) {
            all.push(Identity::MonitoredSudden);
        }
    }
    all
}

/// The numbers of cited rules, pools, bases, remarks and alerts.
#[derive(Default)]
struct Names {
    cites: Vec<Cite>,
    pools: Vec<String>,
    bases: Vec<String>,
    notes: Vec<String>,
    alerts: Vec<String>,
}

impl Names {
    fn new() -> Self {
        Self { notes: vec![FEE_CLASS_MISSING.to_owned()], ..Self::default() }
    }

    fn cite(&mut self, rule: &str, clause: &str) -> u16 {
        let found = self.cites.iter().position(|c| c.rule == rule && c.clause == clause);
        found.unwrap_or_else(|| {
            self.cites.push(Cite { rule: rule.to_owned(), clause: clause.to_owned() });
            self.cites.len() - 1
        }) as u16
    }
}

fn number(names: &mut Vec<String>, name: &str) -> u8 {
    let found = names.iter().position(|n| n == name);
    found.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    }) as u8
}

fn care_bits(care: &[Care]) -> u8 {
    care.iter().fold(0, |m, c| m | 1 << c.index())
}

/// Where a value is used: for errors.
#[derive(Clone, Copy)]
struct Use<'a> {
    rule: &'a str,
    clause: &'a str,
    year: i32,
}

struct Compiler<'a> {
    doc: &'a PolicyDoc,
    parameters: &'a Parameters,
    names: Names,
    ranks: Ranks,
    used: BTreeSet<Used>,
}

impl Compiler<'_> {
    fn year(&mut self, year: i32, needs: Needs) -> Result<YearTables, PolicyError> {
        let doc = self.doc;
        let cii = doc.catastrophic.as_ref().map(|l| self.layer("cii", l, year)).transpose()?;
        let special_drug = doc.special_drug.as_ref().map(|l| self.layer("special_drug", l, year)).transpose()?;
        let assistance = LayerDoc {
            care: doc.assistance.care.clone(),
            conditions: super::document::Conditions::default(),
            clause: doc.assistance.clause.clone(),
            rule: doc.assistance.rule.clone(),
        };
        let ma = self.layer("ma", &assistance, year)?;
        let ra = doc.reassistance.as_ref().map(|l| self.layer("ra", l, year)).transpose()?;
        Ok(YearTables {
            year,
            cii,
            special_drug,
            ma,
            ra,
            top_ups: doc.top_up.iter().map(|t| self.top_up(t)).collect(),
            major: doc.major_disease.as_ref().map(|m| self.major(m)),
            hospital_limits: doc.hospital_limit.iter().map(|l| self.hospital_limit(l)).collect(),
            oocats: doc.out_of_catalogue.iter().map(|o| self.oocat(o)).collect(),
            notes: doc.note.iter().map(|n| self.note(n)).collect(),
            alerts: self.alerts(year)?,
            subsidies: if needs.subsidies { self.subsidies(year)? } else { Vec::new() },
        })
    }

    fn layer(&mut self, name: &str, layer: &LayerDoc, year: i32) -> Result<LayerTable, PolicyError> {
        let cite = self.names.cite(RECORDED, &layer.clause);
        let pool = number(&mut self.names.pools, name);
        let base = number(&mut self.names.bases, name);
        let mut table = LayerTable::new(care_bits(&layer.care), conditions(&layer.conditions), cite, pool, base);
        for rule in &layer.rule {
            let Some(schedule) = self.schedule(name, rule, year)? else { continue };
            let number = table.schedules.len() as u16;
            table.schedules.push(schedule);
            for (key, rank) in cells(&self.ranks, layer, rule) {
                if table.enter(key, rank, number).is_some() {
                    return Err(refused(
                        self.doc,
                        both!(
                            "rule `{}`: another rule holds for the same claim",
                            "规则 `{}`：同一笔结算另有规则适用",
                            rule.id
                        ),
                    ));
                }
            }
        }
        Ok(table)
    }

    /// The schedule of a rule in a year; `None` where an optional base schedule is not set.
    fn schedule(&mut self, layer: &str, rule: &RuleDoc, year: i32) -> Result<Option<Schedule>, PolicyError> {
        let at = Use { rule: &rule.id, clause: &rule.clause, year };
        let (deductible, brackets, cap) = match &rule.tilt {
            Some(tilt) => match self.tilted(tilt, at)? {
                Some(tilted) => tilted,
                None => return Ok(None),
            },
            None => {
                let deductible = match &rule.deductible {
                    Some(amount) => self.needed(amount, at)?,
                    None => 0,
                };
                let mut brackets = Vec::with_capacity(rule.brackets.len());
                for bracket in &rule.brackets {
                    let from = bracket.from.as_ref().map(|a| self.needed(a, at)).transpose()?;
                    let to = bracket.to.as_ref().map(|a| self.needed(a, at)).transpose()?;
                    let clause = bracket.clause.as_deref().unwrap_or(&rule.clause);
                    let cite = self.names.cite(&rule.id, clause);
                    brackets.push((Edges { from, to }, bracket.ratio.0, cite));
                }
                let cap = rule.cap.as_ref().map(|a| self.needed(a, at)).transpose()?;
                (deductible, brackets, cap)
            }
        };
        let cite = self.names.cite(&rule.id, &rule.clause);
        let deductible_clause = rule.deductible_clause.as_deref().unwrap_or(&rule.clause);
        let deductible_cite = self.names.cite(&rule.id, deductible_clause);
        // The edges of a base schedule count the burden, whatever the policy's own bands count.
        let bands = if rule.tilt.is_some() { Bands::Burden } else { self.doc.switches.bands };
        let brackets = lay_out(deductible, deductible_cite, &brackets, bands, cite)
            .map_err(|problem| refused(self.doc, in_year(&rule.id, year, &problem)))?;
        let pool = rule.pool.as_deref().unwrap_or(layer);
        let pool_name = if pool == layer { pool.to_owned() } else { format!("{layer}.{pool}") };
        let base_name = rule.base.as_deref().map_or_else(|| pool_name.clone(), |b| format!("{layer}.{b}"));
        let pool = number(&mut self.names.pools, &pool_name);
        let base = number(&mut self.names.bases, &base_name);
        if usize::from(pool) >= SLOTS || usize::from(base) >= SLOTS {
            return Err(refused(
                self.doc,
                both!("more than {SLOTS} pools or bases", "额度池或累计基数超过 {SLOTS} 个"),
            ));
        }
        Ok(Some(Schedule {
            brackets,
            pool,
            base,
            cap: cap.unwrap_or(NO_LIMIT),
            cite,
            from: rule.from.map_or(i32::MIN, |d| d.0),
            until: rule.until.map_or(i32::MAX, |d| d.0),
        }))
    }

    /// A base schedule with its deductible lowered, its ratios raised and, if so said, its cap lifted.
    #[allow(clippy::type_complexity)]
    fn tilted(
        &mut self,
        tilt: &TiltDoc,
        at: Use<'_>,
    ) -> Result<Option<(i64, Vec<(Edges, i64, u16)>, Option<i64>)>, PolicyError> {
        let Some(base) = self.parameters.schedule(&tilt.of, at.year) else {
            return if tilt.optional { Ok(None) } else { Err(self.missing(&tilt.of, None, at)) };
        };
        self.note_used(used_schedule(base));
        let deductible = self.share(base.deductible, tilt.deductible_share.0);
        let cite = self.names.cite(at.rule, at.clause);
        let brackets = base.brackets.iter().enumerate().map(|(i, bracket)| {
            let from = if i == 0 { Some(deductible) } else { bracket.from };
            (Edges { from, to: bracket.to }, (bracket.ratio.0 + tilt.ratio_plus.0).min(PPM), cite)
        });
        let cap = match tilt.cap {
            TiltCap::Base => base.cap,
            TiltCap::None => None,
        };
        Ok(Some((deductible, brackets.collect(), cap)))
    }

    /// The exact product of an amount and a share, to the fen.
    fn share(&self, amount: i64, share_ppm: i64) -> i64 {
        Round { mode: self.doc.switches.rounding, unit: Unit::Fen }.product(amount, share_ppm)
    }

    fn needed(&mut self, amount: &Amount, at: Use<'_>) -> Result<i64, PolicyError> {
        match self.resolve(amount, at)? {
            Some(fen) => Ok(fen),
            None => {
                let Amount::Share(share) = amount else { unreachable!("a fixed amount always resolves") };
                Err(self.missing(&share.of, Some(at.year + share.year), at))
            }
        }
    }

    /// The value in fen; `None` where an optional parameter is not set.
    fn resolve(&mut self, amount: &Amount, at: Use<'_>) -> Result<Option<i64>, PolicyError> {
        let share = match amount {
            Amount::Fixed(fen) => return Ok(Some(*fen)),
            Amount::Share(share) => share,
        };
        let ShareOf { of, share: part, year: offset, optional, or } = share;
        let year = at.year + offset;
        if let Some(value) = self.parameters.value(of, year).cloned() {
            self.note_used(Used::from(&value));
            return Ok(Some(self.share(value.value, part.0)));
        }
        if let Some(or) = or
            && let Some(base) = self.parameters.schedule(&or.deductible_of, year)
        {
            self.note_used(used_schedule(base));
            return Ok(Some(self.share(base.deductible, or.share.0)));
        }
        if *optional { Ok(None) } else { Err(self.missing(of, Some(year), at)) }
    }

    fn missing(&self, parameter: &str, year: Option<i32>, at: Use<'_>) -> PolicyError {
        // A schedule of the benefit year is looked for without a year of its own.
        let later = self.parameters.published_later(parameter, year.unwrap_or(at.year));
        PolicyError::MissingParameter(Box::new(MissingParameter {
            parameter: parameter.to_owned(),
            year: year.map_or_else(Both::default, |y| both!(" of year {y}", " {y} 年")),
            year_line: year.map_or(String::new(), |y| format!(", year = {y}")),
            later: later.map(date::show).map_or_else(Both::default, |day| {
                both!(
                    "it was published on {day}, later than the day of --as-of: choose a later day, or ",
                    "该值于 {day} 公布，晚于 --as-of 的日期：请改用更晚的日期，或"
                )
            }),
            rule: at.rule.to_owned(),
            clause: at.clause.to_owned(),
            benefit_year: at.year,
        }))
    }

    fn note_used(&mut self, used: Used) {
        self.used.insert(used);
    }

    fn top_up(&mut self, doc: &TopUpDoc) -> Cover {
        Cover {
            identities: self.ranks.mask(&doc.identities, &[]),
            care: care_bits(&doc.care),
            conditions: conditions(&doc.conditions),
            ratio_ppm: doc.to_ratio.0,
            from: i32::MIN,
            until: i32::MAX,
            cite: self.names.cite(&doc.id, &doc.clause),
        }
    }

    fn oocat(&mut self, doc: &OutOfCatalogueDoc) -> Cover {
        Cover {
            identities: self.ranks.mask(&doc.identities, &[]),
            care: care_bits(&doc.care),
            conditions: conditions(&doc.conditions),
            ratio_ppm: doc.ratio.0,
            from: doc.from.map_or(i32::MIN, |d| d.0),
            until: doc.until.map_or(i32::MAX, |d| d.0),
            cite: self.names.cite(&doc.id, &doc.clause),
        }
    }

    fn major(&mut self, doc: &MajorDiseaseDoc) -> MajorDisease {
        let mut major = MajorDisease {
            insutype: doc.insutype.iter().fold(0, |m, i| m | 1 << i.index()),
            care: care_bits(&doc.care),
            identities: 0,
            shares: [(0, 0); RANKS],
        };
        for share in &doc.share {
            let cite = self.names.cite(&share.id, &share.clause);
            for identity in with_sudden(&share.identities) {
                let rank = self.ranks.rank_of[identity.index()];
                major.identities |= 1 << rank;
                major.shares[usize::from(rank)] = (share.ratio.0, cite);
            }
        }
        major
    }

    fn hospital_limit(&mut self, doc: &HospitalLimitDoc) -> HospitalLimit {
        let mut limits = [None; 4];
        for limit in &doc.limits {
            limits[limit.fee_class.index()] = Some(limit.ratio.0);
        }
        HospitalLimit {
            identities: self.ranks.mask(&doc.identities, &[]),
            care: care_bits(&doc.care),
            conditions: conditions(&doc.conditions),
            limits,
        }
    }

    fn note(&mut self, doc: &NoteDoc) -> NoteRule {
        NoteRule { hosp_lv: doc.hosp_lv, above_ppm: doc.above.0, note: number(&mut self.names.notes, &doc.id) }
    }

    fn alerts(&mut self, year: i32) -> Result<Vec<AlertRule>, PolicyError> {
        let doc = self.doc;
        let listed = doc.alert.iter().fold(0, |m, a| m | self.ranks.mask(&a.identities, &[]));
        let mut rules = Vec::with_capacity(doc.alert.len());
        for alert in &doc.alert {
            let at = Use { rule: &alert.id, clause: &alert.clause, year };
            let Some(threshold) = self.resolve(&alert.threshold, at)? else { continue };
            let class = match alert.who {
                None => AlertClass::Holds(self.ranks.mask(&alert.identities, &[])),
                Some(Who::AnyIdentity) => AlertClass::Holds(self.ranks.all()),
                Some(Who::NoIdentity) => AlertClass::HoldsNone(self.ranks.all()),
                Some(Who::EverybodyElse) => AlertClass::HoldsNone(listed),
            };
            rules.push(AlertRule {
                alert: number(&mut self.names.alerts, &alert.id),
                class,
                threshold,
                measure: alert.measure,
                cite: self.names.cite(&alert.id, &alert.clause),
            });
        }
        Ok(rules)
    }

    fn subsidies(&mut self, year: i32) -> Result<Vec<SubsidyRule>, PolicyError> {
        let doc = self.doc;
        let mut rules = Vec::with_capacity(doc.subsidy.len());
        for subsidy in &doc.subsidy {
            if subsidy.years.is_some_and(|[first, last]| !(first..=last).contains(&year)) {
                continue;
            }
            let at = Use { rule: &subsidy.id, clause: &subsidy.clause, year };
            let Some(standard) = self.resolve(&subsidy.standard, at)? else { continue };
            let paid = match (&subsidy.amount, subsidy.share) {
                (Some(amount), _) => self.needed(amount, at)?,
                (None, share) => self.share(standard, share.map_or(PPM, |s| s.0)),
            };
            let floor = subsidy.floor.as_ref().map_or(Ok(0), |a| self.needed(a, at))?;
            rules.push(SubsidyRule {
                identities: self.ranks.mask(&subsidy.identities, &subsidy.except),
                unless_holding: self.ranks.mask(&subsidy.unless_holding, &[]),
                standard,
                subsidy: paid.max(floor).min(standard),
                cite: self.names.cite(&subsidy.id, &subsidy.clause),
            });
        }
        Ok(rules)
    }

    fn channels(&self) -> Vec<ChannelRule> {
        let channel = |doc: &ChannelDoc| ChannelRule {
            identities: if doc.identities.is_empty() {
                self.ranks.all()
            } else {
                self.ranks.mask(&doc.identities, &[])
            },
            care: if doc.care.is_empty() { u8::MAX } else { care_bits(&doc.care) },
            quota_managed: doc.quota_managed,
            channel: doc.channel,
        };
        self.doc.channel.iter().map(channel).collect()
    }
}

fn used_schedule(base: &BaseSchedule) -> Used {
    let mut words = format!("deductible {}", fen::to_text(base.deductible));
    for bracket in &base.brackets {
        let to = bracket.to.map_or(String::new(), |t| format!(" to {}", fen::to_text(t)));
        words.push_str(&format!("; {}{to}", bracket.ratio.percent()));
    }
    words.push_str(&base.cap.map_or("; no cap".to_owned(), |c| format!("; cap {}", fen::to_text(c))));
    Used {
        parameter: base.parameter.clone(),
        year: base.year,
        value: words,
        status: base.status,
        source: base.source.clone(),
        published_on: base.published_on.map(|d| d.to_string()),
    }
}

/// Whether a value may be used under `--strict`.
pub fn is_illustrative(used: &Used) -> bool {
    used.status == Standing::Illustrative
}

fn conditions(doc: &super::document::Conditions) -> super::tables::Conditions {
    super::tables::Conditions {
        not_unreferred: doc.not_unreferred,
        area: doc.area.as_deref().and_then(AreaPrefix::parse),
        tilt_applied: doc.tilt_applied,
        cap_reached: doc.cap_reached,
        dise_codg: (!doc.dise_codg.is_empty()).then(|| DiseaseSet { codes: doc.dise_codg.clone(), ids: Vec::new() }),
    }
}

/// Every (key, rank) for which a rule holds.
pub(crate) fn cells(ranks: &Ranks, layer: &LayerDoc, rule: &RuleDoc) -> Vec<(usize, u8)> {
    let who: Vec<u8> = if rule.anyone {
        vec![ANYONE]
    } else {
        with_sudden(&rule.identities).iter().map(|i| ranks.rank_of[i.index()]).collect()
    };
    let care = if rule.care.is_empty() { &layer.care } else { &rule.care };
    let insutype = if rule.insutype.is_empty() { Insutype::ALL } else { &rule.insutype };
    let levels: &[u8] = if rule.hosp_lv.is_empty() { &[0, 1, 2, 3] } else { &rule.hosp_lv };
    let mut cells = Vec::new();
    for &i in insutype {
        for &c in care {
            for &lv in levels.iter().filter(|lv| **lv <= 3) {
                cells.extend(who.iter().map(|&rank| (key(i, c, lv), rank)));
            }
        }
    }
    cells
}

/// The edges of a bracket as written, in fen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

/// Lays brackets out over the whole of `[0, ∞)` of the burden.
///
/// Under the deductible, and above a last bracket that has an end, the ratio is 0.
///
/// # Errors
/// What is wrong, in words: a gap, an overlap, an edge under the deductible, a bracket without extent.
pub(crate) fn lay_out(
    deductible: i64,
    deductible_cite: u16,
    brackets: &[(Edges, i64, u16)],
    bands: Bands,
    tail_cite: u16,
) -> Result<Vec<Bracket>, Both> {
    // Edges that count the excess are moved up by the deductible.
    let shift = if bands == Bands::Excess { deductible } else { 0 };
    let first = deductible - shift;
    let mut laid = Vec::with_capacity(brackets.len() + 2);
    if deductible > 0 {
        laid.push(Bracket { lo: 0, hi: deductible, ratio_ppm: 0, cite: deductible_cite });
    }
    let mut edge = Some(first);
    for (i, (Edges { from, to }, ratio_ppm, cite)) in brackets.iter().enumerate() {
        let n = i + 1;
        let Some(expected) = edge else {
            return Err(both!(
                "bracket {n} overlaps the one before, which has no end",
                "第 {n} 段与前段重叠：前段没有终点"
            ));
        };
        let lo = from.unwrap_or(expected);
        if lo != expected {
            let [a, b] = [lo.min(expected), lo.max(expected)].map(fen::to_text);
            return Err(if lo > expected {
                both!("bracket {n} leaves a gap between {a} and {b}", "第 {n} 段与前段之间在 {a} 至 {b} 有空档")
            } else {
                both!("bracket {n} overlaps between {a} and {b}", "第 {n} 段与前段在 {a} 至 {b} 重叠")
            });
        }
        if let Some(to) = to
            && *to <= lo
        {
            let [to, lo] = [*to, lo].map(fen::to_text);
            return Err(both!("bracket {n} ends at {to} before it begins at {lo}", "第 {n} 段终点 {to} 小于起点 {lo}"));
        }
        laid.push(Bracket {
            lo: lo + shift,
            hi: to.map_or(NO_LIMIT, |t| t + shift),
            ratio_ppm: *ratio_ppm,
            cite: *cite,
        });
        edge = *to;
    }
    if let (Some(end), false) = (edge, brackets.is_empty()) {
        laid.push(Bracket { lo: end + shift, hi: NO_LIMIT, ratio_ppm: 0, cite: tail_cite });
    }
    Ok(laid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(deductible: i64, edges: &[(Option<i64>, Option<i64>)], bands: Bands) -> Result<Vec<(i64, i64)>, Both> {
        let brackets: Vec<_> = edges.iter().map(|&(from, to)| (Edges { from, to }, 500_000, 0)).collect();
        lay_out(deductible, 0, &brackets, bands, 0).map(|b| b.iter().map(|b| (b.lo, b.hi)).collect())
    }

    #[test]
    fn brackets_cover_everything_from_nought() {
        let open = [(None, Some(100)), (Some(100), None)];
        assert_eq!(laid(10, &open, Bands::Burden), Ok(vec![(0, 10), (10, 100), (100, NO_LIMIT)]));
        assert_eq!(laid(0, &[(None, Some(100))], Bands::Burden), Ok(vec![(0, 100), (100, NO_LIMIT)]));
    }

    #[test]
    fn edges_that_count_the_excess_begin_at_the_deductible() {
        let bands = [(Some(0), Some(20)), (Some(20), None)];
        assert_eq!(laid(20, &bands, Bands::Excess), Ok(vec![(0, 20), (20, 40), (40, NO_LIMIT)]));
    }

    #[test]
    fn gaps_and_overlaps_are_named() {
        assert!(laid(0, &[(None, Some(10)), (Some(12), None)], Bands::Burden).unwrap_err().en.contains("gap"));
        assert!(laid(0, &[(None, Some(10)), (Some(8), None)], Bands::Burden).unwrap_err().en.contains("overlaps"));
        assert!(laid(0, &[(None, None), (Some(8), None)], Bands::Burden).unwrap_err().en.contains("no end"));
        assert!(laid(20, &[(Some(10), None)], Bands::Burden).unwrap_err().en.contains("overlaps"));
    }
}
