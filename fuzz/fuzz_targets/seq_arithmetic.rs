//! `seq_arithmetic` under libFuzzer.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelaw_fuzz::seq_arithmetic::check(octets));
