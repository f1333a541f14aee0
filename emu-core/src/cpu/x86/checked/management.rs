//! System management mode (Intel SDM volume 3, chapter 34): SMI's way in and RSM's way out.
//!
//! The state is saved at SMBASE + 8000h in the documented map of 32-bit members, or of those with long mode. What the manual
//! calls reserved holds what it says is saved, and not where: hidden parts of segments, limits of tables, whether an NMI was being
//! served. What it says is not saved (CR2, DR0 to DR3, floating-point and vector registers, model-specific ones) is
//! left alone. A20M# is a pin of the board and goes on masking. All I/O instructions are told of as if their port had been in DX.
//! Not modelled: dual-monitor treatment, the SMRR range registers, SMI while shut down.

use super::{Checked, Fault, vector};
use crate::addr::Linear;
use crate::cpu::bus::MemoryBus;
use crate::cpu::int::Int;
use crate::cpu::probe::Probe;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::Feature;
use crate::cpu::x86::state::{Activity, Segment, State, attribute, cr0, cr4, dr7, efer, seg};
use crate::mem::Privilege;

/// Where the state lies, above SMBASE; places of fields are added to it.
const STATE: u64 = 0x8000;
/// Fields that both maps have.
const SMBASE: u64 = 0x7EF8;
const REVISION: u64 = 0x7EFC;
const IO_RESTART: u64 = 0x7F00;
const HALT_RESTART: u64 = 0x7F02;
const IO_MISC: u64 = 0x7FA4;
/// The handler has the last I/O instruction executed again by this value.
const RESTARTS: u16 = 0xFF;
/// I/O restart and relocation; the 64-bit map says 64h besides.
const ABILITIES: u32 = 0x3_0000;

/// Where the maps have their fields.
struct Map {
    is_long: bool,
    cr0: u64,
    cr3: u64,
    flags: u64,
    ip: u64,
    dr6: u64,
    dr7: u64,
    /// By their numbers.
    registers: [u64; 16],
    /// Selectors, likewise.
    selectors: [u64; 8],
    cr4: u64,
    /// Hidden parts of segments, 16 bytes each: attributes, limit, base.
    hidden: u64,
    /// Base and limit of GDTR and IDTR, 16 bytes each.
    tables: u64,
    /// One byte: an NMI was being served.
    nmi: u64,
    /// The address of the last I/O instruction.
    io_ip: u64,
}

/// Intel SDM volume 3, table 34-1.
static NARROW: Map = Map {
    is_long: false,
    cr0: 0x7FFC,
    cr3: 0x7FF8,
    flags: 0x7FF4,
    ip: 0x7FF0,
    dr6: 0x7FCC,
    dr7: 0x7FC8,
    registers: [0x7FD0, 0x7FD4, 0x7FD8, 0x7FDC, 0x7FE0, 0x7FE4, 0x7FE8, 0x7FEC, 0, 0, 0, 0, 0, 0, 0, 0],
    selectors: [0x7FA8, 0x7FAC, 0x7FB0, 0x7FB4, 0x7FB8, 0x7FBC, 0x7FC0, 0x7FC4],
    cr4: 0x7F28,
    hidden: 0x7E00,
    tables: 0x7E80,
    nmi: 0x7EA0,
    io_ip: 0x7EA8,
};

/// Table 34-3.
static WIDE: Map = Map {
    is_long: true,
    cr0: 0x7FF8,
    cr3: 0x7FF0,
    flags: 0x7FE8,
    ip: 0x7FD8,
    dr6: 0x7FD0,
    dr7: 0x7FC8,
    registers: [
        0x7F5C, 0x7F64, 0x7F6C, 0x7F74, 0x7F7C, 0x7F84, 0x7F8C, 0x7F94, 0x7F54, 0x7F4C, 0x7F44, 0x7F3C,
        0x7F34, 0x7F2C, 0x7F24, 0x7F1C,
    ],
    selectors: [0x7FA8, 0x7FAC, 0x7FB0, 0x7FB4, 0x7FB8, 0x7FBC, 0x7FC0, 0x7FC4],
    cr4: 0x7E40,
    hidden: 0x7D00,
    tables: 0x7D80,
    nmi: 0x7DA0,
    io_ip: 0x7DE8,
};
/// EFER of [`WIDE`], and the bases of tables, which [`Map::tables`] has once more and whole: upper and lower halves.
const EFER: u64 = 0x7FE0;
const BASES: [(u8, u64, u64); 3] = [(0, 0x7DD0, 0x7E8C), (1, 0x7DD8, 0x7E94), (2, 0x7DD4, 0x7E9C)];

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    fn map(&self) -> &'static Map {
        if self.model.offers(Feature::LongMode) { &WIDE } else { &NARROW }
    }

    /// Enters the handler of an SMI between two instructions.
    pub fn enter_management(&mut self) {
        let map = self.map();
        let before = self.s.clone();
        self.s.management.active = true;
        self.bus.set_management_mode(true);
        self.begin_management_state();
        self.flush_pages();
        self.save_state(map, &before);
    }

    /// What the handler begins with (table 34-5 of the manual).
    fn begin_management_state(&mut self) {
        let s = &mut *self.s;
        let base = s.management.base;
        s.cr0 &= !(cr0::PE | cr0::EM | cr0::TS | cr0::PG);
        (s.cr4, s.efer) = (0, 0);
        s.debug[7] = dr7::FIXED;
        s.set_flags_word(system::FIXED);
        let data = Segment {
            selector: 0,
            attributes: attribute::REAL | attribute::GRANULAR,
            limit: u32::MAX,
            base: 0,
        };
        for number in [seg::ES, seg::SS, seg::DS, seg::FS, seg::GS] {
            s.set_segment(number, data);
        }
        s.set_segment(seg::CS, Segment { selector: (base >> 4) as u16, base: base.into(), ..data });
        s.rip = STATE;
        (s.activity, s.shadow, s.repeating, s.nmi_blocked) = (Activity::Running, false, false, true);
        s.mode_changed();
    }

    fn field(&self, place: u64) -> Linear {
        Linear(u64::from(self.s.management.base.wrapping_add((STATE + place) as u32)))
    }

    /// Writes a field. Without paging nothing keeps it from being written.
    fn save<T: Int>(&mut self, place: u64, value: T) {
        let written = self.write_as(self.field(place), Privilege::Supervisor, value);
        debug_assert!(written.is_ok(), "there is no paging");
    }

    fn saved<T: Int>(&mut self, place: u64) -> T {
        self.read_as(self.field(place), Privilege::Supervisor).unwrap_or(T::low(0))
    }

    /// A field as wide as the map's.
    fn save_wide(&mut self, map: &Map, place: u64, value: u64) {
        if map.is_long { self.save(place, value) } else { self.save(place, value as u32) }
    }

    fn saved_wide(&mut self, map: &Map, place: u64) -> u64 {
        if map.is_long { self.saved(place) } else { self.saved::<u32>(place).into() }
    }

    fn save_state(&mut self, map: &Map, s: &State) {
        let fields = [
            (map.cr0, s.cr0),
            (map.cr3, s.cr3),
            (map.flags, s.flags.word()),
            (map.ip, s.rip),
            (map.dr6, s.debug[6]),
            (map.dr7, s.debug[7]),
        ];
        let registers = map.registers.into_iter().zip(s.registers).filter(|&(place, _)| place != 0);
        for (place, value) in fields.into_iter().chain(registers) {
            self.save_wide(map, place, value);
        }
        for (i, (place, segment)) in (0..).zip(map.selectors.into_iter().zip(s.segments)) {
            self.save(place, u32::from(segment.selector));
            self.save(map.hidden + 16 * i, segment.attributes);
            self.save(map.hidden + 16 * i + 4, segment.limit);
            self.save(map.hidden + 16 * i + 8, segment.base);
        }
        for (i, table) in (0..).zip([s.gdtr, s.idtr]) {
            self.save(map.tables + 16 * i, table.base);
            self.save(map.tables + 16 * i + 8, table.limit);
        }
        self.save_wide(map, map.cr4, s.cr4);
        if map.is_long {
            self.save(EFER, s.efer);
            for (number, upper, lower) in BASES {
                let base = [s.gdtr.base, s.idtr.base, s.segment(seg::LDTR).base][usize::from(number)];
                self.save(upper, (base >> 32) as u32);
                self.save(lower, base as u32);
            }
        }
        self.save(map.nmi, u8::from(s.nmi_blocked));
        self.save_event(map, s);
    }

    /// What the handler may want to know, and may answer.
    fn save_event(&mut self, map: &Map, s: &State) {
        let io = s.management.io.filter(|io| io.instruction == s.counters.instructions && io.end == s.rip);
        self.save(IO_MISC, io.map_or(0, |io| io.kind | 1));
        self.save_wide(map, map.io_ip, io.map_or(s.rip, |io| io.start));
        self.save(IO_RESTART, 0_u16);
        self.save(HALT_RESTART, u16::from(s.activity == Activity::Halted));
        self.save(REVISION, ABILITIES | if map.is_long { 0x64 } else { 0 });
        self.save(SMBASE, s.management.base);
    }

    /// RSM.
    ///
    /// # Errors
    /// Invalid outside of system management mode.
    pub fn resume(&mut self) -> Result<(), Fault> {
        if !self.s.management.active {
            return Err(Fault::plain(vector::INVALID_OPCODE));
        }
        let map = self.map();
        // The saved state lies at physical addresses, whatever the handler has mapped.
        self.s.cr0 &= !(cr0::PG | cr0::PE);
        self.flush_pages();
        let sane = self.restore_state(map);
        self.s.management.active = false;
        self.bus.set_management_mode(false);
        self.flush_pages();
        self.s.mode_changed();
        if !sane || !self.restore_directories() {
            self.s.activity = Activity::Shutdown;
        }
        Ok(())
    }

    /// Gives whether what was restored makes sense; the processor shuts down else.
    fn restore_state(&mut self, map: &Map) -> bool {
        for (number, place) in map.registers.into_iter().enumerate().filter(|&(_, place)| place != 0) {
            self.s.registers[number] = self.saved_wide(map, place);
        }
        self.restore_segments(map);
        let [cr0, cr3, flags, ip, dr6, dr7, cr4, io_ip] =
            [map.cr0, map.cr3, map.flags, map.ip, map.dr6, map.dr7, map.cr4, map.io_ip]
                .map(|place| self.saved_wide(map, place));
        let efer = if map.is_long { self.saved::<u64>(EFER) } else { 0 };
        let restarts = self.saved::<u16>(IO_RESTART) == RESTARTS;
        let halts = self.saved::<u16>(HALT_RESTART) & 1 != 0;
        let nmi = self.saved::<u8>(map.nmi);
        let base = self.saved::<u32>(SMBASE);
        let (model, s) = (self.model, &mut *self.s);
        let known_flags = model.flag_bits() | system::FIXED;
        s.set_flags_word(flags & known_flags | system::FIXED);
        (s.cr0, s.cr3) = (cr0 & (model.cr0_bits() | cr0::ET), cr3 & model.address_mask());
        (s.cr4, s.efer) = (cr4 & model.cr4_bits(), efer & model.efer_bits());
        (s.debug[6], s.debug[7]) = (dr6 & 0xFFFF_FFFF, dr7 & 0xFFFF_FFFF);
        s.rip = if restarts { io_ip } else { ip };
        s.activity = if halts && !restarts { Activity::Halted } else { Activity::Running };
        s.nmi_blocked = nmi & 1 != 0;
        s.management.base = base;
        let long = s.is_paging() && s.efer & efer::LME != 0;
        s.efer = s.efer & !efer::LMA | if long { efer::LMA } else { 0 };
        let caches_confused = s.cr0 & (cr0::NW | cr0::CD) == cr0::NW;
        let paging_alone = s.cr0 & (cr0::PG | cr0::PE) == cr0::PG;
        let reserved = cr4 & !model.cr4_bits() != 0;
        let no_tables = long && s.cr4 & cr4::PAE == 0 || s.is_64_bit() && !long;
        !(caches_confused || paging_alone || reserved || no_tables || s.is_virtual_8086() && long)
    }

    fn restore_segments(&mut self, map: &Map) {
        for (number, place) in (seg::ES..=seg::TR).zip(map.selectors) {
            let hidden = map.hidden + 16 * u64::from(number);
            let segment = Segment {
                selector: self.saved::<u32>(place) as u16,
                attributes: self.saved::<u16>(hidden) & 0xF0FF,
                limit: self.saved(hidden + 4),
                base: self.saved(hidden + 8),
            };
            self.s.set_segment(number, segment);
        }
        self.s.gdtr.base = self.saved(map.tables);
        self.s.gdtr.limit = self.saved(map.tables + 8);
        self.s.idtr.base = self.saved(map.tables + 16);
        self.s.idtr.limit = self.saved(map.tables + 24);
    }

    /// Gives whether PAE's pointers, read anew, are good.
    fn restore_directories(&mut self) -> bool {
        let pae = self.s.is_paging() && self.s.cr4 & cr4::PAE != 0 && !self.s.is_long_mode();
        !pae || self.set_cr3(self.s.cr3).is_ok()
    }
}
