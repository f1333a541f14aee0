//! The cache model as a plug-in that watches a processor's bus cycles.

use super::config::{AddressRange, CacheConfig, ConfigProblem};
use super::hierarchy::{Hierarchy, HierarchyV1, Side};
use super::stats::{CacheStats, HeatStrip, Worst, can_count_on};
use crate::cpu::bus::BusStatus;
use crate::cpu::describe::CodeAddress;
use crate::cpu::probe::{Access, DynamicProbe, ProbePlugin};
use crate::snapshot::{RestoreError, SavedState};
use serde::{Deserialize, Serialize};

/// The first megabyte: what the heat strip shows unless told otherwise.
const FIRST_MEGABYTE: AddressRange = AddressRange { first: 0, last: 0xF_FFFF };

/// Models the caches of one processor from the accesses that it makes.
///
/// Code is seen as it is fetched from memory: on a processor with a prefetch queue, in bus cycles and ahead of the
/// instruction.
#[derive(Debug)]
pub struct CacheProbe {
    config: CacheConfig,
    hierarchy: Hierarchy,
    cycles_charged: u64,
    instructions: Worst<CodeAddress>,
    lines: Worst<u64>,
    heat: HeatStrip,
}

impl CacheProbe {
    /// Empty caches.
    ///
    /// # Errors
    /// The first of the configuration's problems.
    pub fn new(config: CacheConfig) -> Result<Self, ConfigProblem> {
        Ok(Self {
            hierarchy: Hierarchy::new(&config)?,
            config,
            cycles_charged: 0,
            instructions: Worst::default(),
            lines: Worst::default(),
            heat: HeatStrip::new(FIRST_MEGABYTE),
        })
    }

    pub fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// Whether latencies are added to guest time from now on.
    pub fn set_charge(&mut self, charge: bool) {
        self.config.charge = charge;
    }

    /// Has the heat strip show another range, from zero.
    pub fn set_heat_range(&mut self, range: AddressRange) {
        self.heat = HeatStrip::new(range);
    }

    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The same, to be changed: for whoever keeps several processors' caches coherent.
    pub fn hierarchy_mut(&mut self) -> &mut Hierarchy {
        &mut self.hierarchy
    }

    /// Everything counted so far.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            levels: self.hierarchy.counters(),
            memory: self.hierarchy.memory(),
            cycles_charged: self.cycles_charged,
            worst_instructions: self.instructions.table(),
            worst_lines: self.lines.table(),
            heat: self.heat.clone(),
        }
    }

    /// Writes down tags, counters and tables, with the configuration that they belong to.
    pub fn save(&self) -> SavedState {
        let Self { config, hierarchy, cycles_charged, instructions, lines, heat } = self;
        let form = ProbeV1 {
            config: config.clone(),
            hierarchy: hierarchy.save(),
            cycles_charged: *cycles_charged,
            instructions: instructions.clone(),
            lines: lines.clone(),
            heat: heat.clone(),
        };
        SavedState::new(VERSION, &form)
    }

    /// The probe that was saved.
    ///
    /// # Errors
    /// As [`SavedState::read`], or when the state contradicts itself.
    pub fn restored(saved: &SavedState) -> Result<Self, RestoreError> {
        let ProbeV1 { config, hierarchy, cycles_charged, instructions, lines, heat } = saved.read(VERSION)?;
        let mut probe = Self::new(config).map_err(|problem| RestoreError::Damaged(problem.to_string()))?;
        probe.hierarchy.restore(hierarchy)?;
        let sound = heat.is_sound() && instructions.is_sound() && lines.is_sound();
        if !sound || !can_count_on(&[cycles_charged]) {
            return Err(RestoreError::Damaged("the cache model's tables cannot be".into()));
        }
        Ok(Self { cycles_charged, instructions, lines, heat, ..probe })
    }

    /// The access to the lines that `bytes` at `address` touch: one or two. Gives the cycles.
    fn touch(&mut self, side: Side, writes: bool, address: u64, bytes: u64, by: CodeAddress) -> u64 {
        let line = self.hierarchy.line_bytes(side);
        let first = address - address % line;
        let mut cycles = 0;
        for part in (first..address + bytes).step_by(line as usize) {
            let cost = if writes { self.hierarchy.write(part) } else { self.hierarchy.read(side, part) };
            cycles += cost.cycles;
            if let Some(lost) = cost.lost {
                self.note_miss(side, part, lost, by);
            }
        }
        cycles
    }

    fn note_miss(&mut self, side: Side, line: u64, cycles: u64, by: CodeAddress) {
        self.lines.note(line, cycles);
        self.heat.note(line);
        if side == Side::Data {
            self.instructions.note(by, cycles);
        }
    }
}

/// Puts a cache model among the plug-ins in place of the one that is there, or takes it away. One that differs in the
/// charge alone stays, with what it has counted. After an error nothing has changed.
pub(crate) fn plug_in(probe: &mut DynamicProbe, config: Option<&CacheConfig>) -> Result<(), ConfigProblem> {
    if let (Some(live), Some(config)) = (probe.plugin::<CacheProbe>(), config)
        && *config == (CacheConfig { charge: config.charge, ..live.config.clone() })
    {
        live.set_charge(config.charge);
        return Ok(());
    }
    let model = config.map(|config| CacheProbe::new(config.clone())).transpose()?;
    probe.plugins.retain_mut(|plugin| !plugin.is::<CacheProbe>());
    if let Some(model) = model {
        probe.plugins.push(Box::new(model));
    }
    Ok(())
}

impl ProbePlugin for CacheProbe {
    fn access(&mut self, access: &Access) -> u32 {
        let (side, writes) = match access.status {
            BusStatus::CodeFetch => (Side::Code, false),
            BusStatus::MemoryRead => (Side::Data, false),
            BusStatus::MemoryWrite => (Side::Data, true),
            BusStatus::IoRead | BusStatus::IoWrite => return 0,
        };
        let address = u64::from(access.address);
        if self.config.uncached.iter().any(|range| range.contains(address)) {
            self.hierarchy.pass_by();
            return 0;
        }
        let cycles = self.touch(side, writes, address, access.width.bytes(), access.by);
        if !self.config.charge {
            return 0;
        }
        self.cycles_charged += cycles;
        u32::try_from(cycles).unwrap_or(u32::MAX)
    }
}

const VERSION: u16 = 1;

#[derive(Serialize, Deserialize)]
struct ProbeV1 {
    config: CacheConfig,
    hierarchy: HierarchyV1,
    cycles_charged: u64,
    instructions: Worst<CodeAddress>,
    lines: Worst<u64>,
    heat: HeatStrip,
}
