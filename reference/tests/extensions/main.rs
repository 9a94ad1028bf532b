//! The extensions and habits that scenarios alone cannot reach: ICMP and the path MTU, the user timeout
//! option, Fast Open, and what deployed stacks do where the RFCs leave a choice.

mod demux;
mod fast_open;
mod habits;
mod icmp;
mod kit;
mod path_mtu;
mod timestamps;
mod user_timeout;
