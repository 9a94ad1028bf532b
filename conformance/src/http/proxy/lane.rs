//! One way through a proxy: an address of its front, and the listener behind it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, RwLock};

use super::super::observe::{Message, Observation};
use super::super::origin::blocks;
use super::super::play::{Bounds, Trouble, play};
use super::super::script::{Script, Segments, Side, Step, Variables};
use super::super::wire::Endpoint;
use super::{Back, tag};

/// How many runs at once go through a proxy that keeps the connections of its clients apart.
const COMPANY: usize = 16;

/// How often a run that was disturbed is tried again in company: to wait until a lane is empty costs more.
const TRIES: usize = 3;

/// A way through the proxy. What goes through one lane never shares a connection with what goes through another.
#[derive(Debug)]
pub struct Lane {
    /// Where clients reach the proxy.
    pub front: Endpoint,
    /// Where the proxy reaches its origin server.
    pub back: Back,
    /// What `Host` says.
    pub host: String,
    /// How many runs at once.
    company: usize,
    /// Held for writing by a run that must be alone.
    alone: RwLock<()>,
}

impl Lane {
    /// A lane for one run at a time.
    pub fn new(front: Endpoint, back: Back, host: String) -> Lane {
        Lane { front, back, host, company: 1, alone: RwLock::new(()) }
    }

    /// From now on several runs at once go through it.
    pub(super) fn share(&mut self) {
        self.company = COMPANY;
    }

    /// What the words of cases stand for in a run with this tag, for targets that begin with `path`. `is_absolute`:
    /// its targets are URIs.
    pub(super) fn variables(&self, path: &str, tag: &str, is_absolute: bool) -> Variables {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let path = format!("{}/{tag}", path.trim_end_matches('/'));
        let absolute = format!("http://{}{path}", self.host);
        let words = [
            ("host", self.host.clone()),
            ("host-name", name.to_owned()),
            ("path", if is_absolute { absolute.clone() } else { path }),
            ("absolute", absolute),
            ("tag", tag.to_owned()),
            ("body-method", "POST".to_owned()),
        ];
        words.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
    }

    /// Plays a case. A run that company may have disturbed is played again alone, so that no verdict rests on it.
    pub(super) fn play(&self, run: &Run<'_>) -> Result<Observation, Trouble> {
        let tries = if self.company > 1 { TRIES } else { 0 };
        for _ in 0..tries {
            let _company = self.alone.read().unwrap_or_else(PoisonError::into_inner);
            if let Ok((observation, true)) = self.once(run) {
                return Ok(observation);
            }
        }
        let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
        match self.once(run)? {
            (observation, true) => Ok(observation),
            // Alone it can be disturbed only by what was left of a run before it, and that is gone now.
            (_, false) => Ok(self.once(run)?.0),
        }
    }

    /// One run, and whether what was seen is of this run alone.
    fn once(&self, run: &Run<'_>) -> Result<(Observation, bool), Trouble> {
        let tag = tag();
        let variables = self.variables(run.path, &tag, run.is_absolute);
        let blocks = blocks(run.script, &variables, run.segments, false)?;
        let mut front = run.script.clone();
        front.steps.retain(|placed| placed.side == Side::Client || matches!(placed.step, Step::Connection(_)));
        self.back.begin(&tag, blocks);
        let played = play(&front, run.segments, &self.front, &variables, run.bounds);
        let came = self.back.finish(&tag);
        let seen = played?;
        // A connection that another run has spoilt also looks like a server that is gone.
        let is_gone = |reply: &Message| reply.status().is_some_and(|status| (502..=504).contains(&status));
        let is_gone = came.had_company && came.requests.is_empty() && seen.replies.iter().any(is_gone);
        let observation = Observation { requests: came.requests, connections: came.connections, ..seen };
        Ok((observation, !came.is_disturbed && !is_gone))
    }
}

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) script: &'a Script,
    pub(super) segments: Segments,
    pub(super) path: &'a str,
    pub(super) is_absolute: bool,
    pub(super) bounds: &'a Bounds,
}

/// Who may go through which lane: each lane as often as it bears company, the freest first.
#[derive(Debug)]
pub(super) struct Places<'a>(Mutex<VecDeque<&'a Lane>>);

impl<'a> Places<'a> {
    pub(super) fn new(lanes: &'a [Lane]) -> Places<'a> {
        let rounds = (0..COMPANY).flat_map(|round| lanes.iter().filter(move |lane| round < lane.company));
        Places(Mutex::new(rounds.collect()))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Does this in a lane that has a place left; there must be one.
    pub(super) fn with<R>(&self, work: impl FnOnce(&Lane) -> R) -> R {
        let places = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = places().pop_front().expect("as many places as jobs");
        let result = work(lane);
        places().push_back(lane);
        result
    }
}
