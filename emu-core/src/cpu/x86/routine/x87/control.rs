//! The unit's own state: control and status words, environment, the whole.

use super::{Control, pending_error, set_error_pin};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::backend::{Form, Memory};
use crate::cpu::x86::checked::{Cell, Checked, Fault, vector};
use crate::cpu::x86::executing::{Executing, plain};
use crate::cpu::x86::flags::system;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::routine::{Outcome, routines};
use crate::cpu::x86::state::{State, cr0, reg};
use crate::cpu::x86::x87::image::{LARGEST, Layout};

routines! {
    Wait = wait;
}

/// WAIT: for the unit's exceptions.
fn wait<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let both = cr0::MP | cr0::TS;
    if cpu.s.cr0 & both == both {
        return Err(Fault::plain(vector::NO_COPROCESSOR));
    }
    if cpu.s.fpu.has_error() { pending_error(cpu, o).map(drop) } else { Ok(()) }
}

/// Lets go of FERR if nothing waits any more.
fn settle_error_pin<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>) {
    if !cpu.s.fpu.has_error() {
        set_error_pin(cpu, false);
    }
}

/// A [`Control`] of each body.
macro_rules! controls {
    ($($(#[$doc:meta])* $name:ident = |$cpu:ident, $o:pat_param| $body:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Control for $name {
            fn run<B: MemoryBus, P: Probe>($cpu: &mut Checked<'_, B, P>, $o: &Operands) -> Outcome {
                $body
            }
        }
    )*};
}

controls! {
    Initialize = |cpu, _| {
        cpu.s.fpu.initialize();
        settle_error_pin(cpu);
        Ok(())
    };
    ClearExceptions = |cpu, _| {
        cpu.s.fpu.clear_exceptions();
        settle_error_pin(cpu);
        Ok(())
    };
    /// FNENI, FNDISI and FNSETPM: the 8087's and the 80287's, to which later members pay no heed.
    Ignored = |_cpu, _| Ok(());
}

plain! {
    LoadControl = |cpu, o| {
        let word = Memory::read::<_, u16>(cpu, o)?;
        cpu.state().fpu.set_control(word);
        Ok(())
    };
    StoreControl = |cpu, o| {
        let word = cpu.state().fpu.control();
        Memory::write(cpu, o, word)
    };
    StoreStatus = |cpu, o| {
        let word = cpu.state().fpu.status();
        Memory::write(cpu, o, word)
    };
    /// FNSTSW AX.
    StatusToAccumulator = |cpu, _| {
        let word = cpu.state().fpu.status();
        cpu.state().put(reg::AX, word);
        Ok(())
    };
}

/// How this processor writes pointers now.
fn layout<const WIDE: bool>(s: &State) -> Layout {
    Layout { wide: WIDE, linear: !s.is_protected() || s.flags.has(system::VM) }
}

/// FNSTENV, in its 28- or 14-byte form.
pub struct StoreEnvironment<const WIDE: bool>;

impl<const WIDE: bool> Control for StoreEnvironment<WIDE> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let layout = layout::<WIDE>(cpu.s);
        let image = cpu.s.fpu.environment_image(layout);
        write_all(cpu, o, &image[..layout.bytes()])?;
        cpu.s.fpu.mask_all();
        settle_error_pin(cpu);
        Ok(())
    }
}

/// FLDENV.
pub struct LoadEnvironment<const WIDE: bool>;

impl<const WIDE: bool> Control for LoadEnvironment<WIDE> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let layout = layout::<WIDE>(cpu.s);
        let mut image = [0; 28];
        read_all(cpu, o, &mut image[..layout.bytes()])?;
        cpu.s.fpu.set_environment(layout, &image);
        Ok(())
    }
}

/// FNSAVE.
pub struct Save<const WIDE: bool>;

impl<const WIDE: bool> Control for Save<WIDE> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let layout = layout::<WIDE>(cpu.s);
        let image = cpu.s.fpu.full_image(layout);
        write_all(cpu, o, &image[..layout.bytes() + 80])?;
        cpu.s.fpu.initialize();
        settle_error_pin(cpu);
        Ok(())
    }
}

/// FRSTOR.
pub struct Restore<const WIDE: bool>;

impl<const WIDE: bool> Control for Restore<WIDE> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let layout = layout::<WIDE>(cpu.s);
        let mut image = [0; LARGEST];
        read_all(cpu, o, &mut image[..layout.bytes() + 80])?;
        cpu.s.fpu.set_full(layout, &image);
        Ok(())
    }
}

/// The most words of 16 bits that [`write_all`] writes.
const LARGEST_WORDS: usize = LARGEST / 2;

/// Writes an even number of bytes, all or none.
fn write_all<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, bytes: &[u8]) -> Outcome {
    let mut cells: [Option<Cell>; LARGEST_WORDS] = [None; LARGEST_WORDS];
    let mut at = cpu.address_of(o);
    for cell in &mut cells[..bytes.len() / 2] {
        *cell = Some(cpu.writable::<u16>(o.segment, at)?);
        at = at.wrapping_add(2) & o.offset_size.mask();
    }
    for (cell, word) in cells.iter().flatten().zip(bytes.chunks_exact(2)) {
        cpu.write_cell(cell, u16::from_le_bytes([word[0], word[1]]));
    }
    Ok(())
}

/// Reads an even number of bytes.
fn read_all<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, bytes: &mut [u8]) -> Outcome {
    let mut at = cpu.address_of(o);
    for word in bytes.chunks_exact_mut(2) {
        word.copy_from_slice(&cpu.read::<u16>(o.segment, at)?.to_le_bytes());
        at = at.wrapping_add(2) & o.offset_size.mask();
    }
    Ok(())
}
