//! `tcp_transitions` under libFuzzer.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelaw_fuzz::tcp_transitions::check(octets));
