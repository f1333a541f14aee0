//! The tables, handlers and services.

use super::asm::*;
use super::place::*;
use crate::quiet_bus::QuietBus;
use emu_core::cpu::x86::model::{Feature, Generation, Model};
use emu_core::cpu::x86::state::{cr0, efer};

/// Handlers of 32-bit code, and as far behind them those of 64-bit code.
const HANDLERS: u64 = 0x8000;
const LONG: u64 = 0x800;
const SLOT: u64 = 0x80;
const SERVICES: u64 = 0xA000;
const LONG_SERVICES: u64 = 0xC000;
const WAYS_OUT_OF_LONG: u64 = 0xE000;
const WAYS_TO_REAL: u64 = 0xF000;
const SERVICE_SLOT: u64 = 0x100;
const REAL_SERVICES: u64 = 0x700;

/// The first vector of the services.
pub const SERVICE_VECTOR: u8 = 0x30;

/// Which world each service goes to.
pub const SERVICES_GO_TO: [World; 16] = [
    World::Flat0,
    World::Flat3,
    World::Near0,
    World::Near3,
    World::Part3,
    World::Virtual,
    World::Real,
    World::Long0,
    World::Long3,
    World::Compatible32,
    World::Compatible16,
    World::Flat3,
    World::Virtual,
    World::Long3,
    World::Flat0,
    World::Part3,
];

#[derive(Clone, Copy)]
enum Routine {
    /// Steps over two bytes of what faulted.
    Skip,
    /// The same, with an error code.
    SkipCode,
    /// Goes on after a trap, now and then without TF.
    Trap,
    /// Mends a page below 2 MB.
    Page,
    Count,
    FarReturn,
    /// The double fault's task, in long mode handler.
    Recover,
    OtherTask,
}

const fn handler(routine: Routine, long: bool) -> u64 {
    HANDLERS + routine as u64 * SLOT + if long { LONG } else { 0 }
}

/// A descriptor of 20 bits of limit and 12 of attributes.
pub const fn descriptor(attributes: u64, base: u64, limit: u64) -> u64 {
    limit & 0xFFFF
        | (base & 0xFF_FFFF) << 16
        | (attributes & 0xFF) << 40
        | (limit >> 16 & 0xF) << 48
        | (attributes >> 12 & 0xF) << 52
        | (base >> 24 & 0xFF) << 56
}

pub const fn gate(rights: u64, selector: u16, offset: u64) -> u64 {
    offset & 0xFFFF | (selector as u64) << 16 | rights << 40 | (offset >> 16 & 0xFFFF) << 48
}

/// Everything for a processor that begins with `start`.
pub fn build(bus: &QuietBus, model: &'static Model, start: &Start) {
    let kernel = Kernel { bus, model, start };
    kernel.descriptors();
    kernel.task_states();
    kernel.pages();
    if model.generation < Generation::I80386 {
        super::kernel16::build(bus);
        return;
    }
    kernel.gates();
    for long in [false, true] {
        kernel.handlers(long);
    }
    kernel.tasks();
    for (number, world) in (0..).zip(SERVICES_GO_TO) {
        kernel.service(number, world);
    }
    kernel.real_mode();
}

struct Kernel<'a> {
    bus: &'a QuietBus,
    model: &'static Model,
    start: &'a Start,
}

impl Kernel<'_> {
    fn put(&self, at: u64, bytes: &[u8]) {
        self.bus.put(at, bytes);
    }

    fn quad(&self, at: u64, value: u64) {
        self.put(at, &value.to_le_bytes());
    }

    fn descriptors(&self) {
        let narrow = self.model.generation < Generation::I80386;
        let flat_code = if narrow { descriptor(0x9B, 0, 0xFFFF) } else { descriptor(0xC09B, 0, 0xF_FFFF) };
        let flat_data = if narrow { descriptor(0x93, 0, 0xFFFF) } else { descriptor(0xC093, 0, 0xF_FFFF) };
        let level_3 = 0x60 << 40;
        let task = if narrow { 0x83 } else { 0x8B };
        let entries = [
            (CODE_0, flat_code),
            (DATA_0, flat_data),
            (CODE_3, flat_code | level_3),
            (DATA_3, flat_data | level_3),
            (TASK, descriptor(task, TSS, 0x8F)),
            (CODE16_0, descriptor(0x9B, CODE[0], 0xFFFF)),
            (DATA16_0, descriptor(0x93, DATA, 0xFFFF)),
            (CODE16_3, descriptor(0xFB, CODE[0], 0xFFFF)),
            (DATA16_3, descriptor(0xF3, DATA, 0xFFFF)),
            (PART_CODE, descriptor(0x40FB, CODE[1], 0xFFF)),
            (PART_DATA, descriptor(0x40F3, DATA, 0x4FFF)),
            (DOWN_DATA, descriptor(0x40F7, DATA, 0x0FFF)),
            (LONG_CODE_0, descriptor(0xA09B, 0, 0xF_FFFF)),
            (LONG_CODE_3, descriptor(0xA0FB, 0, 0xF_FFFF)),
            (LOCAL, descriptor(0x82, LDT, 0x3F)),
            (0x98, descriptor(0xC09F, 0, 0xF_FFFF)),
            (0xA0, descriptor(task - 2, OTHER_TSS, 0x8F)),
            (LONG_TASK, descriptor(0x89, LONG_TSS, 0x8F)),
            (FAULT_TASK, descriptor(task - 2, FAULT_TSS, 0x8F)),
            (REAL_CODE, descriptor(0x9B, 0, 0xFFFF)),
            (0xC8, gate(0xE5, 0xA0, 0)),
            (0xD0, descriptor(0xF1, DATA, 0xFFFF)),
            (0xD8, descriptor(0x73, DATA, 0xFFFF)),
        ];
        for (selector, raw) in entries {
            self.quad(GDT + u64::from(selector & !7), raw);
        }
        self.quad(LDT, gate(0xEC, LONG_CODE_0, handler(Routine::FarReturn, true)));
        self.quad(LDT + 0x10, gate(0xEC, CODE_0, handler(Routine::FarReturn, false)));
        self.quad(LDT + 0x18, gate(0xE4, CODE16_0, 0xF00) | 2 << 32);
        self.quad(LDT + 0x20, descriptor(0x40F3, DATA, 0x1FFF));
        let pointers = [(GDT, GDT_LIMIT), (IDT, 0x7FF), (LONG_IDT, 0xFFF), (0, 0x3FF)];
        for (i, (base, limit)) in (0..).zip(pointers) {
            self.put(u64::from(POINTERS) + 8 * i, &limit.to_le_bytes());
            self.put(u64::from(POINTERS) + 8 * i + 2, &(base as u32).to_le_bytes());
        }
    }

    fn task_states(&self) {
        let cr3 = self.start.paging.directory() as u32;
        let task = |at: u64, eip: u64, stack: u64| {
            let words = [
                (0x04, STACK_0),
                (0x08, DATA_0.into()),
                (0x1C, cr3.into()),
                (0x20, eip),
                (0x24, 2),
                (0x38, stack),
                (0x48, DATA_0.into()),
                (0x4C, CODE_0.into()),
                (0x50, DATA_0.into()),
                (0x54, DATA_0.into()),
                (0x60, LOCAL.into()),
                (0x64, 0x0068_0000),
            ];
            for (place, value) in words {
                self.put(at + place, &(value as u32).to_le_bytes());
            }
            self.put(at + 0x68, &[0x0F; 0x27]);
        };
        for at in [TSS, FRESH_TSS] {
            task(at, CODE[1], STACK_0);
        }
        task(FAULT_TSS, handler(Routine::Recover, false), FAULT_STACK);
        task(OTHER_TSS, handler(Routine::OtherTask, false), FAULT_STACK - 0x800);
        self.quad(LONG_TSS + 4, STACK_0);
        self.quad(LONG_TSS + 0x24, FAULT_STACK);
        self.put(LONG_TSS + 0x64, &0x0068_0000_u32.to_le_bytes());
    }

    fn pages(&self) {
        self.quad(DIRECTORY, TABLE | 7);
        self.quad(POINTER_TABLE, WIDE_DIRECTORY | 1);
        for i in 0..2 {
            self.quad(WIDE_DIRECTORY + 8 * i, (WIDE_TABLE + 0x1000 * i) | 7);
        }
        self.quad(WIDE_DIRECTORY + 0x10, 0x87);
        self.put(DIRECTORY + 4, &0x87_u32.to_le_bytes());
        self.quad(LEVEL_4, LEVEL_3 | 7);
        self.quad(LEVEL_3, WIDE_DIRECTORY | 7);
        for page in 0..0x200 {
            self.page(page, physical_page(page) << 12 | 0x27);
        }
        for page in 0x3E0..0x3F0 {
            self.page(page, page << 12 | 0x63);
        }
    }

    fn page(&self, page: u64, entry: u64) {
        self.put(TABLE + page * 4, &(entry as u32).to_le_bytes());
        self.quad(WIDE_TABLE + page * 8, entry);
    }

    fn gates(&self) {
        for vector in 0..=0xFF_u8 {
            let at = u64::from(vector);
            let routine = routine_of(vector);
            let service = u64::from(vector.wrapping_sub(SERVICE_VECTOR)) * SERVICE_SLOT;
            let open = if vector >= 0x20 || (3..6).contains(&vector) { 0xEE } else { 0x8E };
            let (narrow, wide) = match routine {
                _ if vector == 8 => (0, handler(Routine::Recover, true)),
                Some(routine) => (handler(routine, false), handler(routine, true)),
                None => (SERVICES + service, LONG_SERVICES + service),
            };
            let narrow = match vector {
                8 => gate(0x85, FAULT_TASK, 0),
                0x28 => gate(0xEF, CODE_0, narrow),
                0x29 => gate(0xE6, CODE16_0, 0xF10),
                0x2A => gate(0xE5, 0xA0, 0),
                0x2B => gate(0x8E, CODE_0, narrow),
                0x2C => gate(0x6E, CODE_0, narrow),
                _ => gate(open, CODE_0, narrow),
            };
            self.quad(IDT + at * 8, narrow);
            let stack_table = if matches!(vector, 8 | 2) { 1 << 32 } else { 0 };
            self.quad(LONG_IDT + at * 16, gate(open, LONG_CODE_0, wide) | stack_table);
        }
    }

    fn handlers(&self, long: bool) {
        let rex: &[u8] = if long { &[0x48] } else { &[] };
        let slot = if long { 8 } else { 4 };
        // ADD (E)SP, slot; ADD [(E)SP + at], 2; IRET.
        let drop = |asm: Asm| asm.raw(rex).raw(&[0x83, 0xC4, slot]);
        let skip = |asm: Asm| asm.raw(rex).raw(&[0x83, 0x04, 0x24, 2]).raw(rex).raw(&[0xCF]);
        let data = |asm: Asm| if long { asm } else { asm.raw(&[0x1E]).segment(DS, DATA_0) };
        let no_data = |asm: Asm| if long { asm } else { asm.raw(&[0x1F]) };
        let put = |routine, asm: Asm| {
            assert!(asm.0.len() <= SLOT as usize);
            self.put(handler(routine, long), &asm.0);
        };
        put(Routine::Skip, skip(Asm::default()));
        put(Routine::SkipCode, skip(drop(Asm::default())));
        put(Routine::FarReturn, Asm::default().raw(rex).raw(&[0xCB]));
        let count = no_data(data(Asm::default().raw(&[0x50])).at(&[0xFF], 0, COUNTER));
        put(Routine::Count, count.raw(&[0x58]).raw(rex).raw(&[0xCF]));
        put(Routine::Trap, self.trap(long));
        put(Routine::Page, self.mend(long, &drop, &skip));
    }

    /// Counts, and clears TF in the frame each eighth time.
    fn trap(&self, long: bool) -> Asm {
        let rex: &[u8] = if long { &[0x48] } else { &[] };
        let flags = if long { 16 } else { 8 };
        let load = |asm: Asm| {
            if long {
                asm.raw(&[0x50]).at(&[0xFF], 0, COUNTER).at(&[0x8B], AX, COUNTER)
            } else {
                // PUSH DS; MOV DS, data; counting; POP DS.
                asm.raw(&[0x50, 0x1E])
                    .segment(DS, DATA_0)
                    .at(&[0xFF], 0, COUNTER)
                    .at(&[0x8B], AX, COUNTER)
                    .raw(&[0x1F])
            }
        };
        // TEST AL, 7; POP (E)AX; JNZ over; AND byte [(E)SP + flags + 1], FE.
        load(Asm::default())
            .raw(&[0xA8, 7, 0x58, 0x75, 5, 0x80, 0x64, 0x24, flags + 1, 0xFE])
            .raw(rex)
            .raw(&[0xCF])
    }

    /// Makes the page at CR2 present, writable and the user's in all tables, or steps over what faulted.
    fn mend(&self, long: bool, drop: &dyn Fn(Asm) -> Asm, skip: &dyn Fn(Asm) -> Asm) -> Asm {
        let rex: &[u8] = if long { &[0x48] } else { &[] };
        let (save, restore): (&[u8], &[u8]) =
            if long { (&[0x50], &[0x58]) } else { (&[0x50, 0x1E, 0x50], &[0x58, 0x1F, 0x58]) };
        let asm = Asm::default().raw(save);
        let asm = if long { asm } else { asm.segment(DS, DATA_0) };
        // MOV (E)AX, CR2; SHR (E)AX, 12; CMP (E)AX, 200h; JAE over.
        let asm =
            asm.raw(&[0x0F, 0x20, 0xD0]).raw(rex).raw(&[0xC1, 0xE8, 12]).raw(rex).raw(&[0x3D]).dword(0x200);
        let mends = Asm::default()
            .at_indexed(&[0x80], 1, 2, TABLE as u32)
            .raw(&[7])
            .at_indexed(&[0x80], 1, 3, WIDE_TABLE as u32)
            .raw(&[7])
            .at_indexed(&[0x83], 4, 3, WIDE_TABLE as u32 + 4)
            .raw(&[0])
            .raw(restore);
        let mends = drop(mends).raw(rex).raw(&[0xCF]);
        let over = mends.0.len() as u8;
        skip(drop(asm.raw(&[0x73, over]).raw(&mends.0).raw(restore)))
    }

    fn tasks(&self) {
        let at = handler(Routine::Recover, false) as u32;
        let recover = Asm::default()
            .set(SI, FRESH_TSS as u32)
            .set(DI, TSS as u32)
            .set(CX, 0x68 / 4)
            .raw(&[0xFC, 0xF3, 0xA5, 0x83, 0xC4, 4, 0xCF])
            .jump(at, at);
        self.put(at.into(), &recover.0);
        let at = handler(Routine::OtherTask, false) as u32;
        self.put(at.into(), &Asm::default().at(&[0xFF], 0, COUNTER).raw(&[0xCF]).jump(at, at).0);
        let recover = self.enter(World::Long0, true);
        self.put(handler(Routine::Recover, true), &recover.0);
        // What 16-bit gates lead to.
        self.put(CODE[0] + 0xF00, &[0xCA, 4, 0]);
        self.put(CODE[0] + 0xF10, &[0xCF]);
    }

    /// From ring 0, in 32- or 64-bit code, to a world of the same mode.
    fn enter(&self, world: World, long: bool) -> Asm {
        let [code, stack, data] = world.selectors();
        let asm = if long { Asm::default() } else { Asm::default().segment(SS, DATA_0) };
        let asm = asm.set(SP, STACK_0 as u32);
        let flags = self.start.flags() as u32;
        let entry = world.entry(0) as u32;
        let pushed = |asm: Asm, words: &[u32]| words.iter().fold(asm, |asm, &word| asm.push(word));
        let outer = [stack.into(), world.stack() as u32, flags, code.into(), entry];
        if world == World::Virtual {
            let [stack, pointer, flags, code, entry] = outer;
            let data = u32::from(data);
            let words = [data, data, data, data, stack, pointer, flags | 1 << 17, code, entry];
            return pushed(asm, &words).raw(&[0xCF]);
        }
        let asm = [ES, DS, FS, GS].into_iter().fold(asm, |asm, number| asm.segment(number, data));
        if long {
            pushed(asm, &outer).raw(&[0x48, 0xCF])
        } else if world.level() == 3 {
            pushed(asm, &outer).raw(&[0xCF])
        } else {
            let asm = asm.segment(SS, stack).set(SP, world.stack() as u32);
            pushed(asm, &outer[2..]).raw(&[0xCF])
        }
    }

    fn service(&self, number: u64, world: World) {
        let has_long = self.model.offers(Feature::LongMode);
        let world = if world.is_long() && !has_long { World::Flat3 } else { world };
        let slot = number * SERVICE_SLOT;
        let (narrow, wide) = (SERVICES + slot, LONG_SERVICES + slot);
        let put = |at: u64, asm: Asm| {
            assert!(asm.0.len() <= SERVICE_SLOT as usize);
            self.put(at, &asm.0);
        };
        if world.is_long() {
            put(narrow, self.begin_long(wide));
            put(wide, self.enter(world, true));
            return;
        }
        if world == World::Real {
            put(narrow, Asm::default().jump_far(REAL_CODE, WAYS_TO_REAL as u32));
            put(WAYS_TO_REAL, to_real());
        } else {
            put(narrow, self.enter(world, false));
        }
        let out = WAYS_OUT_OF_LONG + slot;
        let far =
            Asm::default().set(SP, STACK_0 as u32).push(CODE_0.into()).push(out as u32).raw(&[0x48, 0xCB]);
        put(wide, far);
        put(out, self.end_long(out as u32, narrow as u32));
    }

    fn begin_long(&self, to: u64) -> Asm {
        let (cr0, cr3, cr4) = self.start.control(self.model, true);
        let efer = efer::LME | efer::NXE & self.model.efer_bits();
        Asm::default()
            .segment(SS, DATA_0)
            .segment(DS, DATA_0)
            .set(SP, STACK_0 as u32)
            .control(0, (cr0 & !cr0::PG) as u32)
            .control(4, cr4 as u32)
            .control(3, cr3 as u32)
            .msr(0xC000_0080, efer)
            .control(0, cr0 as u32)
            .at(&[0x0F, 0x01], 3, POINTERS + 0x10)
            .at(&[0x80], 4, GDT as u32 + u32::from(LONG_TASK) + 5)
            .raw(&[0xFD])
            .set(AX, LONG_TASK.into())
            .raw(&[0x0F, 0x00, 0xD8])
            .jump_far(LONG_CODE_0, to as u32)
    }

    /// Real mode's vectors: handlers that step over two bytes, count in SI, or go to a service of protected mode.
    fn real_mode(&self) {
        let (skip, count) = (0x600_u32, 0x620_u32);
        self.put(skip.into(), &[0x55, 0x89, 0xE5, 0x83, 0x46, 2, 2, 0x5D, 0xCF]);
        self.put(count.into(), &[0x46, 0xCF]);
        for vector in 0..=0xFF_u8 {
            let handler = match routine_of(vector) {
                Some(Routine::Count | Routine::Trap) => count,
                Some(_) => skip,
                None => REAL_SERVICES as u32 + u32::from(vector - SERVICE_VECTOR) * 0x40,
            };
            self.put(u64::from(vector) * 4, &handler.to_le_bytes());
        }
        for number in 0..16 {
            self.put(REAL_SERVICES + number * 0x40, &self.leave_real(number).0);
        }
    }

    /// 16-bit code: LGDT, LIDT, CR0, and far to a service.
    fn leave_real(&self, number: u64) -> Asm {
        let (cr0, ..) = self.start.control(self.model, false);
        let (gdtr, idtr) = (POINTERS.to_le_bytes(), (POINTERS + 8).to_le_bytes());
        Asm::default()
            .raw(&[0xFA, 0x2E, 0x66, 0x0F, 0x01, 0x16, gdtr[0], gdtr[1]])
            .raw(&[0x2E, 0x66, 0x0F, 0x01, 0x1E, idtr[0], idtr[1], 0x66])
            .set(AX, cr0 as u32)
            .raw(&[0x0F, 0x22, 0xC0, 0x66])
            .jump_far(CODE_0, (SERVICES + number * SERVICE_SLOT) as u32)
    }

    fn end_long(&self, here: u32, to: u32) -> Asm {
        let (cr0, cr3, cr4) = self.start.control(self.model, false);
        Asm::default()
            .segment(SS, DATA_0)
            .segment(DS, DATA_0)
            .control(0, (cr0 & !cr0::PG) as u32)
            .msr(0xC000_0080, efer::NXE & self.model.efer_bits())
            .control(4, cr4 as u32)
            .control(3, cr3 as u32)
            .control(0, cr0 as u32)
            .at(&[0x0F, 0x01], 3, POINTERS + 8)
            .at(&[0x80], 4, GDT as u32 + u32::from(TASK) + 5)
            .raw(&[0xFD])
            .set(AX, TASK.into())
            .raw(&[0x0F, 0x00, 0xD8])
            .jump(here, to)
    }
}

/// 16-bit code at [`WAYS_TO_REAL`]: segments of 64 KB, CR0 without PE and PG, and far to the test's code.
fn to_real() -> Asm {
    let every_segment = [0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xE0, 0x8E, 0xE8, 0x8E, 0xD0];
    let selector = DATA16_0.to_le_bytes();
    let data = ((DATA >> 4) as u16).to_le_bytes();
    let code = ((CODE[0] >> 4) as u16).to_le_bytes();
    let idtr = (POINTERS + 0x18).to_le_bytes();
    let asm = Asm::default()
        .raw(&[0xB8, selector[0], selector[1]])
        .raw(&every_segment)
        .raw(&[0x0F, 0x20, 0xC0, 0x66, 0x25])
        .dword(!(cr0::PE | cr0::PG) as u32)
        .raw(&[0x0F, 0x22, 0xC0]);
    let next = (WAYS_TO_REAL as u16 + asm.0.len() as u16 + 5).to_le_bytes();
    asm.raw(&[0xEA, next[0], next[1], 0, 0])
        .raw(&[0xB8, data[0], data[1]])
        .raw(&every_segment)
        .raw(&[0xBC, 0x00, 0x80, 0x2E, 0x0F, 0x01, 0x1E, idtr[0], idtr[1]])
        .raw(&[0xEA, 0, 0, code[0], code[1]])
}

/// What handles a vector; `None`: a service.
const fn routine_of(vector: u8) -> Option<Routine> {
    Some(match vector {
        1 | 3 | 4 => Routine::Trap,
        2 => Routine::Count,
        8 | 10..=13 | 17 => Routine::SkipCode,
        14 => Routine::Page,
        0..0x20 => Routine::Skip,
        0x30..0x40 => return None,
        _ => Routine::Count,
    })
}
