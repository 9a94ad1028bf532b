//! Fast Open: data on the SYN, for whoever shows a cookie (RFC 7413). Cookies are the business of the
//! [`Host`](crate::host::Host), which makes and keeps them; here is what they allow.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::octets::append_range;
use super::{Connection, State};
use crate::seq::Seq;
use crate::time::Instant;
use crate::wire::{MAX_OPTIONS, Segment, TcpOption};

/// The choices of Fast Open; all off by default (RFC 7413 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FastOpen {
    /// Ask servers for cookies, and send data on the SYN to those that gave one.
    pub client: bool,
    /// Serve: so many connections of a listener may have got data and wait for the handshake to
    /// complete (PendingFastOpenRequests, §4.2); 0 is off.
    pub pending: u32,
    /// As a client, ask with the experimental option (§4.1.1). A server answers as it was asked.
    pub experimental: bool,
}

/// With what a client sends its SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastOpenRequest {
    /// The server's cookie; empty to ask for one.
    pub cookie: Vec<u8>,
    /// In the experimental option.
    pub experimental: bool,
    /// The MSS that the server told before, in octets (§4.1.3).
    pub mss: u16,
}

/// With what a server answers a SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastOpenGrant {
    /// The cookie to give to the client, if it has none or a wrong one.
    pub cookie: Option<Vec<u8>>,
    /// In the experimental option.
    pub experimental: bool,
    /// The cookie was right: data on the SYN is delivered, and data may be sent before the handshake
    /// is complete (§4.2.2).
    pub accepts: bool,
}

/// What a client has learnt about Fast Open with its server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FastOpenOutcome {
    /// A cookie, and whether it came in the experimental option.
    pub cookie: Option<(Vec<u8>, bool)>,
    /// The MSS that the server told, in octets.
    pub mss: u16,
    /// Data on the SYN, or the option, did no good: it should not be tried again for a while
    /// (§4.1.3.1).
    pub refused: bool,
}

/// Fast Open of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Handshake {
    /// For the first SYN or SYN,ACK; one that is sent again has none (§4.2.1, §4.2.2).
    option: Option<TcpOption>,
    /// The SYN carries data.
    carries: bool,
    /// The peer's SYN carried a valid cookie.
    accepts: bool,
    outcome: Option<FastOpenOutcome>,
}

/// The cookie of the first such option, and whether that was the experimental one. Cookies of wrong
/// length are none (§4.1.1).
pub fn fast_open_cookie(options: &[TcpOption]) -> Option<(&[u8], bool)> {
    options.iter().find_map(|option| match option {
        TcpOption::FastOpen(cookie) => Some((cookie.as_slice(), false)),
        TcpOption::FastOpenExperimental(cookie) => Some((cookie.as_slice(), true)),
        _ => None,
    })
}

fn option(cookie: Vec<u8>, experimental: bool) -> TcpOption {
    if experimental { TcpOption::FastOpenExperimental(cookie) } else { TcpOption::FastOpen(cookie) }
}

impl Connection {
    /// The SYN, which has not been sent, asks for a cookie or shows one and carries what SEND has
    /// queued by then.
    pub fn request_fast_open(&mut self, request: FastOpenRequest) {
        self.snd.mss = request.mss.clamp(1, self.config.mss.max(1));
        let carries = !request.cookie.is_empty();
        let option = Some(option(request.cookie, request.experimental));
        self.fast_open = Some(Box::new(Handshake { option, carries, ..Handshake::default() }));
    }

    /// The SYN that will arrive in LISTEN next is to be answered so.
    pub fn grant_fast_open(&mut self, grant: FastOpenGrant) {
        let option = grant.cookie.map(|cookie| option(cookie, grant.experimental));
        self.fast_open = Some(Box::new(Handshake { option, accepts: grant.accepts, ..Handshake::default() }));
    }

    /// Whether the peer's SYN carried a valid cookie, so that its data counts at once (§4.2.2).
    pub(super) fn accepts_fast_open(&self) -> bool {
        self.fast_open.as_ref().is_some_and(|handshake| handshake.accepts)
    }

    /// Whether an application may have the connection: it is established or further, or opened fast.
    pub fn is_usable(&self) -> bool {
        self.state.is_synchronized() || self.state == State::SynReceived && self.accepts_fast_open()
    }

    /// Whether SYN-RECEIVED falls back to LISTEN (MUST-11): not if somebody may have it already.
    pub(super) fn falls_back_to_listen(&self) -> bool {
        self.state == State::SynReceived && self.passive && !self.accepts_fast_open()
    }

    /// What Fast Open adds to the first SYN or SYN,ACK.
    pub(super) fn ride_on_syn(&mut self, now: Instant, segment: &mut Segment) {
        let Some(handshake) = &mut self.fast_open else { return };
        let Some(option) = handshake.option.take() else { return };
        if segment.options_len() + option.encoded_len() > MAX_OPTIONS {
            return; // without its cookie, the data has no place on the SYN either
        }
        let padding = option.encoded_len().wrapping_neg() % 4;
        segment.options.push(option);
        let room = MAX_OPTIONS.saturating_sub(segment.options_len());
        segment.options.extend(core::iter::repeat_n(TcpOption::NoOperation, padding.min(room)));
        if self.state != State::SynSent || !handshake.carries {
            return;
        }
        let room = usize::from(self.snd.mss).saturating_sub(segment.options_len().next_multiple_of(4));
        let len = self.send_buffer.len().min(room);
        if len > 0 {
            append_range(&self.send_buffer, 0..len, &mut segment.payload);
            self.sent.push(self.snd.nxt, len as u32, false, now);
            self.snd.nxt += len as u32;
        }
    }

    /// The SYN was in vain, by a timeout or by an error: without Fast Open it might not have been
    /// (§4.1.3.1).
    pub(super) fn fast_open_failed(&mut self) {
        if self.state == State::SynSent
            && let Some(handshake) = &mut self.fast_open
        {
            handshake.outcome.get_or_insert_default().refused = true;
        }
    }

    /// A SYN,ACK that acknowledges up to `ack` answers our SYN. Data that it does not acknowledge is
    /// sent again at once (§4.2.2).
    pub(super) fn learn_from_syn_ack(&mut self, ack: Seq, mss: u16, options: &[TcpOption]) {
        let Some(handshake) = &mut self.fast_open else { return };
        let cookie = fast_open_cookie(options).filter(|(cookie, _)| !cookie.is_empty());
        let carried = self.snd.nxt != self.snd.iss + 1;
        let rejected = carried && ack == self.snd.iss + 1;
        let outcome = handshake.outcome.get_or_insert_default();
        outcome.refused |= rejected && cookie.is_none();
        outcome.cookie = cookie.map(|(cookie, experimental)| (cookie.to_vec(), experimental));
        outcome.mss = mss;
        self.counters.data_on_syn = ack.is_after(self.snd.iss + 1);
        if carried && ack.is_before(self.snd.nxt) {
            self.sent.lose_all();
        }
    }

    /// What the host should remember of the server, once.
    pub fn take_fast_open_outcome(&mut self) -> Option<FastOpenOutcome> {
        self.fast_open.as_mut()?.outcome.take()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{Connection, FastOpenRequest, Instant, MAX_OPTIONS, Seq, TcpOption};
    use crate::tcp::Config;
    use crate::wire::{Flags, Segment};

    const COOKIE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    /// A client that has queued five octets for its SYN.
    fn client(cookie: Vec<u8>) -> Connection {
        let mut tcp = Connection::open_active(Instant::ZERO, Config::default(), 1, 2, Seq(0));
        tcp.request_fast_open(FastOpenRequest { cookie, experimental: false, mss: 1000 });
        tcp.send(b"hello", false).unwrap();
        tcp
    }

    /// The header has 40 octets for options: MSS, SACK-permitted, timestamps and window scale take 20.
    #[test]
    fn a_cookie_rides_if_it_just_fits() {
        for (len, rides) in [(16, true), (18, true), (19, false), (20, false)] {
            let syn = client(vec![7; len]).poll_transmit(Instant::ZERO).unwrap();
            let cookies = syn.options.iter().filter(|option| matches!(option, TcpOption::FastOpen(_))).count();
            assert_eq!((cookies, syn.payload.len()), if rides { (1, 5) } else { (0, 0) }, "{len}");
            assert!(syn.options_len() <= MAX_OPTIONS);
        }
    }

    /// RFC 7413 §4.1.3.1, §4.2.2: refused is who has neither taken the data nor given another cookie.
    #[test]
    fn a_new_cookie_or_taken_data_is_no_refusal() {
        for (ack, new, refused) in [(1, false, true), (1, true, false), (6, false, false), (6, true, false)] {
            let mut tcp = client(COOKIE.to_vec());
            assert!(tcp.poll_transmit(Instant::ZERO).is_some());
            let options = if new { vec![TcpOption::FastOpen(vec![9; 8])] } else { Vec::new() };
            let flags = Flags::SYN | Flags::ACK;
            let answer = Segment {
                source_port: 2,
                destination_port: 1,
                ack: Seq(ack),
                flags,
                window: 1000,
                options,
                ..Segment::default()
            };
            tcp.handle_segment(Instant::ZERO, &answer);
            let outcome = tcp.take_fast_open_outcome().unwrap();
            assert_eq!((outcome.refused, outcome.cookie.is_some()), (refused, new), "acknowledged {ack}");
            assert_eq!(tcp.counters().data_on_syn, ack == 6);
        }
    }
}
