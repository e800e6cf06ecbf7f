//! What the integration tests share.
//!
//! | module | idea |
//! |---|---|
//! | [`contract`] | the columns of the contract and how they are typed |
//! | [`table`] | rows of text to Parquet, and Parquet to rows of text |
//! | [`program`] | runs of the program itself |
//! | [`forge`] | Parquet files made by hand, hostile ones among them |
//! | [`case`] | the worked cases as they are written down |
//! | [`laws`] | what holds in the outputs of every run |

#![allow(dead_code)] // Each test file takes the part that it needs.

pub mod case;
pub mod contract;
pub mod forge;
pub mod laws;
pub mod program;
pub mod table;
