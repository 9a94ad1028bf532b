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
