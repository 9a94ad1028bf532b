//! Defines: words that stand for other tokens.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::{Kind, Lexer, Problem, Result, Token, quote, word_length};

/// What all defines of a script may grow to, in octets; a few long defines used very often would
/// otherwise make a scenario much larger than its script.
const EXPANSION_LIMIT: usize = 16 << 20;

/// The defines of a script.
#[derive(Debug, Default)]
pub(crate) struct Defines<'a> {
    values: HashMap<String, (Vec<Token<'a>>, Origin)>,
    expanded: usize,
}

/// Who made a define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody: what the usual runner of scripts defines.
    Runner,
    /// An option of the script.
    Script,
    /// The command line: it wins.
    CommandLine,
}

impl<'a> Defines<'a> {
    /// Whether nothing is defined.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Lets `name` stand for `value` from now on.
    pub(crate) fn define(&mut self, name: &str, value: &str, origin: Origin, span: &Range<usize>) -> Result<()> {
        if name.is_empty() || word_length(name) != name.len() {
            return Err(Problem::new(span.clone(), format!("{} cannot be defined", quote(name)))
                .help("a define has the form NAME=value; the name is made of letters, digits and `_`"));
        }
        if origin == Origin::Script && self.values.get(name).is_some_and(|(_, by)| *by == Origin::CommandLine) {
            return Ok(());
        }
        let tokens = tokens_of(value).map_err(|problem| problem.at(span.clone()))?;
        self.values.insert(name.to_owned(), (tokens, origin));
        Ok(())
    }

    /// Defines what google's runner of its suite defines for every script, unless somebody has.
    pub(crate) fn supply(&mut self, v6_sockets: bool, v6_packets: bool) {
        // the cookies of the client's address under the key of `defaults.sh`, and under a key of zeros
        let (cookie, cookie_zero) = if v6_packets {
            ("c1d1e9742a47a9bc", "82af1a8f9a205c34")
        } else {
            ("3021b9d889017eeb", "b7c12350a90dc8f5")
        };
        let (level, kind) = if v6_sockets { ("SOL_IPV6", "IPV6_RECVERR") } else { ("SOL_IP", "IP_RECVERR") };
        let usual = [
            ("TFO_COOKIE", cookie),
            ("TFO_COOKIE_ZERO", cookie_zero),
            ("CODE", "host_unreachable"),
            ("CMSG_LEVEL_IP", level),
            ("CMSG_TYPE_RECVERR", kind),
        ];
        for (name, value) in usual {
            if !self.values.contains_key(name)
                && let Ok(tokens) = tokens_of(value)
            {
                self.values.insert(name.to_owned(), (tokens, Origin::Runner));
            }
        }
    }

    /// Whether `name` is defined.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|(_, by)| *by != Origin::Runner)
    }

    /// What `token` stands for, if it is defined.
    pub(crate) fn expand(&mut self, token: &Token<'a>) -> Result<Option<VecDeque<Token<'a>>>> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let Some((tokens, _)) = self.values.get(token.text.as_ref()) else { return Ok(None) };
        self.expanded += tokens.iter().map(|token| token.text.len() + 1).sum::<usize>();
        if self.expanded > EXPANSION_LIMIT {
            return Err(Problem::new(
                token.span.clone(),
                format!("the defines grow to more than {EXPANSION_LIMIT} octets"),
            ));
        }
        let stand_in = |define: &Token<'a>| Token {
            span: token.span.clone(),
            line: token.line,
            last_line: token.last_line,
            ..define.clone()
        };
        Ok(Some(tokens.iter().map(stand_in).collect()))
    }
}

/// The tokens of a define's value; numbers that C writes in base 8 have their C value.
fn tokens_of<'a>(value: &str) -> Result<Vec<Token<'a>>> {
    let mut lexer = Lexer::new(value, Defines::default());
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        if token.kind == Kind::End {
            return Ok(tokens);
        }
        let octal = (token.kind == Kind::Decimal && token.text.starts_with('0') && token.text.len() > 1)
            .then(|| u64::from_str_radix(&token.text, 8).ok())
            .flatten();
        let text = octal.map_or_else(|| token.text.into_owned(), |number| number.to_string());
        tokens.push(Token {
            text: Cow::Owned(text),
            comments: Vec::new(),
            expanded: true,
            kind: token.kind,
            ..Token::END
        });
    }
}

impl Token<'_> {
    const END: Token<'static> = Token {
        kind: Kind::End,
        text: Cow::Borrowed(""),
        span: 0..0,
        line: 0,
        last_line: 0,
        comments: Vec::new(),
        expanded: false,
    };
}
