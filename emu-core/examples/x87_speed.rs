//! How long the floating-point unit takes for an instruction, without an engine around it: a dot product of doubles, a
//! step of a Mandelbrot set, and single instructions.
//!
//! `cargo run --release -p emu-core --example x87_speed`

use emu_core::cpu::x86::x87::Fpu;
use emu_core::cpu::x86::x87::arithmetic::{Add, Divide, Multiply, Operand, Subtract, Widened};
use emu_core::float::F64;
use std::hint::black_box;
use std::time::Instant;

const NUMBERS: usize = 256;
/// The best of so many runs counts, each well below a millisecond, so that some are not interrupted.
const RUNS: usize = 3000;

/// Nanoseconds per instruction of `run`, which executes so many on each number.
fn time(name: &str, instructions: usize, mut run: impl FnMut(&mut Fpu, F64, F64)) {
    let mut state = 1_u64;
    let numbers: Vec<F64> = (0..NUMBERS)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            F64((state >> 12 & 0xF_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000)
        })
        .collect();
    let mut fpu = Fpu::reset();
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        fpu.initialize();
        fpu.load_short(black_box(F64(0x3FF8_0000_0000_0000)));
        let start = Instant::now();
        for pair in numbers.windows(2) {
            run(black_box(&mut fpu), pair[0], pair[1]);
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / ((NUMBERS - 1) * instructions) as f64);
    }
    println!("| {name} | {best:.1} |");
}

fn main() {
    println!("| instructions | ns each |\n|---|---|");
    time("FLD m64, FMUL m64, FADDP", 3, |fpu, a, b| {
        fpu.load_short(a);
        fpu.combine_with::<Multiply>(b.widened());
        fpu.combine::<Add, true>(1, 0);
    });
    time("FLD m64, FLD ST0, FMUL ST, FXCH, FSUBP, FADD m64, FSTP m64", 7, |fpu, a, b| {
        fpu.load_short(a);
        fpu.load_register(0);
        fpu.combine::<Multiply, false>(0, 1);
        fpu.exchange(1);
        fpu.combine::<Subtract, true>(1, 0);
        fpu.combine_with::<Add>(b.widened());
        let store = fpu.prepare_short::<F64>();
        black_box(store.value);
        fpu.complete::<true, _>(&store);
    });
    time("FLD m64, FSTP m64", 2, |fpu, a, _| {
        fpu.load_short(a);
        let store = fpu.prepare_short::<F64>();
        black_box(store.value);
        fpu.complete::<true, _>(&store);
    });
    time("FMUL m64, FDIV m64", 2, |fpu, a, b| {
        fpu.combine_with::<Multiply>(b.widened());
        fpu.combine_with::<Divide>(a.widened());
    });
    time("FCOM m64", 1, |fpu, a, _| {
        fpu.compare(a.widened());
    });
    time("FILD m32, FISTP m32", 2, |fpu, a, _| {
        let value = emu_core::float::from_signed((a.0 as i32).into(), &emu_core::float::Env::X87).value;
        fpu.load_exactly(Widened::exactly(value).value);
        let store = fpu.prepare_integer::<false>(32);
        black_box(store.value);
        fpu.complete::<true, _>(&store);
    });
    time("FXCH", 1, |fpu, _, _| fpu.exchange(0));
}
