//! Conditions of breakpoints: a small expression language over registers, flags and memory.
//!
//! ```text
//! ax == 5 && [ds:si] != 0
//! byte [es:di + 1] & 0x80 || zf
//! ```
//!
//! Loosest first: `||`, `&&`, one comparison (`== != < > <= >=`), `|`, `^`, `&`, `+ -`, then `! ~ -` before a value.
//! (Unlike C, `ax & 1 == 0` compares the masked value.) Values are registers and flags by the names of the CPU's
//! description, numbers (`10`, `0x1F`, `1Fh`), and memory in brackets by segment and offset or by linear address, with
//! `byte`, `word`, `dword` or `qword` before it; without, as wide as a stack entry. Arithmetic is of 64 bits with sign;
//! registers and memory are never negative. True is anything but 0.
//!
//! A condition is compiled to a list of steps for a stack, so that neither nested text nor a long one can exhaust the
//! host's stack.

use crate::cpu::describe::{CpuDescription, RegisterId};
use serde::{Deserialize, Serialize};

/// The longest condition, in bytes.
const MAX_LENGTH: usize = 1000;
/// How deep parentheses, brackets and signs may be nested.
const MAX_DEPTH: usize = 50;

/// What a condition is about: a stopped processor and its memory.
pub trait Surroundings {
    fn register(&self, id: RegisterId) -> u64;
    /// A byte of linear memory, without side effects.
    fn peek(&self, linear: u64) -> u8;
    /// Where an offset in a segment lies.
    fn linear(&self, segment: u64, offset: u64) -> u64;
}

/// What is wrong with a condition, where, and how to write it instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("Column {column}: {message}")]
pub struct ConditionError {
    /// The place in the text, in characters from 1.
    pub column: usize,
    pub message: String,
}

/// A condition that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Number(i64),
    Register(RegisterId),
    Flag(u8),
    /// Takes a linear address, leaves so many bytes from there.
    Load(u8),
    /// Takes a segment and an offset, leaves so many bytes from there.
    LoadSegmented(u8),
    Unary(Unary),
    Binary(Binary),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unary {
    Negate,
    Complement,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binary {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    BitOr,
    BitXor,
    BitAnd,
    Add,
    Subtract,
}

impl Condition {
    /// Reads a condition on a CPU of that description.
    ///
    /// # Errors
    /// The first mistake, with its column and the remedy.
    pub fn parse(text: &str, cpu: &CpuDescription) -> Result<Self, ConditionError> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, cpu, steps: Vec::new() };
        parser.or()?;
        match parser.peek() {
            Token::End => Ok(Self { steps: parser.steps }),
            Token::Operator(operator) if comparison(operator).is_some() => {
                Err(parser.error("comparisons do not chain: join two of them with &&"))
            }
            Token::Operator("=") => Err(parser.error("= changes nothing here: write == to compare")),
            Token::Operator(")" | "]") => {
                Err(parser.error("nothing was opened that this could close: leave it out"))
            }
            _ => Err(parser
                .error("two values stand side by side: write an operator between them, such as == or &&")),
        }
    }

    /// Whether it is true of the processor as it is now.
    pub fn holds(&self, at: &dyn Surroundings, cpu: &CpuDescription) -> bool {
        let mut stack: Vec<i64> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let value = match *step {
                Step::Number(value) => value,
                Step::Register(id) => at.register(id) as i64,
                Step::Flag(bit) => (at.register(cpu.flags_register) >> bit & 1) as i64,
                Step::Load(bytes) => load(at, pop(&mut stack) as u64, bytes),
                Step::LoadSegmented(bytes) => {
                    let (offset, segment) = (pop(&mut stack), pop(&mut stack));
                    load(at, at.linear(segment as u64, offset as u64), bytes)
                }
                Step::Unary(operator) => operator.apply(pop(&mut stack)),
                Step::Binary(operator) => {
                    let (right, left) = (pop(&mut stack), pop(&mut stack));
                    operator.apply(left, right)
                }
            };
            stack.push(value);
        }
        pop(&mut stack) != 0
    }
}

/// The parser leaves each step the operands that it takes.
fn pop(stack: &mut Vec<i64>) -> i64 {
    stack.pop().unwrap_or(0)
}

/// Bytes from memory as a number, low byte first.
fn load(at: &dyn Surroundings, linear: u64, bytes: u8) -> i64 {
    let byte = |number: u8| u64::from(at.peek(linear.wrapping_add(number.into()))) << (8 * number);
    (0..bytes).fold(0, |value, number| value | byte(number)) as i64
}

impl Unary {
    fn apply(self, value: i64) -> i64 {
        match self {
            Self::Negate => value.wrapping_neg(),
            Self::Complement => !value,
            Self::Not => i64::from(value == 0),
        }
    }
}

impl Binary {
    fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            Self::Or => i64::from(a != 0 || b != 0),
            Self::And => i64::from(a != 0 && b != 0),
            Self::Equal => i64::from(a == b),
            Self::Unequal => i64::from(a != b),
            Self::Less => i64::from(a < b),
            Self::Greater => i64::from(a > b),
            Self::LessOrEqual => i64::from(a <= b),
            Self::GreaterOrEqual => i64::from(a >= b),
            Self::BitOr => a | b,
            Self::BitXor => a ^ b,
            Self::BitAnd => a & b,
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
        }
    }
}

fn comparison(operator: &str) -> Option<Binary> {
    Some(match operator {
        "==" => Binary::Equal,
        "!=" => Binary::Unequal,
        "<" => Binary::Less,
        ">" => Binary::Greater,
        "<=" => Binary::LessOrEqual,
        ">=" => Binary::GreaterOrEqual,
        _ => return None,
    })
}

/// The operators between `&&` and a value, loosest first, of which each level may repeat.
const ARITHMETIC: [&[(&str, Binary)]; 4] = [
    &[("|", Binary::BitOr)],
    &[("^", Binary::BitXor)],
    &[("&", Binary::BitAnd)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Number(i64),
    Name(&'a str),
    Operator(&'static str),
    End,
}

/// Every operator; where one is the beginning of another, the longer stands first.
const OPERATORS: [&str; 22] = [
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "=", "|", "^", "&", "+", "-", "~", "!", "(", ")", "[", "]",
    ":", ",",
];

/// The tokens of a text with their columns; the last is [`Token::End`].
fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, ConditionError> {
    if text.len() > MAX_LENGTH {
        let message =
            format!("a condition has {MAX_LENGTH} characters at the most: split it over several breakpoints");
        return Err(ConditionError { column: 1, message });
    }
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let column = text[..text.len() - rest.len()].chars().count() + 1;
        let Some(first) = rest.chars().next() else {
            found.push((column, Token::End));
            return Ok(found);
        };
        let length;
        if first.is_ascii_alphanumeric() || first == '_' {
            length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let word = &rest[..length];
            let number = first.is_ascii_digit().then(|| number(word, column)).transpose()?;
            found.push((column, number.map_or(Token::Name(word), Token::Number)));
        } else if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            length = operator.len();
            found.push((column, Token::Operator(operator)));
        } else {
            let message = format!("{first} means nothing in a condition: leave it out");
            return Err(ConditionError { column, message });
        }
        rest = &rest[length..];
    }
}

/// A number: decimal, with `0x` before or `h` behind hexadecimal.
fn number(word: &str, column: usize) -> Result<i64, ConditionError> {
    let lower = word.to_ascii_lowercase();
    let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_suffix('h') {
        (digits, 16)
    } else {
        (lower.as_str(), 10)
    };
    if let Ok(value) = u64::from_str_radix(digits, radix) {
        return Ok(value as i64);
    }
    let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let message = if is_hex && radix == 10 && !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        format!("{word} has hexadecimal digits: write 0x{word} or {word}h")
    } else if is_hex {
        format!("{word} does not fit into 64 bits: write a smaller number")
    } else {
        format!("{word} is no number: write it like 10, 0x1F or 1Fh")
    };
    Err(ConditionError { column, message })
}

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    cpu: &'a CpuDescription,
    steps: Vec<Step>,
}

type Parsed = Result<(), ConditionError>;

impl<'a> Parser<'a> {
    fn or(&mut self) -> Parsed {
        self.and()?;
        while self.take("||") {
            self.and()?;
            self.steps.push(Step::Binary(Binary::Or));
        }
        Ok(())
    }

    fn and(&mut self) -> Parsed {
        self.compare()?;
        while self.take("&&") {
            self.compare()?;
            self.steps.push(Step::Binary(Binary::And));
        }
        Ok(())
    }

    fn compare(&mut self) -> Parsed {
        self.arithmetic(&ARITHMETIC)?;
        let Token::Operator(operator) = self.peek() else { return Ok(()) };
        let Some(binary) = comparison(operator) else { return Ok(()) };
        self.next += 1;
        self.arithmetic(&ARITHMETIC)?;
        self.steps.push(Step::Binary(binary));
        Ok(())
    }

    fn arithmetic(&mut self, levels: &[&[(&str, Binary)]]) -> Parsed {
        let [level, tighter @ ..] = levels else { return self.unary() };
        self.arithmetic(tighter)?;
        while let Some((_, binary)) = level.iter().find(|(operator, _)| self.take(operator)) {
            self.arithmetic(tighter)?;
            self.steps.push(Step::Binary(*binary));
        }
        Ok(())
    }

    fn unary(&mut self) -> Parsed {
        let operators = [("-", Unary::Negate), ("~", Unary::Complement), ("!", Unary::Not)];
        match operators.into_iter().find(|(operator, _)| self.take(operator)) {
            Some((_, unary)) => {
                self.deeper(Self::unary)?;
                self.steps.push(Step::Unary(unary));
                Ok(())
            }
            None => self.value(),
        }
    }

    fn value(&mut self) -> Parsed {
        match self.peek() {
            Token::Number(value) => {
                self.next += 1;
                self.steps.push(Step::Number(value));
                Ok(())
            }
            Token::Operator("(") => {
                self.next += 1;
                self.deeper(Self::or)?;
                self.expect(")")
            }
            Token::Operator("[") => self.memory(self.cpu.stack_width),
            Token::Name(name) => self.named(name),
            Token::Operator(_) | Token::End => {
                Err(self.error("a value is missing: write a number, a register, or memory such as [ds:si]"))
            }
        }
    }

    /// A width, a register or a flag.
    fn named(&mut self, name: &str) -> Parsed {
        let widths = [("byte", 1), ("word", 2), ("dword", 4), ("qword", 8)];
        if let Some((_, bytes)) = widths.into_iter().find(|(width, _)| name.eq_ignore_ascii_case(width)) {
            self.next += 1;
            return self.memory(bytes);
        }
        let flag = self.cpu.flags.iter().find(|flag| flag.name.eq_ignore_ascii_case(name));
        let step = match (self.cpu.register_named(name), flag) {
            (Some(id), _) => Step::Register(id),
            (None, Some(flag)) => Step::Flag(flag.bit),
            (None, None) => return Err(self.unknown(name)),
        };
        self.next += 1;
        self.steps.push(step);
        Ok(())
    }

    /// Memory in brackets.
    fn memory(&mut self, bytes: u8) -> Parsed {
        self.expect("[")?;
        self.deeper(Self::or)?;
        let step = if self.take(":") {
            self.deeper(Self::or)?;
            Step::LoadSegmented(bytes)
        } else {
            Step::Load(bytes)
        };
        self.expect("]")?;
        self.steps.push(step);
        Ok(())
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth == MAX_DEPTH {
            return Err(self.error("this is nested too deep: leave out parentheses"));
        }
        self.depth += 1;
        inner(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn peek(&self) -> Token<'a> {
        self.tokens[self.next].1
    }

    fn take(&mut self, operator: &str) -> bool {
        let found = matches!(self.peek(), Token::Operator(next) if next == operator);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, operator: &str) -> Parsed {
        if self.take(operator) {
            Ok(())
        } else {
            Err(self.error(&format!("a {operator} is missing: write it here")))
        }
    }

    fn unknown(&self, name: &str) -> ConditionError {
        let digits = name.strip_suffix(['h', 'H']).unwrap_or(name);
        if digits.len() < name.len() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return self.error(&format!("{name} is no register: if it is a number, write 0{name}"));
        }
        let names: Vec<&str> = self.cpu.registers.iter().map(|register| register.name).collect();
        let flags: Vec<&str> = self.cpu.flags.iter().map(|flag| flag.name).collect();
        let (names, flags) = (names.join(", "), flags.join(", "));
        self.error(&format!("there is no register {name}: write one of {names} or a flag: {flags}"))
    }

    fn error(&self, message: &str) -> ConditionError {
        ConditionError { column: self.tokens[self.next].0, message: message.to_owned() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cpu::describe::{FlagDescription, RegisterDescription, RegisterGroup};
    use proptest::prelude::*;

    const fn register(name: &'static str) -> RegisterDescription {
        RegisterDescription { name, bits: 16, group: RegisterGroup::General, meaning: "" }
    }

    /// A processor with four registers.
    pub static CPU: CpuDescription = CpuDescription {
        family: "test",
        registers: &[register("AX"), register("DS"), register("SI"), register("FLAGS")],
        flags_register: RegisterId(3),
        flags: &[FlagDescription { name: "ZF", bit: 6, meaning: "" }],
        stack_pointer: RegisterId(0),
        stack_segment: None,
        stack_width: 2,
        address_bits: 20,
        has_io_space: true,
        exceptions: &[],
    };

    /// AX = 5, DS = 40h, SI = 10h, ZF set; each byte of memory holds the low byte of its address.
    pub struct Stopped;

    impl Surroundings for Stopped {
        fn register(&self, id: RegisterId) -> u64 {
            [5, 0x40, 0x10, 0x40][usize::from(id.0)]
        }
        fn peek(&self, linear: u64) -> u8 {
            linear as u8
        }
        fn linear(&self, segment: u64, offset: u64) -> u64 {
            segment * 16 + offset
        }
    }

    fn holds(text: &str) -> bool {
        Condition::parse(text, &CPU).unwrap_or_else(|error| panic!("{text}: {error}")).holds(&Stopped, &CPU)
    }

    #[test]
    fn conditions_mean_what_they_say() {
        let true_ones = [
            "1",
            "ax == 5",
            "AX != 6 && zf",
            "[ds:si] == 1110h",
            "byte [ds:si+1] == 0x11",
            "word [0x410] == 0x1110",
            "dword [ds:si] == 13121110h",
            "qword[0] == 0x0706050403020100",
            "0 || ax",
            "ax & 1 == 1",
            "ax & 4 | 2 == 6",
            "ax ^ 1 == 4",
            "ax - 6 < 0",
            "-1 < ax",
            "~0 == -1",
            "!(ax == 6)",
            "!!ax",
            "ax >= 5 && ax <= 5",
            "ax > 4 && ax < 6",
            "(ax + 1) - 1 == 5",
            "byte [byte [ds:si]] == 10h",
            "0FFh == 255",
            "1 - 2 - 3 == -4",
            "0 && 0 || 1",
        ];
        for text in true_ones {
            assert!(holds(text), "{text}");
        }
        for text in ["0", "ax == 6", "!ax", "1 && (0 || 0)", "(1 || 0) && 0", "ax < 5 || !zf"] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn mistakes_have_a_column_and_a_remedy() {
        let value = "a value is missing: write a number, a register, or memory such as [ds:si]";
        let cases = [
            ("", 1, value),
            ("  ", 3, value),
            ("ax ==", 6, value),
            ("ax = 5", 4, "= changes nothing here: write == to compare"),
            ("1 < ax < 3", 8, "comparisons do not chain: join two of them with &&"),
            ("(ax", 4, "a ) is missing: write it here"),
            ("[ds:si", 7, "a ] is missing: write it here"),
            ("byte si", 6, "a [ is missing: write it here"),
            ("ax)", 3, "nothing was opened that this could close: leave it out"),
            ("ax 5", 4, "two values stand side by side: write an operator between them, such as == or &&"),
            ("ax == €", 7, "€ means nothing in a condition: leave it out"),
            ("€", 1, "€ means nothing in a condition: leave it out"),
            ("12ab", 1, "12ab has hexadecimal digits: write 0x12ab or 12abh"),
            ("0xfg", 1, "0xfg is no number: write it like 10, 0x1F or 1Fh"),
            ("0x", 1, "0x is no number: write it like 10, 0x1F or 1Fh"),
            (
                "ax == 0x10000000000000000",
                7,
                "0x10000000000000000 does not fit into 64 bits: write a smaller number",
            ),
            ("ax == FFh", 7, "FFh is no register: if it is a number, write 0FFh"),
            ("bx", 1, "there is no register bx: write one of AX, DS, SI, FLAGS or a flag: ZF"),
        ];
        for (text, column, message) in cases {
            let want = ConditionError { column, message: message.to_owned() };
            assert_eq!(Condition::parse(text, &CPU), Err(want), "{text}");
        }
        for deep in ["(".repeat(100), "!".repeat(100), "[".repeat(100)] {
            let error = Condition::parse(&deep, &CPU).expect_err("too deep");
            assert_eq!(error.message, "this is nested too deep: leave out parentheses");
        }
        assert!(Condition::parse(&"1+".repeat(501), &CPU).is_err());
    }

    /// Text made of the language's own pieces, so that the parser gets far.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "ax", "ds", "zf", "bx", "byte", "dword", "0x1F", "1Fh", "10", "9z", "==", "!=", "<", "<=", "=",
            "&&", "||", "&", "|", "^", "~", "!", "+", "-", "(", ")", "[", "]", ":", ",", " ",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in prop_oneof![".{0,80}", pieces()]) {
            match Condition::parse(&text, &CPU) {
                Ok(condition) => _ = condition.holds(&Stopped, &CPU),
                Err(error) => {
                    prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
                    prop_assert!(!error.message.is_empty());
                }
            }
        }

        /// Every combination of two operators groups as the page says.
        #[test]
        fn operators_bind_as_described(a in -9i64..9, b in -9i64..9, c in -9i64..9) {
            let num = |value: i64| if value < 0 { format!("(0 {value})") } else { value.to_string() };
            let (x, y, z) = (num(a), num(b), num(c));
            let cases = [
                (format!("{x} - {y} + {z} == {}", num(a - b + c)), true),
                (format!("{x} & {y} + {z} == {}", num(a & (b + c))), true),
                (format!("{x} ^ {y} & {z} == {}", num(a ^ (b & c))), true),
                (format!("{x} | {y} ^ {z} == {}", num(a | (b ^ c))), true),
                (format!("{x} < {y} | {z}"), a < (b | c)),
                (format!("{x} && {y} || {z}"), a != 0 && b != 0 || c != 0),
                (format!("{x} || {y} && {z}"), a != 0 || b != 0 && c != 0),
                (format!("- {x} == {} && ~{y} == {}", num(-a), num(!b)), true),
            ];
            for (text, want) in cases {
                prop_assert_eq!(holds(&text), want, "{}", text);
            }
        }
    }
}
