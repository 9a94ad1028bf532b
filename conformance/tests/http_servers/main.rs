//! Real servers, proxies and clients. What listens is started on loopback ports of its own; each is judged by every case
//! and compared with what `fixtures/expectations/http/<name>.toml` lists. What is not installed is ignored by name.

mod proxies;
mod servers;
mod software;

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::slice;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use proxies::{Gateway, PROXIES};
use servers::SERVERS;
use software::{Running, Software, find};
use wirelaw::expectations::Expectations;
use wirelaw::http::cases::{self, Case};
use wirelaw::http::client::{self, Client, Command, Peer};
use wirelaw::http::play::Bounds;
use wirelaw::http::proxy::{self, Back, Lane, Proxy};
use wirelaw::http::script::Role;
use wirelaw::http::server::{Server, probe};
use wirelaw::http::wire::{Address, Endpoint};
use wirelaw::report::{Complaint, Outcome, Report, text};
use wirelaw::suite::Home;

/// The clients that are judged: presets, programs and packages have one name.
const CLIENTS: [&str; 2] = ["curl", "wget"];

/// How many runs of a proxy or a client at once.
const JOBS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// Held for writing by a test that must be alone.
static ALONE: RwLock<()> = RwLock::new(());

const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // All of them wait, most of the time.
    arguments.test_threads.get_or_insert(3);
    let mut trials = Vec::new();
    for software in SERVERS {
        trials.push(trial(software.name, software.package, software.program, move |program| server(software, program)));
    }
    for gateway in PROXIES {
        let Software { name, package, program, .. } = gateway.software;
        trials.push(trial(name, package, program, move |program| through(gateway, program)));
    }
    for name in CLIENTS {
        trials.push(trial(name, name, name, move |_| fetch(name)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Judges a program if it is installed.
fn trial(name: &str, package: &str, program: &str, judge: impl FnOnce(&Path) -> Judged + Send + 'static) -> Trial {
    match find(program) {
        Some(program) => Trial::test(name, move || judge(&program)),
        None => Trial::test(format!("{name} (not installed: {package})"), || Ok(())).with_ignored_flag(true),
    }
}

type Judged = Result<(), Failed>;

fn server(software: &Software, program: &Path) -> Judged {
    let folder = tempfile::tempdir()?;
    let running = Running::start(software, program, folder.path(), Vec::new())?;
    let port = running.fronts[0];
    let server = Server {
        name: software.name.to_owned(),
        endpoint: endpoint(port),
        host: format!("127.0.0.1:{port}"),
        path: "/".into(),
        is_hardened: false,
        bounds: Bounds { patience: PATIENCE, ..Bounds::default() },
        jobs: NonZeroUsize::new(40).expect("40 is not 0"),
    };
    let abilities = probe(&server)?;
    let alone = Server { jobs: NonZeroUsize::MIN, ..server.clone() };
    let judge = |cases: &[Case], is_alone| {
        let server = if is_alone { &alone } else { &server };
        server.judge(cases, &abilities, &|_| {})
    };
    compare(software.name, Role::Server, judge)
}

fn through(gateway: &Gateway, program: &Path) -> Judged {
    let (name, folder) = (gateway.software.name, tempfile::tempdir()?);
    let bounds = Bounds { patience: PATIENCE, ..Bounds::default() };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    // Where a proxy is told where to go, the judge opens more by itself.
    let lanes = if gateway.is_gateway { JOBS.get() } else { 1 };
    let backs: Vec<Back> = (0..lanes).map(|_| Back::listen(any, bounds)).collect::<Result<_, _>>()?;
    let ports = backs.iter().map(|back| back.address().port()).collect();
    let running = Running::start(&gateway.software, program, folder.path(), ports)?;
    let lane = |(back, front): (Back, &u16)| {
        let host = back.address().to_string();
        Lane::new(endpoint(*front), back, host)
    };
    let mut proxy = Proxy {
        name: name.to_owned(),
        lanes: backs.into_iter().zip(&running.fronts).map(lane).collect(),
        path: "/".to_owned(),
        is_gateway: gateway.is_gateway,
        is_hardened: false,
        bounds,
        jobs: JOBS,
    };
    let abilities = proxy::probe(&mut proxy)?;
    // The runs of one case go through lanes of their own.
    compare(name, Role::Proxy, |cases, _| proxy.judge(cases, &abilities, &|_| {}))
}

fn fetch(name: &'static str) -> Judged {
    let patience = Duration::from_secs(6);
    let client = Client {
        name: name.to_owned(),
        peer: Peer::Command(Command::preset(name)?),
        is_hardened: false,
        bounds: Bounds { patience, total: patience + Duration::from_secs(5), ..Bounds::default() },
        jobs: JOBS,
    };
    let abilities = client::probe(&client)?;
    compare(name, Role::Client, |cases, _| client.judge(cases, &abilities, &|_| {}))
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { address: Address::Tcp("127.0.0.1".into(), port), tls: false, patience: PATIENCE }
}

/// Judges every case and holds the outcomes against the list. `judge` is told whether the cases are to be alone.
fn compare(name: &str, role: Role, judge: impl Fn(&[Case], bool) -> Vec<Outcome>) -> Judged {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let cases = cases::find(&home.scripts(), role, &[])?;
    let file = home.expectations().join("http").join(format!("{name}.toml"));
    let expectations = Expectations::parse(&fs::read_to_string(&file)?, &file)?;
    let judge = |cases: &[Case], is_alone| {
        let mut outcomes = judge(cases, is_alone);
        for outcome in &mut outcomes {
            outcome.expected = expectations.judge(outcome, "");
        }
        outcomes
    };
    let mut outcomes = {
        let _company = ALONE.read().unwrap_or_else(PoisonError::into_inner);
        judge(&cases, false)
    };
    // How segments fall together is up to a busy machine. What is news has to be so again, alone.
    let is_news = outcomes.iter().any(|outcome| !outcome.expected.is_fine());
    let _alone = is_news.then(|| ALONE.write().unwrap_or_else(PoisonError::into_inner));
    for _ in 0..2 {
        for (case, outcome) in cases.iter().zip(&mut outcomes) {
            if !outcome.expected.is_fine() {
                *outcome = judge(slice::from_ref(case), true).remove(0);
            }
        }
    }
    let unused = expectations.unused(cases.iter().map(|case| case.id.as_str()), "");
    let report = Report { outcomes, complaints: unused.into_iter().map(Complaint::Expectation).collect() };
    if report.exit_status() == 0 {
        return Ok(());
    }
    Err(text::render(&report, &text::Options { quiet: true, ..text::Options::default() }).into())
}
