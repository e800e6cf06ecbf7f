//! What the run was made from: policy, parameters, codes and input files, as far as they can be found.

use super::Verify;
use super::check::{Check, Finding, Report};
use super::error::VerifyError;
use crate::lang::{Both, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::mask::Mask;
use crate::ledger::open::{Source, sources};
use crate::model::fen::Round;
use crate::output::parquet_file::{digest_of_source, digest_of_text};
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use crate::run::recorded::{Recorded, RecordedInput, RecordedPolicy};
use std::path::Path;

/// Something that may not be there: why not, in words.
pub(super) type Found<T> = Result<T, Both>;

/// What a run can be made again from.
pub(super) struct Origins {
    /// In the order of the manifest, that of their dates.
    pub(super) policies: Found<Vec<Policy>>,
    pub(super) parameters: Found<Parameters>,
    pub(super) book: Found<CodeBook>,
    pub(super) ledger: Found<Vec<Source>>,
    pub(super) roster: Found<Option<Source>>,
    pub(super) mask: Found<Option<Mask>>,
    pub(super) payees: Found<Option<Source>>,
}

impl Origins {
    /// Looks for everything, and checks the digests of what is there.
    pub(super) fn find(plan: &Verify, recorded: &Recorded, report: &mut Report) -> Result<Self, VerifyError> {
        let policies = policies(plan, recorded, report)?;

        let parameters = parameters(plan, recorded)?;
        let digest = parameters.as_ref().map(|p| digest_of_text(&p.texts.concat())).map_err(Clone::clone);
        let name = recorded.parameters.path.as_deref().unwrap_or("shipped");
        digest_holds(report, "参数摘要", "parameters", name, &recorded.parameters.sha256, digest);

        let book = book(plan, recorded)?;
        if recorded.options.codes_sha256.is_some() || plan.given.codes.is_some() {
            let of = |b: &CodeBook| b.user_text.as_deref().map_or_else(|| "none".to_owned(), digest_of_text);
            let digest = book.as_ref().map(of).map_err(Clone::clone);
            let stated = recorded.options.codes_sha256.as_deref().unwrap_or("none");
            let name = recorded.options.codes.as_deref().unwrap_or("none");
            digest_holds(report, "代码表摘要", "codes", name, stated, digest);
        }
        let ledger = match &plan.given.ledger[..] {
            [] => recorded_sources(recorded, "ledger", &plan.known, report),
            given => Ok(given_sources(sources(given)?, recorded, "ledger", report)),
        };
        let roster = match &plan.given.roster {
            None => recorded_sources(recorded, "roster", &plan.known, report).map(|mut all| all.pop()),
            Some(path) => {
                let given = sources(std::slice::from_ref(path))?;
                Ok(given_sources(given, recorded, "roster", report).pop())
            }
        };
        let payees = match &plan.given.payees {
            None => recorded_sources(recorded, "payees", &[], report).map(|mut all| all.pop()),
            Some(path) => Ok(given_sources(vec![Source::Path(path.clone())], recorded, "payees", report).pop()),
        };
        let mask = recorded.check_mask(plan.given.mask.as_ref()).map(|()| plan.given.mask.clone());
        Ok(Self { policies, parameters, book, ledger, roster, mask, payees })
    }

    /// How the policies round; why it cannot be said, in words.
    pub(super) fn round(&self) -> Found<Round> {
        let policies = self.policies.as_ref().map_err(|_| {
            both!("it rounds as the policy says, which was not found", "取整方式以政策为准，而找不到该政策")
        })?;
        let mut rounds = policies.iter().map(|p| &p.doc.switches).map(|s| Round { mode: s.rounding, unit: s.unit });
        let first = rounds.next().unwrap_or_default();
        if rounds.all(|r| r == first) {
            Ok(first)
        } else {
            Err(both!("the policies round in different ways", "各政策的取整方式不同"))
        }
    }
}

fn digest_holds(report: &mut Report, label: &'static str, what: &str, name: &str, stated: &str, digest: Found<String>) {
    let title = format!("{what} {name}");
    // What no file was given for.
    let name = match name {
        "shipped" => "随附",
        "none" => "无",
        path => path,
    };
    match digest {
        Err(why) => report.push(Check::new(label, title).about(name).not_made(why)),
        Ok(digest) => {
            let mut check = Check::new(label, title).about(name);
            check.looked_at = None;
            let place = || Finding { place: what.to_owned(), column: "sha256".into(), ..Finding::default() };
            check.expect(stated, &*digest, |s| (*s).to_owned(), place);
            report.push(check);
        }
    }
}

/// Every policy of the run, its digest checked. Given ones are known by their digests, else by their ids.
fn policies(plan: &Verify, recorded: &Recorded, report: &mut Report) -> Result<Found<Vec<Policy>>, VerifyError> {
    let mut given = plan.given.policies.iter().map(|name| Policy::load(name)).collect::<Result<Vec<_>, _>>()?;
    let (mut all, mut missing) = (Vec::new(), None);
    for stated in recorded.policies() {
        let policy = policy(recorded.take_given(stated, &mut given), stated)?;
        let digest = policy.as_ref().map(|p| digest_of_text(&p.text)).map_err(Clone::clone);
        digest_holds(report, "政策摘要", "policy", &stated.id, &stated.sha256, digest);
        match policy {
            Ok(policy) => all.push(policy),
            Err(why) => drop(missing.get_or_insert(why)),
        }
    }
    for more in given {
        let id = &more.doc.policy.id;
        let mut check = Check::new("政策摘要", format!("policy {id}")).about(id);
        check.looked_at = None;
        check.find(|| Finding {
            place: "policy".into(),
            column: "id".into(),
            stated: "none of the run's policies".into(),
            found: more.doc.policy.id.clone(),
            ..Finding::default()
        });
        report.push(check);
    }
    Ok(missing.map_or(Ok(all), Err))
}

fn policy(given: Option<Policy>, recorded: &RecordedPolicy) -> Result<Found<Policy>, VerifyError> {
    let (id, origin) = (&recorded.id, &recorded.origin);
    Ok(match given {
        Some(given) => Ok(given),
        None if origin == "shipped" => {
            Policy::load(id).map_err(|_| both!("`{id}` is not shipped with this version", "本版本不随附政策 `{id}`"))
        }
        None if Path::new(origin).is_file() => Ok(Policy::load(origin)?),
        None => Err(both!("{origin} is not there; give it with --policy", "{origin} 不在原处；请用 --policy 给出")),
    })
}

fn parameters(plan: &Verify, recorded: &Recorded) -> Result<Found<Parameters>, VerifyError> {
    let as_of = match recorded.as_of() {
        Ok(day) => day,
        Err(why) => return Ok(Err(why)),
    };
    let read = |path: Option<&Path>| Parameters::with_file_as_of(path, as_of);
    Ok(match (&plan.given.params, &recorded.parameters.path) {
        (Some(given), _) => Ok(read(Some(given))?),
        (None, None) => Ok(read(None)?),
        (None, Some(path)) if Path::new(path).is_file() => Ok(read(Some(Path::new(path)))?),
        (None, Some(path)) => {
            Err(both!("{path} is not there; give it with --params", "{path} 不在原处；请用 --params 给出"))
        }
    })
}

fn book(plan: &Verify, recorded: &Recorded) -> Result<Found<CodeBook>, VerifyError> {
    Ok(match (&plan.given.codes, &recorded.options.codes) {
        (Some(given), _) => Ok(CodeBook::load(Some(given))?),
        (None, None) if recorded.options.codes_sha256.is_none() => Ok(CodeBook::load(None)?),
        (None, Some(path)) if Path::new(path).is_file() => Ok(CodeBook::load(Some(Path::new(path)))?),
        (None, path) => {
            let [en, zh] = ["the codes file", "代码表文件"].map(|name| path.as_deref().unwrap_or(name));
            Err(Both {
                en: format!("{en} is not there; give it with --codes"),
                zh: format!("{zh} 不在原处；请用 --codes 给出"),
            })
        }
    })
}

/// The inputs of a kind where the manifest says that they lie; each is checked where it is there.
fn recorded_sources(recorded: &Recorded, kind: &str, known: &[Source], report: &mut Report) -> Found<Vec<Source>> {
    let (mut all, mut missing) = (Vec::new(), None);
    for input in recorded.inputs_of(kind) {
        let title = format!("{kind} {}", input.path);
        match source_of(input, known) {
            None => {
                let path = &input.path;
                let why = both!("{path} is not there; give it with --{kind}", "{path} 不在原处；请用 --{kind} 给出");
                report.push(Check::new("输入摘要", title).about(path).not_made(why.clone()));
                missing.get_or_insert(why);
            }
            Some(source) => {
                let mut check = Check::new("输入摘要", title).about(&input.path);
                match digest_of_source(&source) {
                    Ok((size, sha256)) => {
                        check.look(size);
                        let at = |column: &str| Finding {
                            place: input.path.clone(),
                            column: column.to_owned(),
                            ..Finding::default()
                        };
                        check.expect(input.size, size, u64::to_string, || at("size"));
                        check.expect(&input.sha256, &sha256, |s| (*s).clone(), || at("sha256"));
                    }
                    Err(message) => check.find(|| Finding {
                        place: input.path.clone(),
                        column: "file".into(),
                        stated: "readable".into(),
                        found: message.to_string(),
                        ..Finding::default()
                    }),
                }
                report.push(check);
                all.push(source);
            }
        }
    }
    missing.map_or(Ok(all), Err)
}

/// The inputs of a kind as given; among them must be exactly those that the manifest states.
fn given_sources(given: Vec<Source>, recorded: &Recorded, kind: &str, report: &mut Report) -> Vec<Source> {
    let zh = match kind {
        "roster" => "所给名册",
        "payees" => "所给收款信息",
        _ => "所给台账",
    };
    let mut check = Check::new("输入摘要", format!("{kind} as given")).about(zh);
    let mut stated: Vec<&RecordedInput> = recorded.inputs_of(kind).collect();
    for source in &given {
        let at = || Finding { place: source.name(), column: "sha256".into(), ..Finding::default() };
        match digest_of_source(source) {
            Ok((size, sha256)) => {
                check.look(size);
                match stated.iter().position(|i| i.sha256 == sha256) {
                    Some(place) => drop(stated.remove(place)),
                    None => check.find(|| Finding {
                        stated: format!("none of the run's {kind} files"),
                        found: sha256,
                        ..at()
                    }),
                }
            }
            Err(message) => check.find(|| Finding { stated: "readable".into(), found: message.to_string(), ..at() }),
        }
    }
    for input in stated {
        check.find(|| Finding {
            place: input.path.clone(),
            column: "sha256".into(),
            stated: input.sha256.clone(),
            found: "not among the files given".into(),
            ..Finding::default()
        });
    }
    report.push(check);
    given
}

/// The file of a recorded input: at its path, or among those that come with the program.
fn source_of(input: &RecordedInput, known: &[Source]) -> Option<Source> {
    if Path::new(&input.path).is_file() {
        return Some(Source::Path(input.path.clone().into()));
    }
    known.iter().find(|s| s.name() == input.path).cloned()
}
