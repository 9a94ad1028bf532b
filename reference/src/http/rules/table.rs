//! The leniencies by name: one line for each switch of [`Rules`].

use super::Rules;
use crate::clause::Clause;
use crate::http::clauses as law;

/// A leniency that the RFCs permit.
#[derive(Clone, Copy, Debug)]
pub struct Leniency {
    /// Selects it on the command line.
    pub name: &'static str,
    /// What becomes of what is borne.
    pub meaning: &'static str,
    /// What permits it.
    pub clause: Clause,
    /// Turns it on or off.
    pub set: fn(&mut Rules, bool),
}

/// A line of the table.
const fn leniency(name: &'static str, clause: Clause, set: fn(&mut Rules, bool), meaning: &'static str) -> Leniency {
    Leniency { name, meaning, clause, set }
}

/// Every switch of [`Rules`]. Leniencies that no clause permits, such as LF alone after a chunk-size, are not offered.
#[rustfmt::skip] // one line each
pub const LENIENCIES: &[Leniency] = &[
    leniency("lf-line-end", law::BARE_LF, |r, on| r.lf_line_end = on, "LF alone ends a start-line or field line"),
    leniency("bare-cr-as-sp", law::BARE_CR, |r, on| r.bare_cr_as_sp = on, "CR alone in a value, a reason or a chunk extension counts as SP"),
    leniency("obs-fold", law::OBS_FOLD, |r, on| r.obs_fold = on, "a folded line of a request is joined with SP (always so in responses)"),
    leniency("lenient-request-line-ws", law::SINGLE_SP, |r, on| r.lenient_request_line_ws = on, "a request-line is split at any run of whitespace"),
    leniency("lenient-status-line-ws", law::STATUS_LINE_WS, |r, on| r.lenient_status_line_ws = on, "a status-line is split at any run of whitespace, and may end after the status-code"),
    leniency("skip-empty-lines", law::SKIP_EMPTY_LINE, |r, on| r.skip_empty_lines = on, "any number of empty lines before a start-line is skipped (one always is, before a request-line)"),
    leniency("ws-before-first-field-dropped", law::WS_BEFORE_FIELDS, |r, on| r.ws_before_first_field_dropped = on, "lines with whitespace in front, straight after the start-line, are dropped"),
    leniency("space-before-colon", law::SP_COLON, |r, on| r.space_before_colon = on, "whitespace before the colon is stripped, in responses alone"),
    leniency("nul-as-sp", law::CR_LF_NUL, |r, on| r.nul_as_sp = on, "NUL in a value counts as SP"),
    leniency("retain-controls", law::OTHER_CTL, |r, on| r.retain_controls = on, "control octets other than CR, LF and NUL stay in values that HTTP itself does not act on"),
    leniency("te-and-cl-te-wins", law::TE_AND_CL, |r, on| r.te_and_cl_te_wins = on, "Transfer-Encoding frames a message that has Content-Length too; then close"),
    leniency("equal-content-lengths", law::CL_SAME_LIST, |r, on| r.equal_content_lengths = on, "Content-Length repeated with the same number is used once"),
    leniency("te-in-http10", law::TE_IN_10, |r, on| r.te_in_http10 = on, "Transfer-Encoding frames an HTTP/1.0 message; then close"),
    leniency("unknown-te", law::UNKNOWN_CODING, |r, on| r.unknown_te = on, "a request with an unknown coding below chunked is framed by chunked, its content left coded"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_does_something_of_its_own_and_is_off_by_default() {
        for (i, leniency) in LENIENCIES.iter().enumerate() {
            let mut rules = Rules::default();
            (leniency.set)(&mut rules, false);
            assert_eq!(rules, Rules::default());
            (leniency.set)(&mut rules, true);
            for other in &LENIENCIES[..i] {
                let mut others = Rules::default();
                (other.set)(&mut others, true);
                assert_ne!(rules, others, "{} and {} are one", leniency.name, other.name);
                assert_ne!(leniency.name, other.name);
            }
            assert_ne!(rules, Rules::default(), "{} does nothing", leniency.name);
        }
    }
}
