//! `wire_roundtrip` under libFuzzer.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelaw_fuzz::wire_roundtrip::check(octets));
