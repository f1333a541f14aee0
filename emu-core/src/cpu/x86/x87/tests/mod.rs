//! Known answers. What a real unit does with random operands is compared in `tests/silicon`.

mod fast;

use super::arithmetic::{Add, Divide, Operand, Widened};
use super::image::Layout;
use super::*;
use crate::float::{F64, Format, Quotient, from_signed};

fn ready() -> Fpu {
    let mut fpu = Fpu::reset();
    fpu.initialize();
    fpu
}

fn number(value: i64) -> F80 {
    from_signed(value, &Env::X87).value
}

fn with(values: &[i64]) -> Fpu {
    let mut fpu = ready();
    for &value in values.iter().rev() {
        fpu.push(number(value));
    }
    fpu
}

#[test]
fn a_third_is_rounded_to_the_precision_that_the_control_word_says() {
    for (control, mantissa) in
        [(0x037F, 0xAAAA_AAAA_AAAA_AAAB), (0x027F, 0xAAAA_AAAA_AAAA_A800), (0x007F, 0xAAAA_AB00_0000_0000)]
    {
        let mut fpu = with(&[1, 3]);
        fpu.set_control(control);
        fpu.combine::<Divide, false>(0, 1);
        assert_eq!(fpu.st(0), F80::new(0x3FFD, mantissa), "{control:#x}");
        let up = if control == 0x027F { 0 } else { status::C1 };
        assert_eq!(fpu.status(), 0x3000 | 0x20 | up, "{control:#x}");
    }
}

#[test]
fn the_ninth_number_overflows_the_stack() {
    let mut fpu = with(&[1, 2, 3, 4, 5, 6, 7, 8]);
    fpu.load_exactly(number(9));
    assert_eq!(fpu.st(0), indefinite());
    assert_eq!(fpu.status() & 0xFF | fpu.status() & status::C1, 0x41 | status::C1);
    let mut fpu = with(&[1, 2, 3, 4, 5, 6, 7, 8]);
    fpu.set_control(0x037E);
    fpu.load_exactly(number(9));
    assert_eq!(fpu.st(0), number(1), "unmasked: nothing is pushed");
    assert!(fpu.has_error());
}

#[test]
fn an_empty_register_underflows_the_stack() {
    let mut fpu = with(&[5]);
    fpu.combine::<Add, true>(1, 0);
    assert_eq!((fpu.st(0), fpu.status() & 0x2FF), (indefinite(), 0x41));
    let mut fpu = with(&[5]);
    fpu.set_control(0x037E);
    fpu.combine::<Add, true>(1, 0);
    assert_eq!((fpu.st(0), fpu.top()), (number(5), 7), "unmasked: nothing is popped");
}

#[test]
fn an_unmasked_exception_waits_until_it_is_cleared() {
    let mut fpu = with(&[1, 0]);
    fpu.set_control(0x037B);
    fpu.combine::<Divide, false>(0, 1);
    assert_eq!((fpu.st(0), fpu.status() & 0x80FF), (number(1), 0x8084));
    fpu.set_control(0x037F);
    assert!(!fpu.has_error(), "masked after the fact");
    fpu.set_control(0x037B);
    assert!(fpu.has_error(), "and unmasked again");
    fpu.clear_exceptions();
    assert_eq!(fpu.status() & 0x80FF, 0);
}

#[test]
fn a_denormal_operand_in_memory_is_reported() {
    let mut fpu = with(&[1]);
    fpu.combine_with::<Add>(F64(1).widened());
    assert_eq!(fpu.status() & 0x3F, 0x22);
    assert_eq!(fpu.st(0), number(1));
    let mut fpu = with(&[1]);
    fpu.set_control(0x037D);
    fpu.combine_with::<Add>(F64(1).widened());
    assert_eq!(fpu.status() & 0xBF, 0x82, "unmasked: nothing is computed");
}

#[test]
fn comparisons_set_the_condition_codes() {
    for (a, b, condition) in [(1, 2, status::C0), (2, 1, 0), (2, 2, status::C3)] {
        let mut fpu = with(&[a]);
        assert!(fpu.compare(Widened::exactly(number(b))));
        assert_eq!(fpu.status() & status::CONDITION, condition, "{a} {b}");
    }
    let mut fpu = ready();
    fpu.push(indefinite());
    fpu.push(number(1));
    assert!(fpu.compare_register(1, false));
    assert_eq!(fpu.status() & (status::CONDITION | 0xFF), status::CONDITION);
    assert!(fpu.compare_register(1, true));
    assert_eq!(fpu.status() & 0xFF, 1, "a signalling comparison minds a quiet NaN");
}

#[test]
fn remainders_leave_the_quotient_in_the_condition_codes() {
    let mut fpu = with(&[23, 5]);
    fpu.remainder(Quotient::Truncated);
    assert_eq!((fpu.st(0), fpu.status() & 0x4700), (number(3), status::C0));
}

#[test]
fn images_are_read_back_as_they_were_written() {
    let layouts = [(false, false), (false, true), (true, false), (true, true)];
    for layout in layouts.map(|(wide, linear)| Layout { wide, linear }) {
        let mut fpu = with(&[1, 0, -7]);
        fpu.set_control(0x0A7A);
        let [at, operand] = [0x1234, 0x5678].map(|offset| Pointer { selector: 0, offset });
        fpu.set_last(LastInstruction { at, operand, opcode: 0 });
        let image = fpu.full_image(layout);
        let mut other = ready();
        other.set_full(layout, &image);
        assert_eq!(other, fpu, "{layout:?}");
        assert_eq!(other.tag_word(), 0b00_01_00_11_11_11_11_11, "register 7 holds -7, 6 zero, 5 one");
    }
}

#[test]
fn the_last_instruction_is_the_one_remembered_last() {
    let mut fpu = ready();
    let operand = Pointer { selector: 3, offset: 0x5678 };
    let at = Pointer { selector: 1, offset: 0x8765_4321_0000_0001 };
    let last = LastInstruction { at, operand, opcode: 0x123 };
    fpu.set_last(last);
    assert_eq!(fpu.last(), last);
    for offset in [0, 0x1234, 0xFFFF_FFFF, 0xFFFF_8000_0000_0000] {
        fpu.remember(2, place_of(offset, 0x7FF));
        let at = Pointer { selector: 2, offset };
        assert_eq!(fpu.last(), LastInstruction { at, operand, opcode: 0x7FF });
    }
}

#[test]
fn mmx_registers_lie_in_the_numbers() {
    let mut fpu = with(&[1, 2]);
    fpu.enter_mmx();
    fpu.set_mmx(3, 0x0123_4567_89AB_CDEF);
    assert_eq!((fpu.top(), fpu.used()), (0, 0xFF));
    assert_eq!(fpu.st(3), F80::new(0xFFFF, 0x0123_4567_89AB_CDEF));
    fpu.leave_mmx();
    assert!(fpu.is_empty(3));
    assert!(fpu.st(3).class().is_nan() || fpu.st(3).class() == crate::float::Class::Unsupported);
}
