//! Rows that are not driven, or not to the letter, and why.

use crate::drivers::Pattern;

/// Rows with a reason.
pub struct Exception {
    pub pattern: Pattern,
    pub why: &'static str,
}

const fn rows(event: &'static str, states: &'static str, condition: &'static str, why: &'static str) -> Exception {
    Exception { pattern: Pattern::new(event, states, condition), why }
}

const NO_PERMISSIONS: &str = "there are no users or processes whose right to a socket could be checked";
const NO_LIMIT: &str = "connections and listeners are limited by memory alone";
const NO_QUEUE_OF_CALLS: &str = "RECEIVE does not block: no requests are queued that could be too many";
const NO_REMOTE_IN_LISTEN: &str = "a passive OPEN names no remote socket, which is checked before room";
const NO_LEVELS: &str = "security levels concern multi-level secure systems only (appendix A.1)";
const NO_USER_TIMER: &str =
    "the user timeout counts from the oldest unacknowledged octet, and there is none in this state";

/// Rows about something that this TCP does not have and need not have.
pub const NOT_APPLICABLE: &[Exception] = &[
    rows("OPEN", "CLOSED", "no access to local socket", NO_PERMISSIONS),
    rows("OPEN", "CLOSED", "DiffServ or security value not allowed", NO_PERMISSIONS),
    rows("OPEN", "CLOSED", "no room for a connection", NO_LIMIT),
    rows("OPEN", "LISTEN", "no room to queue the request", NO_LIMIT),
    rows("SEND", "CLOSED", "no access", NO_PERMISSIONS),
    rows("RECEIVE", "CLOSED", "no access", NO_PERMISSIONS),
    rows("CLOSE", "CLOSED", "no access", NO_PERMISSIONS),
    rows("ABORT", "CLOSED", "no access", NO_PERMISSIONS),
    rows("STATUS", "CLOSED", "no access", NO_PERMISSIONS),
    rows("SEND", "LISTEN", "remote socket specified", NO_REMOTE_IN_LISTEN),
    rows("SEND", "LISTEN", "no room", NO_REMOTE_IN_LISTEN),
    rows("RECEIVE", "LISTEN SYN-SENT SYN-RECEIVED", "no room", NO_QUEUE_OF_CALLS),
    rows("SEG:3-SEC", "LISTEN", "SYN with wrong security/compartment (MLS only)", NO_LEVELS),
    rows("SEG:3-SEC", "SYN-SENT", "security mismatch (MLS only)…", NO_LEVELS),
    rows("SEG:3-SEC", "*", "security mismatch (MLS only)", NO_LEVELS),
    rows("TIMEOUT:USER", "LISTEN FIN-WAIT-2", "expires", NO_USER_TIMER),
    rows("TIMEOUT:USER", "TIME-WAIT", "expires…", NO_USER_TIMER),
    rows(
        "SEG:5-ACK",
        "FIN-WAIT-2",
        "SND.UNA < SEG.ACK =< SND.NXT",
        "everything has been acknowledged in FIN-WAIT-2: SND.UNA = SND.NXT",
    ),
    rows(
        "SEG:1-SEQ",
        "CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
        "RCV.WND=0 and SEG.SEQ=RCV.NXT…",
        "the peer's FIN is taken only into an open window, and takes no room in it: RCV.WND stays above 0",
    ),
    rows(
        "EXT:KEEPALIVE",
        "FIN-WAIT-1",
        "enabled, a series of probes unanswered",
        "a FIN is outstanding: R2 ends the connection, no probe is ever sent (MUST-26)",
    ),
    rows(
        "EXT:ICMP-HARD",
        "FIN-WAIT-2 TIME-WAIT",
        "unreachable codes 2-4 (code 4 excepted when PMTUD is used) matching the connection",
        "nothing is in flight that a genuine error could quote (RFC 5927 §4.1)",
    ),
];

/// Rows about what is still to be built.
pub const NOT_YET: &[Exception] = &[];

/// Rows that RFC 9293 contradicts.
pub const DISPUTED: &[Exception] = &[];

/// A row that is driven to another of the outcomes that the text allows.
pub struct Otherwise {
    pub exception: Exception,
    /// Where it leads then.
    pub next: &'static str,
}

const A2: &str = "§A.2: what the text holds back for its sequence number is acknowledged, and its ACK is used, at once";

/// Rows whose next state is one of several that the text allows, where the reference takes another.
pub const OTHERWISE: &[Otherwise] = &[
    Otherwise {
        exception: rows("SEG:1-SEQ", "SYN-RECEIVED", "acceptable, begins above RCV.NXT", A2),
        next: "ESTABLISHED",
    },
    Otherwise {
        exception: rows("SEG:8-FIN", "SYN-RECEIVED", "FIN above RCV.NXT (hole before it)", A2),
        next: "ESTABLISHED",
    },
    Otherwise {
        exception: rows(
            "CLOSE",
            "CLOSE-WAIT",
            "prior SENDs not yet segmentized",
            "LAST-ACK is reported at once, which the row allows; the FIN still follows the data",
        ),
        next: "LAST-ACK",
    },
];
