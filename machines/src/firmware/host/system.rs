//! INT 11h, 12h, 15h, 16h and 1Ah.

use super::call::{CARRY, Call, Outcome, Register, ZERO};

const EQUIPMENT: u16 = 0x10;
const MEMORY_KB: u16 = 0x13;
const KB_FLAGS: u16 = 0x17;
const KB_HEAD: u16 = 0x1A;
const KB_TAIL: u16 = 0x1C;
const TICK_LOW: u16 = 0x6C;
const TICK_HIGH: u16 = 0x6E;
const TICK_OVERFLOW: u16 = 0x70;
const KB_START: u16 = 0x80;
const KB_END: u16 = 0x82;

pub fn equipment(call: &mut Call<'_>) -> Outcome {
    let word = call.bda_word(EQUIPMENT);
    call.set(Register::Ax, word);
    Outcome::Done
}

pub fn memory_size(call: &mut Call<'_>) -> Outcome {
    let word = call.bda_word(MEMORY_KB);
    call.set(Register::Ax, word);
    Outcome::Done
}

/// The XT has neither a cassette nor the AT's services.
pub fn no_cassette(call: &mut Call<'_>) -> Outcome {
    call.set_high(Register::Ax, 0x86);
    call.set_flags(CARRY, true);
    Outcome::Done
}

pub fn time_of_day(call: &mut Call<'_>) -> Outcome {
    match call.high(Register::Ax) {
        0 => {
            let (high, low) = (call.bda_word(TICK_HIGH), call.bda_word(TICK_LOW));
            let overflow = call.bda(TICK_OVERFLOW);
            call.set(Register::Cx, high);
            call.set(Register::Dx, low);
            call.set_low(Register::Ax, overflow);
            call.set_bda(TICK_OVERFLOW, 0);
        }
        1 => {
            let (high, low) = (call.get(Register::Cx), call.get(Register::Dx));
            call.set_bda_word(TICK_HIGH, high);
            call.set_bda_word(TICK_LOW, low);
            call.set_bda(TICK_OVERFLOW, 0);
        }
        _ => {}
    }
    Outcome::Done
}

pub fn keyboard(call: &mut Call<'_>) -> Outcome {
    let (head, tail) = (call.bda_word(KB_HEAD), call.bda_word(KB_TAIL));
    match call.high(Register::Ax) {
        0x00 | 0x10 if head == tail => return Outcome::Wait,
        0x00 | 0x10 => {
            let key = call.word(0x40, head);
            call.set(Register::Ax, key);
            let next = next_in_buffer(call, head);
            call.set_bda_word(KB_HEAD, next);
        }
        0x01 | 0x11 => {
            let key = call.word(0x40, head);
            call.set(Register::Ax, key);
            call.set_flags(ZERO, head == tail);
        }
        0x02 | 0x12 => {
            let flags = call.bda(KB_FLAGS);
            call.set(Register::Ax, flags.into());
        }
        0x05 => {
            let next = next_in_buffer(call, tail);
            call.set_low(Register::Ax, u8::from(next == head));
            if next != head {
                let key = call.get(Register::Cx);
                call.set_word(0x40, tail, key);
                call.set_bda_word(KB_TAIL, next);
            }
        }
        _ => {}
    }
    Outcome::Done
}

fn next_in_buffer(call: &mut Call<'_>, place: u16) -> u16 {
    let next = place.wrapping_add(2);
    if next == call.bda_word(KB_END) { call.bda_word(KB_START) } else { next }
}
