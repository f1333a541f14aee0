//! Addresses and numbers as a user types them.

use emu_core::cpu::describe::{CodeAddress, CpuDescription};

/// Reads `F000:E05B`, or a linear address such as `B8000`, all hexadecimal.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn parse(text: &str, cpu: &CpuDescription) -> Result<CodeAddress, String> {
    let text = text.trim();
    let is_segmented = cpu.stack_segment.is_some();
    if let Some((segment, offset)) = text.split_once(':')
        && is_segmented
    {
        let (segment, offset) = (hex(segment)?, hex(offset)?);
        let segment =
            u16::try_from(segment).map_err(|_| "A segment has four hexadecimal digits".to_owned())?;
        let linear = (u64::from(segment) * 16 + offset) & mask(cpu);
        return Ok(CodeAddress { segment: Some(segment), offset, linear });
    }
    let linear = hex(text)?;
    if linear & !mask(cpu) != 0 {
        return Err(format!("The highest address is {:X}", mask(cpu)));
    }
    Ok(of_linear(linear, cpu))
}

/// A linear address under a segment and offset that lead there.
pub fn of_linear(linear: u64, cpu: &CpuDescription) -> CodeAddress {
    if cpu.stack_segment.is_none() {
        return CodeAddress { segment: None, offset: linear, linear };
    }
    let segment = (linear >> 4) & 0xF000;
    CodeAddress { segment: Some(segment as u16), offset: linear - segment * 16, linear }
}

/// The highest linear address.
pub fn mask(cpu: &CpuDescription) -> u64 {
    u64::MAX >> (64 - u32::from(cpu.address_bits.clamp(1, 64)))
}

/// Reads a hexadecimal number, with `0x` or `h` or neither.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn hex(text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_start_matches("0x").trim_end_matches(['h', 'H']);
    u64::from_str_radix(digits, 16)
        .map_err(|_| format!("\u{201c}{}\u{201d} is no hexadecimal number", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_both_forms() {
        let profile = (machines::boards::xt::KIND.profile)();
        let machine = crate::session::Session::open(&profile, &Default::default()).unwrap().machine;
        let cpu = machine.cpu().description();
        assert_eq!(parse("F000:E05B", cpu).map(|at| at.linear), Ok(0xFE05B));
        assert_eq!(parse("b8000", cpu).map(|at| at.linear), Ok(0xB8000));
        assert!(parse("B800:", cpu).is_err());
        assert!(parse("123456", cpu).unwrap_err().contains("FFFFF"));
        assert!(parse("xyz", cpu).is_err());
        assert_eq!(of_linear(0xFE05B, cpu).to_string(), "F000:E05B");
    }
}
