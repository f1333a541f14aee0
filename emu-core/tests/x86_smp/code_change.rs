//! Code that another processor, or a bus master, changes: seen at the latest behind a serialising instruction that follows the
//! sight of the change (Intel SDM volume 3, 8.1.3, cross-modifying code).

use crate::machine::{Machine, Vcpu, engines};
use crate::world::{Paging, World};
use emu_core::cpu::EngineKind;

const TIMES: u32 = 150;
/// A function: MOV EAX, number; RET.
const FUNCTION: u64 = 0x3_0100;
const NUMBER: u64 = FUNCTION + 1;
/// The number of the latest change, and of the latest that was seen.
const CHANGED: u64 = 0x3_4000;
const SEEN: u64 = 0x3_5000;
/// How often the function gave another number.
const ERRORS: u64 = 0x3_6000;

fn absolute(opcode: &[u8], field: u8, at: u64) -> Vec<u8> {
    [opcode, &[field << 3 | 4, 0x25], &(at as u32).to_le_bytes()].concat()
}

/// `body` with EDI from 1 to [`TIMES`].
fn counting(body: &[u8]) -> Vec<u8> {
    let mut code =
        [&[0xBF, 1, 0, 0, 0], body, &[0x47, 0x81, 0xFF], &(TIMES + 1).to_le_bytes(), &[0x0F, 0x85]].concat();
    let back = 5 - (code.len() as i32 + 4);
    code.extend(back.to_le_bytes());
    code
}

/// Back: PAUSE; CMP [at], EDI; JNZ back.
fn wait_for(at: u64) -> Vec<u8> {
    let body = [vec![0xF3, 0x90], absolute(&[0x39], 7, at)].concat();
    let back = -(body.len() as i8 + 2);
    [body, vec![0x75, back as u8]].concat()
}

/// Waits for a change, serialises, calls, compares, tells.
fn caller() -> Vec<u8> {
    // CPUID changes EAX, EBX, ECX and EDX. MOV EAX, FUNCTION; CALL EAX; CMP EAX, EDI; JZ over; INC [errors].
    let call =
        [&[0x0F, 0xA2, 0xB8][..], &(FUNCTION as u32).to_le_bytes(), &[0xFF, 0xD0, 0x39, 0xF8]].concat();
    let error = absolute(&[0xFF], 0, ERRORS);
    counting(
        &[wait_for(CHANGED), call, vec![0x74, error.len() as u8], error, absolute(&[0x89], 7, SEEN)].concat(),
    )
}

fn machine() -> Machine {
    let machine = Machine::new(World::Flat0, Paging::Off);
    machine.ram.write_bytes(FUNCTION, &[0xB8, 0, 0, 0, 0, 0xC3]).expect("memory");
    machine
}

#[test]
fn what_another_processor_changes_is_executed() {
    for engines in engines(2) {
        let machine = machine();
        // The changed number is stored in two halves, one of them through a page that has been written all the time.
        let change = [absolute(&[0x89], 7, NUMBER), absolute(&[0x89], 7, FUNCTION + 0x200)].concat();
        let changer = counting(&[change, absolute(&[0x89], 7, CHANGED), wait_for(SEEN)].concat());
        let vcpus =
            [changer, caller()].into_iter().zip(&engines).map(|(code, &engine)| Vcpu { engine, code });
        machine.run(&vcpus.collect::<Vec<_>>());
        assert_eq!(machine.word(ERRORS), 0, "with {engines:?}");
    }
}

#[test]
fn what_a_bus_master_changes_is_executed() {
    for engine in [EngineKind::Threaded, EngineKind::Strict] {
        let machine = machine();
        machine.run_while(&[Vcpu { engine, code: caller() }], || {
            for number in 1..=TIMES {
                machine.put(NUMBER, number);
                machine.put(CHANGED, number);
                for _ in 0..10_000_000 {
                    if machine.word(SEEN) == number {
                        break;
                    }
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(machine.word(ERRORS), 0, "with {engine:?}");
    }
}
