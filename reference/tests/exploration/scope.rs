//! How far an exploration goes.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};

/// A scaled-down world: what both ends want, and what the network may do to them.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: &'static str,
    /// Octets that each end sends.
    pub(crate) octets: [usize; 2],
    /// Both ends open at once; else the second listens.
    pub(crate) simultaneous: bool,
    /// The most data in a segment.
    pub(crate) mss: u16,
    /// Receive buffer, and so the window, of each end.
    pub(crate) windows: [usize; 2],
    /// Octets that an application writes or reads at a time.
    pub(crate) write: usize,
    pub(crate) read: usize,
    /// What the network may do, all in all.
    pub(crate) budget: Budget,
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Budget {
    pub(crate) losses: u8,
    pub(crate) duplicates: u8,
    /// Timers that go off although packets are under way or an application could act: how slow the
    /// network and the applications may be.
    pub(crate) early_timeouts: u8,
}

pub(crate) const fn budget(losses: u8, duplicates: u8, early_timeouts: u8) -> Budget {
    Budget { losses, duplicates, early_timeouts }
}

/// Data and the FIN of the first end cross zero, those of the second cross 2^31.
const ISNS: [Seq; 2] = [Seq(0xffff_fffe), Seq(0x7fff_fffe)];

impl Scope {
    /// The two ends, opened.
    pub(crate) fn open(&self, config: &Config) -> [Connection; 2] {
        let config = |side: usize| Config {
            mss: self.mss,
            receive_buffer: self.windows[side],
            send_buffer: self.octets[side].max(1),
            // one retransmission timeout for all, and no end to patience: fewer states to tell apart
            min_rto: Duration::from_secs(1),
            max_rto: Duration::from_secs(1),
            r2: Duration::from_hours(24),
            r2_syn: Duration::from_hours(24),
            ..config.clone()
        };
        let first = Connection::open_active(Instant::ZERO, config(0), 80, 81, ISNS[0]);
        let second = if self.simultaneous {
            Connection::open_active(Instant::ZERO, config(1), 81, 80, ISNS[1])
        } else {
            Connection::open_passive(config(1), 81, ISNS[1])
        };
        [first, second]
    }
}

/// What `cargo test` explores: seconds.
pub(crate) fn small() -> Vec<Scope> {
    let scope = Scope {
        name: "",
        octets: [1, 0],
        simultaneous: false,
        mss: 1,
        windows: [2, 2],
        write: 2,
        read: 2,
        budget: budget(1, 0, 0),
    };
    vec![
        Scope { name: "one way, a loss", ..scope.clone() },
        Scope {
            name: "both only close, a loss and a duplicate",
            octets: [0, 0],
            budget: budget(1, 1, 0),
            ..scope.clone()
        },
        Scope {
            name: "window of one",
            octets: [1, 0],
            windows: [1, 1],
            read: 1,
            budget: budget(0, 0, 0),
            ..scope.clone()
        },
        Scope { name: "both only close, an early timeout", octets: [0, 0], budget: budget(0, 0, 1), ..scope.clone() },
        Scope { name: "simultaneous open, a loss", octets: [0, 0], simultaneous: true, ..scope },
    ]
}

/// What the documented command explores: minutes.
#[allow(dead_code, reason = "the test includes this file too, and has no minutes")]
pub(crate) fn large() -> Vec<Scope> {
    let scope = Scope {
        name: "",
        octets: [2, 0],
        simultaneous: false,
        mss: 1,
        windows: [2, 2],
        write: 2,
        read: 2,
        budget: budget(1, 1, 0),
    };
    vec![
        Scope { name: "one way, a loss", budget: budget(1, 0, 0), ..scope.clone() },
        Scope {
            name: "window of one, read late, a loss",
            windows: [1, 1],
            read: 1,
            budget: budget(1, 0, 0),
            ..scope.clone()
        },
        Scope {
            name: "segments of two, a loss",
            octets: [4, 0],
            mss: 2,
            windows: [4, 4],
            budget: budget(1, 0, 0),
            ..scope.clone()
        },
        Scope { name: "both ways", octets: [1, 1], budget: budget(0, 0, 0), ..scope.clone() },
        Scope { name: "one octet, an early timeout", octets: [1, 0], budget: budget(0, 0, 1), ..scope.clone() },
        Scope {
            name: "simultaneous open, a loss",
            octets: [1, 0],
            simultaneous: true,
            budget: budget(1, 0, 0),
            ..scope.clone()
        },
        Scope { name: "one octet, two losses", octets: [1, 0], budget: budget(2, 0, 0), ..scope.clone() },
        Scope { name: "one octet, a loss and a duplicate", octets: [1, 0], budget: budget(1, 1, 0), ..scope },
    ]
}

/// What takes hours, and more memory than most machines have to spare.
#[allow(dead_code, reason = "the test includes this file too")]
pub(crate) fn huge() -> Vec<Scope> {
    let scope = Scope {
        name: "both windows full, a duplicate",
        octets: [1, 1],
        simultaneous: false,
        mss: 1,
        windows: [1, 1],
        write: 2,
        read: 2,
        budget: budget(0, 1, 0),
    };
    vec![scope.clone(), Scope { name: "both ways, a loss", windows: [2, 2], budget: budget(1, 0, 0), ..scope }]
}
