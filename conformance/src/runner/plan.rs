//! What is settled before anything happens: whether the whole script can be run, and with which
//! initial sequence numbers.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::Flags;

use super::calls::{self, Descriptors};
use super::settings::Settings;
use super::{Axes, Ip, Stop, Why, code, inbound};
use crate::habits::HabitValue;
use crate::script::ast::{
    Action, Direction, OptionSpec, OptionsSpec, PacketSpec, Scenario, Spanned, Step, TcpSpec, Time, TransportSpec,
};
use crate::script::misspelt;
use crate::stack::{Capability, Profile, Setup, Stack};
use crate::trace::Call;

/// Whether the whole script can be run here. What cannot is named before anything happens.
pub(super) fn check(scenario: &Scenario, settings: &Settings) -> Result<(), Stop> {
    check_first(scenario)?;
    if let Some((step, (span, message))) = scenario.steps.iter().find_map(|step| Some((step, misspelt(step)?))) {
        return Err(Stop::broken_at(&span, message).of(step));
    }
    scenario.steps.iter().try_for_each(|step| check_step(step, settings).map_err(|stop| stop.of(step)))
}

/// Whether the script begins when it begins.
pub(super) fn check_first(scenario: &Scenario) -> Result<(), Stop> {
    let is_now = |first: &Step| matches!(first.time.value, Time::Any | Time::Absolute(0) | Time::Relative(0));
    match scenario.steps.first().filter(|first| !is_now(first)) {
        Some(late) => {
            let message = "the first line of a script happens at time 0".to_owned();
            Err(Stop::broken_at(&late.time.span, message).of(late))
        }
        None => Ok(()),
    }
}

/// Whether a person would wait so long.
pub(super) fn check_duration(scenario: &Scenario, longest: u64) -> Result<(), Stop> {
    let seconds = scenario.duration().as_secs();
    if seconds <= longest {
        return Ok(());
    }
    let what = format!("a scenario of {seconds} s on a clock on the wall; --longest {seconds} lets it run");
    Err(Stop::new(Why::Unsupported, what))
}

/// Whether the stack has the habits that it was asked for: a run without them would say nothing about them.
///
/// `own` are those that the scenario itself asks for.
pub(super) fn check_habits(own: &[Spanned<HabitValue>], setup: &Setup, stack: &dyn Stack) -> Result<(), Stop> {
    let Some(habit) = setup.habits.iter().find(|habit| !stack.follows(habit)) else { return Ok(()) };
    let what = format!("the habit {habit}, which {} cannot have", stack.profile().name);
    let span = own.iter().find(|own| own.value == *habit).map(|own| own.span.clone());
    Err(Stop { span, ..Stop::new(Why::Unsupported, what) })
}

/// Whether one line can be run here.
pub(super) fn check_step(step: &Step, settings: &Settings) -> Result<(), Stop> {
    let what = match &step.action {
        Action::Code(text) => match code::prepare(text) {
            Ok(_) => return Ok(()),
            Err(what) => what,
        },
        Action::Packet(spec) => match (unsupported_in_packet(spec), &spec.transport) {
            (Some(what), _) => what.to_owned(),
            (None, TransportSpec::Icmp(icmp)) => return inbound::check_icmp(icmp, settings.ip == Ip::V6).map(|_| ()),
            (None, _) => return Ok(()),
        },
        Action::Call(spec) if spec.name.value == "serve_http" => {
            return calls::served(spec, &Descriptors::new()).map_or(Ok(()), |fd| fd.map(|_| ()));
        }
        Action::Call(spec) => return calls::prepare(spec, &Descriptors::new(), settings).map(|_| ()),
        // `shell` has understood the first, or refused it
        Action::Shell(_) | Action::Silent => return Ok(()),
    };
    Err(Stop::unsupported_at(&step.span, what))
}

fn unsupported_in_packet(spec: &PacketSpec) -> Option<&'static str> {
    match &spec.transport {
        TransportSpec::Sctp(_) => Some(inbound::SCTP),
        TransportSpec::Tcp(TcpSpec { psp: Some(_), .. }) => {
            Some("PSP encapsulation, which belongs to packetdrill's mode of two machines")
        }
        TransportSpec::Tcp(TcpSpec { reason: Some(_), .. }) => Some(
            "the reason of a reset: drafts differ on its octets; write them as the text of the packet, `R 1:9(8) \"...\"`",
        ),
        TransportSpec::Tcp(TcpSpec { options, .. }) if has_ack_rate(&options.value) => {
            Some("the option exp-tarr with a rate: drafts differ on its octets; write them as `exp-00AC HEX`")
        }
        _ => None,
    }
}

/// No document that is settled says what the option looks like when it has a rate.
fn has_ack_rate(options: &OptionsSpec) -> bool {
    let (OptionsSpec::Exact(list) | OptionsSpec::AtLeast(list)) = options else { return false };
    list.iter().any(|option| matches!(option.value, OptionSpec::AckRate(Some(_))))
}

/// Whether the stack can do all that is more than TCP in plain IP packets, if the script needs that.
pub(super) fn check_datagrams(scenario: &Scenario, settings: &Settings, profile: &Profile) -> Result<(), Stop> {
    let has = |capability| profile.capabilities.contains(&capability);
    let lacks = |what: &str| format!("{what}, which {} lacks", profile.name);
    let option = |name: &str| scenario.all_options().find(|option| option.name.value == name);
    for (needed, name) in [(settings.is_mapped, "ip_version"), (settings.virtual_mss > 0, "mss")] {
        if let Some(option) = option(name).filter(|_| needed && !has(Capability::Datagrams)) {
            let value = option.value.as_ref().map_or("", |value| value.value.as_str());
            return Err(Stop::unsupported_at(&option.name.span, lacks(&format!("--{name}={value}"))));
        }
    }
    for step in &scenario.steps {
        let Action::Packet(spec) = &step.action else { continue };
        if let Some((what, needed)) = beyond_tcp(spec)
            && !has(needed)
        {
            return Err(Stop::unsupported_at(&step.span, lacks(what)).of(step));
        }
    }
    Ok(())
}

/// Whether the stack has descriptors that are no sockets, and calls that go beyond octets of a stream.
pub(super) fn check_files(scenario: &Scenario, settings: &Settings, profile: &Profile) -> Result<(), Stop> {
    if profile.capabilities.contains(&Capability::Files) {
        return Ok(());
    }
    for step in &scenario.steps {
        let Action::Call(spec) = &step.action else { continue };
        if spec.name.value == "serve_http" {
            continue;
        }
        let what = match calls::prepare(spec, &Descriptors::new(), settings)?.call {
            Call::NullBuffer { .. } => "a null buffer".to_owned(),
            Call::Disconnect { .. } => "an address in connect".to_owned(),
            Call::ReceiveMessage { control: 1.., .. } => "control messages".to_owned(),
            Call::SendMessage { control, .. } if !control.is_empty() => "control messages".to_owned(),
            Call::EpollCreate { .. }
            | Call::EpollControl { .. }
            | Call::EpollWait { .. }
            | Call::Pipe
            | Call::Splice { .. }
            | Call::Open { .. }
            | Call::SendFile { .. }
            | Call::SetCapability { .. } => format!("the call {}()", spec.name.value),
            _ => continue,
        };
        return Err(Stop::unsupported_at(&step.span, format!("{what}, which {} lacks", profile.name)).of(step));
    }
    Ok(())
}

/// What of a packet goes beyond TCP in plain IP packets.
fn beyond_tcp(spec: &PacketSpec) -> Option<(&'static str, Capability)> {
    let is_outbound = spec.direction.value == Direction::Outbound;
    let what = match &spec.transport {
        TransportSpec::Tcp(TcpSpec { udp: Some(_), .. }) if spec.encapsulation.is_empty() => {
            return Some(("TCP in UDP", Capability::TcpInUdp));
        }
        _ if !spec.encapsulation.is_empty() => "encapsulation",
        TransportSpec::Udp(_) => "UDP packets",
        TransportSpec::Icmp(_) if is_outbound => "outbound ICMP",
        _ if is_outbound && spec.ip.as_ref().is_some_and(|ip| ip.flow_label.is_some()) => "flow labels",
        _ => return None,
    };
    Some((what, Capability::Datagrams))
}

/// The numbers with which the stack is to open its connections, as the script has them, and by how
/// much the runner's own are moved. On the axis of initial sequence numbers both are moved such that
/// the first one on each side is the wanted one.
pub(super) fn initial_sequence_numbers(scenario: &Scenario, axes: &Axes) -> (Vec<Seq>, u32) {
    let mut isns: Vec<Seq> = Vec::new();
    let mut first_remote = None;
    let mut seen: Vec<(Option<&str>, usize, u32)> = Vec::new();
    let mut sockets = 0;
    for step in &scenario.steps {
        match &step.action {
            Action::Call(spec) if spec.name.value == "socket" => sockets += 1,
            Action::Packet(spec) => {
                let TransportSpec::Tcp(tcp) = &spec.transport else { continue };
                if !tcp.flags.value.flags.contains(Flags::SYN) {
                    continue;
                }
                if spec.direction.value == Direction::Inbound {
                    first_remote.get_or_insert(tcp.seq.value);
                    continue;
                }
                // the same SYN again is a retransmission, not another connection
                let label = spec.connection.as_ref().map(|label: &Spanned<String>| label.value.as_str());
                let key = (label, if label.is_some() { 0 } else { sockets }, tcp.seq.value);
                if !seen.contains(&key) {
                    seen.push(key);
                    isns.push(Seq(tcp.seq.value));
                }
            }
            _ => {}
        }
    }
    let Some(isn) = axes.isn else { return (isns, 0) };
    let first = isns.first().copied().unwrap_or_default();
    let moved = if isns.is_empty() { vec![isn] } else { isns.iter().map(|number| isn + (*number - first)).collect() };
    (moved, isn - Seq(first_remote.unwrap_or(0)))
}
