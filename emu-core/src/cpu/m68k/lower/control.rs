//! Handlers of what goes elsewhere, and of what concerns the processor itself.

use super::{Kind, Select, View, by_address, by_form, by_source};
use crate::cpu::m68k::meaning::flow::{Branch, BranchIf, BranchSub, DecrementBranch, Jump, JumpSub, Return};
use crate::cpu::m68k::routine::system::{self, Ccr, Sr};
use crate::cpu::m68k::state::reg;
use crate::cpu::m68k::table::{Operand, Operation};

pub(super) fn select<S: Select>(view: &View) -> Option<S::Handler> {
    let source = view.kinds[0];
    match view.row.operation {
        Operation::Branch => Some(S::meaning::<Branch>()),
        Operation::BranchSub => Some(S::meaning::<BranchSub>()),
        Operation::BranchIf => branch_if::<S>(view.operands.detail),
        Operation::DecrementBranch => decrement_branch::<S>(view.operands.detail),
        Operation::Jump if is_known(view) => Some(S::meaning::<Branch>()),
        Operation::Jump => by_address!(source, First, F => Some(S::meaning::<Jump<F>>())),
        Operation::JumpSub if is_known(view) => Some(S::meaning::<BranchSub>()),
        Operation::JumpSub => by_address!(source, First, F => Some(S::meaning::<JumpSub<F>>())),
        Operation::Return => Some(S::meaning::<Return>()),
        _ => exceptions::<S>(view).or_else(|| status::<S>(view)),
    }
}

/// Whether an address is known when the instruction is decoded.
fn is_known(view: &View) -> bool {
    view.kinds[0] == Kind::Based && view.operands.source.base == reg::NONE
}

/// A handler by the number of a condition.
macro_rules! by_condition {
    ($number:expr, $select:ident, $meaning:ident) => {
        Some(match $number & 0xF {
            0x0 => $select::meaning::<$meaning<0x0>>(),
            0x1 => $select::meaning::<$meaning<0x1>>(),
            0x2 => $select::meaning::<$meaning<0x2>>(),
            0x3 => $select::meaning::<$meaning<0x3>>(),
            0x4 => $select::meaning::<$meaning<0x4>>(),
            0x5 => $select::meaning::<$meaning<0x5>>(),
            0x6 => $select::meaning::<$meaning<0x6>>(),
            0x7 => $select::meaning::<$meaning<0x7>>(),
            0x8 => $select::meaning::<$meaning<0x8>>(),
            0x9 => $select::meaning::<$meaning<0x9>>(),
            0xA => $select::meaning::<$meaning<0xA>>(),
            0xB => $select::meaning::<$meaning<0xB>>(),
            0xC => $select::meaning::<$meaning<0xC>>(),
            0xD => $select::meaning::<$meaning<0xD>>(),
            0xE => $select::meaning::<$meaning<0xE>>(),
            _ => $select::meaning::<$meaning<0xF>>(),
        })
    };
}

fn branch_if<S: Select>(condition: u8) -> Option<S::Handler> {
    by_condition!(condition, S, BranchIf)
}

fn decrement_branch<S: Select>(condition: u8) -> Option<S::Handler> {
    by_condition!(condition, S, DecrementBranch)
}

fn exceptions<S: Select>(view: &View) -> Option<S::Handler> {
    let source = view.kinds[0];
    Some(match view.row.operation {
        Operation::Illegal => S::routine::<system::Illegal>(),
        Operation::Trap => S::routine::<system::Trap>(),
        Operation::TrapOverflow => S::routine::<system::TrapOverflow>(),
        Operation::Check => return by_source!(source, First, F => Some(S::routine::<system::Check<F>>())),
        Operation::DivideUnsigned => {
            return by_source!(source, First, F => Some(S::routine::<system::DivideUnsigned<F>>()));
        }
        Operation::DivideSigned => {
            return by_source!(source, First, F => Some(S::routine::<system::DivideSigned<F>>()));
        }
        Operation::Stop => view.routine::<S, system::Stop>(),
        Operation::Reset => view.routine::<S, system::Reset>(),
        Operation::ReturnFromException => view.routine::<S, system::ReturnFromException>(),
        Operation::ReturnRestore => S::routine::<system::ReturnRestore>(),
        _ => return None,
    })
}

fn status<S: Select>(view: &View) -> Option<S::Handler> {
    let source = view.kinds[0];
    let whole = view.row.operands[1] == Operand::Sr;
    Some(match view.row.operation {
        Operation::Or if whole => view.routine::<S, system::OrStatus<Sr>>(),
        Operation::Or => S::routine::<system::OrStatus<Ccr>>(),
        Operation::And if whole => view.routine::<S, system::AndStatus<Sr>>(),
        Operation::And => S::routine::<system::AndStatus<Ccr>>(),
        Operation::Eor if whole => view.routine::<S, system::EorStatus<Sr>>(),
        Operation::Eor => S::routine::<system::EorStatus<Ccr>>(),
        Operation::MoveToCcr => {
            return by_source!(source, First, F => Some(S::routine::<system::MoveToStatus<Ccr, F>>()));
        }
        Operation::MoveToSr => {
            return by_source!(source, First, F => Some(view.routine::<S, system::MoveToStatus<Sr, F>>()));
        }
        Operation::MoveFromSr => {
            return by_form!(view.kinds[1], Second, F => Some(S::routine::<system::MoveFromSr<F>>()));
        }
        Operation::MoveToUsp => view.routine::<S, system::MoveToUsp>(),
        Operation::MoveFromUsp => view.routine::<S, system::MoveFromUsp>(),
        _ => return None,
    })
}
