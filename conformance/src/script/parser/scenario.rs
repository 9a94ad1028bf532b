//! The file as a whole: header, options, first command, steps, last command.

use std::sync::Arc;

use super::{Kind, Parser, Problem, Result, Spanned, Token, header, options};
use crate::axes::Ip;
use crate::script::ast::own_family;
use crate::script::ast::{Action, Direction, Micros, Scenario, ScriptOption, Shell, Step, Time};
use crate::script::lexer::{Comment, Defines, Lexer};

/// The scenario that `source` describes.
pub(crate) fn parse<'a>(
    name: &str,
    source: &'a str,
    defines: Defines<'a>,
    overrides: Vec<ScriptOption>,
    ip: Ip,
) -> Result<Scenario> {
    let mut lexer = Lexer::new(source, defines);
    let mut comments = Vec::new();
    lexer.trivia(&mut comments)?;
    let (header, own) = header::split(comments, lexer.line())?;
    let (options, own) = read_options(&mut lexer, own)?;
    let family = own_family(options.iter().chain(&overrides)).unwrap_or(ip);
    lexer.defines.supply(family != Ip::V4, family == Ip::V6);
    let mut parser = Parser::new(lexer)?;
    parser.token.comments.splice(0..0, own);
    let init = parser.shell()?;
    let steps = parser.steps(init.is_some())?;
    let cleanup = parser.shell()?;
    if parser.token.kind != Kind::End {
        return Err(parser.after_cleanup());
    }
    let epilogue = header::plain(std::mem::take(&mut parser.token.comments))?;
    let (name, source, expansions) = (name.to_owned(), Arc::from(source), parser.lexer.expansions);
    let defines = Vec::new();
    Ok(Scenario { name, source, defines, header, options, overrides, init, steps, cleanup, epilogue, expansions })
}

/// The options at which `lexer` stands; the comments that come after them, or before if there are none.
fn read_options(lexer: &mut Lexer<'_>, mut comments: Vec<Comment>) -> Result<(Vec<ScriptOption>, Vec<Comment>)> {
    let mut options = Vec::new();
    while lexer.rest().starts_with("--") {
        let mut option = options::option(lexer)?;
        // a define has been applied, and is no part of the scenario
        if !options::define(lexer, &option)? {
            option.comments = header::plain(std::mem::take(&mut comments))?;
            options.push(option);
        }
        lexer.trivia(&mut comments)?;
    }
    Ok((options, comments))
}

impl Parser<'_> {
    /// A shell command without time, if there is one.
    fn shell(&mut self) -> Result<Option<Shell>> {
        let comments = std::mem::take(&mut self.token.comments);
        if self.token.kind != Kind::Backquote {
            self.token.comments = comments;
            return Ok(None);
        }
        let token = self.bump()?;
        let comments = header::plain(comments)?;
        Ok(Some(Shell { comments, command: Spanned::new(command_of(&token), token.span) }))
    }

    /// The timed steps; at least one.
    fn steps(&mut self, after_init: bool) -> Result<Vec<Step>> {
        if self.token.kind == Kind::Backquote {
            return Err(Problem::new(self.token.span.clone(), "only one shell command may come before the first step")
                .label("a second one")
                .help("join the two, or put a time before this one"));
        }
        if self.token.kind == Kind::End {
            return Err(Problem::new(self.end..self.end, "the script has no step")
                .label("the script ends here")
                .help("a step is a time and what happens then, such as `+0 > S 0:0(0) <...>`"));
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut last_absolute = None;
        while !matches!(self.token.kind, Kind::End | Kind::Backquote) {
            if self.token.kind == Kind::Option {
                let place = if steps.is_empty() && after_init { "the first shell command" } else { "the first step" };
                return Err(Problem::new(self.token.span.clone(), format!("options come before {place}"))
                    .help("move this line to the top of the file"));
            }
            let step = self.step()?;
            check_order(&step, &mut last_absolute)?;
            steps.push(step);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Step> {
        let before = std::mem::take(&mut self.token.comments);
        let (start, line) = (self.token.span.start, self.token.line);
        if !self.at_time() {
            return Err(self.no_time());
        }
        let (time, end) = self.time()?;
        let action = self.action()?;
        check_time(&time, end.as_ref(), &action)?;
        let span = self.span_from(start);
        let end_line = self.end_line;
        let after = &mut self.token.comments;
        let own = after.iter().take_while(|comment| comment.line == end_line).count();
        let trailing: Vec<Comment> = after.drain(..own).collect();
        let (clause, trailing) = header::trailing(&trailing)?;
        let mut comments = header::plain(before)?;
        comments.extend(header::plain(std::mem::take(&mut self.comments))?);
        Ok(Step { span, line, time, end, action, clause, comments, trailing })
    }

    fn at_time(&self) -> bool {
        matches!(self.token.kind, Kind::Decimal | Kind::Hex | Kind::Float)
            || ["+", "*", "-"].iter().any(|mark| self.token.is(mark))
    }

    /// What happens in a step.
    fn action(&mut self) -> Result<Action> {
        if let Some(direction) = self.direction()? {
            return Ok(Action::Packet(Box::new(self.packet(direction)?)));
        }
        if let Some(token) = self.eat_kind(Kind::Backquote, "a shell command")? {
            return Ok(Action::Shell(command_of(&token)));
        }
        if let Some(token) = self.eat_kind(Kind::Code, "a code block")? {
            return Ok(Action::Code(token.text.into_owned()));
        }
        let Some(word) = self.eat_kind(Kind::Word, "a call")? else {
            self.want("`silent`");
            return Err(self.unexpected());
        };
        if word.text == "silent" && !self.token.is("(") {
            return Ok(Action::Silent);
        }
        Ok(Action::Call(Box::new(self.call(word)?)))
    }

    fn no_time(&mut self) -> Problem {
        if self.token.is("<") || self.token.is(">") || self.token.kind == Kind::Word || self.token.kind == Kind::Code {
            self.want("a time");
            return self.unexpected().help("every step begins with a time, such as `+0`, `+0.1`, `1.5` or `*`");
        }
        self.want("a time, such as `+0.1`");
        self.unexpected()
    }

    fn after_cleanup(&mut self) -> Problem {
        let span = self.token.span.clone();
        if self.token.kind == Kind::Backquote {
            return Problem::new(span, "only one shell command may come after the last step")
                .label("a second one")
                .help("join the two, or put a time before the first");
        }
        self.want("the end of the file");
        self.unexpected()
            .help("a shell command without time ends the script; put a time before it if more steps follow")
    }
}

/// Some times only go with some actions.
fn check_time(time: &Spanned<Time>, end: Option<&Spanned<Micros>>, action: &Action) -> Result<()> {
    let outbound = matches!(action, Action::Packet(packet) if packet.direction.value == Direction::Outbound);
    if let Some(end) = end.filter(|_| !matches!(action, Action::Call(_))) {
        return Err(
            Problem::new(end.span.clone(), "only calls have a time of return").help("remove `...` and this time")
        );
    }
    if outbound || matches!(time.value, Time::Absolute(_) | Time::Relative(_)) {
        return Ok(());
    }
    let what = if time.value == Time::Any { "`*`" } else { "a range of times" };
    let help = match action {
        Action::Silent => "silence lasts until a certain time, such as `+2`",
        _ => "anything else happens at a certain time, such as `+0.1`",
    };
    Err(Problem::new(time.span.clone(), format!("{what} stands only before outbound packets"))
        .label("not an outbound packet")
        .help(help))
}

/// Consecutive absolute times do not go backwards.
fn check_order(step: &Step, last: &mut Option<(Micros, usize)>) -> Result<()> {
    let (Time::Absolute(now) | Time::AbsoluteRange(now, _)) = step.time.value else {
        *last = None;
        return Ok(());
    };
    if let Some((before, line)) = last.replace((now, step.line))
        && now < before
    {
        let seconds = crate::script::printer::print_seconds;
        return Err(Problem::new(
            step.time.span.clone(),
            format!(
                "time goes backwards: {} on line {} comes after {} on line {line}",
                seconds(now),
                step.line,
                seconds(before)
            ),
        )
        .label("earlier than the step before")
        .help("absolute times never decrease; a time that counts from the step before is written `+t`"));
    }
    Ok(())
}

/// The text of a shell command. A shell takes the carriage returns of a file whose lines end in CR LF for parts of words.
fn command_of(token: &Token<'_>) -> String {
    token.text.replace("\r\n", "\n")
}
