//! The variables of a connection under their RFC names (RFC 9293 §3.3.1).

use crate::seq::Seq;

/// Send sequence variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Snd {
    /// ISS: initial send sequence number.
    pub iss: Seq,
    /// SND.UNA: oldest number not acknowledged.
    pub una: Seq,
    /// SND.NXT: next number to send; never goes back.
    pub nxt: Seq,
    /// SND.WND: send window in octets, scaled.
    pub wnd: u32,
    /// MAX.SND.WND: the largest window the peer has offered (RFC 5961 §5.2, RFC 9293 §3.8.6.2.1).
    pub max_wnd: u32,
    /// SND.UP: the octet after the last urgent one.
    pub up: Seq,
    /// SND.WL1: sequence number of the segment that last set the window.
    pub wl1: Seq,
    /// SND.WL2: acknowledgment number of that segment.
    pub wl2: Seq,
    /// Eff.snd.MSS: the most data one segment may carry, in octets (§3.7.1).
    pub mss: u16,
    /// Snd.Wind.Shift (RFC 7323 §2.2).
    pub wind_shift: u8,
}

impl Snd {
    /// Octets of sequence space sent and not acknowledged.
    pub fn in_flight(&self) -> u32 {
        self.nxt - self.una
    }
}

/// Receive sequence variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rcv {
    /// IRS: initial receive sequence number.
    pub irs: Seq,
    /// RCV.NXT: next number expected.
    pub nxt: Seq,
    /// RCV.WND: the window last offered, less what has arrived since, in octets. Its right edge
    /// `nxt + wnd` never moves left (§3.8.6, SHLD-14).
    pub wnd: u32,
    /// RCV.UP: the octet after the peer's last urgent one.
    pub up: Seq,
    /// Rcv.Wind.Shift (RFC 7323 §2.2).
    pub wind_shift: u8,
}

impl Rcv {
    /// Whether a segment of `len` octets of sequence space at `seq` is acceptable (§3.10.7.4 table 6).
    pub fn is_acceptable(&self, seq: Seq, len: u32) -> bool {
        match (len, self.wnd) {
            (0, 0) => seq == self.nxt,
            (0, wnd) => seq.is_in_window(self.nxt, wnd),
            (_, 0) => false,
            (len, wnd) => seq.is_in_window(self.nxt, wnd) || (seq + (len - 1)).is_in_window(self.nxt, wnd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rcv, Seq, Snd};

    /// RFC 9293 §3.10.7.4 table 6, at windows that cross zero and half the space.
    #[test]
    fn acceptability_at_the_edges() {
        for base in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff] {
            let nxt = Seq(base);
            let open = Rcv { nxt, wnd: 100, ..Rcv::default() };
            let shut = Rcv { nxt, wnd: 0, ..Rcv::default() };
            for (seq, len, when_open, when_shut) in [
                (nxt, 0, true, true),
                (nxt.back(1), 0, false, false),
                (nxt + 99, 0, true, false),
                (nxt + 100, 0, false, false),
                (nxt, 1, true, false),
                (nxt.back(1), 1, false, false),
                (nxt.back(1), 2, true, false),
                (nxt + 99, 50, true, false),
                (nxt + 100, 50, false, false),
            ] {
                assert_eq!(open.is_acceptable(seq, len), when_open, "{seq}+{len} with nxt {nxt} wnd 100");
                assert_eq!(shut.is_acceptable(seq, len), when_shut, "{seq}+{len} with nxt {nxt} wnd 0");
            }
        }
    }

    #[test]
    fn in_flight_is_what_was_sent_and_not_acknowledged() {
        for (una, nxt, octets) in [(7, 7, 0), (7, 9, 2), (0xffff_fffe, 3, 5)] {
            assert_eq!(Snd { una: Seq(una), nxt: Seq(nxt), ..Snd::default() }.in_flight(), octets);
        }
    }
}
