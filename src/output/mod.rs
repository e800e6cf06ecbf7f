//! The output folder: Parquet files, the manifest, and how they appear whole or not at all.

pub mod access;
pub mod clauses;
pub mod columns;
pub mod error;
pub mod files;
pub mod lock;
pub mod manifest;
pub mod orders;
pub mod parquet_file;
pub mod publish;
pub mod single;
pub(crate) mod stream;
pub mod unfinished;
