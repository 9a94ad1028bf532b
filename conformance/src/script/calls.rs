//! The calls of the language: what each is named, which of its arguments are descriptors, and
//! how it is written (packetdrill language, 5.4).

macro_rules! calls {
    ($($(#[$about:meta])* $variant:ident $name:literal $places:expr, $form:literal;)*) => {
        /// A call that a script may make.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum CallName {
            $($(#[$about])* $variant,)*
        }

        impl CallName {
            /// Every name.
            pub(crate) const NAMES: &[&str] = &[$($name),*];

            /// The call of this name.
            pub(crate) fn parse(name: &str) -> Option<CallName> {
                match name {
                    $($name => Some(CallName::$variant),)*
                    _ => None,
                }
            }

            /// How it is written, for messages.
            pub(crate) fn form(self) -> &'static str {
                match self {
                    $(CallName::$variant => $form,)*
                }
            }

            /// The places of its arguments that are descriptors; those inside of structures apart.
            pub(super) fn descriptors(self) -> &'static [usize] {
                match self {
                    $(CallName::$variant => &$places,)*
                }
            }
        }
    };
}

calls! {
    Socket "socket" [], "socket(domain, type, protocol)";
    Bind "bind" [0], "bind(fd, ..., ...)";
    Listen "listen" [0], "listen(fd, backlog)";
    Accept "accept" [0], "accept(fd, ..., ...)";
    Connect "connect" [0], "connect(fd, ..., ...)";
    Read "read" [0], "read(fd, ..., length)";
    Recv "recv" [0], "recv(fd, ..., length, flags)";
    Recvfrom "recvfrom" [0], "recvfrom(fd, ..., length, flags, ..., ...)";
    Recvmsg "recvmsg" [0], "recvmsg(fd, {msg_name(...)=..., msg_iov(1)=[{..., length}], msg_flags=0}, flags)";
    Readv "readv" [0], "readv(fd, [{..., length}], 1)";
    Write "write" [0], "write(fd, ..., length)";
    Send "send" [0], "send(fd, ..., length, flags)";
    Sendto "sendto" [0], "sendto(fd, ..., length, flags, ..., ...)";
    Sendmsg "sendmsg" [0], "sendmsg(fd, {msg_name(...)=..., msg_iov(1)=[{..., length}], msg_flags=0}, flags)";
    Writev "writev" [0], "writev(fd, [{..., length}], 1)";
    Close "close" [0], "close(fd)";
    Shutdown "shutdown" [0], "shutdown(fd, how)";
    Fcntl "fcntl" [0], "fcntl(fd, command)` or `fcntl(fd, command, argument)";
    Ioctl "ioctl" [0], "ioctl(fd, request)` or `ioctl(fd, request, [value])";
    Getsockopt "getsockopt" [0], "getsockopt(fd, level, name, [value], [4])";
    Setsockopt "setsockopt" [0], "setsockopt(fd, level, name, [value], 4)";
    Poll "poll" [], "poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, milliseconds)";
    EpollCreate "epoll_create" [], "epoll_create(size)";
    EpollCtl "epoll_ctl" [0, 2], "epoll_ctl(epoll, EPOLL_CTL_ADD, fd, {events=EPOLLIN, fd=4})";
    EpollWait "epoll_wait" [0], "epoll_wait(epoll, {events=EPOLLIN, fd=4}, most, milliseconds)";
    Pipe "pipe" [], "pipe([5, 6])";
    Splice "splice" [0, 2], "splice(in, NULL, out, NULL, length, flags)";
    Open "open" [], "open(\"path\", flags)";
    Sendfile "sendfile" [0, 1], "sendfile(out, in, [offset], length)";
    CapSet "cap_set" [], "cap_set(CAP_EFFECTIVE, capability, CAP_CLEAR)";
    /// A mode of two machines alone has it.
    PspRxAssoc "psp_rx_assoc" [0], "psp_rx_assoc(fd, [spi])";
    /// A mode of two machines alone has it.
    PspTxAssoc "psp_tx_assoc" [0], "psp_tx_assoc(fd, spi)";
    /// Ours.
    ServeHttp "serve_http" [0], "serve_http(fd)";
    // POSIX and Linux have these, the language has no form for what they return (5.5)
    Getsockname "getsockname" [0], "getsockname(fd, ..., ...)";
    Getpeername "getpeername" [0], "getpeername(fd, ..., ...)";
    Dup "dup" [0], "dup(fd)";
    Accept4 "accept4" [0], "accept4(fd, ..., ..., flags)";
    Select "select" [], "select(count, ..., ..., ..., ...)";
}
