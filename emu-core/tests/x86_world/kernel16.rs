//! What the 80286 has instead: 16-bit gates, handlers and task states.

use super::kernel::gate;
use super::place::*;
use crate::quiet_bus::QuietBus;

/// Offsets in the segment of ring 0, whose base is 0.
const SKIP: u64 = 0x8000;
const SKIP_CODE: u64 = 0x8040;
const COUNT: u64 = 0x8080;
const RECOVER: u64 = 0x80C0;
const SERVICES: u64 = 0xA000;

pub fn build(bus: &QuietBus) {
    // PUSH BP; MOV BP, SP; ADD [BP + n], 2; POP BP; IRET.
    bus.put(SKIP, &[0x55, 0x89, 0xE5, 0x83, 0x46, 2, 2, 0x5D, 0xCF]);
    bus.put(SKIP_CODE, &[0x55, 0x89, 0xE5, 0x83, 0x46, 4, 2, 0x5D, 0x83, 0xC4, 2, 0xCF]);
    // PUSH DS; PUSH data; POP DS; INC [counter]; POP DS; IRET.
    let counter = COUNTER.to_le_bytes();
    bus.put(COUNT, &[0x1E, 0x6A, DATA_0 as u8, 0x1F, 0xFF, 0x06, counter[0], counter[1], 0x1F, 0xCF]);
    // A task that begins the other one again: ADD SP, 2; IRET; JMP back.
    bus.put(RECOVER, &[0x83, 0xC4, 2, 0xCF, 0xEB, 0xFA]);
    for vector in 0..=0xFF_u8 {
        let to = |offset| gate(if vector >= 0x20 { 0xE6 } else { 0x86 }, CODE_0, offset);
        let raw = match vector {
            8 => gate(0x85, FAULT_TASK, 0),
            10..=13 => to(SKIP_CODE),
            0x2A => gate(0xE5, 0xA0, 0),
            0x30..0x40 => to(SERVICES + u64::from(vector & 1) * 0x40),
            0x20.. => to(COUNT),
            _ => to(SKIP),
        };
        bus.put(IDT + u64::from(vector) * 8, &raw.to_le_bytes());
        bus.put(u64::from(vector) * 4, &(if vector < 0x20 { SKIP } else { COUNT } as u32).to_le_bytes());
    }
    for (number, world) in (0..).zip([World::Near0, World::Near3]) {
        bus.put(SERVICES + number * 0x40, &enter(world));
    }
    task(bus, TSS, 0, CODE16_0, DATA16_0);
    task(bus, FAULT_TSS, RECOVER, CODE_0, DATA_0);
    task(bus, OTHER_TSS, COUNT, CODE_0, DATA_0);
}

fn enter(world: World) -> Vec<u8> {
    let [code, stack, data] = world.selectors().map(u16::to_le_bytes);
    let mut bytes = vec![0xB8, data[0], data[1], 0x8E, 0xD8, 0x8E, 0xC0];
    if world.level() == 3 {
        bytes.extend([0x68, stack[0], stack[1], 0x68, 0x00, 0x80]);
    }
    bytes.extend([0x68, 0x02, 0x02, 0x68, code[0], code[1], 0x68, 0, 0, 0xCF]);
    bytes
}

/// A 16-bit task state.
fn task(bus: &QuietBus, at: u64, ip: u64, code: u16, data: u16) {
    let words = [
        (0x02, STACK_0 as u16),
        (0x04, DATA_0),
        (0x0E, ip as u16),
        (0x10, 2),
        (0x1A, 0x7F00),
        (0x22, data),
        (0x24, code),
        (0x26, data),
        (0x28, data),
        (0x2A, LOCAL),
    ];
    for (place, word) in words {
        bus.put(at + place, &word.to_le_bytes());
    }
}
