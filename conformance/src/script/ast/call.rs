//! System calls and their expressions, as scripts write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Gre, MplsEntry, Spanned};

/// `name(arguments) = result ERRNO (text) (note)`
#[derive(Clone, Debug, PartialEq)]
pub struct CallSpec {
    /// The name; whether there is such a call is found out by the runner.
    pub name: Spanned<String>,
    /// The arguments.
    pub arguments: Vec<Spanned<Expr>>,
    /// What it is to return.
    pub result: Spanned<ResultSpec>,
    /// The error that it is to return; not written: not compared.
    pub errno: Option<Spanned<String>>,
    /// The text after the error name. Says nothing.
    pub errno_text: Option<String>,
    /// The note in parentheses after all that. Says nothing.
    pub note: Option<String>,
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultSpec {
    /// An integer of -2^31 to 2^32-1, written in any base.
    Integer(i64),
    /// A name; packetdrill refuses it at run time.
    Symbol(String),
    /// `...`; packetdrill refuses it at run time.
    Any,
}

/// An argument of a call, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `...`
    Ellipsis,
    /// A number of -2^31 to 2^32-1 (in `ptr=` and `u64=` up to 2^63-1), written in any base.
    Integer(i64),
    /// A name; the runner finds its number ([`crate::posix::symbol`]).
    Symbol(String),
    /// One or more adjacent strings.
    String(Vec<u8>),
    /// `"text"...`
    StringEllipsis(Vec<u8>),
    /// `a|b|c`: two or more.
    Or(Vec<Spanned<Expr>>),
    /// `NAME = value`, in lists only.
    Assign(Spanned<String>, Box<Spanned<Expr>>),
    /// `[a, b]`
    List(Vec<Spanned<Expr>>),
    /// `{a, b}` that is none of the structures below.
    Braces(Vec<Spanned<Expr>>),
    /// `inet_addr("1.2.3.4")`
    InetAddr(Ipv4Addr),
    /// `inet6_addr("::1")`
    Inet6Addr(Ipv6Addr),
    /// `{sa_family=..., sin_port=htons(N), sin_addr=inet_addr("...")}`
    Sockaddr(Box<SockaddrSpec>),
    /// `{..., N}` or `{"text", N}`
    Iovec(Box<IovecSpec>),
    /// `{msg_name(N)=..., msg_iov(N)=[...], msg_flags=N, msg_control=[...]}`
    Msghdr(Box<MsghdrSpec>),
    /// `{cmsg_level=L, cmsg_type=T, cmsg_data=D}`
    Cmsg(Box<Cmsg>),
    /// `{scm_sec=S, scm_nsec=N}`
    ScmTimestamp {
        /// Seconds.
        seconds: Box<Spanned<Expr>>,
        /// Nanoseconds.
        nanoseconds: Box<Spanned<Expr>>,
    },
    /// `{ee_errno=, ee_origin=, ee_type=, ee_code=, ee_info=, ee_data=}`, in this order.
    ExtendedError(Box<[Spanned<Expr>; 6]>),
    /// `{fd=N, events=E, revents=R}`
    Pollfd {
        /// The descriptor.
        fd: Box<Spanned<Expr>>,
        /// What is asked for.
        events: Box<Spanned<Expr>>,
        /// What is to come; not written: 0.
        revents: Option<Box<Spanned<Expr>>>,
    },
    /// `{events=E, fd=N}` and its kin.
    EpollEvent {
        /// The events.
        events: Box<Spanned<Expr>>,
        /// What comes with them.
        data: Box<EpollData>,
    },
    /// `htonl(N)` or `htons(N)`: a number in network order.
    NetworkOrder {
        /// Whether it has 32 bits, not 16.
        long: bool,
        /// The number in host order.
        value: Box<Spanned<Expr>>,
    },
    /// `{onoff=N, linger=N}`, in seconds.
    Linger {
        /// Whether to linger.
        onoff: Box<Spanned<Expr>>,
        /// How long.
        linger: Box<Spanned<Expr>>,
    },
    /// `{(label N, tc N, [S], ttl N) ...}`
    Mpls(Vec<MplsEntry>),
    /// `{flags ... sum N off N key=N seq N}`
    Gre(Gre),
}

/// A socket address.
#[derive(Clone, Debug, PartialEq)]
pub struct SockaddrSpec {
    /// `sa_family`
    pub family: Spanned<Expr>,
    /// `sin_port`, in host order.
    pub port: Spanned<u16>,
    /// `sin_addr`
    pub address: Spanned<IpAddr>,
}

/// A piece of a scattered buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct IovecSpec {
    /// `...`, or the text.
    pub base: Spanned<Expr>,
    /// Octets.
    pub len: Spanned<Expr>,
    /// Whether it was written `{iov_base=..., iov_len=N}`.
    pub named: bool,
}

/// A message header.
#[derive(Clone, Debug, PartialEq)]
pub struct MsghdrSpec {
    /// The number in `msg_name(...)`.
    pub name_len: Spanned<Expr>,
    /// `msg_name`
    pub name: Spanned<Expr>,
    /// The number in `msg_iov(N)`.
    pub iov_len: Spanned<Expr>,
    /// `msg_iov`
    pub iov: Spanned<Expr>,
    /// `msg_flags`
    pub flags: Spanned<Expr>,
    /// `msg_control`
    pub control: Option<Spanned<Expr>>,
    /// The number in `msg_control(N)`, which FreeBSD's dialect writes, before `msg_flags`.
    pub control_len: Option<Spanned<Expr>>,
}

/// A control message.
#[derive(Clone, Debug, PartialEq)]
pub struct Cmsg {
    /// `cmsg_len`, if it is written.
    pub len: Option<Spanned<Expr>>,
    /// `cmsg_level`
    pub level: Spanned<Expr>,
    /// `cmsg_type`
    pub kind: Spanned<Expr>,
    /// `cmsg_data`
    pub data: Spanned<Expr>,
}

/// What `epoll` gives back with an event.
#[derive(Clone, Debug, PartialEq)]
pub enum EpollData {
    /// `fd=`
    Fd(Spanned<Expr>),
    /// `ptr=`
    Ptr(Spanned<Expr>),
    /// `u32=`
    U32(Spanned<Expr>),
    /// `u64=`
    U64(Spanned<Expr>),
}
