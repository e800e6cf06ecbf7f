//! One-stop medical settlement as a batch: a year's claims ledger and a roster of identities in, a
//! settlement with its audit out, every fen explained.
//!
//! # The way of the data
//!
//! ```text
//!  ledger *.parquet ─┐                                    policy *.toml   parameters.toml
//!                    ▼                                          │               │
//!  [ledger]   open ─ schema ─ decode ─ normalise ──► rejects    ▼               ▼
//!                    │ plain columns of rows          [policy]  document ─ check ─ compile
//!                    ▼                                          │
//!  [persons]  cuts ─ scatter ─ pack ─ store ─ sort ─ resolve    │ integer tables
//!                    │ one person's rows in time order          ▼
//!  [roster]   periods, grants ──────────────► [settle]  years ─ runs ─ claims ─ layers
//!                                                       │ columns
//!                                                       ▼
//!  [output]   settlement · audit · persons · clauses · alerts · subsidies · rejects · manifest ─ publish
//! ```
//!
//! | module | idea | does no |
//! |---|---|---|
//! | [`model`] | money, dates, closed code sets | I/O |
//! | [`policy`] | a city's rules as data, checked and compiled | claims |
//! | [`ledger`], [`roster`] | input files as normalised columns, with rejects | settling |
//! | [`page`] | `report.html`: a finished run told in one page, every figure from its files | settling |
//! | [`import`] | ledgers and rosters from CSV and XLSX, every cell read or rejected | judging |
//! | [`persons`] | rows by person in time order; which of them count | money |
//! | [`settle`] | the kernel: one person in, outcomes and audit out | I/O, strings, allocation a claim |
//! | [`orders`] | whether a year's total hangs on the order of its claims: proved, or tried | rules |
//! | [`output`] | Parquet files, manifest, all-or-nothing folder | rules |
//! | [`payments`] | the list to pay from, made from a run's own files | rules |
//! | [`run`] | one run from files to folder, in parallel | printing |
//! | [`batches`] | the same run over Arrow record batches in the order of persons | I/O, rules |
//! | `python`, with the feature of that name | objects of Python in and out, for the package in `src/python` | rules |
//! | [`explain`], [`report`] | texts for people, from the outputs alone | settling |
//! | [`verify`] | a folder of outputs held against itself, and against the run made again | rules |
//! | [`reconcile`] | what was paid against what is due; causes by counterfactual | rules |
//! | [`project`] | the same ledger under scenarios: what would it cost, whom would it reach | rules |
//! | [`generate`] | synthetic ledgers | real persons |
//! | [`lang`] | English or Chinese | texts |
//! | [`cli`] | what was typed, what it means | rules |
//!
//! # Invariants
//!
//! - Every row conserves money: the parts are the fee, none is negative. It is checked on every row of
//!   every run before anything is published.
//! - Every ledger row ends in exactly one of settlement and rejects.
//! - Money is integer fen ([`model::fen`]); no money is ever a binary float. Decimals stand at the edges.
//! - There is one kernel, [`settle::settle_person`]. Nothing else applies a rule.
//! - No city and no clause stands in Rust: a policy is a TOML file.
//! - A run of several policies is its parts side by side: the kernel sees one policy and its claims at a time
//!   ([`settle::several`]); outputs are numbered for the run ([`policy::eras`]). With one policy they are the same.
//! - The same inputs give the same bytes, whatever the threads, the memory limit, the order of rows and
//!   files. So nothing iterates over a hash, and cuts between row groups hang on the persons alone.
//! - Memory does not grow with the ledger but for the roster and the files' footers: rows wait packed, in
//!   memory as far as `--memory` goes and the rest on the output's own disk ([`persons::store`]); rows that
//!   lie in the order of persons do not wait at all.
//! - The output folder appears whole or not at all, and is its owner's alone; what this program promises when things
//!   go wrong, and how that was tried, stands in [`promises`].
//! - Library code neither prints nor panics on input; errors say what, where and what to do.
//!
//! How open words of the policy texts are read: [`rulings`]. What changed: [`changes`].

// What the macros of the Python package write is the only code of that kind.
#![cfg_attr(not(feature = "python"), forbid(unsafe_code))]

pub mod batches;
pub mod cli;
pub mod explain;
pub mod generate;
pub mod import;
pub mod lang;
pub mod ledger;
pub mod model;
pub mod orders;
pub mod output;
pub mod page;
pub mod payments;
pub mod persons;
pub mod policy;
pub mod project;
#[cfg(feature = "python")]
mod python;
pub mod reconcile;
pub mod report;
pub mod roster;
pub mod run;
pub mod settle;
pub mod verify;

#[doc = include_str!("docs/promises.md")]
pub mod promises {}

#[doc = include_str!("docs/rulings.md")]
pub mod rulings {}

#[doc = include_str!("docs/changes.md")]
pub mod changes {}
