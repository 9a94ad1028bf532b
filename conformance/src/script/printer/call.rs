//! Calls and expressions in script syntax.

use std::net::IpAddr;

use super::packet::{print_gre, print_mpls};
use super::print_text;
use crate::script::ast::{CallSpec, EpollData, Expr, MsghdrSpec, ResultSpec, Spanned};

/// A call without its time, such as `read(4, ..., 1000) = -1 EAGAIN (why)`.
pub fn print_call(call: &CallSpec) -> String {
    let mut out = format!("{}({}) = {}", call.name.value, print_list(&call.arguments), print_result(&call.result));
    if let Some(errno) = &call.errno {
        out.push_str(&format!(" {}", errno.value));
    }
    for note in [&call.errno_text, &call.note].into_iter().flatten() {
        out.push_str(&format!(" ({note})"));
    }
    out
}

/// The result of a call.
pub fn print_result(result: &ResultSpec) -> String {
    match result {
        ResultSpec::Integer(number) => number.to_string(),
        ResultSpec::Symbol(name) => name.clone(),
        ResultSpec::Any => "...".to_owned(),
    }
}

/// An expression.
pub fn print_expr(expr: &Expr) -> String {
    match expr {
        Expr::Ellipsis => "...".to_owned(),
        Expr::Integer(number) => number.to_string(),
        Expr::Symbol(name) => name.clone(),
        Expr::String(text) => print_text(text),
        Expr::StringEllipsis(text) => format!("{}...", print_text(text)),
        Expr::Or(all) => all.iter().map(|expr| print_expr(expr)).collect::<Vec<_>>().join("|"),
        Expr::Assign(name, value) => format!("{} = {}", name.value, print_expr(value)),
        Expr::List(items) => format!("[{}]", print_list(items)),
        Expr::Braces(items) => format!("{{{}}}", print_list(items)),
        Expr::InetAddr(address) => format!("inet_addr(\"{address}\")"),
        Expr::Inet6Addr(address) => format!("inet6_addr(\"{address}\")"),
        Expr::Iovec(iovec) if iovec.named => {
            format!("{{iov_base={}, iov_len={}}}", print_expr(&iovec.base), print_expr(&iovec.len))
        }
        Expr::NetworkOrder { long, value } => format!("hton{}({})", if *long { 'l' } else { 's' }, print_expr(value)),
        Expr::Iovec(iovec) => format!("{{{}, {}}}", print_expr(&iovec.base), print_expr(&iovec.len)),
        Expr::Mpls(stack) => format!("{{{}}}", print_mpls(stack)),
        Expr::Gre(gre) => format!("{{{}}}", print_gre(gre)),
        structure => print_structure(structure),
    }
}

fn print_list(items: &[Spanned<Expr>]) -> String {
    items.iter().map(|expr| print_expr(expr)).collect::<Vec<_>>().join(", ")
}

/// A structure whose fields have names.
fn print_structure(expr: &Expr) -> String {
    let fields: Vec<(&str, &Spanned<Expr>)> = match expr {
        Expr::Sockaddr(address) => {
            let function = if matches!(address.address.value, IpAddr::V4(_)) { "inet_addr" } else { "inet6_addr" };
            return format!(
                "{{sa_family={}, sin_port=htons({}), sin_addr={function}(\"{}\")}}",
                print_expr(&address.family),
                address.port.value,
                address.address.value
            );
        }
        Expr::Msghdr(header) => return print_msghdr(header),
        Expr::Cmsg(cmsg) => {
            let mut fields: Vec<(&str, &Spanned<Expr>)> = cmsg.len.iter().map(|len| ("cmsg_len", len)).collect();
            fields.extend([("cmsg_level", &cmsg.level), ("cmsg_type", &cmsg.kind), ("cmsg_data", &cmsg.data)]);
            fields
        }
        Expr::ScmTimestamp { seconds, nanoseconds } => vec![("scm_sec", seconds), ("scm_nsec", nanoseconds)],
        Expr::ExtendedError(fields) => {
            let names = ["ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data"];
            names.into_iter().zip(fields.iter()).collect()
        }
        Expr::Pollfd { fd, events, revents } => {
            let mut fields: Vec<(&str, &Spanned<Expr>)> = vec![("fd", fd), ("events", events)];
            fields.extend(revents.iter().map(|revents| ("revents", &**revents)));
            fields
        }
        Expr::EpollEvent { events, data } => vec![
            ("events", events),
            match &**data {
                EpollData::Fd(value) => ("fd", value),
                EpollData::Ptr(value) => ("ptr", value),
                EpollData::U32(value) => ("u32", value),
                EpollData::U64(value) => ("u64", value),
            },
        ],
        Expr::Linger { onoff, linger } => vec![("onoff", onoff), ("linger", linger)],
        _ => Vec::new(), // everything else is printed by `print_expr` itself
    };
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", print_expr(value))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn print_msghdr(header: &MsghdrSpec) -> String {
    let control = header.control.as_ref().map(|control| print_expr(control));
    let (before, after) = match (&header.control_len, control) {
        (_, None) => (String::new(), String::new()),
        (Some(len), Some(control)) => (format!(", msg_control({})={control}", print_expr(len)), String::new()),
        (None, Some(control)) => (String::new(), format!(", msg_control={control}")),
    };
    format!(
        "{{msg_name({})={}, msg_iov({})={}{before}, msg_flags={}{after}}}",
        print_expr(&header.name_len),
        print_expr(&header.name),
        print_expr(&header.iov_len),
        print_expr(&header.iov),
        print_expr(&header.flags)
    )
}
