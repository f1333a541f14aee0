//! Expressions: numbers, names, `$`, `$$`, and the operators of C with NASM's precedences.

use super::lexer::Token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    Number(i64),
    Symbol(String),
    /// `$`: the address of this statement.
    Here,
    /// `$$`: the address of the first byte.
    Start,
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
}

/// A value as far as it is known in this pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub number: i64,
    /// No label is in it, so it cannot move and may choose a short encoding.
    pub fixed: bool,
    /// False while it depends on a name that has not been reached.
    pub known: bool,
}

impl Value {
    pub(super) const fn fixed(number: i64) -> Self {
        Self { number, fixed: true, known: true }
    }

    pub(super) const fn label(number: i64) -> Self {
        Self { number, fixed: false, known: true }
    }

    pub(super) const UNKNOWN: Self = Self { number: 0, fixed: false, known: false };
}

/// Where names get their values.
pub(super) trait Names {
    /// # Errors
    /// A sentence about a name that stands for nothing.
    fn value_of(&self, name: &str) -> Result<Value, String>;
    fn here(&self) -> i64;
    fn start(&self) -> i64;
}

/// Binary operators by rising precedence.
const LEVELS: [&[&str]; 9] = [
    &["||"],
    &["&&"],
    &["==", "!=", "<", ">", "<=", ">="],
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// How deep parentheses and signs may nest.
const DEEPEST: usize = 64;

/// Reads tokens one after the other.
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    place: usize,
    /// The label to which names beginning with a dot belong.
    scope: &'a str,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Token], scope: &'a str) -> Self {
        Self { tokens, place: 0, scope, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.place)
    }

    pub(super) fn peek_second(&self) -> Option<&'a Token> {
        self.tokens.get(self.place + 1)
    }

    pub(super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.place)?;
        self.place += 1;
        Some(token)
    }

    /// Takes this punctuation if it comes next.
    pub(super) fn take(&mut self, punctuation: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Punct(p)) if *p == punctuation);
        self.place += usize::from(there);
        there
    }

    /// Takes the next word if `wanted` knows it (in lower case).
    pub(super) fn take_word<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let found = wanted(&word.to_ascii_lowercase())?;
        self.place += 1;
        Some(found)
    }

    /// # Errors
    /// When anything is left on the line.
    pub(super) fn finish(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(token) => Err(format!("{} is left over at the end of the line; remove it", spell(token))),
        }
    }

    /// Reads an expression.
    ///
    /// # Errors
    /// A sentence about what is missing.
    pub(super) fn expr(&mut self) -> Result<Expr, String> {
        self.level(0)
    }

    /// Reads a product or a simpler expression: what may stand between the plus signs of an address.
    pub(super) fn term(&mut self) -> Result<Expr, String> {
        self.level(LEVELS.len() - 1)
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        let mut height = 0;
        while let Some(operator) = operators.iter().find(|o| self.take(o)) {
            height += 1;
            if height > 4 * DEEPEST {
                return Err("This expression is too long; split it with equ".to_owned());
            }
            left = Expr::Binary(operator, Box::new(left), Box::new(self.level(level + 1)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("This expression nests too deep; split it with equ".to_owned());
        }
        let sign = ["-", "+", "~", "!"].into_iter().find(|o| self.take(o));
        let found = match sign {
            Some(operator) => Expr::Unary(operator, Box::new(self.unary()?)),
            None => self.primary()?,
        };
        self.depth -= 1;
        Ok(found)
    }

    fn primary(&mut self) -> Result<Expr, String> {
        match self.next() {
            Some(Token::Number(number)) => Ok(Expr::Number(*number)),
            Some(Token::Text(text)) => character(text),
            Some(Token::Word(name)) => Ok(Expr::Symbol(full_name(name, self.scope))),
            Some(Token::Punct("$")) => Ok(Expr::Here),
            Some(Token::Punct("$$")) => Ok(Expr::Start),
            Some(Token::Punct("(")) => {
                let inner = self.expr()?;
                if self.take(")") { Ok(inner) } else { Err("A closing ) is missing".to_owned()) }
            }
            Some(other) => Err(format!("A value is expected where {} stands", spell(other))),
            None => Err("A value is missing at the end of the line".to_owned()),
        }
    }
}

/// `.x` belongs to the last label that has no dot in front.
pub(super) fn full_name(name: &str, scope: &str) -> String {
    if name.starts_with('.') { format!("{scope}{name}") } else { name.to_owned() }
}

/// `'A'` as a number; up to four characters, the first in the low byte.
fn character(text: &str) -> Result<Expr, String> {
    if text.is_empty() || text.len() > 4 || !text.is_ascii() {
        return Err(format!("{text:?} is no number; one to four ASCII characters in quotes are"));
    }
    let number = text.bytes().rev().fold(0, |sum, byte| sum << 8 | i64::from(byte));
    Ok(Expr::Number(number))
}

pub(super) fn spell(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("\"{word}\""),
        Token::Number(number) => format!("\"{number}\""),
        Token::Text(text) => format!("the string {text:?}"),
        Token::Punct(p) => format!("\"{p}\""),
    }
}

impl Expr {
    /// # Errors
    /// A sentence about an unknown name or a division by zero.
    pub(super) fn value(&self, names: &dyn Names) -> Result<Value, String> {
        match self {
            Self::Number(number) => Ok(Value::fixed(*number)),
            Self::Symbol(name) => names.value_of(name),
            Self::Here => Ok(Value::label(names.here())),
            Self::Start => Ok(Value::label(names.start())),
            Self::Unary(operator, inner) => {
                let inner = inner.value(names)?;
                Ok(Value { number: unary(operator, inner.number), ..inner })
            }
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.value(names)?, right.value(names)?);
                let (fixed, known) = (left.fixed && right.fixed, left.known && right.known);
                if !known {
                    return Ok(Value::UNKNOWN);
                }
                let number = binary(operator, left.number, right.number).ok_or("This divides by zero")?;
                Ok(Value { number, fixed, known })
            }
        }
    }
}

fn unary(operator: &str, value: i64) -> i64 {
    match operator {
        "-" => value.wrapping_neg(),
        "~" => !value,
        "!" => i64::from(value == 0),
        _ => value,
    }
}

fn binary(operator: &str, left: i64, right: i64) -> Option<i64> {
    let shift = right.clamp(0, 63) as u32;
    Some(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "<<" => left.wrapping_shl(shift),
        ">>" => left.wrapping_shr(shift),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        "/" => left.checked_div(right)?,
        _ => left.checked_rem(right)?,
    })
}
