//! The program as a user meets it: every test starts the real binary on files in a folder of its own.
//!
//! | module | what it holds |
//! |---|---|
//! | [`desk`] | a folder to work in: ledgers, rosters, runs, what a run left there |
//! | [`usage`] | command lines that make no sense: exit code 2 |
//! | [`failures`] | runs that end early: exit code 1, nothing published |
//! | [`rejects`] | every reason why a row is not settled |
//! | [`forms`] | every form in which a column may come |
//! | [`options`] | what the options change |
//! | [`outputs`] | what the output files say about each other |
//! | [`policies`] | `onestop policy`, with the gallery of broken policies in `tests/errors` |
//! | [`history`] | several policies in one run; what was known and published by a day |
//! | [`explain`] | `onestop explain` |
//! | [`causes`] | `onestop reconcile`, cause by cause on figures computed by hand |
//! | [`reconcile`] | `onestop reconcile` and `generate --errors` as a whole |
//! | [`verify`] | `onestop verify`: what holds, and every way in which it does not |
//! | [`orders`] | `settle --orders` |
//! | [`clauses`] | what each clause of the policy did |

mod support;

#[path = "cli/causes.rs"]
mod causes;
#[path = "cli/clauses.rs"]
mod clauses;
#[path = "cli/desk.rs"]
mod desk;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/failures.rs"]
mod failures;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/options.rs"]
mod options;
#[path = "cli/orders.rs"]
mod orders;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/policies.rs"]
mod policies;
#[path = "cli/reconcile.rs"]
mod reconcile;
#[path = "cli/rejects.rs"]
mod rejects;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/verify.rs"]
mod verify;
