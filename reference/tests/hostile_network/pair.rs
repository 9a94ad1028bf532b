//! The property: two hosts, two applications and a network that loses, doubles, delays and reorders. Both
//! streams arrive whole, both ends finish, and then there is silence.

use std::net::SocketAddr;

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator, ListenerId};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::Packet;

use super::application::{Application, Habits};
use super::link::Link;

/// How often one network may lose. Both sides are more patient than it is hostile.
const MAX_LOSSES: usize = 300;

/// Events after which two hosts that still talk will talk for ever.
const MAX_EVENTS: usize = 60_000;

/// The least time from host to host.
const DELAY: Duration = Duration::from_millis(1);

/// Everything that a run depends on.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) isns: [u32; 2],
    /// Both ends open at once; else the second listens.
    pub(crate) simultaneous: bool,
    pub(crate) configs: [Config; 2],
    pub(crate) habits: [Habits; 2],
    /// What happens to the packets, one after the other; to those that come later, nothing.
    pub(crate) fates: Vec<Fate>,
}

/// What the network does with a packet. Extra delays stay below the maximum segment lifetime.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Deliver,
    Lose,
    /// A copy arrives so much later.
    Double(Duration),
    Delay(Duration),
}

/// A configuration with the patience that a hostile network asks for.
pub(crate) fn patient(config: Config) -> Config {
    let day = Duration::from_hours(24);
    Config {
        r2: day,
        r2_syn: day,
        retries: None,
        syn_retries: None,
        syn_ack_retries: None,
        fin_wait_2_timeout: None,
        user_timeout_option: None,
        ..config
    }
}

struct Pair<'a> {
    now: Instant,
    hosts: [Host; 2],
    listener: Option<ListenerId>,
    connections: [Option<ConnectionId>; 2],
    applications: [Application<'a>; 2],
    link: Link<(usize, Packet)>,
    fates: std::slice::Iter<'a, Fate>,
    losses: usize,
}

/// Runs the plan; panics if a stream is not what was sent, or if an end does not end.
pub(crate) fn run(plan: &Plan) {
    let mut pair = Pair::new(plan);
    let ends = (0..MAX_EVENTS).any(|_| !pair.event());
    for side in 0..2 {
        let (application, peer) = (&pair.applications[side], &pair.applications[1 - side]);
        let (received, sent) = (application.received(), peer.octets());
        assert_eq!(received, sent, "octets received at and sent to side {side}, by {}", pair.now);
        let connection = pair.connections[side].and_then(|id| pair.hosts[side].connection(id));
        let (state, failure) = connection.map_or((State::Closed, None), |tcp| (tcp.state(), tcp.failure()));
        assert_eq!((state, failure), (State::Closed, None), "side {side} at {}", pair.now);
        assert_eq!(pair.hosts[side].poll_timeout(), None, "side {side} has a timer after the end");
    }
    assert!(ends, "still talking at {}", pair.now);
}

impl<'a> Pair<'a> {
    fn new(plan: &'a Plan) -> Pair<'a> {
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
        let host = |side: usize| {
            let mut generator = IsnGenerator::new(1);
            generator.plan([Seq(plan.isns[side])]);
            Host::new(vec![addresses[side]], 1500, generator)
        };
        let mut hosts = [host(0), host(1)];
        let [first, second] = [SocketAddr::new(addresses[0], 81), SocketAddr::new(addresses[1], 80)];
        let [one, other] = plan.configs.clone().map(patient);
        let client = hosts[0].connect(Instant::ZERO, Some(first), second, one).expect("a free port");
        let (listener, server) = if plan.simultaneous {
            (None, Some(hosts[1].connect(Instant::ZERO, Some(second), first, other).expect("a free port")))
        } else {
            (Some(hosts[1].listen(second, 1, other).expect("a free port")), None)
        };
        let applications = [0, 1].map(|side| Application::new(&plan.habits[side], &plan.habits[1 - side]));
        Pair {
            now: Instant::ZERO,
            hosts,
            listener,
            connections: [Some(client), server],
            applications,
            link: Link::new(),
            fates: plan.fates.iter(),
            losses: 0,
        }
    }

    /// Both applications act, everything that is due is sent, then one packet arrives or time passes to the
    /// next timer. `false`: nothing is left to happen.
    fn event(&mut self) -> bool {
        let mut progress = false;
        for side in 0..2 {
            progress |= self.application_acts(side);
            while let Some(packet) = self.hosts[side].poll_transmit(self.now) {
                self.transmit(1 - side, packet);
            }
        }
        if progress {
            return true;
        }
        let connected = self.applications.iter().zip(&self.connections).filter(|(_, id)| id.is_some());
        let wakes = connected.filter_map(|(application, _)| application.wakes());
        let timeouts = self.hosts.iter().filter_map(Host::poll_timeout);
        let Some(at) = timeouts.chain(wakes).chain(self.link.next_arrival()).min() else { return false };
        self.now = self.now.max(at);
        if let Some((to, packet)) = self.link.receive(self.now) {
            self.hosts[to].handle_packet(self.now, &packet);
        } else {
            self.hosts.iter_mut().for_each(|host| host.handle_timeout(self.now));
        }
        true
    }

    fn application_acts(&mut self, side: usize) -> bool {
        if self.connections[side].is_none() {
            let accepted = self.listener.and_then(|listener| self.hosts[side].accept(listener));
            self.connections[side] = accepted.map(|(id, _)| id);
        }
        let Some(id) = self.connections[side] else { return false };
        let (host, application) = (&mut self.hosts[side], &mut self.applications[side]);
        let acted = host.call(id, |tcp: &mut Connection| Ok(application.act(self.now, tcp))).unwrap_or(false);
        if application.has_left() {
            host.release(id); // the host may forget it when it is closed
        }
        acted
    }

    fn transmit(&mut self, to: usize, packet: Packet) {
        let at = self.now + DELAY;
        match self.fates.next().unwrap_or(&Fate::Deliver) {
            Fate::Lose if self.losses < MAX_LOSSES => self.losses += 1,
            Fate::Lose | Fate::Deliver => self.link.send(at, (to, packet)),
            Fate::Double(later) => {
                self.link.send(at, (to, packet.clone()));
                self.link.send(at + *later, (to, packet));
            }
            Fate::Delay(by) => self.link.send(at + *by, (to, packet)),
        }
    }
}
