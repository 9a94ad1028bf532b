//! Judges of live HTTP/1.x implementations: servers, proxies and clients.
//!
//! A case is a file below `fixtures/scripts/http/<role>/`: octets to send, and every outcome that conforms, each
//! with its verdict ([`script`] is the language). A judge plays the script over a live connection ([`wire`]), notes
//! what came back ([`observe`]), and looks for the first outcome that fits.
//!
//! [`parse`] shows what the reference parser makes of octets; [`compare`] holds other parsers against it.
//!
//! Wall clocks exist here: what a peer does not do within its time, it did not do. Everything read from a peer is
//! bounded in time and in octets, whatever the peer sends.

pub mod cases;
pub mod client;
pub mod compare;
pub mod judge;
mod looks;
pub mod observe;
pub mod origin;
pub mod parse;
pub mod play;
pub mod proxy;
pub mod script;
pub mod server;
pub mod wire;
