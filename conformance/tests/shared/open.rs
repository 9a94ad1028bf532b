//! The beginning of scripts.

/// A connection that is accepted: 3 listens, 4 has received nothing yet.
pub(crate) const OPEN: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+.01 < S 0:0(0) win 65535 <mss 1000>
+0   > S. 0:0(0) ack 1 <...>
+.01 < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
";
