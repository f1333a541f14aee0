//! A machine's whole state. Pictures, sound and the contents of media are not in it.

use super::Machine;
use crate::board::domain::SavedDomain;
use crate::cpu::bus::CpuBus;
use crate::mem::Target;
use crate::snapshot::{RestoreError, SavedState};
use serde::{Deserialize, Serialize};

/// What a machine needs to go on where it was. Belongs to the profile that it was made under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMachine {
    cpu: SavedState,
    domain: SavedDomain,
    /// By address.
    ram: Vec<SavedState>,
}

impl Machine {
    /// Writes everything down.
    pub fn save(&self) -> SavedMachine {
        let ram = self.ram_blocks().map(|block| block.save()).collect();
        SavedMachine { cpu: self.cpu.save(), domain: self.view_domain(|domain| domain.save()), ram }
    }

    /// Takes a saved state back. Media are the caller's to insert, before.
    ///
    /// # Errors
    /// When the state is damaged or another machine's. This machine must then not be run.
    pub fn restore(&mut self, saved: &SavedMachine) -> Result<(), RestoreError> {
        let SavedMachine { cpu, domain, ram } = saved;
        let blocks: Vec<_> = self.ram_blocks().collect();
        if blocks.len() != ram.len() {
            return Err(RestoreError::Foreign("its memory is divided in another way".into()));
        }
        for (block, saved) in blocks.iter().zip(ram) {
            block.restore(saved)?;
        }
        self.cpu.restore(cpu)?;
        self.bus.domain.with(|live| live.restore(domain))?;
        self.bus.catch_up(self.cpu.now());
        Ok(())
    }

    fn ram_blocks(&self) -> impl Iterator<Item = std::sync::Arc<crate::mem::RamBlock>> + '_ {
        self.bus.memory().mappings().iter().filter_map(|mapping| match &mapping.target {
            Target::Ram { block, .. } => Some(std::sync::Arc::clone(block)),
            _ => None,
        })
    }

    /// Memory as it is when the power comes on.
    pub(super) fn clear_ram(&self) {
        for block in self.ram_blocks() {
            block.clear();
        }
    }
}
