//! `tcp_pair` under libFuzzer.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelaw_fuzz::tcp_pair::check(octets));
