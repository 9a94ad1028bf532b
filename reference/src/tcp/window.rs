//! What window to offer (RFC 9293 §3.8.6, RFC 7323 §2).

use super::{Connection, Sabotage};

impl Connection {
    /// RCV.BUFF less what waits in it.
    pub(super) fn room(&self) -> u32 {
        let largest = 0xffff_usize << self.rcv.wind_shift;
        let buffer = self.config.receive_buffer.min(largest);
        u32::try_from(buffer.saturating_sub(self.receive_buffer.len())).unwrap_or(u32::MAX)
    }

    /// The window field of the next segment.
    ///
    /// The right edge moves only by worthwhile steps: a segment or half the buffer (receiver's
    /// silly-window avoidance, §3.8.6.2.2, MUST-39), and never to the left (SHLD-14).
    pub(super) fn window_field(&mut self, syn: bool) -> u16 {
        let room = self.room();
        if self.is_worth_offering(room) {
            self.rcv.wnd = room;
        }
        if self.is_sabotaged(Sabotage::WindowShrinks) {
            self.rcv.wnd = room / 2;
        }
        // the window of a SYN is never scaled (RFC 7323 §2.2)
        let shift = if syn { 0 } else { self.rcv.wind_shift };
        u16::try_from(self.rcv.wnd >> shift).unwrap_or(u16::MAX)
    }

    fn is_worth_offering(&self, room: u32) -> bool {
        if self.is_sabotaged(Sabotage::SillyWindow) {
            return room > self.rcv.wnd;
        }
        let half = u32::try_from(self.config.receive_buffer / 2).unwrap_or(u32::MAX);
        room.saturating_sub(self.rcv.wnd) >= half.min(u32::from(self.config.mss)).max(1)
    }

    /// RECEIVE has made room: if the peer waits for it, tell it.
    pub(super) fn offer_window_after_receive(&mut self) {
        let waits = self.rcv.wnd < u32::from(self.config.mss).min(self.room());
        if self.state.is_synchronized()
            && !self.state.has_received_fin()
            && waits
            && self.is_worth_offering(self.room())
        {
            self.pending.ack = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Connection, State};
    use crate::seq::Seq;

    /// An established connection with so many octets unread.
    fn connection(receive_buffer: usize, unread: usize) -> Connection {
        let config = Config { receive_buffer, mss: 1000, ..Config::default() };
        let mut connection = Connection::new(config.into(), 1, 2, Seq(0));
        connection.state = State::Established;
        connection.receive_buffer.extend(core::iter::repeat_n(0, unread));
        connection
    }

    #[test]
    fn room_is_what_is_free_and_what_the_field_can_say() {
        assert_eq!(connection(5000, 1200).room(), 3800);
        assert_eq!(connection(5000, 5001).room(), 0, "a buffer that was made smaller");
        let mut large = connection(100_000, 0);
        assert_eq!(large.room(), 65_535);
        large.rcv.wind_shift = 1;
        assert_eq!(large.room(), 100_000);
    }

    #[test]
    fn the_right_edge_moves_by_a_segment_or_half_the_buffer() {
        for (buffer, worth) in [(10_000, 1000), (1200, 600)] {
            let mut connection = connection(buffer, buffer - worth + 1);
            connection.rcv.wnd = 0;
            assert_eq!(connection.window_field(false), 0, "an octet less than is worthwhile");
            connection.receive_buffer.pop_front();
            assert_eq!(usize::from(connection.window_field(false)), worth);
        }
        let mut tiny = connection(1, 0);
        tiny.rcv.wnd = 1;
        assert_eq!(tiny.window_field(false), 1, "half of one is nothing, which is not worth telling");
        let mut shrunk = connection(1000, 900);
        shrunk.rcv.wnd = 500;
        assert_eq!((shrunk.window_field(false), shrunk.rcv.wnd), (500, 500), "never to the left");
    }

    #[test]
    fn only_the_window_of_a_syn_is_not_scaled() {
        let mut connection = connection(200_000, 0);
        connection.rcv.wind_shift = 2;
        assert_eq!(connection.window_field(false), 50_000);
        assert_eq!(connection.window_field(true), u16::MAX);
    }

    #[test]
    fn a_peer_that_waits_is_told_of_a_worthwhile_window() {
        let told = |wnd: u32, unread: usize, state: State| {
            let mut connection = connection(10_000, unread);
            connection.rcv.wnd = wnd;
            connection.state = state;
            connection.offer_window_after_receive();
            connection.pending.ack
        };
        assert!(told(0, 9000, State::Established));
        assert!(!told(0, 9001, State::Established), "not worth it");
        assert!(told(999, 8001, State::FinWait2), "less than a segment is left");
        assert!(!told(1000, 0, State::Established), "a whole segment may still come");
        assert!(!told(0, 0, State::CloseWait), "no more will come");
        assert!(!told(0, 0, State::SynReceived), "nothing can come yet");
        let mut small = connection(500, 0);
        small.rcv.wnd = 250;
        small.offer_window_after_receive();
        assert!(small.pending.ack, "in a buffer less than a segment, half of it is worth telling");
    }
}
