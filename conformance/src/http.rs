//! HTTP/1.x: octets under the reference parser.

pub mod parse;
