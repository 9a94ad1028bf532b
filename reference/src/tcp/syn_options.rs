//! The options of our SYN and SYN,ACK (RFC 9293 §3.7.1, RFC 7323 §2-3, RFC 2018 §2).

use super::config::OptionOrder;
use super::{Connection, State};
use crate::time::Instant;
use crate::wire::{Segment, TcpOption};

impl Connection {
    /// MSS (MUST-14), and what else is offered, or has been offered by the peer and is taken.
    pub(super) fn offer_options(&self, now: Instant, segment: &mut Segment) {
        let first = self.state == State::SynSent;
        let sack = if first { self.config.sack } else { self.sack_permitted };
        let timestamps = if first { self.config.timestamps } else { self.timestamps.ok };
        let scale = self.config.window_scale.then(|| TcpOption::WindowScale(self.config.wind_shift()));
        let stamp = timestamps.then(|| TcpOption::Timestamps {
            val: self.timestamp(now),
            ecr: if first { 0 } else { self.timestamps.recent },
        });
        let options = &mut segment.options;
        options.push(TcpOption::Mss(self.config.mss));
        match self.config.syn_options {
            OptionOrder::Linux => {
                match (sack, stamp.is_some()) {
                    (true, true) => options.push(TcpOption::SackPermitted),
                    (false, true) => options.extend([TcpOption::NoOperation, TcpOption::NoOperation]),
                    (true, false) => {
                        options.extend([TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::SackPermitted]);
                    }
                    (false, false) => {}
                }
                options.extend(stamp);
                options.extend(scale.into_iter().flat_map(|scale| [TcpOption::NoOperation, scale]));
            }
            OptionOrder::FreeBsd => {
                options.extend(scale.into_iter().flat_map(|scale| [TcpOption::NoOperation, scale]));
                if sack {
                    options.push(TcpOption::SackPermitted);
                }
                match stamp {
                    Some(stamp) if sack => options.push(stamp),
                    Some(stamp) => options.extend([TcpOption::NoOperation, TcpOption::NoOperation, stamp]),
                    None if sack => options.extend([TcpOption::EndOfList, TcpOption::EndOfList]),
                    None => {}
                }
            }
        }
    }
}
