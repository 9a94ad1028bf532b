//! Order, deadlines, and engines that misbehave.

use super::fake::{Kit, read};
use crate::stack::{Stack, StackError};
use crate::trace::{Instant, Response, Stimulus};

#[test]
fn nothing_leaves_before_its_time() {
    let mut kit = Kit::new();
    let (one, two) = (Instant::from_millis(1), Instant::from_millis(2));
    kit.later(two, |world| world.packets.push_back(vec![2]));
    kit.later(one, |world| world.packets.push_back(vec![1]));
    assert_eq!(kit.drain(Instant::from_micros(999)), []);
    assert_eq!(kit.drain(one), [(one, Response::Packet(vec![1]))]);
    assert_eq!(kit.drain(Instant::MAX), [(two, Response::Packet(vec![2]))]);
}

#[test]
fn what_was_due_before_a_stimulus_happens_before_it() {
    let mut kit = Kit::new();
    let (one, two) = (Instant::from_millis(1), Instant::from_millis(2));
    kit.later(one, |world| world.packets.push_back(vec![1]));
    kit.sockets.stimulate(two, &Stimulus::Packet(vec![2])).expect("works");
    assert_eq!(kit.drain(two), [(one, Response::Packet(vec![1])), (two, Response::Packet(vec![2]))]);
}

#[test]
fn an_engine_that_never_rests_is_broken() {
    let mut kit = Kit::new();
    kit.world(|world| world.is_restless = true);
    assert!(matches!(kit.sockets.advance(Instant::MAX), Err(StackError::Broken(_))));
    assert!(matches!(kit.sockets.stimulate(Instant::MAX, &Stimulus::Packet(Vec::new())), Err(StackError::Broken(_))));
}

#[test]
fn an_engine_that_says_it_is_broken_is_believed() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let broken = StackError::Broken("burnt".to_string());
    kit.world(|world| world.broken = Some(broken.clone()));
    assert_eq!(kit.start(read(fd, 1, 0)), Err(broken.clone()));
    assert_eq!(kit.sockets.advance(Instant::MAX), Err(broken));
}
