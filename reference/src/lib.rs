//! An executable RFC 9293: a TCP without clock, I/O or randomness that says which clause every
//! decision follows. Read it beside the RFC; every page names the sections that it holds.
//!
//! # A tour
//!
//! 1. **Numbers** (§3.4). Sequence numbers live on a circle, where nothing is larger than anything:
//!    [`seq`] is the only place that wraps. Every question that the RFC asks of two numbers has a name there.
//! 2. **Segments** (§3.1, §3.2). [`wire`] turns octets into values and back and decides nothing;
//!    [`tcp::syn_options`] is what a SYN offers.
//! 3. **States** (§3.3). [`tcp::state`] is one table of all transitions, [`tcp::tcb`] the variables
//!    under their names: SND.UNA, RCV.NXT, …, with the test whether a segment is acceptable.
//! 4. **A user calls** (§3.10.1-6). [`tcp::calls`]: OPEN, SEND, RECEIVE, CLOSE, ABORT; [`tcp::info`] is STATUS.
//! 5. **A segment arrives** (§3.10.7). [`tcp::arrives`] for CLOSED, LISTEN and SYN-SENT,
//!    [`tcp::arrives::steps`] for all other states: eight checks in their order, one function each. What became
//!    of the segment, and by which [`clause`], is a [`tcp::Disposition`].
//! 6. **Text comes in.** [`tcp::reassembly`] holds what is out of order, [`tcp::window`] says how much more may
//!    come (§3.8.6.2.2), [`tcp::delayed_ack`] when to say so (§3.8.6.3).
//! 7. **Text goes out.** [`tcp::output`]: windows, Nagle, silly windows, probes, PSH and URG (§3.7.4, §3.8.5, §3.8.6).
//! 8. **A timer expires** (§3.10.8). [`tcp::timeouts`] does what is due, [`tcp::timers`] is the table of what runs,
//!    [`tcp::rto`] says how long (RFC 6298).
//! 9. **Something is lost.** [`tcp::sent`] is what is in flight. It counts as lost by duplicates
//!    ([`tcp::recovery`]: RFC 5681, 6582, 3042), by selective acknowledgments ([`tcp::sack`]: RFC 2018, 2883, 6675),
//!    by time ([`tcp::rack`], [`tcp::tail_loss`]: RFC 8985), or by mistake ([`tcp::f_rto`]: RFC 5682).
//! 10. **The network is full.** [`tcp::congestion`] (RFC 5681, 6928), [`tcp::cubic`] (RFC 8312) and, where routers tell of it,
//!     [`tcp::ecn`] (RFC 3168).
//! 11. **Old duplicates and strangers.** [`tcp::timestamps`] (RFC 7323), [`tcp::challenge`] (RFC 5961 §7),
//!     [`tcp::icmp`] and [`tcp::path_mtu`] (RFC 5927, 1191, 8201).
//! 12. **By agreement.** [`tcp::fast_open`] (RFC 7413), [`tcp::user_timeout`] (RFC 5482).
//! 13. **Many connections** (§3.9). [`host`]: addresses, listening sockets, 4-tuples; [`host::isn`] chooses first
//!     numbers (RFC 6528), [`host::demux`] finds the connection, [`host::cookies`] the cookies of Fast Open.
//! 14. **What may differ.** [`tcp::config`] has every choice that the RFCs leave open, [`tcp::habits`] gives them
//!     names, and the families `linux` and `freebsd`.
//!
//! 15. **HTTP/1.x** (RFC 9112, RFC 9110). [`http`] reads messages; it has a tour of its own.
//!
//! [`time`] is nanoseconds since a scenario began: whoever drives a connection says what time it is.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod clause;
pub mod host;
pub mod http;
pub mod seq;
pub mod tcp;
pub mod time;
pub mod wire;
