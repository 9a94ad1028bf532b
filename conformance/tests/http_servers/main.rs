//! Real servers, each started on a loopback port of its own, judged by every case, and compared with what
//! `fixtures/expectations/http/<server>.toml` lists. A server that is not installed is ignored by name.

mod servers;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use servers::{Running, SERVERS, Software};
use wirelaw::expectations::Expectations;
use wirelaw::http::cases::{self, Case};
use wirelaw::http::play::Bounds;
use wirelaw::http::script::Role;
use wirelaw::http::server::{Server, probe};
use wirelaw::http::wire::{Address, Endpoint};
use wirelaw::report::{Complaint, Report, text};
use wirelaw::suite::Home;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each run opens many connections: two at once would only wait for each other.
    arguments.test_threads.get_or_insert(1);
    let trials = SERVERS.iter().map(|software| match software.program() {
        Some(program) => Trial::test(software.name, move || judge(software, &program)),
        None => Trial::test(format!("{} (not installed: {})", software.name, software.package), || Ok(()))
            .with_ignored_flag(true),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn judge(software: &Software, program: &Path) -> Result<(), Failed> {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let folder = tempfile::tempdir()?;
    let running = Running::start(software, program, folder.path())?;
    let patience = Duration::from_secs(1);
    let server = Server {
        name: software.name.to_owned(),
        endpoint: Endpoint { address: Address::Tcp("127.0.0.1".into(), running.port), tls: false, patience },
        host: format!("127.0.0.1:{}", running.port),
        path: "/".into(),
        is_hardened: false,
        bounds: Bounds { patience, ..Bounds::default() },
        jobs: NonZeroUsize::new(40).expect("40 is not 0"),
    };
    let cases = cases::find(&home.scripts(), Role::Server, &[])?;
    let file = home.expectations().join("http").join(format!("{}.toml", software.name));
    let expectations = Expectations::parse(&fs::read_to_string(&file)?, &file)?;
    let abilities = probe(&server)?;
    let judge = |server: &Server, cases: &[Case]| {
        let mut outcomes = server.judge(cases, &abilities, &|_| {});
        for outcome in &mut outcomes {
            outcome.expected = expectations.judge(outcome, "");
        }
        outcomes
    };
    let mut outcomes = judge(&server, &cases);
    // How segments fall together is up to a busy machine. What is news has to be so again, alone.
    let alone = Server { jobs: NonZeroUsize::MIN, ..server };
    for _ in 0..2 {
        for (case, outcome) in cases.iter().zip(&mut outcomes) {
            if !outcome.expected.is_fine() {
                *outcome = judge(&alone, std::slice::from_ref(case)).remove(0);
            }
        }
    }
    drop(running);
    let unused = expectations.unused(cases.iter().map(|case| case.id.as_str()), "");
    let report = Report { outcomes, complaints: unused.into_iter().map(Complaint::Expectation).collect() };
    if report.exit_status() == 0 {
        return Ok(());
    }
    Err(text::render(&report, &text::Options { quiet: true, ..text::Options::default() }).into())
}
