//! The words of the program: money, dates and closed code sets. No I/O, no policy.

pub mod codes;
pub mod date;
pub mod fen;
