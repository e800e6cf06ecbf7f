//! Work on numbered parts in parallel, its results taken in order, with a bounded lead; and work beside it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex};

struct State<T, E> {
    next: usize,
    taken: usize,
    done: BTreeMap<usize, T>,
    failed: Option<E>,
    panicked: bool,
}

impl<T, E> State<T, E> {
    fn over(&self) -> bool {
        self.failed.is_some() || self.panicked
    }
}

/// Runs `work(part)` for parts `0..parts` on the pool, and `take(part, result)` on this thread, in
/// order. Workers are at most `lead` parts ahead of what was taken, so results do not pile up.
///
/// # Errors
/// The first error of `work` or `take`.
pub fn in_order<T: Send, E: Send>(
    pool: &rayon::ThreadPool,
    parts: usize,
    lead: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E> {
    let state = Mutex::new(State { next: 0, taken: 0, done: BTreeMap::new(), failed: None, panicked: false });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(|e| e.into_inner());
    let worker = || {
        loop {
            let part = {
                let mut s = lock();
                while !s.over() && s.next < parts && s.next >= s.taken + lead {
                    s = changed.wait(s).unwrap_or_else(|e| e.into_inner());
                }
                if s.over() || s.next >= parts {
                    return;
                }
                s.next += 1;
                s.next - 1
            };
            // A panic must not leave the taker waiting; it goes on once everybody knows.
            let result = catch_unwind(AssertUnwindSafe(|| work(part)));
            let mut s = lock();
            let panic = match result {
                Ok(Ok(value)) => {
                    s.done.insert(part, value);
                    None
                }
                Ok(Err(error)) => {
                    s.failed = Some(error);
                    None
                }
                Err(panic) => {
                    s.panicked = true;
                    Some(panic)
                }
            };
            drop(s);
            changed.notify_all();
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
        }
    };
    std::thread::scope(|scope| {
        // The pool's threads work; this thread takes. A thread of its own waits for the pool.
        let workers = scope.spawn(|| {
            pool.scope(|s| {
                for _ in 0..pool.current_num_threads() {
                    s.spawn(|_| worker());
                }
            });
        });
        for part in 0..parts {
            let Some(value) = next_done(&state, &changed, part) else { break };
            let outcome = take(part, value);
            let mut s = lock();
            s.taken = part + 1;
            if let Err(error) = outcome {
                s.failed = Some(error);
            }
            drop(s);
            changed.notify_all();
        }
        if let Err(panic) = workers.join() {
            resume_unwind(panic);
        }
    });
    match state.into_inner().unwrap_or_else(|e| e.into_inner()).failed {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Runs `first` on one of the pool's threads, and `then` on this thread as soon as that has begun; so what
/// `then` asks of the pool does not keep `first` waiting to the end.
pub fn beside<A: Send, B>(
    pool: &rayon::ThreadPool,
    first: impl FnOnce() -> A + Send,
    then: impl FnOnce() -> B,
) -> (A, B) {
    let (begun, has_begun) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| {
            pool.install(move || {
                // Nobody listens any more only where the other thread panicked.
                let _ = begun.send(());
                first()
            })
        });
        let _ = has_begun.recv();
        let then = then();
        (beside.join().unwrap_or_else(|panic| resume_unwind(panic)), then)
    })
}

/// Waits for the result of a part; `None` where there will be none.
fn next_done<T, E>(state: &Mutex<State<T, E>>, changed: &Condvar, part: usize) -> Option<T> {
    let mut s = state.lock().unwrap_or_else(|e| e.into_inner());
    while !s.over() {
        if let Some(value) = s.done.remove(&part) {
            return Some(value);
        }
        s = changed.wait(s).unwrap_or_else(|e| e.into_inner());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            in_order(
                &pool(threads),
                100,
                4,
                |p| Ok::<_, ()>(p * 2),
                |p, v| {
                    taken.push((p, v));
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(taken, (0..100).map(|p| (p, p * 2)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let work = |p| if p == 5 { Err("work") } else { Ok(p) };
        assert_eq!(in_order(&pool(2), 50, 3, work, |_, _| Ok(())), Err("work"));
        let take = |p, _| if p == 2 { Err("take") } else { Ok(()) };
        assert_eq!(in_order(&pool(2), 50, 3, Ok, take), Err("take"));
    }

    #[test]
    #[should_panic(expected = "part 3")]
    fn a_panic_of_the_work_is_passed_on() {
        let work = |p| if p == 3 { panic!("part 3") } else { Ok::<usize, ()>(p) };
        let _ = in_order(&pool(2), 20, 3, work, |_, _| Ok(()));
    }

    #[test]
    fn both_are_done_beside_each_other_even_on_one_thread() {
        let pool = pool(1);
        assert_eq!(beside(&pool, || 1, || pool.install(|| 2)), (1, 2));
    }

    #[test]
    fn no_parts_is_fine() {
        assert_eq!(in_order(&pool(1), 0, 1, Ok::<usize, ()>, |_, _| Ok(())), Ok(()));
    }
}
