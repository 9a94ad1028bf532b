//! A server that takes no connection for the moment, since many came at once. What has gone for good, [`super::watch`]
//! finds.

use std::thread;
use std::time::Duration;

use super::super::judge::Run;
use super::super::play::Trouble;
use crate::parallel::parallel;

/// How many connections at once are bearable for every server: some let no more than five wait.
const FEW: usize = 4;

/// How often a connection is tried that the others may have crowded out.
const TRIES: u32 = 4;

type Played = Result<Run, Trouble>;

/// Plays all units, `jobs` at once, and those for which there was no connection once more in little company.
pub(super) fn play_all<T: Sync>(units: &[T], jobs: usize, play: impl Fn(&T) -> Played + Sync) -> Vec<Played> {
    let mut played = parallel(units, jobs, &play);
    let crowded_out: Vec<usize> = (0..units.len()).filter(|at| is_unreached(&played[*at])).collect();
    let again = parallel(&crowded_out, jobs.min(FEW), |at| play(&units[*at]));
    for (at, run) in crowded_out.into_iter().zip(again) {
        played[at] = run;
    }
    played
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
    fn one_insists_a_few_times() {
        let tries = AtomicUsize::new(0);
        assert!(insist(|| if tries.fetch_add(1, Ordering::SeqCst) < 2 { refused() } else { Ok(reached()) }).is_ok());
        assert!(insist(refused).is_err());
    }
}
