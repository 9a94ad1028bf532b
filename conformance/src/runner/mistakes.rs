//! What no run could make anything of, found without one: `wirelaw check`.

use std::collections::BTreeSet;

use super::settings::Settings;
use super::{Axes, Stop, Why, code, headers, plan};
use crate::script::ast::{Action, Scenario, Step};
use crate::script::{MOST_TOLD, Problem, ScriptError, misspelt};

/// The mistakes of a script beyond its grammar and its names, in the order of its lines: calls with too many arguments
/// or too few, lists that are counted wrong, lengths out of range, a first line that is late, names in code blocks that
/// are nearly right. What a run would only call `unsupported` is none.
pub fn mistakes(scenario: &Scenario) -> Vec<ScriptError> {
    let settings = match Settings::new(scenario, &Axes::default()) {
        Ok(settings) => settings,
        Err(stop) => return told(&stop, 0..0).map(|problem| locate(problem, scenario)).into_iter().collect(),
    };
    let late = plan::check_first(scenario).err().and_then(|stop| told(&stop, 0..0));
    let mut assigned = BTreeSet::new();
    let of_steps = scenario.steps.iter().filter_map(|step| match &step.action {
        Action::Code(text) => {
            let word = code::prepare(text).ok().and_then(|code| code.misspelt(&mut assigned))?;
            Some(Problem::new(step.span.clone(), format!("the name {word} in this code block")).label("in here"))
        }
        // `unknown_names` tells of it
        Action::Call(_) if misspelt(step).is_some() => None,
        _ => told(&check(step, &settings).err()?, step.span.clone()),
    });
    late.into_iter().chain(of_steps).take(MOST_TOLD).map(|problem| locate(problem, scenario)).collect()
}

fn check(step: &Step, settings: &Settings) -> Result<(), Stop> {
    if let Action::Packet(spec) = &step.action {
        headers::check_outermost(&spec.encapsulation)?;
    }
    plan::check_step(step, settings)
}

/// The same for a reader of the script, if the script is wrong.
fn told(stop: &Stop, place: std::ops::Range<usize>) -> Option<Problem> {
    (stop.why == Why::Broken).then(|| Problem::new(stop.span.clone().unwrap_or(place), stop.message.clone()))
}

fn locate(problem: Problem, scenario: &Scenario) -> ScriptError {
    problem.locate(&scenario.name, &scenario.source)
}

#[cfg(test)]
mod tests {
    use super::mistakes;
    use crate::script::parse;

    const SOCKET: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

    fn wrong(text: &str) -> Vec<String> {
        mistakes(&parse("t", text).expect("it parses")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_run_would_refuse_is_found_without_one() {
        for (line, expected) in [
            (
                "+0 write(3, ...) = 1",
                "t:2:4: write needs more than 2 arguments: it is written `write(fd, ..., length)`",
            ),
            (
                "+0 listen(3, 1, 2) = 0",
                "t:2:4: listen needs fewer than 3 arguments: it is written `listen(fd, backlog)`",
            ),
            ("+0 readv(3, [{..., 1}, {..., 2}], 3) = 3", "t:2:35: the list has 2 elements, not 3"),
            ("+0 poll([{fd=3, events=POLLIN}], 2, 0) = 0", "t:2:34: the list has 1 element, not 2"),
            (
                "+0 recvmsg(3, {msg_name(...)=..., msg_iov(2)=[{...,80}], msg_flags=0}, 0) = 80",
                "t:2:43: the list has 1 element, not 2",
            ),
            ("+0 read(3, ..., -1) = 0", "t:2:17: a length of 0 to 2147483647 octets is needed"),
            (
                "+0 epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, fd=4}) = 0",
                "t:2:55: the event is about another descriptor than epoll_ctl, which has 3",
            ),
            (
                "+0 %{ assert tcpi_snd_cwdn == 1 }%",
                "t:2:1: the name `tcpi_snd_cwdn`: did you mean `tcpi_snd_cwnd`? in this code block",
            ),
            ("+0 < gre: . 1:1(0) ack 1 win 1", "t:2:6: the outermost header must be one of IP"),
        ] {
            assert_eq!(wrong(&format!("{SOCKET}{line}")), [expected], "{line}");
        }
    }

    #[test]
    fn a_late_beginning_is_a_mistake() {
        assert_eq!(
            wrong("1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3"),
            ["t:1:1: the first line of a script happens at time 0"]
        );
    }

    #[test]
    fn what_is_only_unsupported_is_no_mistake() {
        for line in [
            "+0 setsockopt(3, IPPROTO_TCP, TCP_NOOPT, [1], 4) = 0",
            "+0 < icmp packet_too_big mtu 1200 [1:1(0)]",
            "+0 %{ import sys }%",
            "+0 %{ x = 1; assert x }%",
            "+0 %{ assert unheard_of }%",
            "+0 write(3, ..., 10) = O_RDWR",
            "+0 `rm -rf /`",
        ] {
            assert_eq!(wrong(&format!("{SOCKET}{line}")), [""; 0], "{line}");
        }
    }
}
