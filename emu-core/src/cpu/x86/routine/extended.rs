//! All of a task's floating-point and vector registers at once: FXSAVE and FXRSTOR, XSAVE and its kin, XCR0 (Intel SDM
//! volume 1, 10.5 and 13).
//!
//! Registers never count as being in their initial state, so that XSAVEOPT and XSAVEC save all that they are asked for.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::backend::Backend;
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::executing::Executing;
use crate::cpu::x86::model::Feature;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{State, cr0, cr4, reg, xcr0};
use crate::cpu::x86::vector::control::{RESET, VALID};
use crate::cpu::x86::x87::image::{extended_bytes, extended_from};
use crate::cpu::x86::x87::{Fpu, LastInstruction, Pointer};
use std::iter;
use std::ops::Range;

routines! {
    /// [`Operands::detail`] is 1 for the forms with 64-bit pointers.
    Fxsave = fxsave;
    Fxrstor = fxrstor;
    /// XSAVE and XSAVEOPT.
    Xsave = xsave;
    Xsavec = xsavec;
    Xrstor = xrstor;
    Xgetbv = xgetbv;
    Xsetbv = xsetbv;
}

/// Where the parts of an image begin. The upper halves of the YMM registers lie there in XSAVEC's form, too: they are the
/// only part behind the header.
const MXCSR: usize = 24;
const ST: usize = 32;
const XMM: usize = 160;
const HEADER: usize = 512;
const YMM_UPPER: usize = 576;
/// An image's length.
const BYTES: usize = 832;

/// Marks XSAVEC's form in the header's second quadword.
const COMPACTED: u64 = 1 << 63;

struct Image([u8; BYTES]);

impl Image {
    fn quad(&self, at: usize) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|i| self.0[at + i]))
    }

    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.0[at..at + N].copy_from_slice(&bytes);
    }

    fn put_fpu(&mut self, fpu: &Fpu, long: bool) {
        self.put(0, fpu.control().to_le_bytes());
        self.put(2, fpu.status().to_le_bytes());
        self.put(4, [fpu.used()]);
        let last = fpu.last();
        self.put(6, last.opcode.to_le_bytes());
        for (at, pointer) in [(8, last.at), (16, last.operand)] {
            let short = u64::from(pointer.selector) << 32 | pointer.offset & 0xFFFF_FFFF;
            self.put(at, if long { pointer.offset } else { short }.to_le_bytes());
        }
        for i in 0..8 {
            self.put(ST + 16 * usize::from(i), extended_bytes(fpu.st(i)));
        }
    }

    fn load_fpu(&self, fpu: &mut Fpu, long: bool) {
        let half = |at| self.quad(at) as u16;
        fpu.set_status(half(2));
        fpu.set_control(half(0));
        fpu.set_used(self.0[4]);
        let pointer = |at| match (long, self.quad(at)) {
            (true, offset) => Pointer { selector: 0, offset },
            (false, word) => Pointer { selector: (word >> 32) as u16, offset: word & 0xFFFF_FFFF },
        };
        fpu.set_last(LastInstruction { at: pointer(8), operand: pointer(16), opcode: half(6) & 0x7FF });
        self.load_registers(fpu);
    }

    fn load_registers(&self, fpu: &mut Fpu) {
        for i in 0..8 {
            let at = ST + 16 * usize::from(i);
            fpu.set_number(i, extended_from(std::array::from_fn(|n| self.0[at + n])));
        }
    }

    fn put_mxcsr(&mut self, s: &State) {
        self.put(MXCSR, (u64::from(VALID) << 32 | u64::from(s.mxcsr)).to_le_bytes());
    }

    fn put_half(&mut self, s: &State, at: usize, half: u8, registers: u8) {
        for number in 0..registers {
            self.put(at + 16 * usize::from(number), s.block(number, half).to_le_bytes());
        }
    }

    fn load_half(&self, s: &mut State, at: usize, half: u8, registers: u8) {
        for number in 0..registers {
            let at = at + 16 * usize::from(number);
            s.set_block(number, half, u128::from(self.quad(at + 8)) << 64 | u128::from(self.quad(at)));
        }
    }

    /// MXCSR, if it is one.
    fn mxcsr(&self) -> Result<u32, Fault> {
        let value = self.quad(MXCSR) as u32;
        if value & !VALID != 0 { Err(Fault::with_code(vector::GENERAL_PROTECTION, 0)) } else { Ok(value) }
    }
}

/// Vector registers of the mode.
fn registers(s: &State) -> u8 {
    if s.is_64_bit() { 16 } else { 8 }
}

/// The address of an image that is aligned.
fn image_address<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    alignment: u8,
) -> Result<u64, Fault> {
    let at = cpu.address_of(o);
    cpu.check_alignment(o.segment, at, alignment)?;
    Ok(at)
}

fn read_image<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    at: u64,
    bytes: usize,
) -> Result<Image, Fault> {
    let mut image = Image([0; BYTES]);
    for i in (0..bytes).step_by(8) {
        let value = cpu.read::<u64>(o.segment, at.wrapping_add(i as u64) & o.offset_size.mask())?;
        image.put(i, value.to_le_bytes());
    }
    Ok(image)
}

/// Writes parts of an image, all or none; each begins and ends at a quadword.
fn write_image<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    at: u64,
    image: &Image,
    parts: impl IntoIterator<Item = Range<usize>>,
) -> Outcome {
    let mut cells = [None; BYTES / 8];
    for i in parts.into_iter().flat_map(|part| part.step_by(8)) {
        let at = at.wrapping_add(i as u64) & o.offset_size.mask();
        cells[i / 8] = Some(cpu.writable::<u64>(o.segment, at)?);
    }
    for (i, cell) in cells.iter().enumerate() {
        if let Some(cell) = cell {
            cpu.write_cell(cell, image.quad(8 * i));
        }
    }
    Ok(())
}

fn check_fxsr<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    let off = cpu.s.cr0 & (cr0::TS | cr0::EM) != 0;
    if off { Err(Fault::plain(vector::NO_COPROCESSOR)) } else { Ok(()) }
}

/// Whether FXSAVE knows of vector registers.
fn has_vectors<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> bool {
    cpu.model.offers(Feature::Sse) && cpu.s.cr4 & cr4::OSFXSR != 0
}

fn fxsave<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    check_fxsr(cpu)?;
    let at = image_address(cpu, o, 16)?;
    let mut image = Image([0; BYTES]);
    image.put_fpu(&cpu.s.fpu, o.detail != 0);
    if !has_vectors(cpu) {
        return write_image(cpu, o, at, &image, iter::once(0..XMM));
    }
    let count = registers(cpu.s);
    image.put_mxcsr(cpu.s);
    image.put_half(cpu.s, XMM, 0, count);
    write_image(cpu, o, at, &image, iter::once(0..XMM + 16 * usize::from(count)))
}

fn fxrstor<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    check_fxsr(cpu)?;
    let at = image_address(cpu, o, 16)?;
    let image = read_image(cpu, o, at, HEADER)?;
    if has_vectors(cpu) {
        cpu.s.mxcsr = image.mxcsr()?;
        let count = registers(cpu.s);
        image.load_half(cpu.s, XMM, 0, count);
    }
    image.load_fpu(&mut cpu.s.fpu, o.detail != 0);
    Ok(())
}

fn check_xsave<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    match (cpu.s.cr4 & cr4::OSXSAVE != 0, cpu.s.cr0 & cr0::TS != 0) {
        (false, _) => Err(Fault::plain(vector::INVALID_OPCODE)),
        (true, true) => Err(Fault::plain(vector::NO_COPROCESSOR)),
        (true, false) => Ok(()),
    }
}

/// What EDX:EAX asks for, of what is switched on.
fn requested<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> u64 {
    let mask = u64::from(cpu.get::<u32>(reg::DX)) << 32 | u64::from(cpu.get::<u32>(reg::AX));
    mask & cpu.s.xcr0
}

fn xsave<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    check_xsave(cpu)?;
    let at = image_address(cpu, o, 64)?;
    let asked = requested(cpu);
    let header = cpu.read::<u64>(o.segment, at.wrapping_add(HEADER as u64) & o.offset_size.mask())?;
    let mut image = Image([0; BYTES]);
    image.put(HEADER, (header & !asked | asked).to_le_bytes());
    save_parts(cpu, o, at, image, asked, Form::Standard)
}

fn xsavec<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    check_xsave(cpu)?;
    let at = image_address(cpu, o, 64)?;
    let asked = requested(cpu);
    let mut image = Image([0; BYTES]);
    image.put(HEADER, asked.to_le_bytes());
    image.put(HEADER + 8, (asked | COMPACTED).to_le_bytes());
    save_parts(cpu, o, at, image, asked, Form::Compacted)
}

/// The form of an image.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Standard,
    /// XSAVEC's, in which MXCSR belongs to the vector registers' lower halves alone.
    Compacted,
}

impl Form {
    /// The parts with which MXCSR comes.
    const fn with_mxcsr(self) -> u64 {
        match self {
            Self::Standard => xcr0::SSE | xcr0::AVX,
            Self::Compacted => xcr0::SSE,
        }
    }

    /// Where the part of the header ends that is written.
    const fn header_end(self) -> usize {
        match self {
            Self::Standard => HEADER + 8,
            Self::Compacted => HEADER + 16,
        }
    }
}

/// Writes the parts asked for and the header.
fn save_parts<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    at: u64,
    mut image: Image,
    asked: u64,
    form: Form,
) -> Outcome {
    let count = registers(cpu.s);
    let upper = 16 * usize::from(count);
    let none = 0..0;
    let part = |bits, range| if asked & bits != 0 { range } else { none.clone() };
    image.put_fpu(&cpu.s.fpu, o.detail != 0);
    image.put_mxcsr(cpu.s);
    image.put_half(cpu.s, XMM, 0, count);
    image.put_half(cpu.s, YMM_UPPER, 1, count);
    let parts = [
        part(xcr0::X87, 0..MXCSR),
        part(form.with_mxcsr(), MXCSR..ST),
        part(xcr0::X87, ST..XMM),
        part(xcr0::SSE, XMM..XMM + upper),
        HEADER..form.header_end(),
        part(xcr0::AVX, YMM_UPPER..YMM_UPPER + upper),
    ];
    write_image(cpu, o, at, &image, parts)
}

fn xrstor<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    check_xsave(cpu)?;
    let at = image_address(cpu, o, 64)?;
    let asked = requested(cpu);
    let bytes = if asked & xcr0::AVX != 0 { BYTES } else { YMM_UPPER };
    let image = read_image(cpu, o, at, bytes)?;
    let (there, layout) = (image.quad(HEADER), image.quad(HEADER + 8));
    let compacted = layout & COMPACTED != 0 && cpu.model.offers(Feature::XsaveC);
    let known = if compacted { layout & !COMPACTED } else { cpu.s.xcr0 };
    // In the standard form, the header's last 40 bytes may be anything.
    let zero = if compacted { HEADER + 16..YMM_UPPER } else { HEADER + 8..HEADER + 24 };
    let reserved = zero.step_by(8).fold(there & !known, |bits, at| bits | image.quad(at));
    if reserved | known & !cpu.s.xcr0 != 0 {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
    }
    let form = if compacted { Form::Compacted } else { Form::Standard };
    let loads_control = asked & form.with_mxcsr() != 0;
    let mxcsr = match (loads_control, compacted && there & xcr0::SSE == 0) {
        (false, _) => cpu.s.mxcsr,
        (true, true) => RESET,
        (true, false) => image.mxcsr()?,
    };
    cpu.s.mxcsr = mxcsr;
    restore_parts(cpu.s, &image, asked, there, o.detail != 0);
    Ok(())
}

/// Loads the parts asked for; those that are not there get their initial values.
fn restore_parts(s: &mut State, image: &Image, asked: u64, there: u64, long: bool) {
    let nothing = Image([0; BYTES]);
    let part = |bit| if there & bit != 0 { image } else { &nothing };
    let count = registers(s);
    if asked & xcr0::X87 != 0 {
        if there & xcr0::X87 != 0 {
            image.load_fpu(&mut s.fpu, long);
        } else {
            s.fpu.initialize();
            nothing.load_registers(&mut s.fpu);
        }
    }
    if asked & xcr0::SSE != 0 {
        part(xcr0::SSE).load_half(s, XMM, 0, count);
    }
    if asked & xcr0::AVX != 0 {
        part(xcr0::AVX).load_half(s, YMM_UPPER, 1, count);
    }
}

fn xgetbv<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr4 & cr4::OSXSAVE == 0 {
        return Err(Fault::plain(vector::INVALID_OPCODE));
    }
    match cpu.get::<u32>(reg::CX) {
        0 => {}
        1 if cpu.model.offers(Feature::XgetbvEcx1) => {}
        _ => return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0)),
    }
    let value = cpu.s.xcr0;
    cpu.put(reg::AX, value as u32);
    cpu.put(reg::DX, (value >> 32) as u32);
    Ok(())
}

fn xsetbv<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr4 & cr4::OSXSAVE == 0 {
        return Err(Fault::plain(vector::INVALID_OPCODE));
    }
    let value = u64::from(cpu.get::<u32>(reg::DX)) << 32 | u64::from(cpu.get::<u32>(reg::AX));
    let avx = if cpu.model.offers(Feature::Avx) { xcr0::AVX } else { 0 };
    let exists = value & !(xcr0::X87 | xcr0::SSE | avx) == 0 && value & xcr0::X87 != 0;
    let whole = value & xcr0::AVX == 0 || value & xcr0::SSE != 0;
    if cpu.get::<u32>(reg::CX) != 0 || !exists || !whole || cpu.s.cpl() != 0 {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
    }
    cpu.s.xcr0 = value;
    Ok(())
}
