//! Scenarios as text: packetdrill's script language and our few words more.

pub mod ast;
