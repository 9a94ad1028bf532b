//! Whether a peer is still there, and what was in play when it went.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::super::judge::Run;
use super::super::observe::Message;
use super::super::play::Trouble;

/// How often a plain request is tried before a peer counts as gone; alone, and with a longer pause each time.
const TRIES: u32 = 3;

/// So many times the patience is waited for a peer that takes a connection and is silent: what was sent to it may keep it
/// busy.
const BUSY: u32 = 15;

/// How much a report tells of what came instead of a reply.
const LONGEST_WHY: usize = 200;

/// How many runs a report names.
const NAMED: usize = 8;

type Played = Result<Run, Trouble>;

/// Sends a plain request, and says what came if that was no whole reply.
pub(super) type Ask<'a> = dyn Fn() -> Result<(), String> + Sync + 'a;

/// Sees every run, and asks the peer whether it is alive when nothing has been answered for a while. Once it is not,
/// nothing more is played: silence would otherwise be taken for what each case was answered with.
pub(super) struct Watch<'a> {
    ask: &'a Ask<'a>,
    patience: Duration,
    /// Held by who asks, so that one does it for all.
    asking: Mutex<()>,
    state: Mutex<State>,
}

struct State {
    /// A moment at which it was.
    alive: Instant,
    /// What may have ended since.
    runs: Vec<Seen>,
    /// Why there are no more runs.
    over: Option<String>,
}

struct Seen {
    name: String,
    begun: Instant,
    ended: Option<Instant>,
    is_answered: bool,
}

impl<'a> Watch<'a> {
    /// Of a peer that is alive now; `patience` is how long a reply may take.
    pub(super) fn new(ask: &'a Ask<'a>, patience: Duration) -> Watch<'a> {
        let state = State { alive: Instant::now(), runs: Vec::new(), over: None };
        Watch { ask, patience, asking: Mutex::default(), state: Mutex::new(state) }
    }

    /// Plays, unless the peer is gone. What was not answered because it has gone is an error.
    pub(super) fn run(&self, name: &str, play: impl FnOnce() -> Played) -> Played {
        if let Some(over) = self.over() {
            return Err(Trouble::Gone(over));
        }
        let begun = Instant::now();
        self.state().runs.push(Seen { name: name.to_owned(), begun, ended: None, is_answered: false });
        let run = play();
        let is_answered = run.as_ref().is_ok_and(is_answered);
        let is_doubtful = self.state().end(name, begun, is_answered) && {
            let is_unreached = matches!(run, Err(Trouble::Connect(_)));
            is_unreached || self.state().alive.elapsed() > self.patience
        };
        if is_doubtful {
            self.check(begun);
        }
        match self.over() {
            Some(over) if !is_answered => Err(Trouble::Gone(over)),
            _ => run,
        }
    }

    /// Asks once more, so that the last run, too, is known to have left a peer that lives.
    pub(super) fn is_over(&self) -> bool {
        self.check(Instant::now());
        self.over().is_some()
    }

    /// Why nothing is played any more.
    pub(super) fn over(&self) -> Option<String> {
        self.state().over.clone()
    }

    /// Whether this run was in play, and unanswered, when the peer went.
    pub(super) fn is_suspect(&self, name: &str) -> bool {
        let state = self.state();
        state.over.is_some() && state.runs.iter().any(|seen| seen.name == name && !seen.is_answered)
    }

    /// Asks, unless somebody was answered since `begun`.
    fn check(&self, begun: Instant) {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if self.over().is_some() || self.state().alive >= begun {
            return;
        }
        let begun = Instant::now();
        for tried in 0.. {
            thread::sleep(self.patience / 4 * tried.min(TRIES));
            let asked = Instant::now();
            let Err(why) = (self.ask)() else { return self.state().is_alive(asked) };
            let is_silent = asked.elapsed() > self.patience;
            if tried + 1 >= TRIES && (!is_silent || begun.elapsed() > self.patience * BUSY) {
                return self.state().give_up(&why);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Ends a run; whether nobody was answered since it began.
    fn end(&mut self, name: &str, begun: Instant, is_answered: bool) -> bool {
        if let Some(seen) = self.runs.iter_mut().find(|seen| seen.name == name && seen.ended.is_none()) {
            seen.ended = Some(Instant::now());
            seen.is_answered = is_answered;
        }
        if is_answered {
            self.is_alive(begun);
        }
        self.alive < begun
    }

    /// It was alive then, so nothing that was over by then has ended it.
    fn is_alive(&mut self, then: Instant) {
        self.alive = self.alive.max(then);
        let alive = self.alive;
        // What had begun when it is found gone stays: it may end late, without having been answered.
        self.runs.retain(|seen| seen.ended.is_none_or(|ended| ended >= alive) && self.over.is_none());
    }

    fn give_up(&mut self, why: &str) {
        let why: String = why.chars().take(LONGEST_WHY).collect();
        // Whoever was answered is less likely to be at fault; who was in play first is the likeliest.
        self.runs.sort_by_key(|seen| (seen.is_answered, seen.begun));
        let unanswered = self.runs.iter().filter(|seen| !seen.is_answered).count();
        let suspects = if unanswered == 0 { self.runs.len() } else { unanswered };
        let mut names: Vec<_> = self.runs.iter().take(suspects.min(NAMED)).map(|seen| seen.name.as_str()).collect();
        let more = format!("{} more", suspects.saturating_sub(NAMED));
        if suspects > NAMED {
            names.push(&more);
        }
        self.over = Some(format!(
            "a plain request is not answered any more ({why}); one of these was in play when that began: {} \
             (start it again, and --only with --jobs 1 tells which)",
            names.join(", ")
        ));
    }
}

fn is_answered(run: &Run) -> bool {
    let is_final = |reply: &Message| reply.is_complete && reply.status().is_some() && !reply.is_interim();
    run.observation.replies.iter().any(is_final)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::http::observe::{Observation, read_replies};
    use crate::http::script::Segments;

    const PATIENCE: Duration = Duration::from_millis(40);

    fn run(octets: &[u8]) -> Run {
        let replies = read_replies(octets, &[], false);
        Run { segments: Segments::Whole, observation: Observation { replies, ..Observation::default() } }
    }

    fn silent_for_long() -> Run {
        thread::sleep(PATIENCE * 2);
        run(b"")
    }

    #[test]
    fn who_was_in_play_when_it_went_is_named() {
        let ask = || Err("no reply".to_owned());
        let watch = Watch::new(&ask, PATIENCE);
        assert!(watch.run("before", || Ok(run(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))).is_ok());
        assert!(
            watch.run("during", || Ok(silent_for_long())).is_err_and(|trouble| matches!(trouble, Trouble::Gone(_)))
        );
        let over = watch.over().expect("it is gone");
        assert!(over.contains("(no reply)") && over.contains("began: during ("), "{over}");
        assert!(watch.is_suspect("during") && !watch.is_suspect("before"));
        assert!(watch.run("after", || panic!("nothing is played any more")).is_err());
    }

    #[test]
    fn silence_that_a_case_earns_is_no_end() {
        let asked = AtomicUsize::new(0);
        let ask = || {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let watch = Watch::new(&ask, PATIENCE);
        assert!((0..3).all(|_| watch.run("silent", || Ok(silent_for_long())).is_ok()));
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert!(watch.run("closed at once", || Ok(run(b""))).is_ok());
        assert_eq!(asked.load(Ordering::Relaxed), 3, "it was alive a moment ago");
    }

    #[test]
    fn a_busy_peer_is_waited_for() {
        let asked = AtomicUsize::new(0);
        let ask = || {
            thread::sleep(PATIENCE * 2);
            if asked.fetch_add(1, Ordering::Relaxed) < 4 { Err("no reply".to_owned()) } else { Ok(()) }
        };
        let watch = Watch::new(&ask, PATIENCE);
        assert!(watch.run("hard work", || Ok(silent_for_long())).is_ok());
        assert!(watch.over().is_none());
    }

    #[test]
    fn a_connection_that_fails_is_looked_into_at_once() {
        let ask = || Err("connection refused".to_owned());
        let watch = Watch::new(&ask, Duration::from_secs(1) / 20);
        let refused = || Err(Trouble::Connect(std::io::ErrorKind::ConnectionRefused.into()));
        assert!(watch.run("refused", refused).is_err_and(|trouble| matches!(trouble, Trouble::Gone(_))));
    }
}
