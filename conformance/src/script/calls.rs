//! The calls of the language: what each is named, and which of its arguments are descriptors (packetdrill language, 5.4).

macro_rules! calls {
    ($($(#[$about:meta])* $variant:ident $name:literal $places:expr;)*) => {
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
    Socket "socket" [];
    Bind "bind" [0];
    Listen "listen" [0];
    Accept "accept" [0];
    Connect "connect" [0];
    Read "read" [0];
    Recv "recv" [0];
    Recvfrom "recvfrom" [0];
    Recvmsg "recvmsg" [0];
    Readv "readv" [0];
    Write "write" [0];
    Send "send" [0];
    Sendto "sendto" [0];
    Sendmsg "sendmsg" [0];
    Writev "writev" [0];
    Close "close" [0];
    Shutdown "shutdown" [0];
    Fcntl "fcntl" [0];
    Ioctl "ioctl" [0];
    Getsockopt "getsockopt" [0];
    Setsockopt "setsockopt" [0];
    Poll "poll" [];
    EpollCreate "epoll_create" [];
    EpollCtl "epoll_ctl" [0, 2];
    EpollWait "epoll_wait" [0];
    Pipe "pipe" [];
    Splice "splice" [0, 2];
    Open "open" [];
    Sendfile "sendfile" [0, 1];
    CapSet "cap_set" [];
    /// A mode of two machines alone has it.
    PspRxAssoc "psp_rx_assoc" [0];
    /// A mode of two machines alone has it.
    PspTxAssoc "psp_tx_assoc" [0];
    /// Ours.
    ServeHttp "serve_http" [0];
    // POSIX and Linux have these, the language has no form for what they return (5.5)
    Getsockname "getsockname" [0];
    Getpeername "getpeername" [0];
    Dup "dup" [0];
    Accept4 "accept4" [0];
    Select "select" [];
}
