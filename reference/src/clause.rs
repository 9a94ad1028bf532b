//! Clauses: the names of RFC sentences, carried by every decision and every rule.
//!
//! [`ALL`] lists the clauses that the reference itself decides by. The catalogue of requirements
//! that scenarios cover is larger and lives with the conformance suite; where a clause is one of
//! its rows, [`Clause::requirement`] names it.

use core::fmt;

/// How binding a clause is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// MAY: a permission; to do otherwise breaks nothing.
    May,
    /// SHOULD and SHOULD NOT: to do otherwise needs a reason.
    Should,
    /// MUST and MUST NOT, and procedure text that is normative in intent.
    Must,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::May => "MAY",
            Level::Should => "SHOULD",
            Level::Must => "MUST",
        })
    }
}

/// The name of one RFC sentence. Two clauses are equal if their ids are.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Selects the clause on the command line, such as `rfc9293-3.10.7.4-2-outside`.
    pub id: &'static str,
    /// Where the sentence stands, such as `rfc9293 §3.10.7.4 step 2`.
    pub place: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The row of the catalogue that says the same, if there is one.
    pub requirement: Option<&'static str>,
    /// What it says, in our words.
    pub text: &'static str,
}

impl PartialEq for Clause {
    fn eq(&self, other: &Clause) -> bool {
        self.id == other.id
    }
}

impl Eq for Clause {}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.place, self.level, self.text)
    }
}

macro_rules! clauses {
    ($($name:ident = $id:literal, $place:literal, $level:ident, $requirement:expr, $text:literal;)*) => {
        $(
            #[doc = concat!($place, ": ", $text)]
            pub const $name: Clause =
                Clause { id: $id, place: $place, level: Level::$level, requirement: $requirement, text: $text };
        )*

        /// Every clause that the reference decides by.
        pub const ALL: &[Clause] = &[$($name,)*];
    };
}
pub(crate) use clauses;

clauses! {
    CLOSED_RESET = "rfc9293-3.10.7.1-reset", "rfc9293 §3.10.7.1", Must, Some("9293-3.5.2-RST-CLOSED-ACK"),
        "a segment for which there is no connection is answered with a reset";
    CLOSED_RST = "rfc9293-3.10.7.1-rst", "rfc9293 §3.10.7.1", Must, Some("9293-3.5.2-RST-NORST"),
        "a reset for which there is no connection is dropped";
    LISTEN_RST = "rfc9293-3.10.7.2-1", "rfc9293 §3.10.7.2 step 1", Must, None,
        "a listening socket ignores a reset";
    LISTEN_ACK = "rfc9293-3.10.7.2-2", "rfc9293 §3.10.7.2 step 2", Must, Some("9293-3.5.2-RST-NONSYNC"),
        "an acknowledgment cannot be right in LISTEN and is answered with a reset";
    LISTEN_SYN = "rfc9293-3.10.7.2-3", "rfc9293 §3.10.7.2 step 3", Must, None,
        "a SYN is answered with SYN,ACK and leads to SYN-RECEIVED";
    LISTEN_OTHER = "rfc9293-3.10.7.2-4", "rfc9293 §3.10.7.2 step 4", Must, None,
        "a segment with neither SYN, ACK nor RST is dropped";
    SYN_SENT_ACK = "rfc9293-3.10.7.3-1", "rfc9293 §3.10.7.3 step 1", Must, Some("9293-3.5.2-RST-NONSYNC"),
        "an acknowledgment of anything but our SYN is answered with a reset";
    SYN_SENT_RST = "rfc9293-3.10.7.3-2", "rfc9293 §3.10.7.3 step 2", Must, Some("5961-3.2-RST-SYNSENT"),
        "a reset that acknowledges our SYN refuses the connection";
    SYN_SENT_RST_BLIND = "rfc9293-3.10.7.3-2-blind", "rfc9293 §3.10.7.3 step 2", Must, Some("9293-3.5.3-RST-VALID"),
        "a reset that does not acknowledge our SYN is dropped";
    SYN_SENT_SYN = "rfc9293-3.10.7.3-4", "rfc9293 §3.10.7.3 step 4", Must, Some("MUST-10"),
        "a SYN makes the connection established if it acknowledges ours, and SYN-RECEIVED if not";
    SYN_SENT_OTHER = "rfc9293-3.10.7.3-5", "rfc9293 §3.10.7.3 step 5", Must, None,
        "a segment with neither SYN nor RST is dropped";
    OUTSIDE_WINDOW = "rfc9293-3.10.7.4-1", "rfc9293 §3.10.7.4 step 1", Must, Some("9293-3.4-ACC-TEST"),
        "a segment outside the receive window is answered with an acknowledgment and dropped";
    RST_OUTSIDE = "rfc9293-3.10.7.4-2-outside", "rfc9293 §3.10.7.4 step 2", Must, Some("5961-3.2-RST-OUT"),
        "outside the window, a RST is dropped";
    RST_EXACT = "rfc9293-3.10.7.4-2-exact", "rfc9293 §3.10.7.4 step 2", Must, Some("5961-3.2-RST-EXACT"),
        "a RST at RCV.NXT ends the connection";
    RST_IN_WINDOW = "rfc9293-3.10.7.4-2-window", "rfc9293 §3.10.7.4 step 2", Must, Some("5961-3.2-RST-INWIN"),
        "a RST in the window but not at RCV.NXT draws a challenge acknowledgment";
    RST_IN_WINDOW_793 = "rfc9293-3.10.7.4-2-793", "rfc9293 §3.10.7.4 step 2", Must, Some("9293-3.5.3-RST-VALID"),
        "without RFC 5961, a RST anywhere in the window ends the connection";
    RST_TIME_WAIT = "rfc1337-3-f1", "rfc1337 §3", May, None,
        "a RST in TIME-WAIT may be ignored, so that an old duplicate cannot end it";
    SYN_CHALLENGE = "rfc9293-3.10.7.4-4", "rfc9293 §3.10.7.4 step 4", Must, Some("5961-4.2-SYN-CHALLENGE"),
        "a SYN on a synchronized connection draws a challenge acknowledgment";
    SYN_RESET_793 = "rfc9293-3.10.7.4-4-793", "rfc9293 §3.10.7.4 step 4", Must, None,
        "without RFC 5961, a SYN in the window resets the connection";
    SYN_RETURN_TO_LISTEN = "rfc9293-3.10.7.4-4-listen", "rfc9293 §3.10.7.4 step 4", Must, Some("MUST-11"),
        "a SYN in the window returns a passively opened SYN-RECEIVED to LISTEN";
    NO_ACK = "rfc9293-3.10.7.4-5-noack", "rfc9293 §3.10.7.4 step 5", Must, None,
        "a segment without ACK is dropped";
    ACK_SYN_RECEIVED = "rfc9293-3.10.7.4-5-reset", "rfc9293 §3.10.7.4 step 5", Must, Some("9293-3.5.2-RST-NONSYNC"),
        "in SYN-RECEIVED an acknowledgment of anything but our SYN is answered with a reset";
    ACK_RANGE = "rfc9293-3.10.7.4-5-range", "rfc9293 §3.10.7.4 step 5", Must, Some("9293-3.10.7.4-5961-ACK"),
        "an acknowledgment far below SND.UNA or above SND.NXT is answered with an acknowledgment and dropped";
    ACK_UNSENT = "rfc9293-3.10.7.4-5-unsent", "rfc9293 §3.10.7.4 step 5", Must, Some("9293-3.5.2-RST-SYNC-ACK"),
        "an acknowledgment of something not yet sent is answered with an acknowledgment and dropped";
    LAST_ACK = "rfc9293-3.10.7.4-5-last-ack", "rfc9293 §3.10.7.4 step 5", Must, None,
        "the acknowledgment of our FIN ends the connection in LAST-ACK";
    CLOSING_ACK = "rfc9293-3.10.7.4-5-closing", "rfc9293 §3.10.7.4 step 5", Must, None,
        "in CLOSING only the acknowledgment of our FIN is of use";
    TEXT_AFTER_CLOSE = "rfc9293-3.6.1-half-duplex", "rfc9293 §3.6.1", Should, Some("SHLD-3"),
        "data that arrives after the application has gone is answered with a reset, for it is lost";
    ACCEPTED = "rfc9293-3.10.7.4", "rfc9293 §3.10.7.4", Must, None,
        "an acceptable segment is processed in the order of its sequence numbers";
    INVALID_ADDRESS = "rfc9293-3.9.2.3", "rfc9293 §3.9.2.3", Must, Some("MUST-57"),
        "a SYN to or from a broadcast, multicast or otherwise invalid address is ignored";
    BACKLOG_FULL = "rfc9293-3.9.1-backlog", "rfc9293 §3.10.7.2", May, None,
        "a SYN for which the listening socket has no room may be dropped; the peer will try again";
    BACKLOG_FULL_RESET = "rfc9293-3.9.1-backlog-reset", "rfc9293 §3.10.7.2", May, None,
        "a SYN for which the listening socket has no room may be refused with a reset";
    SYN_FIN = "rfc9293-3.10.7-syn-fin", "rfc9293 §3.10.7", May, None,
        "a segment with SYN and FIN that no application would send may be dropped by a filter";
    BLACK_HOLE = "rfc9293-3.10.7.1-black-hole", "rfc9293 §3.10.7.1", May, None,
        "a filter may keep a host from answering what is for nobody";
    SYN_REPEATED = "rfc9293-3.10.7.4-1-syn", "rfc9293 §3.10.7.4 step 1", May, None,
        "the SYN that made a connection, come again, may be answered with the SYN,ACK: it acknowledges as well";
    ICMP_OUTSIDE = "rfc5927-4.1", "rfc5927 §4.1", Should, Some("MUST-54"),
        "an ICMP error that quotes a segment which is not in flight is forged or late, and dropped";
    ICMP_ENDURED = "rfc9293-3.9.2.2-soft", "rfc9293 §3.9.2.2", Must, Some("MUST-56"),
        "an ICMP error that may pass ends no connection";
    ICMP_QUENCH = "rfc9293-3.9.2.2-quench", "rfc9293 §3.9.2.2", Must, Some("MUST-55"),
        "source quench is dropped";
    ICMP_UNKNOWN = "rfc1122-3.2.2", "rfc1122 §3.2.2", Must, Some("MUST-54"),
        "an ICMP message that is no error, or quotes no segment of a connection, concerns no connection";
    PACKET_TOO_BIG_ABSURD = "rfc1191-3-claim", "rfc1191 §3", Must, Some("9293-3.7.2-PMTUD"),
        "a packet-too-big that claims more than is in use, or less than any link may have, changes nothing";
    PACKET_TOO_BIG_DELAYED = "rfc5927-7.2", "rfc5927 §7.2", May, None,
        "a packet-too-big of a size that has come through before waits for the segment to time out";
    PAWS = "rfc7323-5.3-r1", "rfc7323 §5.3 R1", Must, Some("7323-5.3-PAWS-R1"),
        "a segment whose timestamp is older than the last one is an old duplicate: it is acknowledged and dropped";
    SYN_TIME_WAIT = "rfc6191-2", "rfc6191 §2", Should, Some("6191-2-TS-DROP"),
        "in TIME-WAIT a SYN whose timestamp and sequence number are not beyond the old ones is dropped without a word";
    ILLEGAL_OPTION = "rfc9293-3.1-option-length", "rfc9293 §3.1", Must, Some("MUST-7"),
        "a segment with an option of illegal length is discarded, or answered with a reset";
    ECN_REFUSED = "rfc3168-6.1.1.1-reset", "rfc3168 §6.1.1.1", May, Some("3168-6.1.1.1-RST-FALLBACK"),
        "a reset that refuses a SYN with ECE and CWR may be followed by a SYN without";
    TIMESTAMPS_MISSING = "rfc7323-3.2-missing", "rfc7323 §3.2", Should, Some("7323-3.2-TS-MISSING-DROP"),
        "a segment that lacks the timestamps that were agreed on is dropped without a word";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn ids_are_unique() {
        for (i, clause) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.id != clause.id), "{} stands twice", clause.id);
        }
    }
}
