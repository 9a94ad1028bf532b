//! POSIX and Linux names and their numbers, as scripts write them, on any machine.

pub mod tcp_info;

use std::fmt;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// An error number by its POSIX name, with Linux's value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(clippy::upper_case_acronyms, missing_docs)] // the names are POSIX's and say all there is
        pub enum Errno { $($name = $number,)* }

        impl Errno {
            /// The error that `name` names.
            pub fn parse(name: &str) -> Option<Errno> {
                match name { $(stringify!($name) => Some(Errno::$name),)* _ => None }
            }

            /// The error with this number.
            pub fn from_number(number: i32) -> Option<Errno> {
                match number { $($number => Some(Errno::$name),)* _ => None }
            }

            /// The POSIX name.
            pub fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)* }
            }

            /// What `strerror` says.
            pub fn text(self) -> &'static str {
                match self { $(Errno::$name => $text,)* }
            }
        }
    };
}

errnos! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    EINTR = 4, "Interrupted system call";
    EIO = 5, "Input/output error";
    EBADF = 9, "Bad file descriptor";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    EINVAL = 22, "Invalid argument";
    EMFILE = 24, "Too many open files";
    EPIPE = 32, "Broken pipe";
    EPROTO = 71, "Protocol error";
    ENOTSOCK = 88, "Socket operation on non-socket";
    EDESTADDRREQ = 89, "Destination address required";
    EMSGSIZE = 90, "Message too long";
    EPROTOTYPE = 91, "Protocol wrong type for socket";
    ENOPROTOOPT = 92, "Protocol not available";
    EPROTONOSUPPORT = 93, "Protocol not supported";
    ESOCKTNOSUPPORT = 94, "Socket type not supported";
    EOPNOTSUPP = 95, "Operation not supported";
    EAFNOSUPPORT = 97, "Address family not supported by protocol";
    EADDRINUSE = 98, "Address already in use";
    EADDRNOTAVAIL = 99, "Cannot assign requested address";
    ENETDOWN = 100, "Network is down";
    ENETUNREACH = 101, "Network is unreachable";
    ECONNABORTED = 103, "Software caused connection abort";
    ECONNRESET = 104, "Connection reset by peer";
    ENOBUFS = 105, "No buffer space available";
    EISCONN = 106, "Transport endpoint is already connected";
    ENOTCONN = 107, "Transport endpoint is not connected";
    ESHUTDOWN = 108, "Cannot send after transport endpoint shutdown";
    ETIMEDOUT = 110, "Connection timed out";
    ECONNREFUSED = 111, "Connection refused";
    EHOSTUNREACH = 113, "No route to host";
    EALREADY = 114, "Operation already in progress";
    EINPROGRESS = 115, "Operation now in progress";
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.text())
    }
}

macro_rules! numbers {
    ($($name:ident = $number:expr;)*) => {
        $(#[allow(missing_docs)] pub const $name: i64 = $number;)* // the names are POSIX's

        /// The number that a symbol of a script stands for; error names included.
        pub fn symbol(name: &str) -> Option<i64> {
            match name {
                $(stringify!($name) => Some($name),)*
                _ => Errno::parse(name).map(|errno| errno as i64),
            }
        }
    };
}

numbers! {
    NULL = 0;
    AF_UNSPEC = 0; AF_INET = 2; AF_INET6 = 10; PF_INET = 2; PF_INET6 = 10;
    SOCK_STREAM = 1; SOCK_DGRAM = 2; SOCK_RAW = 3; SOCK_NONBLOCK = 0o4000; SOCK_CLOEXEC = 0o2_000_000;
    IPPROTO_IP = 0; IPPROTO_ICMP = 1; IPPROTO_TCP = 6; IPPROTO_UDP = 17; IPPROTO_IPV6 = 41; IPPROTO_ICMPV6 = 58;
    SHUT_RD = 0; SHUT_WR = 1; SHUT_RDWR = 2;
    F_GETFL = 3; F_SETFL = 4; O_RDONLY = 0; O_WRONLY = 1; O_RDWR = 2; O_NONBLOCK = 0o4000; O_CLOEXEC = 0o2_000_000;
    SOL_SOCKET = 1; SOL_IP = 0; SOL_TCP = 6; SOL_UDP = 17; SOL_IPV6 = 41;
    SO_DEBUG = 1; SO_REUSEADDR = 2; SO_TYPE = 3; SO_ERROR = 4; SO_DONTROUTE = 5; SO_BROADCAST = 6;
    SO_SNDBUF = 7; SO_RCVBUF = 8; SO_KEEPALIVE = 9; SO_OOBINLINE = 10; SO_PRIORITY = 12; SO_LINGER = 13;
    SO_REUSEPORT = 15; SO_RCVLOWAT = 18; SO_SNDLOWAT = 19; SO_RCVTIMEO = 20; SO_SNDTIMEO = 21;
    SO_ACCEPTCONN = 30; SO_TIMESTAMPING = 37; SCM_TIMESTAMPING = 37; SO_MARK = 36; SO_MAX_PACING_RATE = 47;
    SO_MEMINFO = 55; SO_ZEROCOPY = 60;
    TCP_NODELAY = 1; TCP_MAXSEG = 2; TCP_CORK = 3; TCP_KEEPIDLE = 4; TCP_KEEPINTVL = 5; TCP_KEEPCNT = 6;
    TCP_SYNCNT = 7; TCP_LINGER2 = 8; TCP_DEFER_ACCEPT = 9; TCP_WINDOW_CLAMP = 10; TCP_INFO = 11;
    TCP_QUICKACK = 12; TCP_CONGESTION = 13; TCP_MD5SIG = 14; TCP_USER_TIMEOUT = 18; TCP_FASTOPEN = 23;
    TCP_TIMESTAMP = 24; TCP_NOTSENT_LOWAT = 25; TCP_CC_INFO = 26; TCP_FASTOPEN_CONNECT = 30; TCP_INQ = 36;
    IP_TOS = 1; IP_TTL = 2; IP_MTU_DISCOVER = 10; IP_RECVERR = 11; IP_MTU = 14; IP_FREEBIND = 15;
    IPV6_RECVERR = 25; IPV6_MTU = 24; IPV6_TCLASS = 67; IPV6_UNICAST_HOPS = 16;
    MSG_OOB = 1; MSG_PEEK = 2; MSG_DONTROUTE = 4; MSG_TRUNC = 0x20; MSG_DONTWAIT = 0x40; MSG_EOR = 0x80;
    MSG_WAITALL = 0x100; MSG_ERRQUEUE = 0x2000; MSG_NOSIGNAL = 0x4000; MSG_MORE = 0x8000;
    MSG_ZEROCOPY = 0x400_0000; MSG_FASTOPEN = 0x2000_0000;
    SIOCATMARK = 0x8905; SIOCINQ = 0x541b; FIONREAD = 0x541b; SIOCOUTQ = 0x5411;
    POLLIN = 1; POLLPRI = 2; POLLOUT = 4; POLLERR = 8; POLLHUP = 16; POLLNVAL = 32; POLLRDHUP = 0x2000;
    EPOLLIN = 1; EPOLLPRI = 2; EPOLLOUT = 4; EPOLLERR = 8; EPOLLHUP = 16; EPOLLRDHUP = 0x2000;
    EPOLLEXCLUSIVE = 1 << 28; EPOLLONESHOT = 1 << 30; EPOLLET = 1 << 31;
    EPOLL_CTL_ADD = 1; EPOLL_CTL_DEL = 2; EPOLL_CTL_MOD = 3;
    EWOULDBLOCK = 11;
}
