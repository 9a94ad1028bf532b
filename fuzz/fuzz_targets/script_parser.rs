//! `script_parser` under libFuzzer.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelaw_fuzz::script_parser::check(octets));
