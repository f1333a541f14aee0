//! Locked instructions are one step to all processors, wherever their operand lies.

use crate::machine::{Machine, Vcpu, code, engines};
use crate::world::{DATA_ALIAS, Paging, World};

const TIMES: u32 = 5000;
const VCPUS: usize = 3;

/// A place, and whether pages are needed to make it one.
const PLACES: [(u64, Paging); 6] = [
    (0x3_0000, Paging::Off),
    // Over two lines, and over two pages that follow one another.
    (0x3_003D, Paging::Off),
    (0x3_0FFD, Paging::Off),
    // On the page of the first processor's code.
    (code(0) + 0x800, Paging::Off),
    (code(0) + 0x7FE, Paging::Off),
    // Over two pages that lie apart.
    (DATA_ALIAS + 0xFFD, Paging::Small),
];

fn absolute(opcode: &[u8], field: u8, at: u64) -> Vec<u8> {
    [opcode, &[field << 3 | 4, 0x25], &(at as u32).to_le_bytes()].concat()
}

/// `body` that many times, counted in EDI.
fn repeated(body: &[u8], times: u32) -> Vec<u8> {
    let mut code = [&[0xBF][..], &times.to_le_bytes(), body, &[0x83, 0xEF, 1, 0x0F, 0x85]].concat();
    let back = 5 - (code.len() as i32 + 4);
    code.extend(back.to_le_bytes());
    code
}

/// Runs `body` on all processors, and gives what the last one reads at the place.
fn count(world: World, body: impl Fn(u64) -> Vec<u8>) {
    for (at, paging) in PLACES {
        // CMPXCHG16B must be aligned.
        let at = if world == World::Long0 { at & !15 } else { at };
        let paging = if world == World::Long0 { Paging::Off } else { paging };
        for engines in engines(VCPUS) {
            let machine = Machine::new(world, paging);
            let code = repeated(&body(at), TIMES);
            let vcpus: Vec<_> = engines.iter().map(|&engine| Vcpu { engine, code: code.clone() }).collect();
            machine.run(&vcpus);
            // MOV EAX, [at]; MOV [300F0], EAX.
            let read = [absolute(&[0x8B], 0, at), absolute(&[0x89], 0, 0x3_00F0)].concat();
            machine.run(&[Vcpu { engine: engines[0], code: read }]);
            assert_eq!(machine.word(0x3_00F0), TIMES * VCPUS as u32, "at {at:x} with {engines:?}");
        }
    }
}

#[test]
fn locked_inc_counts_all() {
    count(World::Flat0, |at| absolute(&[0xF0, 0xFF], 0, at));
}

#[test]
fn locked_xadd_counts_all() {
    // MOV EAX, 1; LOCK XADD.
    count(World::Flat0, |at| [vec![0xB8, 1, 0, 0, 0], absolute(&[0xF0, 0x0F, 0xC1], 0, at)].concat());
}

#[test]
fn cmpxchg_counts_all() {
    // Again: MOV EAX, [at]; LEA ECX, [EAX + 1]; LOCK CMPXCHG [at], ECX; JNZ again.
    count(World::Flat0, |at| {
        let body =
            [absolute(&[0x8B], 0, at), vec![0x8D, 0x48, 1], absolute(&[0xF0, 0x0F, 0xB1], 1, at)].concat();
        let back = -(body.len() as i8 + 2);
        [body, vec![0x75, back as u8]].concat()
    });
}

#[test]
fn cmpxchg8b_counts_all() {
    // EDX:EAX from memory by a comparison that fails or not; EBX = EAX + 1, ECX = EDX; LOCK CMPXCHG8B; JNZ again.
    count(World::Flat0, |at| {
        let guess = absolute(&[0xF0, 0x0F, 0xC7], 1, at);
        let body = [vec![0x8D, 0x58, 1, 0x89, 0xD1], guess].concat();
        let back = -(body.len() as i8 + 2);
        [body, vec![0x75, back as u8]].concat()
    });
}

#[test]
fn cmpxchg16b_counts_all() {
    // The same with RBX = RAX + 1 and RCX = RDX.
    count(World::Long0, |at| {
        let guess = absolute(&[0xF0, 0x48, 0x0F, 0xC7], 1, at);
        let body = [vec![0x48, 0x8D, 0x58, 1, 0x48, 0x89, 0xD1], guess].concat();
        let back = -(body.len() as i8 + 2);
        [body, vec![0x75, back as u8]].concat()
    });
}

#[test]
fn locked_bts_is_a_lock() {
    // Again: LOCK BTS [at], 5; JC again; INC [counter], not locked; LOCK BTR [at], 5.
    count(World::Flat0, |at| {
        let lock = 0x3_0400;
        let take = [absolute(&[0xF0, 0x0F, 0xBA], 5, lock), vec![5]].concat();
        let back = -(take.len() as i8 + 2);
        let give = [absolute(&[0xF0, 0x0F, 0xBA], 6, lock), vec![5]].concat();
        [take, vec![0x72, back as u8], absolute(&[0xFF], 0, at), give].concat()
    });
}
