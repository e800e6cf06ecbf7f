#![no_main]

#[path = "../bodies.rs"]
mod bodies;
mod common;

libfuzzer_sys::fuzz_target!(init: common::begin(), |bytes: &[u8]| bodies::parameters(bytes));
