//! Scripted calls -> calls of the seam, and their returns -> what the script expects
//! (packetdrill language, 5).

mod arguments;
mod bits;
mod control;
mod files;
mod scattered;

use std::collections::BTreeMap;
use std::ops::Range;

use arguments::{Arguments, number};

use super::Stop;
use super::flows::FlowId;
use super::inbound::SCTP;
use super::settings::Settings;
use super::show;
use crate::posix;
use crate::report::Mark;
use crate::script::CallName;
use crate::script::ast::{CallSpec, Expr, ResultSpec, Spanned};
use crate::trace::{Call, Fd, Return};

/// A descriptor of the script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptor {
    /// As the stack numbers it.
    pub(super) live: Fd,
    /// The connection behind it, if it is a socket.
    pub(super) flow: Option<FlowId>,
    /// The type of ICMP's echo request, if it is a socket that sends such.
    pub(super) echo: Option<u8>,
}

/// The descriptors of the script, by their labels.
pub(super) type Descriptors = BTreeMap<i64, Descriptor>;

/// A scripted call that is ready to be made.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) call: Call,
    /// The label of its descriptor argument.
    pub(super) fd: Option<i64>,
    /// What the application is to read, if the script says.
    pub(super) text: Option<Spanned<Vec<u8>>>,
    /// The option value that `getsockopt` is to return, and its place.
    pub(super) option: Option<(Vec<u8>, Range<usize>)>,
    /// The length that `getsockopt` is to return, if the script says.
    pub(super) option_length: Option<Spanned<i64>>,
    /// What is to come with a message.
    pub(super) header: Option<Header>,
    /// The labels of descriptors that the return carries: both ends of a pipe.
    pub(super) labels: Vec<i64>,
}

/// What comes with a message beside its text.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// `msg_flags`
    flags: Spanned<i32>,
    /// The control messages, and where the list of them stands.
    control: Spanned<Vec<control::Expected>>,
}

/// The most octets of an option.
const MAX_OPTION: usize = 1 << 16;

/// The most octets that one call may write.
const MAX_DATA: usize = 16 << 20;

/// The connection of `serve_http(fd) = 0`, which starts a server of ours and is no call of the stack; `None` for
/// every other call.
pub(super) fn served(spec: &CallSpec, descriptors: &Descriptors) -> Option<Result<Fd, Stop>> {
    let mut arguments = Arguments { spec, descriptors, next: 0 };
    let fd = || {
        let (_, fd) = arguments.fd()?;
        arguments.end()?;
        match spec.result.value {
            ResultSpec::Integer(0) => Ok(fd),
            _ => Err(Stop::broken_at(&spec.result.span, "serve_http() returns 0".to_owned())),
        }
    };
    (spec.name.value == "serve_http").then(fd)
}

/// The call that a line makes. What is not known here is unsupported, by its name.
pub(super) fn prepare(spec: &CallSpec, descriptors: &Descriptors, settings: &Settings) -> Result<Prepared, Stop> {
    let mut arguments = Arguments { spec, descriptors, next: 0 };
    let lacking = |why: &str| Stop::unsupported_at(&spec.name.span, format!("the call {}(): {why}", spec.name.value));
    let Some(name) = CallName::parse(&spec.name) else {
        let why = if spec.name.starts_with("sctp_") { SCTP } else { "there is none of this name" };
        return Err(lacking(why));
    };
    let prepared = match name {
        CallName::Socket => plain(None, socket(&mut arguments, settings)?),
        CallName::Connect if arguments.spec.arguments.get(1).is_some_and(is_unspecified) => {
            let (label, fd) = arguments.fd()?;
            arguments.next()?;
            arguments.next()?;
            plain(Some(label), Call::Disconnect { fd })
        }
        CallName::Bind | CallName::Connect => {
            let (label, fd) = arguments.fd()?;
            arguments.ellipsis()?;
            arguments.ellipsis()?;
            let call = if name == CallName::Bind {
                Call::Bind { fd, address: settings.bind_address() }
            } else {
                Call::Connect { fd, address: settings.connect_address() }
            };
            plain(Some(label), call)
        }
        CallName::Accept => {
            let (label, fd) = arguments.fd()?;
            arguments.ellipsis()?;
            arguments.ellipsis()?;
            plain(Some(label), Call::Accept { fd })
        }
        CallName::Listen => with_fd(&mut arguments, |fd, a| Ok(Call::Listen { fd, backlog: a.int()? }))?,
        CallName::Close => with_fd(&mut arguments, |fd, _| Ok(Call::Close { fd }))?,
        CallName::Shutdown => with_fd(&mut arguments, |fd, a| Ok(Call::Shutdown { fd, how: a.int()? }))?,
        CallName::Fcntl => with_fd(&mut arguments, |fd, a| {
            let command = a.int()?;
            let argument = if a.next < a.spec.arguments.len() { a.int()? } else { 0 };
            Ok(Call::Fcntl { fd, command, argument })
        })?,
        CallName::Read | CallName::Recv | CallName::Recvfrom => receive(&mut arguments)?,
        CallName::Write | CallName::Send | CallName::Sendto => send(&mut arguments, settings)?,
        CallName::Setsockopt => with_fd(&mut arguments, |fd, a| {
            let (level, name) = (a.int()?, a.int()?);
            let mut value = option_value(a.next()?)?;
            // FreeBSD's dialect: `...` is the length of what is written
            let length = if a.at_ellipsis() { value.len() } else { a.length(MAX_OPTION)? };
            value.resize(length, 0);
            Ok(Call::SetOption { fd, level, name, value })
        })?,
        CallName::Getsockopt => get_option(&mut arguments)?,
        CallName::Readv => scattered::readv(&mut arguments)?,
        CallName::Writev => scattered::writev(&mut arguments)?,
        CallName::Recvmsg => scattered::recvmsg(&mut arguments)?,
        CallName::Sendmsg => scattered::sendmsg(&mut arguments, settings)?,
        CallName::EpollCreate => plain(None, Call::EpollCreate { size: arguments.int()? }),
        CallName::EpollCtl => files::control(&mut arguments)?,
        CallName::EpollWait => files::wait(&mut arguments)?,
        CallName::Pipe => files::pipe(&mut arguments)?,
        CallName::Splice => files::splice(&mut arguments)?,
        CallName::Open => files::open(&mut arguments)?,
        CallName::Sendfile => files::sendfile(&mut arguments)?,
        CallName::CapSet => cap_set(&mut arguments)?,
        CallName::Ioctl => ioctl(&mut arguments)?,
        CallName::Poll => poll(&mut arguments)?,
        CallName::PspRxAssoc | CallName::PspTxAssoc => {
            return Err(lacking("PSP needs packetdrill's mode of two machines"));
        }
        CallName::ServeHttp => return Err(lacking("it is no call of the stack")),
        CallName::Getsockname | CallName::Getpeername | CallName::Dup | CallName::Accept4 | CallName::Select => {
            return Err(lacking("packetdrill's language has no form for it"));
        }
    };
    arguments.end()?;
    if !matches!(spec.result.value, ResultSpec::Integer(_)) {
        return Err(Stop::unsupported_at(&spec.result.span, "a result that is not a number".to_owned()));
    }
    if let Some(errno) = spec.errno.as_ref().filter(|errno| posix::symbol(&errno.value).is_none()) {
        return Err(Stop::unsupported_at(&errno.span, format!("the error {}", errno.value)));
    }
    Ok(prepared)
}

fn plain(fd: Option<i64>, call: Call) -> Prepared {
    Prepared { call, fd, text: None, option: None, option_length: None, header: None, labels: Vec::new() }
}

fn is_unspecified(argument: &Spanned<Expr>) -> bool {
    matches!(&argument.value, Expr::Symbol(name) if name == "AF_UNSPEC")
}

fn is_null(argument: Option<&Spanned<Expr>>) -> bool {
    argument.is_some_and(|argument| match &argument.value {
        Expr::Integer(number) => *number == 0,
        Expr::Symbol(name) => name == "NULL",
        _ => false,
    })
}

fn with_fd<'a>(
    arguments: &mut Arguments<'a>,
    call: impl FnOnce(Fd, &mut Arguments<'a>) -> Result<Call, Stop>,
) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    Ok(plain(Some(label), call(fd, arguments)?))
}

fn socket(arguments: &mut Arguments<'_>, settings: &Settings) -> Result<Call, Stop> {
    let domain = arguments.next()?;
    let domain = match domain.value {
        Expr::Ellipsis if settings.has_v6_sockets() => posix::AF_INET6,
        Expr::Ellipsis => posix::AF_INET,
        _ => number(domain)?,
    };
    Ok(Call::Socket { domain: domain as i32, kind: arguments.int()?, protocol: arguments.int()? })
}

fn receive(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let name = arguments.spec.name.value.as_str();
    let (label, fd) = arguments.fd()?;
    if is_null(arguments.spec.arguments.get(1)) {
        return null_buffer(arguments, label, fd, false);
    }
    let text = arguments.expected()?;
    let length = arguments.length(i32::MAX as usize)?;
    let flags = if name == "read" { 0 } else { arguments.int()? };
    if name == "recvfrom" {
        arguments.next()?;
        arguments.next()?;
    }
    Ok(Prepared { text, ..plain(Some(label), Call::Read { fd, length, flags }) })
}

fn send(arguments: &mut Arguments<'_>, settings: &Settings) -> Result<Prepared, Stop> {
    let name = arguments.spec.name.value.as_str();
    let (label, fd) = arguments.fd()?;
    if is_null(arguments.spec.arguments.get(1)) {
        return null_buffer(arguments, label, fd, true);
    }
    let mut data = arguments.data()?;
    // what a socket for ICMP sends begins with the header of an echo request (5.4)
    let echo = arguments.descriptors.get(&label).and_then(|descriptor| descriptor.echo);
    if let (Some(echo), Some(kind)) = (echo, data.first_mut()) {
        *kind = echo;
    }
    let flags = if name == "write" { 0 } else { arguments.int()? };
    let to = if name == "sendto" {
        let is_nowhere = arguments.spec.arguments.get(arguments.next).is_some_and(is_unspecified);
        if is_nowhere {
            arguments.next()?;
        } else {
            arguments.ellipsis()?;
        }
        arguments.ellipsis()?;
        (!is_nowhere).then(|| settings.connect_address())
    } else {
        None
    };
    Ok(plain(Some(label), Call::Write { fd, data, flags, to }))
}

/// The null pointer for a buffer: what the stack says to one that is not there.
fn null_buffer(arguments: &mut Arguments<'_>, label: i64, fd: Fd, is_write: bool) -> Result<Prepared, Stop> {
    arguments.next()?;
    let length = arguments.length(i32::MAX as usize)?;
    let has_flags = arguments.next < arguments.spec.arguments.len();
    let flags = if has_flags { arguments.int()? } else { 0 };
    arguments.next = arguments.spec.arguments.len(); // addresses of `recvfrom` and `sendto`
    Ok(plain(Some(label), Call::NullBuffer { fd, length, flags, is_write }))
}

fn get_option(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let (level, name) = (arguments.int()?, arguments.int()?);
    let value = arguments.next()?;
    let expected = option_value(value)?;
    let length = match arguments.next()? {
        Spanned { value: Expr::List(parts), .. } if parts.len() == 1 => &parts[0],
        plain => plain,
    };
    let option_length = match length.value {
        Expr::Ellipsis => None,
        _ => Some(Spanned { value: number(length)?, span: length.span.clone() }),
    };
    let room = match &option_length {
        None => expected.len(),
        Some(length) => usize::try_from(length.value)
            .map_err(|_| Stop::unsupported_at(&length.span, "a length that is negative".to_owned()))?,
    };
    let call = Call::GetOption { fd, level, name, length: room };
    Ok(Prepared { option: Some((expected, value.span.clone())), option_length, ..plain(Some(label), call) })
}

/// `cap_set(CAP_EFFECTIVE, CAP_NET_ADMIN, CAP_CLEAR)`
fn cap_set(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (set, capability) = (arguments.int()?, arguments.int()?);
    let is_set = arguments.int()? != 0;
    Ok(plain(None, Call::SetCapability { set, capability, is_set }))
}

/// `ioctl(fd, request)` or `ioctl(fd, request, [n])`
fn ioctl(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let request = arguments.int()?;
    let mut prepared = plain(Some(label), Call::Ioctl { fd, request });
    if arguments.next < arguments.spec.arguments.len() {
        let value = arguments.next()?;
        prepared.option = Some((option_value(value)?, value.span.clone()));
    }
    Ok(prepared)
}

/// `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, milliseconds)`
fn poll(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let list = arguments.next()?;
    let wrong = || Stop::unsupported_at(&list.span, "poll of something other than a list of pollfd".to_owned());
    let Expr::List(parts) = &list.value else { return Err(wrong()) };
    let (mut fds, mut expected, mut first) = (Vec::new(), Vec::new(), None);
    for part in parts {
        let Expr::Pollfd { fd, events, revents } = &part.value else { return Err(wrong()) };
        let (label, live) = arguments.descriptor(fd)?;
        first.get_or_insert(label);
        fds.push((live, number(events)? as i32));
        let revents = revents.as_ref().map_or(Ok(0), |revents| number(revents))?;
        expected.extend((revents as i32).to_le_bytes());
    }
    arguments.count(parts.len())?;
    let timeout = arguments.int()?;
    Ok(Prepared { option: Some((expected, list.span.clone())), ..plain(first, Call::Poll { fds, timeout }) })
}

/// The octets of an option value: `[n]`, a number, a string, `{onoff=, linger=}`, or `{tv_sec=, tv_usec=}`.
fn option_value(expr: &Spanned<Expr>) -> Result<Vec<u8>, Stop> {
    let int = |expr: &Spanned<Expr>| number(expr).map(|value| (value as i32).to_le_bytes());
    match &expr.value {
        Expr::List(parts) if parts.len() == 1 => Ok(int(&parts[0])?.to_vec()),
        Expr::String(text) => Ok(text.clone()),
        Expr::Linger { onoff, linger } => Ok([int(onoff)?, int(linger)?].concat()),
        Expr::Integer(_) | Expr::Symbol(_) | Expr::Or(_) => Ok(int(expr)?.to_vec()),
        Expr::Braces(fields) => timeval(fields).ok_or_else(|| {
            Stop::unsupported_at(&expr.span, "a structure that is not known as an option value".to_owned())
        })?,
        _ => Err(Stop::unsupported_at(&expr.span, "this kind of option value".to_owned())),
    }
}

/// `{tv_sec=N, tv_usec=N}`, as the 64-bit machines of Linux have it; `None`: it is something else.
fn timeval(fields: &[Spanned<Expr>]) -> Option<Result<Vec<u8>, Stop>> {
    let field = |field: &Spanned<Expr>, wanted: &str| match &field.value {
        Expr::Assign(name, value) if name.value == wanted => Some(number(value).map(i64::to_le_bytes)),
        _ => None,
    };
    let [seconds, micros] = fields else { return None };
    let (seconds, micros) = (field(seconds, "tv_sec")?, field(micros, "tv_usec")?);
    Some(seconds.and_then(|seconds| Ok([seconds, micros?].concat())))
}

/// Everything in which a return differs from what the script expects.
pub(super) fn differences(spec: &CallSpec, prepared: &Prepared, value: &Return, settings: &Settings) -> Vec<Mark> {
    let mut marks = Vec::new();
    let ResultSpec::Integer(expected) = spec.result.value else { return marks };
    // any descriptor will do: the script's number is a label
    let is_descriptor = makes_descriptor(&prepared.call) || matches!(prepared.call, Call::SetCapability { .. });
    let fits = if is_descriptor && expected >= 0 { value.value >= 0 } else { value.value == expected };
    let wrong_errno =
        spec.errno.as_ref().filter(|errno| value.errno.map(|errno| errno as i64) != posix::symbol(&errno.value));
    if !fits || wrong_errno.is_some() {
        let wanted = spec.errno.as_ref().map_or(expected.to_string(), |errno| format!("{expected} {}", errno.value));
        let got = value.errno.map_or(value.value.to_string(), |errno| format!("{} {}", value.value, errno.name()));
        let span = spec.result.span.start..spec.errno.as_ref().map_or(spec.result.span.end, |errno| errno.span.end);
        marks.push(Mark { span, note: format!("result expected {wanted}  got {got}") });
    }
    if let Some(text) = prepared.text.as_ref().filter(|text| value.value >= 0 && text.value != value.data) {
        let note = format!("data expected {}  got {}", show::text(&text.value), show::text(&value.data));
        marks.push(Mark { span: text.span.clone(), note });
    }
    if let Some((expected, span)) = prepared.option.as_ref().filter(|(want, _)| value.value >= 0 && *want != value.data)
    {
        let note = value_difference(spec, prepared, expected, &value.data);
        marks.push(Mark { span: span.clone(), note });
    } else if let Some(length) = prepared.option_length.as_ref().filter(|_| value.value >= 0)
        && length.value != value.data.len() as i64
    {
        // the value fits, and yet a buffer of that length was not filled
        let note = format!("length expected {}  got {}", length.value, value.data.len());
        marks.push(Mark { span: length.span.clone(), note });
    }
    if let Some(header) = prepared.header.as_ref().filter(|_| value.value >= 0) {
        if header.flags.value != value.flags {
            let (want, have) = (bits::named("MSG_", header.flags.value), bits::named("MSG_", value.flags));
            let note = format!("msg_flags expected {want}  got {have}");
            marks.push(Mark { span: header.flags.span.clone(), note });
        }
        let tolerance = settings.tolerance(std::time::Duration::ZERO);
        let notes = control::differences(&header.control.value, &header.control.span, &value.control, tolerance);
        marks.extend(notes.into_iter().map(|(span, note)| Mark { span, note }));
    }
    marks
}

/// The type of an echo request, for sockets of ICMP.
pub(super) fn echo_request(protocol: i32) -> Option<u8> {
    match i64::from(protocol) {
        posix::IPPROTO_ICMP => Some(8),
        posix::IPPROTO_ICMPV6 => Some(128),
        _ => None,
    }
}

/// What was read, if it is other than zeros and the script does not say what it is to be.
pub(super) fn strange_text(prepared: &Prepared, value: &Return) -> Option<String> {
    let (Call::Read { flags, .. } | Call::ReceiveMessage { flags, .. }) = &prepared.call else { return None };
    let is_data = i64::from(*flags) & posix::MSG_ERRQUEUE == 0 && prepared.text.is_none();
    (is_data && value.data.iter().any(|octet| *octet != 0)).then(|| show::text(&value.data))
}

/// Whether the call returns a new descriptor.
pub(super) fn makes_descriptor(call: &Call) -> bool {
    matches!(call, Call::Socket { .. } | Call::Accept { .. } | Call::Open { .. } | Call::EpollCreate { .. })
}

/// In what a value that the call writes differs, in the words of the call.
fn value_difference(spec: &CallSpec, prepared: &Prepared, want: &[u8], have: &[u8]) -> String {
    let is_text = spec.arguments.iter().any(|argument| matches!(argument.value, Expr::String(_)));
    let int = |octets: &[u8], at: usize| {
        octets.get(at * 4..at * 4 + 4).and_then(|int| int.try_into().ok()).map_or(0, i32::from_le_bytes)
    };
    match &prepared.call {
        Call::Poll { fds, .. } => {
            let wrong = (0..fds.len()).find(|at| int(want, *at) != int(have, *at)).unwrap_or(0);
            let (want, have) = (bits::named("POLL", int(want, wrong)), bits::named("POLL", int(have, wrong)));
            format!("revents of element {} expected {want}  got {have}", wrong + 1)
        }
        Call::EpollWait { .. } if want.get(..4) != have.get(..4) => {
            format!(
                "events expected {}  got {}",
                bits::named("EPOLL", int(want, 0)),
                bits::named("EPOLL", int(have, 0))
            )
        }
        Call::EpollWait { .. } => {
            let data =
                |octets: &[u8]| octets.get(4..12).and_then(|data| data.try_into().ok()).map_or(0, u64::from_le_bytes);
            format!("data of the event expected {}  got {}", data(want), data(have))
        }
        _ if is_text => format!("value expected {}  got {}", show::text(want), show::text(have)),
        _ => format!("value expected {}  got {}", option_text(want), option_text(have)),
    }
}

fn option_text(octets: &[u8]) -> String {
    match octets.as_chunks::<4>() {
        (ints @ [_, ..], []) => {
            let ints: Vec<String> = ints.iter().map(|int| i32::from_le_bytes(*int).to_string()).collect();
            ints.join(", ")
        }
        _ => show::text(octets),
    }
}
