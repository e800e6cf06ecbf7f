#![no_main]

#[path = "../bodies.rs"]
mod bodies;
mod common;

use bodies::{footer_of, with_footer};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(init: common::begin(), |bytes: &[u8]| {
    bodies::ledger(bytes);
});

// A change of length anywhere makes a Parquet file no Parquet file. So mostly either the footer is changed, and
// its length told rightly, or pages are changed in their place.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let footer = footer_of(&data[..size]).filter(|_| !seed.is_multiple_of(8));
    let Some(at) = footer else { return fuzzer_mutate(data, size, max_size) };
    let pages = data[..at].to_vec();
    if seed & 8 == 0 {
        let mut footer = data[at..size - 8].to_vec();
        let len = footer.len();
        footer.resize(len + 64, 0);
        let len = fuzzer_mutate(&mut footer, len, len + 64);
        let file = with_footer(&pages, &footer[..len]);
        if file.len() > max_size {
            return size;
        }
        data[..file.len()].copy_from_slice(&file);
        return file.len();
    }
    // A stretch of the pages, so that most of them stay readable.
    let from = (seed >> 4) as usize % at.max(1);
    let len = (1 + (seed >> 24) as usize % 32).min(at - from);
    let mut piece = pages[from..from + len].to_vec();
    if len > 0 {
        fuzzer_mutate(&mut piece, len, len);
        data[from..from + len].copy_from_slice(&piece);
    }
    size
});
