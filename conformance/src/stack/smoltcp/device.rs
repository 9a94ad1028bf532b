//! The link between smoltcp and the runner: two queues.

use std::collections::VecDeque;

use ::smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use ::smoltcp::time::Instant;

/// A point-to-point link for IP packets.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// On the way to the stack.
    pub(super) inward: VecDeque<Vec<u8>>,
    /// On the way to the peer.
    pub(super) outward: VecDeque<Vec<u8>>,
    /// The largest packet in octets.
    pub(super) mtu: u16,
}

/// A packet that has arrived.
pub(super) struct Arrived(Vec<u8>);

/// The right to send one packet.
pub(super) struct Leaving<'a>(&'a mut VecDeque<Vec<u8>>);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Arrived, Leaving<'_>)> {
        let packet = self.inward.pop_front()?;
        Some((Arrived(packet), Leaving(&mut self.outward)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(&mut self.outward))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu.into();
        capabilities
    }
}
