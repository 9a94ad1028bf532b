//! Faults that TCPs are known for, to be put into this one on purpose: a scenario that names a
//! fault is believed once it fails on a reference that has it.
//!
//! Only the feature `sabotage` lets a [`Config`] choose one; without it every question whether there
//! is a fault is answered `false` when the crate is compiled, and nothing of it is left.

use super::{Config, Connection};

/// A fault: the eighteen of RFC 2525 under its names, then more that stacks have had.
#[cfg_attr(not(feature = "sabotage"), allow(unreachable_pub))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sabotage {
    /// RFC 2525 §2.1, `2525-2.1-NO-INITIAL-SLOW-START`: all that the peer's window takes is sent at
    /// once when the connection begins.
    NoInitialSlowStart,
    /// §2.2, `2525-2.2-NO-SLOW-START-AFTER-RETRANSM`: a retransmission timeout leaves the congestion
    /// window as large as it was.
    NoSlowStartAfterRetransmission,
    /// §2.3, `2525-2.3-UNINITIALISED-CWND-IN-ONE-PA`: without an MSS option in the peer's SYN the
    /// congestion window keeps the largest value that it can have.
    UninitializedCwnd,
    /// §2.4, `2525-2.4-INCONSISTENT-RETRANSMISSION`: what is sent again is not what was sent.
    InconsistentRetransmission,
    /// §2.5, `2525-2.5-FAILURE-TO-RETAIN-ABOVE-SEQU`: what arrives above a gap is thrown away.
    FailureToRetainAboveSequenceData,
    /// §2.6, `2525-2.6-EXTRA-ADDITIVE-CONSTANT-IN-C`: congestion avoidance adds an eighth of a
    /// segment for every acknowledgment, beside what it should add.
    ExtraAdditiveConstant,
    /// §2.7, `2525-2.7-INITIAL-RTO-TOO-LOW`: 200 ms before anything was measured.
    InitialRtoTooLow,
    /// §2.8, `2525-2.8-FAILURE-OF-WINDOW-DEFLATION`: the window stays inflated after fast recovery.
    FailureOfWindowDeflation,
    /// §2.9, `2525-2.9-EXCESSIVELY-SHORT-KEEP-ALIVE`: one unanswered probe ends the connection.
    ExcessivelyShortKeepAlive,
    /// §2.10, `2525-2.10-FAILURE-TO-BACK-OFF-THE-RETR`: the RTO is never doubled.
    FailureToBackOff,
    /// §2.11, `2525-2.11-INSUFFICIENT-INTERVAL-BETWEE`: an idle connection is probed every 75 s.
    InsufficientIntervalBetweenKeepAlives,
    /// §2.12, `2525-2.12-WINDOW-PROBE-DEADLOCK`: with room in the buffer that is not worth offering,
    /// every segment counts as outside the window, its acknowledgment too.
    WindowProbeDeadlock,
    /// §2.13, `2525-2.13-STRETCH-ACK-VIOLATION`: an acknowledgment for every eighth segment.
    StretchAckViolation,
    /// §2.14, `2525-2.14-RETRANSMISSION-SENDS-MULTIPL`: a segment that is sent again takes its
    /// options off twice, so that a small one follows it.
    RetransmissionSendsMultiplePackets,
    /// §2.15, `2525-2.15-FAILURE-TO-SEND-FIN-PROMPTLY`: the FIN waits until all data is acknowledged.
    FailureToSendFinPromptly,
    /// §2.16, `2525-2.16-FAILURE-TO-SEND-RST-AFTER-HA`: data that nobody will read is acknowledged
    /// after a CLOSE of both directions.
    FailureToSendRstAfterHalfDuplexClose,
    /// §2.17, `2525-2.17-FAILURE-TO-RST-ON-CLOSE-WITH`: a FIN, as if what nobody read had been read.
    FailureToRstOnCloseWithDataPending,
    /// §2.18, `2525-2.18-OPTIONS-MISSING-FROM-MSS-CAL`: segments are as long as the MSS and longer by
    /// their options.
    OptionsMissingFromMss,

    /// Sequence numbers compared as plain integers (RFC 9293 §3.4): what lies behind the
    /// wrap seems old.
    PlainComparison,
    /// PAWS compares timestamps as plain integers (RFC 7323 §5.2): the peer's clock may not wrap.
    PawsIgnoresWrap,
    /// SACK blocks by rising number, not the youngest first (RFC 2018 §4).
    SackBlocksByNumber,
    /// An acknowledgment waits for a second (MUST-58).
    DelayedAckTooLong,
    /// A RST counts whatever its number (RFC 5961 §3.2).
    RstAnywhere,
    /// No challenge answers a suspicious segment (RFC 5961 §3.2, §4.2, §5.2).
    NoChallengeAck,
    /// The window offered shrinks to half of the room there is (SHLD-14).
    WindowShrinks,
    /// A FIN is sent once (RFC 9293 §3.8.1): what is sent again lacks it.
    FinSentOnce,
    /// A repeated FIN leaves the timer of TIME-WAIT alone (RFC 9293 §3.10.7.4 step 8).
    TimeWaitNotRestarted,
    /// No TIME-WAIT (MUST-13).
    NoTimeWait,
    /// The urgent pointer points at the last urgent octet (RFC 1122 erratum to RFC 793's other
    /// reading; RFC 6093 §3.1, MUST-62).
    UrgentOffByOne,
    /// A closed window is never probed (MUST-36).
    NoWindowProbe,
    /// The peer's MSS is not looked at (MUST-14, §3.7.1).
    MssIgnored,
    /// An acknowledgment of what was sent twice is taken for a measurement (Karn, MUST-18).
    KarnIgnored,
    /// The window of a SYN is scaled (RFC 7323 §2.2).
    WindowOfSynScaled,
    /// Any segment sets the send window, however old (RFC 9293 §3.10.7.4, SND.WL1 and SND.WL2).
    OldSegmentsSetWindow,
    /// Two duplicates start fast retransmit (RFC 5681 §3.2: three).
    FastRetransmitTooSoon,
    /// Duplicates mean nothing (RFC 5681 §3.2).
    NoFastRetransmit,
    /// The last octet that came before is delivered again with what overlaps it (RFC 9293 §3.10.7.4).
    OverlapDeliveredTwice,
    /// An acknowledgment of what was never sent draws no answer (RFC 9293 §3.10.7.4 step 5).
    AckOfUnsentIgnored,
    /// Every octet of room is offered at once (receiver's silly window syndrome, MUST-39).
    SillyWindow,
}

impl Sabotage {
    /// All of them.
    #[cfg(feature = "sabotage")]
    pub const ALL: [Sabotage; 39] = {
        use Sabotage::*;
        [
            NoInitialSlowStart,
            NoSlowStartAfterRetransmission,
            UninitializedCwnd,
            InconsistentRetransmission,
            FailureToRetainAboveSequenceData,
            ExtraAdditiveConstant,
            InitialRtoTooLow,
            FailureOfWindowDeflation,
            ExcessivelyShortKeepAlive,
            FailureToBackOff,
            InsufficientIntervalBetweenKeepAlives,
            WindowProbeDeadlock,
            StretchAckViolation,
            RetransmissionSendsMultiplePackets,
            FailureToSendFinPromptly,
            FailureToSendRstAfterHalfDuplexClose,
            FailureToRstOnCloseWithDataPending,
            OptionsMissingFromMss,
            PlainComparison,
            PawsIgnoresWrap,
            SackBlocksByNumber,
            DelayedAckTooLong,
            RstAnywhere,
            NoChallengeAck,
            WindowShrinks,
            FinSentOnce,
            TimeWaitNotRestarted,
            NoTimeWait,
            UrgentOffByOne,
            NoWindowProbe,
            MssIgnored,
            KarnIgnored,
            WindowOfSynScaled,
            OldSegmentsSetWindow,
            FastRetransmitTooSoon,
            NoFastRetransmit,
            OverlapDeliveredTwice,
            AckOfUnsentIgnored,
            SillyWindow,
        ]
    };
}

impl Config {
    /// Whether a TCP with these choices has this fault.
    #[cfg(feature = "sabotage")]
    pub(super) fn is_sabotaged(&self, fault: Sabotage) -> bool {
        self.sabotage == Some(fault)
    }

    /// Whether a TCP with these choices has this fault: none has.
    #[cfg(not(feature = "sabotage"))]
    #[expect(clippy::unused_self)] // as with the feature
    pub(super) const fn is_sabotaged(&self, _: Sabotage) -> bool {
        false
    }
}

impl Connection {
    /// Whether this connection has this fault.
    #[inline]
    pub(super) fn is_sabotaged(&self, fault: Sabotage) -> bool {
        self.config.is_sabotaged(fault)
    }
}
