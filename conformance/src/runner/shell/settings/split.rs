//! The commands of a shell text: words, quotes, joiners, comments and muted outputs.

use super::arithmetic;

/// The longest text, in octets: there are no reasons for longer ones.
const LONGEST: usize = 64 << 10;

/// A command that the shell would start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Its words, without quotes.
    pub(super) words: Vec<String>,
    /// The file to which its output goes, if that is not the void.
    pub(super) output: Option<String>,
    /// As it is written.
    pub(super) text: String,
}

impl Command {
    pub(super) fn strs(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }
}

/// Commands that `&&` joins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// In order.
    pub(super) commands: Vec<Command>,
    /// `|| true` stands behind them.
    pub(super) may_fail: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `&&`, `||`, `;`, or the end of a line
    Joiner(&'static str),
    /// An output, with its number, goes to the file that is the next word.
    Output(Option<u8>),
    Input,
    /// `2>&1`
    Duplicate,
}

/// The lists of commands that `;` and the ends of lines separate; `Err` is what a shell would have to do.
pub(super) fn lists(text: &str) -> Result<Vec<Joined>, String> {
    if text.len() > LONGEST {
        return Err("a text without end".to_owned());
    }
    let mut lists = Vec::new();
    let mut list = Joined::default();
    let mut command = Command::default();
    let mut alternative = false;
    let mut start = 0;
    let mut tokens = Scanner { text, at: 0 };
    loop {
        let before = tokens.at;
        let token = tokens.next()?;
        let joiner = match token {
            Some(Token::Word(word)) => {
                command.words.push(word);
                continue;
            }
            Some(Token::Duplicate) => continue,
            Some(Token::Output(_) | Token::Input) => {
                redirect(&mut command, token.as_ref(), tokens.next()?)?;
                continue;
            }
            Some(Token::Joiner(joiner)) => Some(joiner),
            None => None,
        };
        let done = Command { text: text[start..before].trim().to_owned(), ..std::mem::take(&mut command) };
        start = tokens.at;
        let is_empty = done.words.is_empty() && done.output.is_none();
        if is_empty && matches!(joiner, Some("&&" | "||")) {
            return Err(joiner.unwrap_or_default().to_owned());
        }
        if alternative && !is_empty {
            if !matches!(done.strs()[..], ["true" | ":" | "echo", ..] | ["exit", "0"]) {
                return Err(format!("|| {}", done.text));
            }
            list.may_fail = true;
        } else if !is_empty {
            list.commands.push(done);
        }
        alternative = match joiner {
            Some("||") => true,
            // a line that ends in a joiner goes on in the next
            Some("\n") if is_empty => alternative,
            _ => false,
        };
        let goes_on = matches!(joiner, Some("&&" | "||")) || is_empty && joiner == Some("\n");
        if !goes_on {
            lists.push(std::mem::take(&mut list));
        }
        if joiner.is_none() {
            lists.push(list);
            lists.retain(|list| !list.commands.is_empty());
            return Ok(lists);
        }
    }
}

fn redirect(command: &mut Command, kind: Option<&Token>, file: Option<Token>) -> Result<(), String> {
    let Some(Token::Word(file)) = file else { return Err("a redirection to nowhere".to_owned()) };
    match kind {
        _ if file == "/dev/null" => Ok(()),
        Some(Token::Output(None)) if command.output.is_none() => {
            command.output = Some(file);
            Ok(())
        }
        Some(Token::Input) => Err(format!("< {file}")),
        _ => Err(format!("> {file}")),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn takes(&mut self, mark: &str) -> bool {
        let is_it = self.rest().starts_with(mark);
        if is_it {
            self.at += mark.len();
        }
        is_it
    }

    fn skip_blanks(&mut self) {
        while self.takes(" ") || self.takes("\t") || self.takes("\r") || self.takes("\\\n") || self.takes("\\\r\n") {}
        if self.rest().starts_with('#') {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn next(&mut self) -> Result<Option<Token>, String> {
        self.skip_blanks();
        if self.rest().is_empty() {
            return Ok(None);
        }
        for duplicate in ["2>&1", "1>&2", ">&2"] {
            if self.takes(duplicate) {
                return Ok(Some(Token::Duplicate));
            }
        }
        for (mark, number) in [
            ("&>>", Some(2)),
            ("&>", Some(2)),
            ("2>>", Some(2)),
            ("2>", Some(2)),
            ("1>", None),
            (">>", None),
            (">", None),
        ] {
            if self.takes(mark) {
                self.skip_blanks();
                return Ok(Some(Token::Output(number)));
            }
        }
        for joiner in ["&&", "||", ";", "\n"] {
            if self.takes(joiner) {
                return Ok(Some(Token::Joiner(joiner)));
            }
        }
        if self.takes("<") {
            self.skip_blanks();
            return Ok(Some(Token::Input));
        }
        self.word().map(|word| Some(Token::Word(word)))
    }

    /// A word up to a blank or a mark. Whatever a shell would replace is not understood; but the names of the process
    /// stay as they are written, for the files that are named after it.
    fn word(&mut self) -> Result<String, String> {
        let (mut word, mut quote) = (String::new(), None);
        while let Some(c) = self.rest().chars().next() {
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (Some('"') | None, '$') => {
                    if let Some((value, length)) = arithmetic::expansion(self.rest()) {
                        word.push_str(&value.to_string());
                        self.at += length;
                        continue;
                    }
                    let own = ["${PPID}", "$PPID", "${PACKETDRILL_PID}", "$PACKETDRILL_PID"];
                    let name = own.iter().find(|name| self.rest().starts_with(**name));
                    let name = name.ok_or_else(|| self.shown())?;
                    word.push_str(name);
                    self.at += name.len();
                    continue;
                }
                (Some('"'), '`') => return Err(self.shown()),
                (Some('"') | None, '\\') => {
                    self.at += 1;
                    let escaped = self.rest().chars().next().ok_or("a backslash at the end")?;
                    if quote.is_some() && !"\"\\$`\n".contains(escaped) {
                        word.push('\\');
                    }
                    if escaped != '\n' {
                        word.push(escaped);
                    }
                    self.at += escaped.len_utf8();
                    continue;
                }
                (None, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>') => break,
                (None, '(' | ')' | '{' | '}' | '`' | '*' | '?' | '[' | ']' | '~' | '!') => return Err(self.shown()),
                _ => word.push(c),
            }
            self.at += c.len_utf8();
        }
        match quote {
            Some(_) => Err("a quote that does not end".to_owned()),
            None if word.is_empty() && self.rest().starts_with(['&', '|']) => Err(self.shown()),
            None => Ok(word),
        }
    }

    /// From here to the end of the line.
    fn shown(&self) -> String {
        self.rest().lines().next().unwrap_or_default().trim().to_owned()
    }
}
