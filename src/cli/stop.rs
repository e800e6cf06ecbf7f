//! Told to stop (Ctrl-C, SIGTERM, SIGHUP), the program removes what it has begun and ends at once, whatever its
//! workers are busy with.

use super::{Failure, lang, say};
use crate::lang::{Both, Told as _, both};
use crate::output::unfinished;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// By convention a program that a signal ended says so by 128 and its number.
const SIGNALLED: i32 = 128;

static STOPPING: AtomicBool = AtomicBool::new(false);

/// Waits for signals, in a thread of its own. Those that whoever started the program wants ignored (`nohup`, a
/// job in the background of a script) stay ignored. The second one ends the program at once.
///
/// # Errors
/// If the system refuses.
pub fn watch() -> Result<(), Failure> {
    let told = |error: std::io::Error| Both {
        en: format!("signals cannot be waited for: {error}\n  run it again"),
        zh: format!("无法接收停止信号：{}\n  请重新运行", error.zh()),
    };
    wait().map_err(|error| told(error).into())
}

fn wait() -> std::io::Result<()> {
    let ignored = ignored();
    let wanted: Vec<i32> = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !ignored(*signal)).collect();
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in &wanted {
        register_conditional_shutdown(*signal, SIGNALLED + signal, stopping.clone())?;
    }
    let mut signals = Signals::new(wanted)?;
    let told_to_stop = move || {
        if let Some(signal) = signals.forever().next() {
            STOPPING.store(true, Ordering::SeqCst);
            stopping.store(true, Ordering::SeqCst);
            let stopped = unfinished::stop();
            say(told(signal, &stopped).pick(lang()));
            std::process::exit(SIGNALLED + signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(told_to_stop)?;
    Ok(())
}

/// Which signals the program was started to ignore.
fn ignored() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    move |signal| mask & (1 << (signal - 1)) != 0
}

/// Lets the thread that was told to stop end the program; what fails meanwhile fails because of it.
pub fn give_way() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

fn told(signal: i32, stopped: &unfinished::Stopped) -> Both {
    let by = match signal {
        SIGINT => "SIGINT, Ctrl-C",
        SIGTERM => "SIGTERM",
        _ => "SIGHUP",
    };
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    let unfinished::Stopped { published, left } = stopped;
    match (published.is_empty(), left.is_empty()) {
        (true, true) => both!(
            "error: stopped ({by}); nothing was published\n  run it again",
            "错误：已停止（{by}）；没有发布任何结果\n  请重新运行"
        ),
        (true, false) => both!(
            "error: stopped ({by}); nothing was published, but this could not be removed: {}\n  the next run into the same folder removes it",
            "错误：已停止（{by}）；没有发布任何结果，但未能删除：{}\n  下次对同一目录运行时会删除",
            names(left)
        ),
        (false, _) => both!(
            "error: stopped ({by}) after it had published {}\n  what is there is whole; nothing needs to be done",
            "错误：已停止（{by}）；此前已发布 {}\n  已发布的结果是完整的，无须处理",
            names(published)
        ),
    }
}
