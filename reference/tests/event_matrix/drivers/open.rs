//! OPEN (RFC 9293 §3.10.1).

use std::net::SocketAddr;

use super::{Driver, alone, both, host};
use crate::bench::{Asserted, Bench, LOCAL, Outcome, PEER, Want, ensure};
use crate::case::Case;
use wirelaw_reference::host::OpenError;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{CallError, Config, Connection, State};
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::Flags;

pub const DRIVERS: &[Driver] = &[
    alone("OPEN", "CLOSED", "passive; local socket permitted", passive),
    alone("OPEN", "CLOSED", "active; remote socket specified", active),
    host("OPEN", "CLOSED LISTEN", "active; remote socket unspecified", remote_unspecified),
    host("OPEN", "CLOSED LISTEN", "remote address broadcast/multicast/invalid (MUST-46)", invalid_remote),
    host("OPEN", "LISTEN", "active; remote address broadcast/multicast/invalid (MUST-46)", invalid_remote),
    alone("OPEN", "LISTEN", "active; remote socket specified", passive_to_active),
    host("OPEN", "LISTEN", "passive OPEN for the same record (MUST-41)", passive_again),
    both("OPEN", "*", "any", exists_already),
];

fn passive(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let tcp = Connection::open_passive(Config::default(), LOCAL.port(), case.iss);
    ensure!(tcp.poll_timeout().is_none(), "nothing to wait for");
    bench.subject = crate::bench::Subject::Alone(Box::new(tcp));
    bench.ends(case, &[])
}

fn active(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let tcp = Connection::open_active(Instant::ZERO, Config::default(), LOCAL.port(), PEER.port(), case.iss);
    bench.subject = crate::bench::Subject::Alone(Box::new(tcp));
    let outcome = bench.ends(case, &[Want::new(Flags::SYN, case.iss)])?;
    let snd = bench.tcp().snd();
    ensure!(snd.una == case.iss && snd.nxt == case.iss + 1, "SND.UNA {}, SND.NXT {}", snd.una, snd.nxt);
    Ok(outcome)
}

/// Every one of these remote addresses must be refused with this error, and nothing else change.
fn refused(case: &Case<'_>, remotes: &[&str]) -> Outcome {
    let mut bench = Bench::new(case);
    for remote in remotes {
        let remote: SocketAddr = remote.parse().expect("an address with a port");
        let now = bench.now;
        for local in [None, Some(LOCAL)] {
            let result = bench.subject.host().host.connect(now, local, remote, Config::default());
            ensure!(result == Err(OpenError::InvalidRemote), "{remote}: {result:?}");
        }
    }
    bench.ends(case, &[])
}

fn remote_unspecified(case: &Case<'_>) -> Outcome {
    refused(case, &["0.0.0.0:80", "[::]:80", "192.0.2.2:0"])
}

fn invalid_remote(case: &Case<'_>) -> Outcome {
    refused(case, &["255.255.255.255:80", "224.0.0.1:80", "239.255.255.255:80", "[ff02::1]:80", "0.0.0.0:80"])
}

fn passive_to_active(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let now = bench.now;
    ensure!(bench.call(|tcp| tcp.open(now, 0)) == Err(CallError::RemoteUnspecified), "no remote socket");
    ensure!(bench.call(|tcp| tcp.open(now, PEER.port())) == Ok(()), "LISTEN allows it");
    let outcome = bench.ends(case, &[Want::new(Flags::SYN, case.iss)])?;
    let snd = bench.tcp().snd();
    ensure!(snd.una == case.iss && snd.nxt == case.iss + 1, "SND.UNA {}, SND.NXT {}", snd.una, snd.nxt);
    // no longer passive: a reset ends it and does not lead back to LISTEN
    let synack = bench.peer(Flags::RST | Flags::ACK);
    bench.arrives(&wirelaw_reference::wire::Segment { ack: case.iss + 1, ..synack });
    ensure!(bench.state() == State::Closed, "refused, it is in {}", bench.state());
    Ok(outcome)
}

fn passive_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let any = SocketAddr::new([0, 0, 0, 0].into(), LOCAL.port());
    for local in [LOCAL, any] {
        let result = bench.subject.host().host.listen(local, 1, Config::default());
        ensure!(result == Err(OpenError::AddressInUse), "{local}: {result:?}");
    }
    let outcome = bench.ends(case, &[])?;
    // the one that was there still takes a SYN
    bench.arrives(&wirelaw_reference::wire::Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
    bench.keeps_silent_but_for(&[Want::new(Flags::SYN, case.iss).ack(case.irs + 1)])?;
    Ok(outcome)
}

/// The 4-tuple is taken, and the connection itself refuses as well.
fn exists_already(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let now = bench.now;
    let before: (Seq, Seq) = (bench.tcp().snd().una, bench.tcp().snd().nxt);
    if case.on_host {
        let result = bench.subject.host().host.connect(now, Some(LOCAL), PEER, Config::default());
        ensure!(result == Err(OpenError::AddressInUse), "{result:?}");
    }
    let result = bench.call(|tcp| tcp.open(now, PEER.port()));
    ensure!(result == Err(CallError::ConnectionAlreadyExists), "{result:?}");
    let outcome: Asserted = bench.ends(case, &[])?;
    ensure!(before == (bench.tcp().snd().una, bench.tcp().snd().nxt), "its numbers changed");
    Ok(outcome)
}
