//! The program as a user meets it: every test starts the real binary on files in a folder of its own.
//!
//! | module | what it holds |
//! |---|---|
//! | [`desk`] | a folder to work in: ledgers, rosters, runs, what a run left there |
//! | [`usage`] | command lines that make no sense: exit code 2 |
//! | [`failures`] | runs that end early: exit code 1, nothing published |
//! | [`hostile`] | broken and hostile Parquet: an error or rejects, in bounded memory |
//! | [`rejects`] | every reason why a row is not settled |
//! | [`forms`] | every form in which a column may come |
//! | [`dirt`] | ledgers and rosters with corrupted cells: every row accounted for, for the reason it gives |
//! | [`heaps`] | sums beyond all measure, very many claims of one person |
//! | [`same`] | the same bytes in whatever environment, however row groups are cut |
//! | [`options`] | what the options change |
//! | [`outputs`] | what the output files say about each other |
//! | [`policies`] | `onestop policy`, with the gallery of broken policies in `tests/errors` |
//! | [`history`] | several policies in one run; what was known and published by a day |
//! | [`explain`] | `onestop explain` |
//! | [`causes`] | `onestop reconcile`, cause by cause on figures computed by hand |
//! | [`reconcile`] | `onestop reconcile` and `generate --errors` as a whole |
//! | [`import`] | exports of every kind, turned into ledgers and rosters |
//! | [`payments`] | the list to pay from, cell by cell |
//! | [`page`] | the report, figure by figure, and in a browser |
//! | [`verify`] | `onestop verify`: what holds, and every way in which it does not |
//! | [`orders`] | `settle --orders` |
//! | [`clauses`] | what each clause of the policy did |
//! | [`budget`] | inputs of a budget office, runs over them, every row of a projection added up anew |
//! | [`project`] | `onestop project`: the baseline, the same bytes, intervals, the files |
//! | [`scenarios`] | values of the policy that are set, grids, other policies |
//! | [`growth`] | more and dearer claims, more persons |
//! | [`identities`] | identities that change |
//! | [`values`] | dated values that change; changes of all kinds together |
//! | [`people`] | who gains, who loses, own effects of changes, needs |
//! | [`goal`] | `onestop project --solve` |
//! | [`unprojected`] | where `onestop project` must not go on |
//! | [`crash`] | all or nothing: every call of the system that fails, every moment of being killed |
//! | [`stop`] | signals, two runs in one place, nobody who listens |
//! | [`lang`] | all of it in Chinese |
//! | [`privacy`] | who can read what; persons masked |

mod support;

#[path = "cli/budget.rs"]
mod budget;
#[path = "cli/causes.rs"]
mod causes;
#[path = "cli/clauses.rs"]
mod clauses;
#[path = "cli/crash.rs"]
mod crash;
#[path = "cli/desk.rs"]
mod desk;
#[path = "cli/dirt.rs"]
mod dirt;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/failures.rs"]
mod failures;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/goal.rs"]
mod goal;
#[path = "cli/growth.rs"]
mod growth;
#[path = "cli/heaps.rs"]
mod heaps;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/identities.rs"]
mod identities;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/lang.rs"]
mod lang;
#[path = "cli/options.rs"]
mod options;
#[path = "cli/orders.rs"]
mod orders;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/page.rs"]
mod page;
#[path = "cli/payments.rs"]
mod payments;
#[path = "cli/people.rs"]
mod people;
#[path = "cli/policies.rs"]
mod policies;
#[path = "cli/privacy.rs"]
mod privacy;
#[path = "cli/project.rs"]
mod project;
#[path = "cli/reconcile.rs"]
mod reconcile;
#[path = "cli/rejects.rs"]
mod rejects;
#[path = "cli/same.rs"]
mod same;
#[path = "cli/scenarios.rs"]
mod scenarios;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/unprojected.rs"]
mod unprojected;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/values.rs"]
mod values;
#[path = "cli/verify.rs"]
mod verify;
