//! Turns source text into statements, once; the passes then walk over them.

use super::expr::{Cursor, Expr, full_name, spell};
use super::lexer::{Token, tokens};
use super::operand::{Operand, is_register, operands, segment_register};
use super::table::{self, Form};
use super::{AsmError, Program};
use emu_core::addr::Width;
use std::rc::Rc;

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub file: Rc<str>,
    pub line: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub location: Location,
    pub label: Option<String>,
    pub action: Action,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Nothing,
    Equ(String, Expr),
    Org(Expr),
    /// Fill up to an address.
    At(Expr, Expr),
    Align(Expr, Expr),
    Data(Width, Vec<Datum>),
    Include(String),
    Blob(String),
    Times(Expr, Box<Action>),
    If(Expr),
    ElseIf(Expr),
    Else,
    EndIf,
    Error(String),
    Instruction(Instruction),
}

#[derive(Clone, Debug)]
pub(super) enum Datum {
    Text(String),
    Value(Expr),
}

#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub mnemonic: String,
    pub prefixes: Vec<u8>,
    pub forms: &'static [Form],
    pub operands: Vec<Operand>,
}

/// How deep `%include` may nest.
const DEEPEST_INCLUDE: usize = 8;

/// Parses `main` and all that it includes.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn parse(program: &Program, main: &str) -> Result<Vec<Statement>, AsmError> {
    let mut parser = Parser { program, statements: Vec::new(), scope: String::new() };
    let nowhere = Location { file: main.into(), line: 0 };
    parser.file(main, &nowhere, 0)?;
    Ok(parser.statements)
}

struct Parser<'a> {
    program: &'a Program,
    statements: Vec<Statement>,
    scope: String,
}

impl Parser<'_> {
    fn file(&mut self, name: &str, from: &Location, depth: usize) -> Result<(), AsmError> {
        let program = self.program;
        let text = program.sources.get(name).ok_or_else(|| {
            AsmError::at(from, format!("There is no source named {name:?}; add it to the program"))
        })?;
        if depth > DEEPEST_INCLUDE {
            return Err(AsmError::at(from, "Includes nest too deep; does a file include itself?"));
        }
        let file: Rc<str> = name.into();
        for (index, line) in text.lines().enumerate() {
            let location = Location { file: file.clone(), line: index + 1 };
            let (label, action) = self.line(line).map_err(|message| AsmError::at(&location, message))?;
            match action {
                Action::Include(inner) => self.file(&inner, &location, depth + 1)?,
                Action::Nothing if label.is_none() => {}
                action => self.statements.push(Statement { location, label, action }),
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(Option<String>, Action), String> {
        let tokens = tokens(line)?;
        if let [Token::Punct("%"), rest @ ..] = tokens.as_slice() {
            return Ok((None, directive(rest, &self.scope)?));
        }
        if let [Token::Word(name), Token::Word(equ), rest @ ..] = tokens.as_slice()
            && equ.eq_ignore_ascii_case("equ")
        {
            let name = self.new_name(name)?;
            let mut cursor = Cursor::new(rest, &self.scope);
            let value = cursor.expr()?;
            cursor.finish()?;
            return Ok((None, Action::Equ(name, value)));
        }
        let (label, rest) = self.label(&tokens)?;
        Ok((label, action(rest, &self.scope)?))
    }

    /// Takes a label off the front: a word with a colon, or a word that is no instruction.
    fn label<'t>(&mut self, tokens: &'t [Token]) -> Result<(Option<String>, &'t [Token]), String> {
        let (name, rest) = match tokens {
            [Token::Word(name), Token::Punct(":"), rest @ ..] => (name, rest),
            [Token::Word(name), rest @ ..] if !begins_action(name) => match rest {
                [Token::Word(next), ..] if begins_action(next) => (name, rest),
                _ => return Err(format!("{name} is no instruction of the 8086; a label needs a colon")),
            },
            _ => return Ok((None, tokens)),
        };
        let full = self.new_name(name)?;
        if !name.starts_with('.') {
            self.scope = name.clone();
        }
        Ok((Some(full), rest))
    }

    fn new_name(&self, name: &str) -> Result<String, String> {
        if is_register(name) {
            return Err(format!("{name} is a register and cannot be a label"));
        }
        Ok(full_name(name, &self.scope))
    }
}

const DIRECTIVES: [&str; 9] = ["db", "dw", "dd", "times", "align", "org", "at", "incbin", "bits"];

fn begins_action(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    DIRECTIVES.contains(&word.as_str()) || table::forms(&word).is_some() || table::prefix(&word).is_some()
}

/// What stands behind `%`.
fn directive(tokens: &[Token], scope: &str) -> Result<Action, String> {
    let mut cursor = Cursor::new(tokens, scope);
    let Some(Token::Word(name)) = cursor.next() else {
        return Err("% must be followed by if, elif, else, endif, error or include".to_owned());
    };
    let action = match name.to_ascii_lowercase().as_str() {
        "if" => Action::If(cursor.expr()?),
        "elif" => Action::ElseIf(cursor.expr()?),
        "else" => Action::Else,
        "endif" => Action::EndIf,
        "error" => Action::Error(text(&mut cursor)?),
        "include" => Action::Include(text(&mut cursor)?),
        _ => {
            return Err(format!(
                "%{name} is unknown; there are %if, %elif, %else, %endif, %error and %include"
            ));
        }
    };
    cursor.finish()?;
    Ok(action)
}

fn text(cursor: &mut Cursor<'_>) -> Result<String, String> {
    match cursor.next() {
        Some(Token::Text(text)) => Ok(text.clone()),
        _ => Err("A string in quotes is expected here".to_owned()),
    }
}

/// What a line does, behind its label.
fn action(tokens: &[Token], scope: &str) -> Result<Action, String> {
    let mut cursor = Cursor::new(tokens, scope);
    let Some(token) = cursor.next() else { return Ok(Action::Nothing) };
    let Token::Word(word) = token else {
        return Err(format!("A line cannot begin with {}", spell(token)));
    };
    let word = word.to_ascii_lowercase();
    let action = match word.as_str() {
        "db" => data(Width::Byte, &mut cursor)?,
        "dw" => data(Width::Word, &mut cursor)?,
        "dd" => data(Width::Dword, &mut cursor)?,
        "org" => Action::Org(cursor.expr()?),
        "at" => Action::At(cursor.expr()?, fill(&mut cursor, 0xFF)?),
        "align" => Action::Align(cursor.expr()?, fill(&mut cursor, 0x90)?),
        "incbin" => Action::Blob(text(&mut cursor)?),
        "bits" => bits(&mut cursor)?,
        "times" => return times(tokens, scope),
        _ => Action::Instruction(instruction(word, &mut cursor)?),
    };
    cursor.finish()?;
    Ok(action)
}

fn bits(cursor: &mut Cursor<'_>) -> Result<Action, String> {
    match cursor.next() {
        Some(Token::Number(16)) => Ok(Action::Nothing),
        _ => Err("Only bits 16 can be assembled".to_owned()),
    }
}

fn fill(cursor: &mut Cursor<'_>, default: i64) -> Result<Expr, String> {
    if cursor.take(",") { cursor.expr() } else { Ok(Expr::Number(default)) }
}

/// `times COUNT ACTION`: the action begins at the first word that can begin one.
fn times(tokens: &[Token], scope: &str) -> Result<Action, String> {
    let is_action = |token: &Token| matches!(token, Token::Word(word) if begins_action(word));
    let split = tokens.iter().skip(1).position(is_action).ok_or("times needs something to repeat")? + 1;
    let mut cursor = Cursor::new(&tokens[1..split], scope);
    let count = cursor.expr()?;
    cursor.finish()?;
    match action(&tokens[split..], scope)? {
        inner @ (Action::Data(..) | Action::Instruction(_)) => Ok(Action::Times(count, Box::new(inner))),
        _ => Err("times can repeat data and instructions only".to_owned()),
    }
}

fn data(width: Width, cursor: &mut Cursor<'_>) -> Result<Action, String> {
    let mut items = Vec::new();
    loop {
        let lone_text = matches!(cursor.peek_second(), None | Some(Token::Punct(",")));
        items.push(match cursor.peek() {
            Some(Token::Text(text)) if lone_text && width == Width::Byte => {
                cursor.next();
                Datum::Text(text.clone())
            }
            _ => Datum::Value(cursor.expr()?),
        });
        if !cursor.take(",") {
            return Ok(Action::Data(width, items));
        }
    }
}

fn instruction(first: String, cursor: &mut Cursor<'_>) -> Result<Instruction, String> {
    let mut prefixes = Vec::new();
    let mut mnemonic = first;
    while let Some(byte) = table::prefix(&mnemonic) {
        prefixes.push(byte);
        let next = cursor.take_word(|word| Some(word.to_owned()));
        mnemonic = next.ok_or_else(|| "A prefix needs an instruction behind it on its line".to_owned())?;
        if segment_register(&mnemonic).is_none() && prefixes.len() > 4 {
            return Err("An instruction can have at most four prefixes".to_owned());
        }
    }
    let forms = table::forms(&mnemonic).ok_or_else(|| format!("{mnemonic} is no instruction of the 8086"))?;
    let operands = operands(cursor)?;
    Ok(Instruction { mnemonic, prefixes, forms, operands })
}
