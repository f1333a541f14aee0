//! The way into a case's start state on any PC: a ROM of ours that lays out the case's memory, and behind it code in
//! memory that loads the registers and enters the case by IRET.
//!
//! Hidden parts of the data segments, LDTR and TR come from a descriptor table of the ROM's; CS and SS come from the case's
//! own table by IRET. What can't be said so is refused ([`why_not`]).

use super::case::{CS, Case, DS, ES, FS, GS, LDTR, SEGMENTS, SS, Segment, State, TR};

/// Pages of the case's memory that the way in uses; no case looks at them.
pub const SCRATCH: std::ops::Range<usize> = 0x7_0000..0x7_4000;

const CODE: u32 = 0x7_0000;
const STACK: u32 = 0x7_1800;
const POINTERS: u32 = 0x7_1F00;
const TABLE: u32 = 0x7_2000;
/// Its last entries: flat 32-bit code, flat data, 64-bit code. The case's selectors are below.
const OWN_CODE: u16 = 0x1E8;
const OWN_DATA: u16 = 0x1F0;
const OWN_CODE_64: u16 = 0x1F8;
const TABLE_SIZE: usize = 0x200;

/// Bytes of the ROM, which ends at the top of the first megabyte and of the address space.
const ROM: usize = 128 << 10;
/// Where its code lies in it: real mode sees that at F000:0000.
const ROM_CODE: usize = 64 << 10;
const ROM_BASE: u32 = 0xFFFE_0000;

const PE: u64 = 1;
const VM: u64 = 1 << 17;

/// Why a case can't be begun on another emulator, if it can't.
pub fn why_not(case: &Case) -> Option<String> {
    let s = &case.start;
    let is_64_bit = is_64_bit(s);
    if case.has_interrupt {
        return Some("an interrupt waits outside".to_owned());
    }
    if case.model == "80286" {
        return Some("they have no 80286".to_owned());
    }
    if s.cr0 & PE == 0 {
        return Some("it begins in real mode".to_owned());
    }
    if s.efer & 0x400 != 0 && !is_64_bit {
        return Some("it begins in compatibility mode".to_owned());
    }
    if case.memory[SCRATCH].iter().any(|byte| *byte != 0) {
        return Some("its memory leaves no room".to_owned());
    }
    if s.flags & VM != 0 {
        return None;
    }
    let ring = s.segments[CS].selector & 3;
    for number in [CS, SS] {
        let segment = &s.segments[number];
        if segment.selector >= 4 && !is_in_table(case, segment, is_64_bit) {
            return Some(format!("no descriptor says what {} is", SEGMENTS[number]));
        }
    }
    for number in [ES, DS, FS, GS] {
        let segment = &s.segments[number];
        let level = segment.attributes >> 5 & 3;
        if segment.selector >= OWN_CODE || segment.selector & 4 != 0 {
            return Some(format!("{} is from another table", SEGMENTS[number]));
        }
        if segment.selector >= 4 && level < ring {
            return Some(format!("no return to ring {ring} leaves {} as it is", SEGMENTS[number]));
        }
    }
    None
}

/// Where the way in leaves what IRET has popped, if that is on the case's own stack.
pub fn frame(s: &State) -> std::ops::Range<usize> {
    let is_within_ring = s.flags & VM == 0 && s.segments[CS].selector & 3 == 0 && !is_64_bit(s);
    let top = s.registers[4] as usize;
    if is_within_ring { top.saturating_sub(12)..top } else { 0..0 }
}

fn is_64_bit(s: &State) -> bool {
    s.efer & 0x400 != 0 && s.segments[CS].attributes & 0x2000 != 0
}

/// Whether the case's table has this segment (accessed or not).
fn is_in_table(case: &Case, segment: &Segment, is_64_bit: bool) -> bool {
    let at = case.start.gdtr.0 as usize + usize::from(segment.selector & 0xFFF8);
    let found = case.memory.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let wanted = descriptor(segment);
    let mask = if is_64_bit { 0x0020_FE00_0000_0000 } else { !(0x0100 << 32) };
    found.is_some_and(|found| found & mask == wanted & mask)
}

/// The descriptor of which a hidden part is made.
fn descriptor(segment: &Segment) -> u64 {
    let is_large = segment.attributes & 0x8000 != 0;
    let limit = u64::from(if is_large { segment.limit >> 12 } else { segment.limit });
    limit & 0xFFFF
        | (segment.base & 0xFF_FFFF) << 16
        | u64::from(segment.attributes & 0xF0FF) << 40
        | (limit >> 16 & 0xF) << 48
        | (segment.base >> 24 & 0xFF) << 56
}

/// The ROM that begins this case.
///
/// # Errors
/// When the case's memory has more in it than the ROM has room for.
pub fn rom(case: &Case) -> Result<Vec<u8>, String> {
    let mut memory = case.memory.clone();
    let put = |memory: &mut Vec<u8>, at: u32, bytes: &[u8]| {
        memory[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    };
    put(&mut memory, CODE, &way_in(case));
    put(&mut memory, TABLE, &table(&case.start));
    put(&mut memory, POINTERS, &pointer(u64::from(TABLE), TABLE_SIZE as u16 - 1));
    put(&mut memory, POINTERS + 0x10, &pointer(case.start.gdtr.0, case.start.gdtr.1));
    put(&mut memory, POINTERS + 0x20, &pointer(case.start.idtr.0, case.start.idtr.1));
    let mut rom = pieces(&memory);
    if rom.len() > ROM_CODE {
        return Err(format!("{} has too much in its memory", case.name));
    }
    rom.resize(ROM_CODE, 0xFF);
    rom.extend(rom_code());
    rom.resize(ROM, 0xFF);
    // The reset vector: JMP F000:0000.
    rom[ROM - 16..ROM - 11].copy_from_slice(&[0xEA, 0, 0, 0, 0xF0]);
    Ok(rom)
}

/// What SGDT would store, in its longer form.
fn pointer(base: u64, limit: u16) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&limit.to_le_bytes());
    bytes[2..].copy_from_slice(&base.to_le_bytes());
    bytes
}

/// Memory that isn't zero: address, length and bytes of each piece, and a length of zero at the end.
fn pieces(memory: &[u8]) -> Vec<u8> {
    const GRAIN: usize = 16;
    let mut rom = Vec::new();
    let mut at = 0;
    while at < memory.len() {
        let grains = memory[at..].chunks(GRAIN);
        let length = GRAIN * grains.take_while(|grain| grain.iter().any(|byte| *byte != 0)).count();
        if length == 0 {
            at += GRAIN;
            continue;
        }
        rom.extend((at as u32).to_le_bytes());
        rom.extend((length as u32).to_le_bytes());
        rom.extend(&memory[at..at + length]);
        at += length;
    }
    rom.extend([0; 8]);
    rom
}

/// From the reset to the case's memory in place: A20 on, interrupts off, flat protected mode, the pieces copied.
fn rom_code() -> Vec<u8> {
    const FLAT: u32 = ROM_BASE + ROM_CODE as u32 + 0x40;
    let mut code = Vec::new();
    code.extend([0xFA, 0xFC]); // cli; cld
    code.extend([0xE4, 0x92, 0x0C, 0x02, 0xE6, 0x92]); // in al, 92h; or al, 2; out 92h, al
    code.extend([0xB0, 0xFF, 0xE6, 0x21, 0xE6, 0xA1]); // mov al, FF; out 21h, al; out A1h, al
    code.extend([0x66, 0x2E, 0x0F, 0x01, 0x16, 0x80, 0x00]); // lgdt cs:[80h]
    code.extend([0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0]); // mov eax, cr0; or al, 1; mov cr0, eax
    code.extend([0x66, 0xEA]); // jmp 8:FLAT
    code.extend(FLAT.to_le_bytes());
    code.extend([0x08, 0x00]);
    code.resize(0x40, 0x90);
    code.extend([0x66, 0xB8, 0x10, 0x00, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0]); // ds, es, ss: flat
    code.push(0xBE); // mov esi, the pieces
    code.extend(ROM_BASE.to_le_bytes());
    // next: lodsd; mov edi, eax; lodsd; xchg ecx, eax; jecxz done; rep movsb; jmp next
    code.extend([0xAD, 0x89, 0xC7, 0xAD, 0x91, 0xE3, 0x04, 0xF3, 0xA4, 0xEB, 0xF5]);
    code.push(0xB8); // done: mov eax, CODE; jmp eax
    code.extend(CODE.to_le_bytes());
    code.extend([0xFF, 0xE0]);
    code.resize(0x80, 0x90);
    code.extend(&pointer(u64::from(ROM_BASE) + ROM_CODE as u64 + 0x90, 0x17)[..6]);
    code.resize(0x90, 0);
    for entry in [0, 0x00CF_9B00_0000_FFFF_u64, 0x00CF_9300_0000_FFFF] {
        code.extend(entry.to_le_bytes());
    }
    code
}

/// Descriptors at the places of the case's selectors, as the hidden parts are.
fn table(s: &State) -> Vec<u8> {
    let mut table = vec![0; TABLE_SIZE];
    let mut put = |selector: u16, raw: u64| {
        let at = usize::from(selector & 0x1F8);
        table[at..at + 8].copy_from_slice(&raw.to_le_bytes());
    };
    for number in [ES, SS, DS, FS, GS, LDTR] {
        if s.segments[number].selector >= 4 && s.flags & VM == 0 {
            put(s.segments[number].selector, descriptor(&s.segments[number]));
        }
    }
    if s.segments[TR].selector >= 4 {
        // LTR wants it free, and marks it busy.
        let free = Segment { attributes: s.segments[TR].attributes & !2, ..s.segments[TR] };
        put(free.selector, descriptor(&free));
    }
    put(OWN_CODE, 0x00CF_9B00_0000_FFFF);
    put(OWN_DATA, 0x00CF_9300_0000_FFFF);
    put(OWN_CODE_64, 0x0020_9B00_0000_0000);
    table
}

/// Code that loads the registers and goes to the case. It runs at [`CODE`], in flat 32-bit protected mode.
fn way_in(case: &Case) -> Vec<u8> {
    let s = &case.start;
    let mut code = Code(Vec::new());
    code.lgdt(POINTERS);
    code.control(3, s.cr3);
    if s.cr4 != 0 {
        code.control(4, s.cr4);
    }
    for (msr, value) in
        [0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102].into_iter().zip(s.msrs)
    {
        code.msr(msr, value);
    }
    code.msr(0xC000_0080, s.efer & !0x400);
    code.system(0xD0, s.segments[LDTR].selector);
    if !is_64_bit(s) {
        code.system(0xD8, s.segments[TR].selector);
    }
    for number in [0, 1, 2, 3, 6, 7] {
        code.debug(number, s.debug[usize::from(number)]);
    }
    code.control(2, s.cr2);
    code.control(0, s.cr0);
    if is_64_bit(s) {
        code.enter_64(s)
    } else {
        code.enter_32(s)
    }
    code.0
}

/// Machine code under way.
struct Code(Vec<u8>);

impl Code {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// mov r32, value
    fn load(&mut self, register: u8, value: u32) {
        self.0.push(0xB8 + register);
        self.put(&value.to_le_bytes());
    }

    /// mov r64, value
    fn load_64(&mut self, register: u8, value: u64) {
        self.put(&[0x48 | register >> 3, 0xB8 + (register & 7)]);
        self.put(&value.to_le_bytes());
    }

    fn control(&mut self, number: u8, value: u64) {
        self.load(0, value as u32);
        self.put(&[0x0F, 0x22, 0xC0 | number << 3]);
    }

    fn debug(&mut self, number: u8, value: u64) {
        self.load(0, value as u32);
        self.put(&[0x0F, 0x23, 0xC0 | number << 3]);
    }

    /// An MSR that members before it have not isn't touched.
    fn msr(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.load(1, number);
            self.load(0, value as u32);
            self.load(2, (value >> 32) as u32);
            self.put(&[0x0F, 0x30]);
        }
    }

    /// LLDT or LTR, by its ModR/M byte.
    fn system(&mut self, form: u8, selector: u16) {
        if selector >= 4 {
            self.load(0, selector.into());
            self.put(&[0x0F, 0x00, form]);
        }
    }

    fn lgdt(&mut self, pointer: u32) {
        self.put(&[0x2E, 0x0F, 0x01, 0x15]);
        self.put(&pointer.to_le_bytes());
    }

    fn lidt(&mut self, pointer: u32) {
        self.put(&[0x2E, 0x0F, 0x01, 0x1D]);
        self.put(&pointer.to_le_bytes());
    }

    fn segment(&mut self, number: usize, selector: u16) {
        self.load(0, selector.into());
        self.put(&[0x8E, 0xC0 | (number as u8) << 3]);
    }

    /// push value
    fn push(&mut self, value: u64) {
        self.0.push(0x68);
        self.put(&(value as u32).to_le_bytes());
    }

    fn enter_32(&mut self, s: &State) {
        let is_virtual = s.flags & VM != 0;
        let is_inner = !is_virtual && s.segments[CS].selector & 3 == 0;
        if !is_virtual {
            for number in [ES, DS, FS, GS] {
                self.segment(number, s.segments[number].selector);
            }
        }
        if is_inner {
            // IRET within a level leaves the stack as it is.
            self.segment(SS, s.segments[SS].selector);
            self.load(4, s.registers[4] as u32);
        } else {
            self.segment(SS, OWN_DATA);
            self.load(4, STACK);
        }
        if is_virtual {
            for number in [GS, FS, DS, ES] {
                self.push(s.segments[number].selector.into());
            }
        }
        if !is_inner {
            self.push(s.segments[SS].selector.into());
            self.push(s.registers[4]);
        }
        self.push(s.flags);
        self.push(s.segments[CS].selector.into());
        self.push(s.rip);
        self.lidt(POINTERS + 0x20);
        self.lgdt(POINTERS + 0x10);
        for register in [0, 1, 2, 3, 5, 6, 7] {
            self.load(register, s.registers[usize::from(register)] as u32);
        }
        self.0.push(0xCF);
    }

    fn enter_64(&mut self, s: &State) {
        // jmp OWN_CODE_64:behind
        let behind = CODE + self.0.len() as u32 + 7;
        self.0.push(0xEA);
        self.put(&behind.to_le_bytes());
        self.put(&OWN_CODE_64.to_le_bytes());
        self.system(0xD8, s.segments[TR].selector);
        for number in [ES, DS, FS, GS] {
            self.segment(number, s.segments[number].selector);
        }
        self.segment(SS, OWN_DATA);
        self.load(4, STACK);
        for value in
            [s.segments[SS].selector.into(), s.registers[4], s.flags, s.segments[CS].selector.into(), s.rip]
        {
            self.load_64(0, value);
            self.0.push(0x50);
        }
        // lidt, lgdt: their operands lie at absolute addresses.
        for (form, pointer) in [(0x1C, POINTERS + 0x20), (0x14, POINTERS + 0x10)] {
            self.put(&[0x0F, 0x01, form, 0x25]);
            self.put(&pointer.to_le_bytes());
        }
        for register in (0..16).filter(|register| *register != 4) {
            self.load_64(register, s.registers[usize::from(register)]);
        }
        self.put(&[0x48, 0xCF]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_what_is_not_zero() {
        let mut memory = vec![0; 0x100];
        memory[0x45] = 7;
        let mut want = vec![0x40, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        want.extend([0; 10 + 8]);
        assert_eq!(pieces(&memory), want);
    }

    #[test]
    fn descriptors_say_what_the_hidden_part_is() {
        let flat = Segment { selector: 8, attributes: 0xC09B, limit: 0xFFFF_FFFF, base: 0 };
        assert_eq!(descriptor(&flat), 0x00CF_9B00_0000_FFFF);
        let task = Segment { selector: 0x28, attributes: 0x8B, limit: 0x67, base: 0x3000 };
        assert_eq!(descriptor(&task), 0x0000_8B00_3000_0067);
    }
}
