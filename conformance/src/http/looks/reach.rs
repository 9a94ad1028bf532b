//! A server that takes no connection: for the moment, since many came at once, or for good, since it hangs or is dead.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::super::judge::Run;
use super::super::play::Trouble;
use crate::parallel::parallel;

/// How many connections at once are bearable for every server: some let no more than five wait.
const FEW: usize = 4;

/// So many connections that fail in a row, each of all that are tried at once twice, mean that there is no server.
const ROUNDS: usize = 2;

/// With little company, so many at least.
const PATIENCE: usize = 8;

/// How often a connection is tried that the others may have crowded out.
const TRIES: u32 = 4;

type Played = Result<Run, Trouble>;

/// Plays all units, `jobs` at once, and those for which there was no connection once more in little company.
///
/// Where nothing can be reached any more the rest is not tried, so that a server which died costs no more time than
/// one that lives.
pub(super) fn play_all<T: Sync>(units: &[T], jobs: usize, play: impl Fn(&T) -> Played + Sync) -> Vec<Played> {
    let mut played = while_reachable(&units.iter().collect::<Vec<_>>(), jobs, |unit| play(unit));
    let crowded_out: Vec<usize> = (0..units.len()).filter(|at| is_unreached(&played[*at])).collect();
    let again = while_reachable(&crowded_out, jobs.min(FEW), |at| play(&units[*at]));
    for (at, run) in crowded_out.into_iter().zip(again) {
        played[at] = run;
    }
    played
}

fn while_reachable<T: Sync>(units: &[T], jobs: usize, play: impl Fn(&T) -> Played + Sync) -> Vec<Played> {
    let failed_in_a_row = AtomicUsize::new(0);
    let most = PATIENCE.max(ROUNDS * jobs);
    parallel(units, jobs, |unit| {
        if failed_in_a_row.load(Ordering::Relaxed) >= most {
            return Err(Trouble::Connect(gone()));
        }
        let run = play(unit);
        if is_unreached(&run) {
            failed_in_a_row.fetch_add(1, Ordering::Relaxed);
        } else {
            failed_in_a_row.store(0, Ordering::Relaxed);
        }
        run
    })
}

/// Plays, and again where there was no connection.
pub(super) fn insist(play: impl Fn() -> Played) -> Played {
    let mut run = play();
    for tried in 1..TRIES {
        if !is_unreached(&run) {
            break;
        }
        thread::sleep(Duration::from_millis(100) * tried);
        run = play();
    }
    run
}

fn is_unreached(run: &Played) -> bool {
    matches!(run, Err(Trouble::Connect(_)))
}

fn gone() -> io::Error {
    io::Error::other(
        "it took no connection any more; with --jobs 1 the case before the first such one is what ended it",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::http::observe::Observation;
    use crate::http::script::Segments;

    fn refused() -> Played {
        Err(Trouble::Connect(io::ErrorKind::TimedOut.into()))
    }

    fn reached() -> Run {
        Run { segments: Segments::Whole, observation: Observation::default() }
    }

    #[test]
    fn who_is_crowded_out_comes_later() {
        let here = AtomicUsize::new(0);
        let crowded_out = AtomicUsize::new(0);
        let played = play_all(&[(); 60], 16, |()| {
            let guests = here.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
            here.fetch_sub(1, Ordering::SeqCst);
            if guests < 5 {
                return Ok(reached());
            }
            crowded_out.fetch_add(1, Ordering::SeqCst);
            refused()
        });
        assert!(crowded_out.into_inner() > 0, "the company was too small to crowd anybody out");
        assert!(played.iter().all(Result::is_ok));
    }

    #[test]
    fn a_dead_server_is_given_up() {
        let tries = AtomicUsize::new(0);
        let played = play_all(&[(); 10_000], 16, |()| {
            if tries.fetch_add(1, Ordering::SeqCst) < 100 { Ok(reached()) } else { refused() }
        });
        assert_eq!(played.iter().filter(|run| is_unreached(run)).count(), 9900);
        assert!(tries.into_inner() < 200);
    }

    #[test]
    fn one_insists_a_few_times() {
        let tries = AtomicUsize::new(0);
        assert!(insist(|| if tries.fetch_add(1, Ordering::SeqCst) < 2 { refused() } else { Ok(reached()) }).is_ok());
        assert!(insist(refused).is_err());
    }
}
