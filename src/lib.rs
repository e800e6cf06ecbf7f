//! One-stop medical settlement as a batch: a year's claims ledger and a roster of identities in, a
//! settlement, its audit, persons' totals, alerts, subsidies and rejects out.
pub mod cli;
pub mod explain;
pub mod generate;
pub mod ledger;
pub mod model;
pub mod output;
pub mod persons;
pub mod policy;
pub mod report;
pub mod roster;
pub mod run;
pub mod settle;
