//! The plain board, `pc-bare`: an XT's chips around any processor, with what software needs to reach
//! beyond the first megabyte: a second 8259A (IBM Personal Computer AT Technical Reference, "System Interrupts"), port
//! 92h (PS/2 Hardware Interface Technical Reference), and RAM up to 3 GB. No factory has made it; it lets processors run
//! before the boards of their time are here.
//!
//! The ROM lies at the end of the first megabyte and at the end of the processor's address space, where code begins after
//! RESET. Its decoder there leaves address line 20 out, as chip sets do (Intel 82371SB data sheet 290550, "BIOS Memory"),
//! so that the code is found however the A20 gate stands.
//!
//! Not there: a clock with its CMOS memory, an AT's keyboard controller, a second DMA controller, memory refresh (what
//! it costs, a processor of this speed does not notice), parity and its NMI.

use super::isa::{Drives, IsaBus};
use super::pc::{self, REGISTERS, SystemRom, TICK_HZ};
use super::{AssemblyError, BoardKind, CpuClock, CpuModel, Freedom, Supplies};
use crate::catalogue::Catalogue;
use crate::chips::coprocessor_error::CoprocessorError;
use crate::chips::i8237a::I8237A;
use crate::chips::i8253::I8253;
use crate::chips::i8255::I8255;
use crate::chips::i8259a::I8259A;
use crate::chips::power_switch::PowerSwitch;
use crate::chips::system_control::SystemControlPort;
use crate::engines;
use crate::firmware::xt::RomBoard;
use crate::profile::{CpuProfile, Engine, Firmware, FloppyProfile, Profile, SoundProfile};
use emu_core::addr::Physical;
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::DeviceId;
use emu_core::board::domain::CpuPin;
use emu_core::cpu::Processor;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{
    CORE_2, CustomModel, EVERYTHING, Feature, I486DX, I486DX2, I486SX, I8086, I80186, I80286, I80386DX,
    I80386SX, K6_2, Model, PENTIUM, PENTIUM_2, PENTIUM_3, PENTIUM_4, PENTIUM_MMX, PENTIUM_PRO, X86_64_V2,
    X86_64_V3,
};
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{Machine, MachineParts};
use emu_core::mem::{ByteOrder, Mapping, PhysMem, RamBlock, Target};
use emu_core::time::Clock;
use std::sync::Arc;

const PORT_LINES: u32 = 16;
/// Ticks of a cycle of the DMA controller, as on the XT: 4.77 MHz.
const DMA_TICKS: u64 = 3;
/// The cascade: where the slave's INT leads.
const CASCADE: u8 = 2;
/// IRQ13 at the slave: the coprocessor's errors.
const COPROCESSOR: u8 = 5;
/// An access of the ISA bus takes about a microsecond, whatever the processor's clock.
const IO_ACCESSES_PER_SECOND: u64 = 1_000_000;
/// Address line 20, which the decoder of the upper ROM leaves out.
const A20: u64 = 0x10_0000;
/// How much of a ROM is seen in the first megabyte.
const LOWER_ROM: u64 = 128 * 1024;
const ROM_GRAIN: usize = 1024;
const MAX_ROM: usize = 1024 * 1024;
/// The clock up to which a guest's seconds can last as long as the host's.
const LIVELY: u64 = 100_000_000;

const ENGINES: &[Engine] = &[Engine::Threaded, Engine::Strict];

/// A member as this board offers it.
const fn cpu(model: &Model, generation: &'static str, help: &'static str) -> CpuModel {
    CpuModel {
        name: model.name,
        label: model.title,
        generation,
        help,
        address_bits: model.address_bits as u8,
        clock_hz: if model.clock_hz < LIVELY { model.clock_hz } else { LIVELY },
        engines: ENGINES,
        has_fpu: model.features.has(Feature::Fpu),
    }
}

const FIRST: &str = "First generation (1978): 16 bits, 1 MB";
const SECOND: &str = "Second generation (1982): protected mode, 16 MB";
const THIRD: &str = "Third generation (1985): 32 bits, paging";
const FOURTH: &str = "Fourth generation (1989): cache and coprocessor on the chip";
const FIFTH: &str = "Fifth generation (1993): two pipelines, MMX, 3DNow!";
const SIXTH: &str = "Sixth generation (1995): out of order, SSE";
const SIXTY_FOUR: &str = "64 bits (2004): long mode";
const OWN: &str = "Your own";

static CPUS: [CpuModel; 19] = [
    cpu(
        &I8086,
        FIRST,
        "Where the line begins, as fast as the host makes it; the XT has one whose timing is exact",
    ),
    cpu(
        &I80186,
        FIRST,
        "The 8086 with PUSHA, ENTER, BOUND and shifts by a number, which knows invalid opcodes",
    ),
    cpu(&I80286, SECOND, "16 bits with protected mode: OS/2 1, Windows in standard mode"),
    cpu(&I80386SX, THIRD, "The 386 on a 286's bus: 16 data lines, 16 MB"),
    cpu(&I80386DX, THIRD, "32 bits, paging and virtual 8086 machines: where today's systems begin"),
    cpu(&I486SX, FOURTH, "A 486 without its coprocessor"),
    cpu(&I486DX, FOURTH, "CMPXCHG, XADD, INVLPG, and floating point on the chip"),
    cpu(&I486DX2, FOURTH, "Twice the bus's clock, and the first CPUID"),
    cpu(&PENTIUM, FIFTH, "A time stamp counter, large pages, CMPXCHG8B"),
    cpu(&PENTIUM_MMX, FIFTH, "Integers side by side in the coprocessor's registers"),
    cpu(&K6_2, FIFTH, "AMD's answer: 3DNow! and SYSCALL"),
    cpu(&PENTIUM_PRO, SIXTH, "CMOV, physical addresses of 36 bits"),
    cpu(&PENTIUM_2, SIXTH, "MMX and SYSENTER"),
    cpu(&PENTIUM_3, SIXTH, "SSE: four floats at once"),
    cpu(&PENTIUM_4, SIXTY_FOUR, "SSE2, SSE3 and the first long mode of Intel's"),
    cpu(&CORE_2, SIXTY_FOUR, "SSSE3: the usual 64-bit PC of 2007"),
    cpu(&X86_64_V2, SIXTY_FOUR, "SSE4.2 and POPCNT: what current systems ask for"),
    cpu(&X86_64_V3, SIXTY_FOUR, "AVX2, FMA and BMI: the newest"),
    CpuModel {
        name: CustomModel::NAME,
        label: "Custom processor",
        ..cpu(
            &EVERYTHING,
            OWN,
            "What you put together in the settings; at first with every feature that there is",
        )
    },
];

const fn megahertz(mhz: u64, label: &'static str) -> CpuClock {
    CpuClock { hz: mhz * 1_000_000, label }
}

/// What may be chosen for it.
pub const KIND: BoardKind = BoardKind {
    name: "pc-bare",
    label: "Plain PC",
    year: 1982,
    purpose: "any processor",
    help: "An XT's chips around any processor, with up to 3 GB: to try processors out.",
    runs: &["DOS"],
    cpus: &CPUS,
    clocks: &[
        megahertz(8, "8 MHz"),
        megahertz(16, "16 MHz"),
        megahertz(33, "33 MHz"),
        megahertz(66, "66 MHz"),
        megahertz(100, "100 MHz"),
        megahertz(200, "200 MHz"),
        megahertz(400, "400 MHz"),
    ],
    memory_steps: &[
        MB,
        2 * MB,
        4 * MB,
        8 * MB,
        14 * MB,
        16 * MB,
        32 * MB,
        64 * MB,
        128 * MB,
        256 * MB,
        512 * MB,
        1024 * MB,
        2048 * MB,
        3072 * MB,
    ],
    freedom: Some(Freedom {
        clocks: (1_000_000, 4_000_000_000),
        memory_grain: MB,
        memory_of_24_lines: 14 * MB,
    }),
    floppy_drives: 2,
    disks: 2,
    profile,
    build,
};

/// In KiB.
const MB: u32 = 1024;

fn profile() -> Profile {
    let newest = &X86_64_V3;
    let drive = || FloppyProfile { drive: Some("1.44m".to_owned()), ..FloppyProfile::default() };
    Profile {
        name: "Plain PC".to_owned(),
        board: KIND.name.to_owned(),
        cpu: CpuProfile::of(newest.name, LIVELY, Engine::Threaded),
        memory_kib: 64 * MB,
        firmware: Firmware::Rom,
        cards: ["cga", "fdc", "com1"].map(pc::card).to_vec(),
        floppies: vec![drive(), drive()],
        disks: Vec::new(),
        sound: SoundProfile::default(),
        caches: None,
        tags: Vec::new(),
        notes: String::new(),
    }
}

fn build(profile: &Profile, catalogue: &Catalogue, supplies: Supplies) -> Result<Machine, AssemblyError> {
    let model = model(&profile.cpu).map_err(AssemblyError::Profile)?;
    let mut board = BoardBuilder::new(PORT_LINES);
    let system = system_board(&mut board);
    let drives = Drives { floppies: pc::drive_kinds(profile), disks: supplies.disks.clone() };
    let isa = IsaBus::new(&mut board, TICK_HZ, system.pic, system.dmac, drives);
    let mut isa = isa.with_second_pic(system.second_pic);
    pc::plug_cards(&mut isa, profile, catalogue)?;
    let (roms, monitor) = (std::mem::take(&mut isa.roms), isa.monitor);
    pc::add_switches(&mut board, system.ppi, pc::switches(profile, monitor));
    pc::add_doors(&mut board, profile, &supplies);
    let domain = board.build(supplies.hal)?;
    let extended_kib = profile.memory_kib.saturating_sub(MB);
    let system_rom = pc::system_rom(profile, RomBoard::Bare { extended_kib }, supplies.rom_file, check_rom)?;
    let memory = memory(model, extended_kib, &system_rom, &roms)?;
    let hz = profile.cpu.clock_hz.max(1);
    let io_waits = hz.div_ceil(IO_ACCESSES_PER_SECOND).min(u64::from(u32::MAX)) as u32;
    let timing = BusTiming { memory_waits: 0, io_waits };
    let bus = SystemBus::new(domain, memory, Clock::of_hz(hz, TICK_HZ), timing);
    let mut cpu: Box<dyn Processor<SystemBus>> = Box::new(X86::new(model));
    cpu.set_engine(engines::kind(profile.cpu.engine));
    cpu.set_fpu_mode(profile.cpu.fpu);
    Ok(Machine::new(MachineParts {
        cpu,
        bus,
        services: system_rom.services,
        keyboard: Some(system.keyboard),
        restarts: true,
        tick_hz: TICK_HZ,
        cpu_hz: hz,
    }))
}

/// The processor that a profile asks for, or what is wrong with it.
fn model(cpu: &CpuProfile) -> Result<&'static Model, String> {
    if cpu.model == CustomModel::NAME {
        return cpu.custom.clone().unwrap_or_default().model();
    }
    Model::by_name(&cpu.model).ok_or_else(|| format!("There is no processor {}", cpu.model))
}

/// The chips that cards and the processor are wired to.
struct SystemBoard {
    pic: DeviceId,
    second_pic: DeviceId,
    dmac: DeviceId,
    keyboard: DeviceId,
    ppi: DeviceId,
}

fn system_board(board: &mut BoardBuilder) -> SystemBoard {
    let pic = board.add("pic", I8259A::primary());
    let second_pic = board.add("pic2", I8259A::secondary());
    let pc::Peripherals { pit, ppi, keyboard } =
        pc::peripherals(board, pic, I8253::i8254(Clock::divided_by(pc::PIT_TICKS)));
    let dmac = board.add("dmac", I8237A::new(Clock::divided_by(DMA_TICKS)));
    let control = board.add("port-92h", SystemControlPort::default());
    let coprocessor = board.add("coprocessor-error", CoprocessorError::default());
    let power = board.add("power", PowerSwitch::default());

    board
        .io(0x00..=0x0F, dmac, REGISTERS)
        .io(0x20..=0x21, pic, REGISTERS)
        .io(0x40..=0x43, pit, REGISTERS)
        .io(0x60..=0x63, ppi, I8255::REGION)
        .io(0x80..=0x8F, dmac, I8237A::PAGE_REGION)
        .io(0x92..=0x92, control, SystemControlPort::REGION)
        .io(0xA0..=0xA1, second_pic, REGISTERS)
        .io(0xF0..=0xF0, coprocessor, CoprocessorError::CLEAR)
        .io(0x501..=0x501, power, PowerSwitch::AT_ONCE)
        .io(0x8900..=0x8900, power, PowerSwitch::BY_WORD);

    board
        .interrupt_controller(pic)
        .interrupt_controller(second_pic)
        .wire_to_cpu((pic, I8259A::INT), CpuPin::Interrupt)
        .wire_to_cpu((dmac, I8237A::HRQ), CpuPin::Hold(dmac))
        .wire_to_cpu((control, SystemControlPort::MASK_A20), CpuPin::MaskA20)
        .wire_to_cpu((control, SystemControlPort::PROCESSOR_RESET), CpuPin::Reset)
        .coprocessor_error((coprocessor, CoprocessorError::ERROR))
        .wire((coprocessor, CoprocessorError::INTERRUPT), (second_pic, I8259A::ir(COPROCESSOR)))
        .wire((second_pic, I8259A::INT), (pic, I8259A::ir(CASCADE)));
    for bit in 0..3 {
        board.wire((pic, I8259A::cas(bit)), (second_pic, I8259A::cas_pin(bit)));
    }
    SystemBoard { pic, second_pic, dmac, keyboard, ppi }
}

/// Whether a user's ROM can be this machine's.
fn check_rom(name: &str, size: usize) -> Result<(), String> {
    if size == 0 || size > MAX_ROM || !size.is_multiple_of(ROM_GRAIN) {
        return Err(format!(
            "The ROM image {name} has {size} bytes; this board takes a whole number of KB, up to 1 MB"
        ));
    }
    Ok(())
}

/// 640 KB, option ROMs, the system ROM, the rest of RAM from 1 MB on, and the ROM once more at the top.
fn memory(
    model: &Model,
    extended_kib: u32,
    system: &SystemRom,
    option_roms: &[(u32, Vec<u8>)],
) -> Result<PhysMem, AssemblyError> {
    let mut memory = PhysMem::new(ByteOrder::Little);
    memory.map(Mapping::ram(0, &pc::block(pc::CONVENTIONAL_END)?))?;
    if extended_kib > 0 {
        memory.map(Mapping::ram(pc::FIRST_MEGABYTE, &pc::block(u64::from(extended_kib) * 1024)?))?;
    }
    for (base, bytes) in option_roms {
        memory.map(Mapping::rom(u64::from(*base), &pc::rom_block(bytes)?))?;
    }
    let rom = pc::rom_block(&system.bytes)?;
    // The 386 and all after it begin at the end of 4 GB, whatever lies beyond.
    let top = 1_u64 << model.address_bits.min(32);
    memory.map(ending_at(pc::FIRST_MEGABYTE, &rom, LOWER_ROM))?;
    if top > pc::FIRST_MEGABYTE {
        memory.map(ending_at(top, &rom, u64::MAX))?;
        memory.map(ending_at(top - A20, &rom, u64::MAX))?;
    }
    Ok(memory)
}

/// The last bytes of a ROM, `most` of them at the most, in front of `end`.
fn ending_at(end: u64, rom: &Arc<RamBlock>, most: u64) -> Mapping {
    let size = rom.size().min(most);
    let target = Target::Rom { block: Arc::clone(rom), offset: rom.size() - size };
    Mapping { start: Physical(end - size), size, target }
}
