//! The judges of proxies and of clients against tiny peers, right and wrong, on loopback.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wirelaw::http::cases::{self, Case};
use wirelaw::http::client::{self, Client, Command, Peer};
use wirelaw::http::play::Bounds;
use wirelaw::http::proxy::{self, Back, Lane, Proxy};
use wirelaw::http::script::Role;
use wirelaw::http::wire::{Address, Endpoint};
use wirelaw::report::{Outcome, Verdict};
use wirelaw::suite::Home;

fn cases(role: Role, only: &[&str]) -> Vec<Case> {
    let home = Home::find().expect("the tests run in a checkout");
    let only: Vec<String> = only.iter().map(|&word| word.to_owned()).collect();
    cases::find(&home.scripts(), role, &only).expect("there are cases")
}

fn verdicts(outcomes: &[Outcome]) -> BTreeMap<&str, Verdict> {
    let name = |outcome: &'_ Outcome| outcome.scenario.len() - outcome.scenario.rsplit('/').next().map_or(0, str::len);
    outcomes.iter().map(|outcome| (&outcome.scenario[name(outcome)..], outcome.verdict)).collect()
}

fn bounds() -> Bounds {
    Bounds { patience: Duration::from_millis(700), ..Bounds::default() }
}

/// Hands octets on as they are, both ways: a proxy in name only.
fn relay(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for front in listener.incoming().flatten() {
            let Ok(back) = TcpStream::connect(to) else { continue };
            let (Ok(front_too), Ok(back_too)) = (front.try_clone(), back.try_clone()) else { continue };
            thread::spawn(move || pump(front_too, back_too));
            thread::spawn(move || pump(back, front));
        }
    });
    address
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(octets @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..octets]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A proxy that is said to be there, judged through a listener of ours.
fn proxy(name: &str, bounds: Bounds, is_gateway: bool, front: impl FnOnce(SocketAddr) -> SocketAddr) -> Proxy {
    let back = Back::listen("127.0.0.1:0".parse().expect("an address"), bounds).expect("loopback has ports");
    let front = front(back.address());
    let address = Address::Tcp("127.0.0.1".to_owned(), front.port());
    let endpoint = Endpoint { address, tls: false, patience: bounds.patience };
    Proxy {
        name: name.to_owned(),
        lanes: vec![Lane::new(endpoint, back, "origin.invalid".to_owned())],
        path: "/".to_owned(),
        is_gateway,
        is_hardened: false,
        bounds,
        jobs: NonZeroUsize::new(8).expect("8 is not 0"),
    }
}

#[test]
fn a_relay_is_no_proxy() {
    let mut judged = proxy("relay", bounds(), false, relay);
    let abilities = proxy::probe(&mut judged).expect("it forwards");
    assert_eq!(judged.runs_at_once(), 8, "it keeps the connections of its clients apart");
    let only = ["connection-names-a-field", "forwarding/via", "early-hints", "replies/surplus", "forwarding/pipelined"];
    let outcomes = judged.judge(&cases(Role::Proxy, &only), &abilities, &|_| {});
    let found = verdicts(&outcomes);
    for (case, verdict) in [
        ("connection-names-a-field", Verdict::Fail),
        ("reply-connection-names-a-field", Verdict::Fail),
        ("via", Verdict::Fail),
        ("surplus", Verdict::Fail),
        ("early-hints", Verdict::Pass),
        ("pipelined", Verdict::Pass),
    ] {
        assert_eq!(found.get(case), Some(&verdict), "{case}: {found:?}");
    }
    let mut gateway = proxy("relay", bounds(), true, relay);
    let abilities = proxy::probe(&mut gateway).expect("it forwards");
    let outcomes = gateway.judge(&cases(Role::Proxy, &["via-of-replies"]), &abilities, &|_| {});
    assert_eq!(outcomes[0].verdict, Verdict::Unsupported, "a gateway may leave Via out of replies");
}

/// Puts the requests of all its clients on one connection, one at a time.
fn funnel(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound");
    let back: Arc<Mutex<Option<TcpStream>>> = Arc::default();
    thread::spawn(move || {
        for front in listener.incoming().flatten() {
            let back = Arc::clone(&back);
            thread::spawn(move || through(front, &back, to));
        }
    });
    address
}

/// Each piece that comes is taken for a request, and its reply for as long as the origin is quick.
fn through(mut front: TcpStream, back: &Mutex<Option<TcpStream>>, to: SocketAddr) {
    let mut buffer = [0; 4096];
    while let Ok(octets @ 1..) = front.read(&mut buffer) {
        let mut kept = back.lock().expect("no thread panics with the lock");
        let mut reply = Vec::new();
        for _ in 0..2 {
            let Some(mut stream) = kept.take().or_else(|| TcpStream::connect(to).ok()) else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
            if stream.write_all(&buffer[..octets]).is_err() {
                continue;
            }
            let mut part = [0; 4096];
            let is_open = loop {
                match stream.read(&mut part) {
                    Ok(0) => break false,
                    Ok(octets) => reply.extend_from_slice(&part[..octets]),
                    Err(error) => break error.kind() == std::io::ErrorKind::WouldBlock,
                }
            };
            if is_open {
                *kept = Some(stream);
            }
            if !reply.is_empty() {
                break;
            }
        }
        drop(kept);
        if front.write_all(&reply).is_err() {
            return;
        }
    }
}

#[test]
fn a_proxy_whose_clients_share_a_connection_is_judged_in_one_run_at_a_time() {
    let mut funnel = proxy("funnel", bounds(), false, funnel);
    let abilities = proxy::probe(&mut funnel).expect("it forwards");
    assert_eq!(funnel.runs_at_once(), 1);
    let outcomes =
        funnel.judge(&cases(Role::Proxy, &["forwarding/unknown-field", "forwarding/via"]), &abilities, &|_| {});
    let found = verdicts(&outcomes);
    assert_eq!(found.get("unknown-field"), Some(&Verdict::Pass), "{found:?}");
    assert_eq!(found.get("via"), Some(&Verdict::Fail), "{found:?}");
}

#[test]
fn nobody_at_the_front_or_nothing_at_the_back_is_said() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = mute.local_addr().expect("it is bound");
    let mut judged = proxy("mute", Bounds { patience: Duration::from_millis(100), ..bounds() }, false, |_| address);
    assert!(matches!(proxy::probe(&mut judged), Err(proxy::NoProxy::NotForwarded { .. })));
    drop(mute);
    assert!(matches!(proxy::probe(&mut judged), Err(proxy::NoProxy::Connect { .. })));
}

/// A client as one writes it in ten minutes: it reads to the close and takes everything for the body.
fn careless(url: &str) -> Result<Vec<u8>, String> {
    let text = |error: std::io::Error| error.to_string();
    let (host, path) = url["http://".len()..].split_once('/').ok_or("no path")?;
    let mut stream = TcpStream::connect(host).map_err(text)?;
    stream.set_read_timeout(Some(Duration::from_millis(300))).map_err(text)?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(text)?;
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let body = reply.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no reply")?;
    Ok(reply.split_off(body + 4))
}

#[test]
fn a_careless_client_is_found_out() {
    let only = ["incomplete/", "length/differ", "coding/chunks", "request/host", "no-body/to-close", "interim/one"];
    let outcomes = client::judge_fn(&cases(Role::Client, &only), careless);
    let found = verdicts(&outcomes);
    for (case, verdict) in [
        ("length-then-close", Verdict::Fail),
        ("last-chunk-missing", Verdict::Fail),
        ("inside-the-header", Verdict::Pass),
        ("nothing", Verdict::Pass),
        ("differ", Verdict::Fail),
        ("chunks", Verdict::Fail),
        ("one", Verdict::Fail),
        ("host", Verdict::Pass),
        ("to-close", Verdict::Pass),
    ] {
        assert_eq!(found.get(case), Some(&verdict), "{case}: {found:?}");
    }
}

#[test]
fn a_client_that_hangs_is_killed_and_one_that_panics_is_told() {
    let case = |outcome: &str| Case::parse("hung", &format!("# It hangs.\n< HTTP/1.1 200 OK\\r\\n\\r\\n\n{outcome}\n"));
    let quick = |name: &str, get: fn(&str) -> Result<Vec<u8>, String>| {
        let client = Client::function(name, get);
        Client { bounds: Bounds { patience: Duration::from_millis(200), ..client.bounds }, ..client }
    };
    let fine = client::probe(&quick("fine", |_| Err("no".to_owned()))).expect_err("it gets nothing");
    assert!(fine.got.contains("it said: no"), "{fine}");
    let plain = Client::function("careless", careless);
    let abilities = client::probe(&plain).expect("it gets a plain reply");
    let hangs = quick("hangs", |_| {
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    });
    let outcomes = hangs.judge(&[case("pass hung\nelse fail")], &abilities, &|_| {});
    assert_eq!(outcomes[0].verdict, Verdict::Pass);
    let panics = Client::function("panics", |_| panic!("on purpose")); // a backtrace takes its time
    let outcomes = panics.judge(&[case("fail hung\npass failure\nelse fail")], &abilities, &|_| {});
    assert_eq!(outcomes[0].verdict, Verdict::Pass);
}

#[test]
fn a_command_that_only_prints_gets_nothing() {
    let words = ["echo".to_owned(), "{url}".to_owned()];
    let client = Client {
        name: "echo".to_owned(),
        peer: Peer::Command(Command::new(&words).expect("it has a URL")),
        is_hardened: false,
        bounds: bounds(),
        jobs: NonZeroUsize::MIN,
    };
    let mute = client::probe(&client).expect_err("it asks for nothing");
    assert!(mute.to_string().contains("http://127.0.0.1:"), "{mute}");
}

#[test]
fn every_case_for_peers_is_sound() {
    for (role, least) in [(Role::Proxy, 60), (Role::Client, 60)] {
        let cases = cases(role, &[]);
        assert!(cases.len() >= least, "{} cases for a {}", cases.len(), role.name());
        for case in &cases {
            let script = case.script.as_ref().unwrap_or_else(|error| panic!("{}: {error}", case.id));
            assert!(!script.tests.is_empty(), "{} rests on no requirement", case.id);
        }
    }
}
