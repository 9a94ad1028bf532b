//! "Did you mean ...?"

/// Words longer than this are not misspelt but different.
const LONGEST: usize = 32;

/// Advice for an unknown `word`: the known word nearest to it, or all of them.
pub(crate) fn suggest(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// The known word that at most two changes make of `word`, or one if it is short.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let limit = if word.len() < 5 { 1 } else { 2 };
    let lower = word.to_ascii_lowercase();
    let ranked = known.iter().map(|candidate| (distance(&lower, &candidate.to_ascii_lowercase()), *candidate));
    ranked.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, near)| near)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
