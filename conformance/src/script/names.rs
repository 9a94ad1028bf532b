//! Names in a script that nobody knows, and descriptors that nobody has made.
//!
//! packetdrill finds them when it comes to their line, if it ever does.

use std::collections::BTreeMap;

use super::ast::{Action, CallSpec, EpollData, Expr, ResultSpec, Scenario, Spanned, Step};
use super::calls::CallName;
use super::error::{MOST_TOLD, Problem, ScriptError, quote};
use super::suggest::nearest;
use crate::posix;

/// What is wrong with the names of a scenario, in the order of its lines.
pub fn unknown_names(scenario: &Scenario) -> Vec<ScriptError> {
    let mut problems = Vec::new();
    let mut labels = Labels::default();
    for step in &scenario.steps {
        if problems.len() >= MOST_TOLD {
            break;
        }
        let Action::Call(spec) = &step.action else { continue };
        check_call(spec, &mut problems);
        labels.check(step, spec, &mut problems);
    }
    problems.into_iter().take(MOST_TOLD).map(|problem| problem.locate(&scenario.name, &scenario.source)).collect()
}

/// The first name of a call, a symbol or an error that nobody knows: where it is, and what to do. A name that only
/// another system has is none of them.
pub(crate) fn misspelt(step: &Step) -> Option<(std::ops::Range<usize>, String)> {
    let Action::Call(spec) = &step.action else { return None };
    let mut problems = Vec::new();
    check_call(spec, &mut problems);
    problems.into_iter().next().map(Problem::into_parts)
}

fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    nearest(name, &known).map_or_else(
        || "it may be a word that is to be defined: -D NAME=VALUE".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

fn unknown(name: &Spanned<String>, what: &str, help: String) -> Problem {
    Problem::new(name.span.clone(), format!("{} is {what}", quote(name))).label("unknown").help(help)
}

fn check_call(spec: &CallSpec, problems: &mut Vec<Problem>) {
    if spec.name.starts_with("sctp_") {
        return; // out of scope, but no mistake
    }
    if CallName::parse(&spec.name).is_none() {
        problems.push(unknown(&spec.name, "no call", hint(&spec.name, CallName::NAMES.iter().copied())));
    }
    for argument in &spec.arguments {
        check_expr(argument, problems);
    }
    if let Some(errno) = spec.errno.as_ref().filter(|errno| posix::symbol(errno).is_none()) {
        problems.push(unknown(errno, "no error", hint(errno, posix::names())));
    }
}

fn check_expr(expr: &Spanned<Expr>, problems: &mut Vec<Problem>) {
    if problems.len() >= MOST_TOLD {
        return; // advice is dear: each name is compared with all that are known
    }
    if let Expr::Symbol(name) = &expr.value {
        if posix::symbol(name).is_none() && !posix::is_foreign(name) {
            let name = Spanned::new(name.clone(), expr.span.clone());
            problems.push(unknown(&name, "no name that is known", hint(&name, posix::names())));
        }
        return;
    }
    for part in parts(&expr.value) {
        check_expr(part, problems);
    }
}

/// The expressions of which another is made.
fn parts(expr: &Expr) -> Vec<&Spanned<Expr>> {
    match expr {
        Expr::Or(all) | Expr::List(all) | Expr::Braces(all) => all.iter().collect(),
        Expr::Assign(name, _) if name.value == "psk" => Vec::new(), // octets, not a name
        Expr::Assign(_, value) => vec![value],
        Expr::NetworkOrder { value, .. } => vec![value],
        Expr::Sockaddr(address) => vec![&address.family],
        Expr::Iovec(iovec) => vec![&iovec.base, &iovec.len],
        Expr::Msghdr(header) => {
            let control = header.control_len.iter().chain(&header.control);
            [&header.name_len, &header.name, &header.iov_len, &header.iov, &header.flags]
                .into_iter()
                .chain(control)
                .collect()
        }
        Expr::Cmsg(cmsg) => cmsg.len.iter().chain([&cmsg.level, &cmsg.kind, &cmsg.data]).collect(),
        Expr::ScmTimestamp { seconds, nanoseconds } => vec![seconds, nanoseconds],
        Expr::ExtendedError(fields) => fields.iter().collect(),
        Expr::Pollfd { fd, events, revents } => [fd, events].into_iter().chain(revents).map(|part| &**part).collect(),
        Expr::EpollEvent { events, data } => {
            let (EpollData::Fd(value) | EpollData::Ptr(value) | EpollData::U32(value) | EpollData::U64(value)) =
                &**data;
            vec![events, value]
        }
        Expr::Linger { onoff, linger } => vec![onoff, linger],
        Expr::Ellipsis
        | Expr::Integer(_)
        | Expr::Symbol(_)
        | Expr::String(_)
        | Expr::StringEllipsis(_)
        | Expr::InetAddr(_)
        | Expr::Inet6Addr(_)
        | Expr::Mpls(_)
        | Expr::Gre(_) => Vec::new(),
    }
}

/// The descriptors of a script: the line that made each, and the line that closed it.
#[derive(Default)]
struct Labels(BTreeMap<i64, (usize, Option<usize>)>);

impl Labels {
    fn check(&mut self, step: &Step, spec: &CallSpec, problems: &mut Vec<Problem>) {
        // a descriptor that is none may be the point
        let is_tested = spec.errno.as_ref().is_some_and(|errno| errno.value == "EBADF");
        for argument in descriptors(spec).filter(|_| !is_tested) {
            let Expr::Integer(label) = argument.value else { continue };
            let message = match self.0.get(&label) {
                Some((_, None)) => continue,
                Some((_, Some(line))) => format!("descriptor {label} was closed on line {line}"),
                None => format!("no line before has made the descriptor {label}"),
            };
            let open: Vec<String> =
                self.0.iter().filter(|(_, (_, closed))| closed.is_none()).map(|(label, _)| label.to_string()).collect();
            let known = if open.is_empty() {
                "none is open here".to_owned()
            } else {
                format!("open here: {}", open.join(", "))
            };
            problems.push(Problem::new(argument.span.clone(), message).help(known));
        }
        let ResultSpec::Integer(result @ 0..) = spec.result.value else { return };
        match CallName::parse(&spec.name) {
            // its label may be that of a connection which the script has done with, as the original has it
            Some(CallName::Accept) => drop(self.0.insert(result, (step.line, None))),
            Some(CallName::Socket | CallName::Open | CallName::EpollCreate) => {
                self.open(result, &spec.result.span, step.line, problems);
            }
            Some(CallName::Pipe) => {
                if let Some(Expr::List(both)) = spec.arguments.first().map(|list| &list.value) {
                    for end in both {
                        if let Expr::Integer(label) = end.value {
                            self.open(label, &end.span, step.line, problems);
                        }
                    }
                }
            }
            Some(CallName::Close) => {
                if let Some(Expr::Integer(label)) = spec.arguments.first().map(|label| &label.value)
                    && let Some((_, closed)) = self.0.get_mut(label)
                {
                    *closed = Some(step.line);
                }
            }
            None if spec.name.value == "sctp_peeloff" => drop(self.0.insert(result, (step.line, None))),
            _ => {}
        }
    }

    fn open(&mut self, label: i64, span: &std::ops::Range<usize>, line: usize, problems: &mut Vec<Problem>) {
        if let Some((made, None)) = self.0.insert(label, (line, None)) {
            let message = format!("descriptor {label}, made on line {made}, is still open");
            problems.push(
                Problem::new(span.clone(), message).help("give this one another number, or close that one before"),
            );
        }
    }
}

/// The arguments of a call that are descriptors.
fn descriptors(spec: &CallSpec) -> impl Iterator<Item = &Spanned<Expr>> {
    let places = CallName::parse(&spec.name).map_or(&[][..], CallName::descriptors);
    let polled = match spec.arguments.first().map(|list| &list.value) {
        Some(Expr::List(all)) if spec.name.value == "poll" => all.as_slice(),
        _ => &[],
    };
    let polled = polled.iter().filter_map(|part| match &part.value {
        Expr::Pollfd { fd, .. } => Some(&**fd),
        _ => None,
    });
    places.iter().filter_map(|place| spec.arguments.get(*place)).chain(polled)
}

#[cfg(test)]
mod tests {
    use super::unknown_names;
    use crate::script::parse;

    fn wrong(text: &str) -> Vec<String> {
        let scenario = parse("t", text).expect("it parses");
        let told = |error: &crate::script::ScriptError| format!("{} ({})", error, error.advice().unwrap_or_default());
        unknown_names(&scenario).iter().map(told).collect()
    }

    #[test]
    fn misspelt_names_are_told_with_a_hint() {
        let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 lisen(3, 1) = 0\n\
                      +0 setsockopt(3, SOL_SOCKET, SO_REUSADDR, [SO_MARC|1], 4) = 0\n+0 close(3) = -1 EINVALL (what)";
        let told = wrong(script);
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "t:2:4: `lisen` is no call (did you mean `listen`?)");
        assert!(told[1].contains("3:30: `SO_REUSADDR`") && told[1].contains("`SO_REUSEADDR`?"), "{}", told[1]);
        assert!(told[2].contains("`SO_MARC`") && told[2].contains("`SO_MARK`?"), "{}", told[2]);
        assert!(told[3].contains("`EINVALL` is no error") && told[3].contains("`EINVAL`?"), "{}", told[3]);
    }

    #[test]
    fn names_that_are_not_told_cost_nothing() {
        let many = format!("0 socket({}X, 1, 0) = 3\n+0 listen(X, 1) = 0\n", "X|".repeat(100_000));
        let start = std::time::Instant::now();
        assert_eq!(wrong(&many).len(), super::MOST_TOLD);
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    #[test]
    fn names_of_other_systems_and_of_sctp_are_no_mistakes() {
        let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, IPPROTO_TCP, TCP_NOOPT, [1], 4) = 0\n\
                      +0 sctp_bindx(3, ..., 1, SCTP_BINDX_ADD_ADDR) = 0";
        assert_eq!(wrong(script), [""; 0]);
    }

    #[test]
    fn descriptors_are_made_before_they_are_used() {
        let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(4, ..., 1) = 0\n+0 close(3) = 0\n\
                      +0 write(3, ..., 1) = 1\n+0 write(3, ..., 1) = -1 EBADF (Bad file descriptor)\n\
                      +0 pipe([5, 6]) = 0\n+0 socket(..., 1, 0) = 6\n+0 poll([{fd=9, events=POLLIN}], 1, 0) = 0\n\
                      +0 splice(5, NULL, 7, NULL, 1, 0) = 1\n+0 accept(5, ..., ...) = 6";
        let told = wrong(script);
        let starts = [
            "t:2:9: no line before has made the descriptor 4 (open here: 3)",
            "t:4:10: descriptor 3 was closed on line 3 (none is open here)",
            "t:7:24: descriptor 6, made on line 6, is still open",
            "t:8:14: no line before has made the descriptor 9",
            "t:9:20: no line before has made the descriptor 7",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told} / {start}");
        }
    }
}
