//! Every state, depth first.
//!
//! Depth first, because it tells cycles from ends. A state without an action is an end, and must be a good
//! one. States that lead back to each other are a strongly connected component (Tarjan 1972); one that
//! deliveries and applications can leave, they will leave. One that they cannot leave, such as two
//! acknowledgments that answer each other for ever, takes time: the next timer has to lead out of it, or it
//! is a livelock. So from every state an end is reached, without any help of the adversary.
//!
//! States are remembered by 64 bits of hash. That two of ten million share them, so that one is not
//! looked at, has a probability of 3 in a million.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::{self, Write as _};

use wirelaw_reference::tcp::Config;

use super::model::{Action, Model};
use super::scope::Scope;

/// Steps after which a run counts as endless.
const MAX_DEPTH: usize = 300;

/// How much was explored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    /// States after which nothing happens any more.
    pub(crate) ends: usize,
    /// Circles that only a timer ends.
    pub(crate) circles: usize,
    /// The longest run, in steps.
    pub(crate) depth: usize,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explored { states, transitions, ends, circles, depth } = self;
        write!(f, "{states} states, {transitions} transitions, {ends} ends, {circles} circles, {depth} deep")
    }
}

struct Frame<'a> {
    model: Model<'a>,
    actions: Vec<Action>,
    /// How many of them have been taken.
    taken: usize,
    place: Place,
}

/// What Tarjan's algorithm knows of a state and of what has been found below it.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// When it was found.
    index: usize,
    /// The earliest state of its component that is known.
    low: usize,
    /// It lies on a cycle.
    cyclic: bool,
    /// Something other than ill will leads out of its component.
    exits: bool,
}

/// A search under way.
struct Search<'a> {
    explored: Explored,
    /// When a state was found; `None`: its component is complete.
    known: HashMap<u64, Option<usize>>,
    /// The states whose components are not complete, in the order in which they were found.
    open: Vec<u64>,
    path: Vec<Frame<'a>>,
}

/// Explores everything that can happen; an error tells how a law came to be broken.
pub(crate) fn explore(scope: &Scope, config: &Config) -> Result<Explored, String> {
    let (known, open, path) = (HashMap::new(), Vec::new(), Vec::new());
    let mut search = Search { explored: Explored::default(), known, open, path };
    search.visit(Model::new(scope, config)?)?;
    while let Some(frame) = search.path.last_mut() {
        let Some(action) = frame.actions.get(frame.taken).copied() else {
            search.leave()?;
            continue;
        };
        frame.taken += 1;
        let mut model = frame.model.clone();
        model.apply(action).map_err(|why| tell(&search.path, &why))?;
        search.visit(model)?;
    }
    Ok(Explored { states: search.known.len(), ..search.explored })
}

impl<'a> Search<'a> {
    /// The last state of the path leads to this one.
    fn visit(&mut self, model: Model<'a>) -> Result<(), String> {
        self.explored.transitions += 1;
        let index = self.known.len();
        match self.known.entry(model.fingerprint()) {
            Entry::Vacant(entry) => {
                self.open.push(*entry.key());
                entry.insert(Some(index));
            }
            Entry::Occupied(entry) => {
                let known = *entry.get();
                self.lead_to(known, false, false);
                return Ok(());
            }
        }
        let actions = model.actions();
        if actions.is_empty() {
            self.explored.ends += 1;
            model.check_end().map_err(|why| tell(&self.path, &why))?;
        }
        let place = Place { index, low: index, cyclic: false, exits: false };
        self.path.push(Frame { model, actions, taken: 0, place });
        self.explored.depth = self.explored.depth.max(self.path.len());
        if self.path.len() > MAX_DEPTH {
            return Err(tell(&self.path[..100], "this does not end"));
        }
        Ok(())
    }

    /// What the last state of the path learns from where its last action led: to a state found at `low`,
    /// or out of its component.
    fn lead_to(&mut self, low: Option<usize>, descended: bool, exits: bool) {
        let Some(Frame { model, actions, taken, place }) = self.path.last_mut() else { return };
        match low {
            Some(low) => {
                place.low = place.low.min(low);
                place.cyclic = true;
                place.exits |= descended && exits;
            }
            None => place.exits |= !model.is_adversity(actions[*taken - 1]),
        }
    }

    /// Everything that can happen in the last state of the path has been looked at.
    fn leave(&mut self) -> Result<(), String> {
        let Some(frame) = self.path.last_mut() else { return Ok(()) };
        let place = frame.place;
        if place.low < place.index {
            self.path.pop();
            self.lead_to(Some(place.low), true, place.exits);
            return Ok(());
        }
        if place.cyclic && !place.exits {
            if frame.actions.last() == Some(&Action::Patience) || !frame.model.waits() {
                return Err(tell(&self.path, "a livelock: this goes on for ever"));
            }
            self.explored.circles += 1;
            frame.actions.push(Action::Patience);
            return Ok(());
        }
        self.path.pop();
        while let Some(state) = self.open.pop() {
            let found = self.known.insert(state, None).flatten();
            if found == Some(place.index) {
                break;
            }
        }
        self.lead_to(None, true, false);
        Ok(())
    }
}

/// The steps that led to a fault.
fn tell(path: &[Frame<'_>], why: &str) -> String {
    let mut told = format!("{why}\n");
    for frame in path {
        if let Some(action) = frame.taken.checked_sub(1).and_then(|last| frame.actions.get(last)) {
            let _ = writeln!(told, "  {}", frame.model.describe(*action)); // a String takes everything
        }
    }
    told
}
