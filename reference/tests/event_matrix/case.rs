//! One run of one row: which numbers, which family of checks, who opened, with or without a host.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::State;

use crate::rows::Row;

/// The initial sequence numbers at which careless arithmetic breaks.
const ISNS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

/// What a driver drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// A `Connection` by itself.
    Alone,
    /// A connection of a `Host`, by packets.
    Host,
    /// First the one, then the other.
    Both,
}

/// One run of one row.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub row: &'a Row,
    /// The state in which the run is to end.
    pub next: State,
    /// Our initial sequence number.
    pub iss: Seq,
    /// The peer's.
    pub irs: Seq,
    /// RFC 5961 is followed; if not, RFC 793 is.
    pub blind_attack_checks: bool,
    /// We opened passively.
    pub passive: bool,
    /// The connection belongs to a `Host`.
    pub on_host: bool,
}

impl Case<'_> {
    pub fn state(&self) -> State {
        self.row.from()
    }
}

/// Every run that `row` deserves: a row that names neither family, nor an opener, holds for both.
pub fn all(row: &Row, next: State, subjects: Subjects) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for blind_attack_checks in families(row) {
        for passive in openers(row) {
            for on_host in [false, true] {
                let wanted = if on_host { subjects != Subjects::Alone } else { subjects != Subjects::Host };
                if wanted {
                    let numbers = ISNS.iter().flat_map(|iss| ISNS.iter().map(|irs| (Seq(*iss), Seq(*irs))));
                    cases.extend(numbers.map(|(iss, irs)| Case {
                        row,
                        next,
                        iss,
                        irs,
                        blind_attack_checks,
                        passive,
                        on_host,
                    }));
                }
            }
        }
    }
    cases
}

/// RFC 5961, RFC 793, or both.
pub fn families(row: &Row) -> Vec<bool> {
    let names = |tag: &str| row.condition.contains(tag);
    match (names("[RFC 5961"), names("[RFC 793]")) {
        (true, false) => vec![true],
        (false, true) => vec![false],
        _ => vec![true, false],
    }
}

fn openers(row: &Row) -> Vec<bool> {
    let says = |words: &str| row.condition.contains(words);
    match row.from() {
        State::Listen => vec![true],
        State::SynSent => vec![false],
        _ if says("origin passive") => vec![true],
        _ if says("origin active") || says("simultaneous open") => vec![false],
        _ => vec![true, false],
    }
}
