//! Any octets as a script: parsing ends with a scenario or an error, and a scenario survives being printed.

use wirelaw::script;

/// Octets that are no UTF-8 are none of the parser's business: loading refuses them.
pub fn check(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    match script::parse("fuzz.pkt", text) {
        Err(error) => {
            assert!(!error.message().is_empty(), "an error says what is wrong");
            let span = error.span();
            assert!(span.start <= span.end && span.end <= text.len(), "{span:?} lies in the {} octets", text.len());
            assert!(error.to_string().len() < 4096, "a message stays small, whatever the script");
        }
        Ok(scenario) => {
            let printed = script::print(&scenario);
            let again = script::parse("printed.pkt", &printed);
            let again = again.unwrap_or_else(|error| panic!("the printed form does not parse: {error}\n{printed}"));
            assert_eq!(again, scenario, "the printed form says something else:\n{printed}");
            assert_eq!(script::print(&again), printed, "the printed form is not canonical");
        }
    }
}
