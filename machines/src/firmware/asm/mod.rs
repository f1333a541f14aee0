//! An assembler for the 8086 and 8088 (Intel 8086 Family User's Manual, 1979, tables 4-12 to 4-14), with which the
//! firmware and the demo disk are built when a machine is.
//!
//! The source looks like NASM's: labels, `.local` labels, `equ`, `db`/`dw`/`dd`, `times`, `align`, `org`,
//! `incbin`, `%if`/`%elif`/`%else`/`%endif`/`%error`/`%include`, expressions with `$` and `$$`, `[es:bx+si+4]`.
//! Differences: `at ADDRESS[, FILL]` fills up to an address, files come from the caller and never from a disk, there
//! are no macros and no sections, and `jz near x` is the inverted short jump around a near one.
//!
//! A `jmp` without `short` or `near` takes the shortest form that reaches. An operand that depends on a label always
//! takes its wide form, so that the layout settles. Coprocessor instructions are not known; of the later members' there
//! are what firmware needs to enter protected mode, and the prefix `o32`, which makes 32-bit operands of registers.

mod encode;
mod expr;
mod lexer;
mod operand;
mod passes;
mod statement;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// What an assembly starts from: texts, binary pieces and constants, all by name.
#[derive(Clone, Debug, Default)]
pub struct Program {
    sources: BTreeMap<String, String>,
    blobs: BTreeMap<String, Vec<u8>>,
    constants: BTreeMap<String, i64>,
}

/// The product: bytes from the origin on, and what every name stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// The offset of the first byte (`org`).
    pub origin: u32,
    pub bytes: Vec<u8>,
    pub symbols: BTreeMap<String, Symbol>,
}

/// A name of the source. Local labels are called `outer.local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    pub value: i64,
    pub is_label: bool,
}

/// What is wrong, where, and what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct AsmError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl AsmError {
    fn at(location: &statement::Location, message: impl Into<String>) -> Self {
        Self { file: location.file.to_string(), line: location.line, message: message.into() }
    }
}

impl Program {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text, to be assembled or to be drawn in by `%include "name"`.
    #[must_use]
    pub fn source(mut self, name: &str, text: &str) -> Self {
        self.sources.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Adds bytes for `incbin "name"`.
    #[must_use]
    pub fn blob(mut self, name: &str, bytes: &[u8]) -> Self {
        self.blobs.insert(name.to_owned(), bytes.to_vec());
        self
    }

    /// Defines a constant that the source can use, in `%if` too.
    #[must_use]
    pub fn constant(mut self, name: &str, value: i64) -> Self {
        self.constants.insert(name.to_owned(), value);
        self
    }

    /// Assembles the text called `main`.
    ///
    /// # Errors
    /// The first mistake in the source, with its file, its line and the remedy.
    pub fn assemble(&self, main: &str) -> Result<Assembled, AsmError> {
        let statements = statement::parse(self, main)?;
        passes::run(self, &statements, main)
    }
}

impl Assembled {
    /// The offset of a label.
    pub fn label(&self, name: &str) -> Option<u16> {
        let symbol = self.symbols.get(name).filter(|s| s.is_label)?;
        u16::try_from(symbol.value).ok()
    }
}
