//! Walks over the statements until no label moves any more.

use super::encode::{Encoding, bytes_of, encode};
use super::expr::{Expr, Names, Value};
use super::statement::{Action, Datum, Instruction, Location, Statement};
use super::{AsmError, Assembled, Program, Symbol};
use emu_core::addr::Width;
use std::collections::{BTreeMap, HashMap};

/// Each pass lets at least one jump grow or is the last but one, so real sources need a handful.
const MOST_PASSES: u32 = 100;
/// The 8086 addresses no more.
const LARGEST: usize = 0x10_0000;

/// Assembles `statements`.
///
/// # Errors
/// The first mistake that is left when the layout has settled.
pub(super) fn run(program: &Program, statements: &[Statement], main: &str) -> Result<Assembled, AsmError> {
    let mut names = HashMap::new();
    for (name, value) in &program.constants {
        names.insert(name.clone(), Definition { value: Value::fixed(*value), is_label: false, pass: 0 });
    }
    let mut grown = Vec::new();
    for number in 1..=MOST_PASSES {
        let mut pass = Pass::new(program, number, &mut names, &mut grown);
        for statement in statements {
            pass.statement(statement);
        }
        let location = statements.last().map(|s| s.location.clone());
        pass.finish(location.unwrap_or(Location { file: main.into(), line: 0 }));
        let Pass { bytes, origin, changed, error, .. } = pass;
        match (changed, error) {
            (true, _) => {}
            (false, Some(error)) => return Err(error),
            (false, None) => return Ok(Assembled { origin, bytes, symbols: symbols(&names) }),
        }
    }
    let nowhere = Location { file: main.into(), line: 0 };
    Err(AsmError::at(&nowhere, "The layout does not settle; a times or align depends on a label behind it"))
}

fn symbols(names: &HashMap<String, Definition>) -> BTreeMap<String, Symbol> {
    let symbol = |d: &Definition| Symbol { value: d.value.number, is_label: d.is_label };
    names.iter().map(|(name, definition)| (name.clone(), symbol(definition))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Definition {
    value: Value,
    is_label: bool,
    /// The pass that defined it last; 0 for the caller's constants.
    pass: u32,
}

/// One level of `%if`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// This branch is assembled.
    Taken,
    /// A later branch may still be.
    Waiting,
    /// No branch of this level will be: an earlier one was, or all of it is left out.
    Done,
}

struct Pass<'a> {
    program: &'a Program,
    number: u32,
    names: &'a mut HashMap<String, Definition>,
    /// Which jumps, in the order they come, need their near form.
    grown: &'a mut Vec<bool>,
    jump: usize,
    bytes: Vec<u8>,
    origin: u32,
    branches: Vec<Branch>,
    changed: bool,
    error: Option<AsmError>,
}

/// Names as an expression in this pass sees them.
struct Scope<'p, 'a> {
    pass: &'p Pass<'a>,
    /// Only names that this pass has already reached count.
    only_reached: bool,
}

impl Names for Scope<'_, '_> {
    fn value_of(&self, name: &str) -> Result<Value, String> {
        let pass = self.pass;
        match pass.names.get(name) {
            Some(d) if d.pass == 0 || d.pass == pass.number || !self.only_reached => Ok(d.value),
            _ if self.only_reached => Err(format!("{name} must be defined above this line")),
            _ if pass.number == 1 => Ok(Value::UNKNOWN),
            _ => Err(format!("{name} is not defined; is it misspelt, or a .local label of another label?")),
        }
    }

    fn here(&self) -> i64 {
        self.pass.here()
    }

    fn start(&self) -> i64 {
        i64::from(self.pass.origin)
    }
}

impl<'a> Pass<'a> {
    fn new(
        program: &'a Program,
        number: u32,
        names: &'a mut HashMap<String, Definition>,
        grown: &'a mut Vec<bool>,
    ) -> Self {
        Self {
            program,
            number,
            names,
            grown,
            jump: 0,
            bytes: Vec::new(),
            origin: 0,
            branches: Vec::new(),
            changed: number == 1,
            error: None,
        }
    }

    fn here(&self) -> i64 {
        i64::from(self.origin) + self.bytes.len() as i64
    }

    fn statement(&mut self, statement: &Statement) {
        let Statement { location, label, action } = statement;
        let result = self.branch(action).and_then(|was_branch| {
            if was_branch || self.branches.iter().any(|b| *b != Branch::Taken) {
                return Ok(());
            }
            if let Some(label) = label {
                self.define(label, Value::label(self.here()), true)?;
            }
            self.act(action)
        });
        if let Err(message) = result {
            self.error.get_or_insert(AsmError::at(location, message));
        }
    }

    fn finish(&mut self, end: Location) {
        if !self.branches.is_empty() {
            self.error.get_or_insert(AsmError::at(&end, "A %if has no %endif"));
        }
    }

    /// Handles `%if` and its like; gives whether this was one.
    fn branch(&mut self, action: &Action) -> Result<bool, String> {
        let skipped = self.branches.iter().any(|b| *b != Branch::Taken);
        match action {
            Action::If(_) if skipped => self.branches.push(Branch::Done),
            Action::If(condition) => {
                let branch = self.condition(condition);
                self.branches.push(*branch.as_ref().unwrap_or(&Branch::Done));
                branch?;
            }
            Action::ElseIf(condition) => {
                let next = match self.innermost()? {
                    Branch::Waiting => self.condition(condition)?,
                    _ => Branch::Done,
                };
                self.set_innermost(next);
            }
            Action::Else => {
                let next = if self.innermost()? == Branch::Waiting { Branch::Taken } else { Branch::Done };
                self.set_innermost(next);
            }
            Action::EndIf => {
                self.innermost()?;
                self.branches.pop();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn innermost(&self) -> Result<Branch, String> {
        self.branches.last().copied().ok_or_else(|| "There is no %if for this".to_owned())
    }

    fn set_innermost(&mut self, branch: Branch) {
        if let Some(last) = self.branches.last_mut() {
            *last = branch;
        }
    }

    fn condition(&self, condition: &Expr) -> Result<Branch, String> {
        let value = self.reached(condition)?;
        Ok(if value == 0 { Branch::Waiting } else { Branch::Taken })
    }

    /// The value of an expression that decides about the layout.
    fn reached(&self, expr: &Expr) -> Result<i64, String> {
        expr.value(&Scope { pass: self, only_reached: true }).map(|value| value.number)
    }

    fn value(&self, expr: &Expr) -> Result<Value, String> {
        expr.value(&Scope { pass: self, only_reached: false })
    }

    fn define(&mut self, name: &str, value: Value, is_label: bool) -> Result<(), String> {
        let new = Definition { value, is_label, pass: self.number };
        let old = self.names.insert(name.to_owned(), new);
        if old.is_some_and(|old| old.pass == self.number || old.pass == 0) {
            return Err(format!("{name} is defined twice; rename one, or make it a .local label"));
        }
        self.changed |= old.is_none_or(|old| old.value != value);
        Ok(())
    }

    fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Equ(name, expr) => {
                let value = self.value(expr)?;
                self.define(name, value, false)
            }
            Action::Org(expr) => self.org(expr),
            Action::At(address, fill) => {
                let gap = self.reached(address)? - self.here();
                let over = format!("The code before this address is {} bytes too long", gap.saturating_neg());
                self.fill(usize::try_from(gap).map_err(|_| over)?, fill)
            }
            Action::Align(step, fill) => {
                let step = self.reached(step)?;
                let gap = self.here().checked_neg().and_then(|h| h.checked_rem_euclid(step));
                self.fill(gap.filter(|_| step > 0).ok_or("align needs a positive number")? as usize, fill)
            }
            Action::Blob(name) => {
                let blob = self.program.blobs.get(name);
                let blob =
                    blob.ok_or_else(|| format!("There is no data named {name:?}; add it to the program"))?;
                self.emit(blob)
            }
            Action::Error(text) => Err(text.clone()),
            Action::Times(count, inner) => self.times(count, inner),
            other => self.emit_action(other),
        }
    }

    fn org(&mut self, expr: &Expr) -> Result<(), String> {
        let origin = self.reached(expr)?;
        if !self.bytes.is_empty() {
            return Err("org must come before the first byte; use at to move on".to_owned());
        }
        self.origin =
            u32::try_from(origin).ok().filter(|o| *o < LARGEST as u32).ok_or("org is out of range")?;
        Ok(())
    }

    fn times(&mut self, count: &Expr, inner: &Action) -> Result<(), String> {
        let count = self.reached(count)?;
        let count = usize::try_from(count).map_err(|_| format!("times has the negative count {count}"))?;
        for _ in 0..count {
            let before = self.bytes.len();
            self.emit_action(inner)?;
            if self.bytes.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// What `times` can repeat.
    fn emit_action(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Data(width, items) => {
                let bytes = self.data(*width, items)?;
                self.emit(&bytes)
            }
            Action::Instruction(instruction) => self.instruction(instruction),
            _ => Ok(()),
        }
    }

    /// The bytes of a data line; `$` is its first byte throughout.
    fn data(&self, width: Width, items: &[Datum]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for item in items {
            match item {
                Datum::Text(text) if text.is_ascii() => bytes.extend(text.as_bytes()),
                Datum::Text(text) => {
                    return Err(format!("{text:?} is not ASCII; write its other characters as numbers"));
                }
                Datum::Value(expr) => bytes.extend(bytes_of(self.value(expr)?, width)?),
            }
        }
        Ok(bytes)
    }

    fn instruction(&mut self, instruction: &Instruction) -> Result<(), String> {
        if self.grown.len() <= self.jump {
            self.grown.push(false);
        }
        let jump = self.jump;
        self.jump += 1;
        loop {
            let scope = Scope { pass: self, only_reached: false };
            match encode(instruction, &scope, self.grown[jump])? {
                Encoding::Bytes(bytes) => return self.emit(&bytes),
                Encoding::NeedsNear => {
                    self.grown[jump] = true;
                    self.changed = true;
                }
            }
        }
    }

    fn fill(&mut self, count: usize, fill: &Expr) -> Result<(), String> {
        let byte = bytes_of(self.value(fill)?, Width::Byte)?;
        if count > LARGEST {
            return Err("The program grows beyond one megabyte".to_owned());
        }
        self.emit(&byte.repeat(count))
    }

    fn emit(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.bytes.len() + bytes.len() > LARGEST {
            return Err("The program grows beyond one megabyte".to_owned());
        }
        self.bytes.extend(bytes);
        Ok(())
    }
}
