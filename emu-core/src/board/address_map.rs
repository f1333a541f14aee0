//! Which device answers at which address.

use super::device::{DeviceId, RegionId};

/// A device's region, and where it begins on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub device: DeviceId,
    pub region: RegionId,
    /// The bus address of the region's offset 0.
    pub base: u32,
}

/// Ranges of addresses, none of which overlap.
#[derive(Clone, Debug, Default)]
pub struct AddressMap {
    /// Sorted by their first address.
    ranges: Vec<(u32, u32, Target)>,
}

/// Two regions want the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    pub address: u32,
    pub first: DeviceId,
    pub second: DeviceId,
}

impl AddressMap {
    /// Puts a region at `first..=last`.
    ///
    /// # Errors
    /// [`Overlap`] when another region has an address of it.
    pub fn insert(&mut self, first: u32, last: u32, target: Target) -> Result<(), Overlap> {
        let at = self.ranges.partition_point(|r| r.0 < first);
        let before = at.checked_sub(1).map(|i| self.ranges[i]).filter(|r| r.1 >= first);
        let after = self.ranges.get(at).copied().filter(|r| r.0 <= last);
        if let Some(taken) = before.or(after) {
            return Err(Overlap {
                address: first.max(taken.0),
                first: taken.2.device,
                second: target.device,
            });
        }
        self.ranges.insert(at, (first, last, target));
        Ok(())
    }

    /// The region at `address`, and the offset in it.
    #[inline]
    pub fn find(&self, address: u32) -> Option<(Target, u32)> {
        let at = self.ranges.partition_point(|r| r.0 <= address).checked_sub(1)?;
        let (_, last, target) = self.ranges[at];
        (address <= last).then(|| (target, address - target.base))
    }

    /// Whether any region has an address in `first..=last`.
    pub fn touches(&self, first: u32, last: u32) -> bool {
        self.ranges.iter().any(|r| r.0 <= last && r.1 >= first)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, Target)> + '_ {
        self.ranges.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(device: u16, base: u32) -> Target {
        Target { device: DeviceId(device), region: RegionId(0), base }
    }

    proptest! {
        #[test]
        fn finds_what_a_table_finds(ranges in prop::collection::vec((0u32..100, 0u32..20), 0..12)) {
            let mut map = AddressMap::default();
            let mut table = [None; 128];
            for (number, (first, size)) in ranges.into_iter().enumerate() {
                let cells = first as usize..=(first + size) as usize;
                let free = table[cells.clone()].iter().all(Option::is_none);
                let put = map.insert(first, first + size, target(number as u16, first));
                prop_assert_eq!(put.is_ok(), free);
                if free {
                    table[cells].fill(Some((number as u16, first)));
                }
            }
            for (address, cell) in table.iter().enumerate() {
                let found = map.find(address as u32).map(|(t, offset)| (t.device.0, t.base, offset));
                prop_assert_eq!(found, cell.map(|(device, base)| (device, base, address as u32 - base)));
            }
        }
    }
}
