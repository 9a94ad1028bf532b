//! The names of code points of differentiated services (RFC 2474, 2597, 3246, 5865, 8622).

/// Those that follow no pattern.
const NAMED: [(&str, u8); 3] = [("ef", 46), ("voice-admit", 44), ("le", 1)];

/// Every code point that has a name: class selectors, assured forwarding, and the rest.
fn all() -> impl Iterator<Item = (String, u8)> {
    let selectors = (0..8).map(|class| (format!("cs{class}"), class << 3));
    let assured = (1..5).flat_map(|class| (1..4).map(move |drop| (format!("af{class}{drop}"), class << 3 | drop << 1)));
    selectors.chain(assured).chain(NAMED.map(|(name, number)| (name.to_owned(), number)))
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = String> {
    all().map(|(name, _)| name)
}

/// The code point that `name` names.
pub(super) fn number(name: &str) -> Option<u8> {
    all().find(|(known, _)| known == name).map(|(_, number)| number)
}

/// The name of a code point.
pub(super) fn name(number: u8) -> Option<String> {
    all().find(|(_, known)| *known == number).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::{name, number};

    #[test]
    fn names_have_the_numbers_of_the_registry() {
        let known = [("cs0", 0), ("cs7", 56), ("af11", 10), ("af23", 22), ("af43", 38), ("ef", 46), ("le", 1)];
        for (word, code) in known {
            assert_eq!((number(word), name(code).as_deref()), (Some(code), Some(word)));
        }
        assert_eq!((number("af44"), number("cs8"), name(63)), (None, None, None));
    }
}
