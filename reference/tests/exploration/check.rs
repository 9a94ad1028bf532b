//! The laws that hold in every state and for every step.

use wirelaw_reference::tcp::{Event, State};
use wirelaw_reference::wire::{Flags, Segment};

use super::model::{Action, End, octet};

/// Whether the table of transitions allows what `action` made of a state.
pub(crate) fn transition(action: Action, before: State, after: State) -> Result<(), String> {
    let events: &[Event] = match action {
        // nothing is aborted here, and nobody gives up: what else could come is a fault
        Action::Deliver(_) => {
            &[Event::Syn, Event::SynAck, Event::AckOfSyn, Event::AckOfFin, Event::Fin, Event::Rst, Event::Close]
        }
        Action::Timeout | Action::Patience => &[Event::TimeWaitTimeout],
        Action::Close(_) => &[Event::Close],
        Action::Lose(_) | Action::Duplicate(_) | Action::Write(_) | Action::Read(_) => &[],
    };
    // one segment can acknowledge our SYN, let a deferred CLOSE happen, and carry the peer's FIN
    let mut reached = vec![before];
    for _ in 0..3 {
        for state in reached.clone() {
            reached.extend(events.iter().filter_map(|event| state.next(*event)));
        }
    }
    if reached.contains(&after) {
        return Ok(());
    }
    Err(format!("from {before} to {after} by {action:?}: not in the table"))
}

/// Variables that stand in no possible order, or a buffer that holds more than it can.
pub(crate) fn variables(end: &End) -> Result<(), String> {
    let snd = end.tcp.snd();
    if snd.una.is_after(snd.nxt) {
        return Err(format!("SND.UNA {} beyond SND.NXT {}", snd.una, snd.nxt));
    }
    let (held, room) = (end.tcp.readable(), end.tcp.config().receive_buffer);
    if held > room {
        return Err(format!("{held} octets in a receive buffer of {room}"));
    }
    Ok(())
}

/// A segment says what its sender has written, and no more than the receiver has offered to take.
pub(crate) fn segment(segment: &Segment, sender: &End, receiver: &End) -> Result<(), String> {
    if segment.flags.intersects(Flags::SYN | Flags::RST) {
        return Ok(());
    }
    let first = sender.tcp.snd().iss + 1;
    for (at, found) in (0..).zip(&segment.payload) {
        let at = (segment.seq + at) - first;
        if at as usize >= sender.written || *found != octet(at as usize) {
            return Err(format!("octet {at} on the wire is {found}, of {} written", sender.written));
        }
    }
    if segment.flags.contains(Flags::FIN) && (segment.end() - first) as usize != sender.written + 1 {
        return Err(format!("a FIN at {}, of {} written", segment.end(), sender.written));
    }
    if segment.is_empty() || !receiver.tcp.state().is_synchronized() {
        return Ok(());
    }
    let edge = receiver.tcp.rcv().nxt + receiver.tcp.rcv().wnd;
    let is_probe = segment.len() == 1 && segment.seq.is_at_or_before(edge);
    if segment.end().is_after(edge) && !is_probe && !receiver.tcp.state().has_received_fin() {
        return Err(format!("text up to {} into a window that ends at {edge}", segment.end()));
    }
    Ok(())
}
