//! Two hosts over a hostile network, in virtual time.

mod application;
mod configs;
mod link;
mod pair;
mod throughput;

use application::{Act, Close, Habits};
use pair::{Fate, Plan, run};
use proptest::prelude::*;
use wirelaw_reference::tcp::Config;
use wirelaw_reference::time::Duration;

/// Initial sequence numbers: mostly such that the stream crosses zero or half of the space.
fn isn() -> impl Strategy<Value = u32> {
    prop_oneof![
        2 => (0u32..3000).prop_map(|below| u32::MAX - below),
        2 => (0u32..3000).prop_map(|below| (1 << 31) - below),
        1 => any::<u32>(),
    ]
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn config() -> impl Strategy<Value = Config> {
    let size = || prop_oneof![1usize..8, 1usize..3000, Just(65_535), Just(200_000)];
    let mss = prop_oneof![1u16..5, 1u16..=1460, Just(1460)];
    (prop::sample::select(configs::named()), size(), size(), mss).prop_map(|((_, config), send, receive, mss)| Config {
        send_buffer: send,
        receive_buffer: receive,
        mss,
        ..config
    })
}

fn habits() -> impl Strategy<Value = Habits> {
    let size = || prop_oneof![0usize..10, 0usize..2000];
    let act = (size(), size(), millis(0..20_000)).prop_map(|(write, read, pause)| Act { write, read, pause });
    let close =
        prop_oneof![Just(Close::Written), size().prop_map(Close::Read), Just(Close::PeerClosed), Just(Close::Leave)];
    let steady = || size().prop_map(|size| size + 1);
    (size(), prop::collection::vec(act, 0..8), steady(), steady(), close)
        .prop_map(|(octets, acts, write, read, close)| Habits { octets, acts, write, read, close })
}

fn fate() -> impl Strategy<Value = Fate> {
    let delay = || prop_oneof![3 => millis(0..300), 1 => millis(0..30_000)];
    prop_oneof![
        4 => Just(Fate::Deliver),
        3 => Just(Fate::Lose),
        2 => delay().prop_map(Fate::Double),
        3 => delay().prop_map(Fate::Delay),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let fates = prop_oneof![prop::collection::vec(fate(), 0..20), prop::collection::vec(fate(), 0..400)];
    ([isn(), isn()], any::<bool>(), [config(), config()], [habits(), habits()], fates)
        .prop_map(|(isns, simultaneous, configs, habits, fates)| Plan { isns, simultaneous, configs, habits, fates })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn both_streams_arrive_and_both_ends_finish(plan in plan()) {
        run(&plan);
    }
}
