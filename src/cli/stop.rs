//! Told to stop (Ctrl-C, SIGTERM), the program removes what it has begun and ends at once, whatever its
//! workers are busy with.

use super::{Failure, say};
use crate::output::unfinished;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// By convention a program that a signal ended says so by 128 and its number.
const SIGNALLED: i32 = 128;

static STOPPING: AtomicBool = AtomicBool::new(false);

/// Waits for signals, in a thread of its own.
///
/// # Errors
/// If the system refuses.
pub fn watch() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let told_to_stop = move || {
        if let Some(signal) = signals.forever().next() {
            STOPPING.store(true, Ordering::SeqCst);
            let stopped = unfinished::stop();
            say(&told(signal, &stopped));
            std::process::exit(SIGNALLED + signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(told_to_stop)?;
    Ok(())
}

/// Lets the thread that was told to stop end the program; what fails meanwhile fails because of it.
pub fn give_way() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

fn told(signal: i32, stopped: &unfinished::Stopped) -> String {
    let by = if signal == SIGINT { "SIGINT, Ctrl-C" } else { "SIGTERM" };
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    let unfinished::Stopped { published, left } = stopped;
    match (published.is_empty(), left.is_empty()) {
        (true, true) => format!("error: stopped ({by}); nothing was published\n  run it again"),
        (true, false) => format!(
            "error: stopped ({by}); nothing was published, but this could not be removed: {}\n  the next run into the same folder removes it",
            names(left)
        ),
        (false, _) => format!(
            "error: stopped ({by}) after it had published {}\n  what is there is whole; nothing needs to be done",
            names(published)
        ),
    }
}
