//! What is wrong with a script, with its line, a caret and advice.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// The columns that a report may take: a terminal's width must not change what is written.
const COLUMNS: usize = 120;

/// `error` as a person reads it, with SGR colours if `color`.
pub fn diagnostic(error: &dyn Diagnostic, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(COLUMNS);
    let mut text = String::new();
    if handler.render_report(&mut text, error).is_err() {
        text = format!("{error}\n");
    }
    text
}
