//! Why peers end some cases otherwise, as it was looked into. SDM: Intel's Software Developer's Manual.

/// A difference that is understood.
struct Explained {
    peer: &'static str,
    /// What the names of the cases begin with.
    cases: &'static str,
    /// Whether it is about this difference.
    is_about: fn(&str) -> bool,
    why: &'static str,
}

/// RF in the flags that an exception has pushed, and nothing else.
fn is_pushed_rf(difference: &str) -> bool {
    let rest = difference.strip_prefix("memory ").and_then(|rest| rest.split_once(": "));
    let number = |text| u32::from_str_radix(text, 16).ok();
    let values = rest.and_then(|(_, values)| values.split_once(", "));
    let pair = values.and_then(|(ours, theirs)| number(ours).zip(number(theirs)));
    pair.is_some_and(|(ours, theirs)| ours ^ theirs == 1 << 16)
}

fn is_any(_: &str) -> bool {
    true
}

/// An explanation of everything in some cases.
const fn all(peer: &'static str, cases: &'static str, why: &'static str) -> Explained {
    Explained { peer, cases, is_about: is_any, why }
}

/// An explanation of RF in pushed flags.
const fn rf(peer: &'static str, cases: &'static str, why: &'static str) -> Explained {
    Explained { peer, cases, is_about: is_pushed_rf, why }
}

const BREAKPOINT: &str = "The 80386 manual (12.3.1.1) has RF set in what any fault pushes; the SDM (volume 3, \"Resume Flag\") excepts the \
                          instruction breakpoint. The case is a 486's, which the other emulator does not have.";
const NO_386: &str = "It has no 386; its processor has a CR4, so that the code goes on.";
const NO_LIMITS: &str =
    "QEMU's translator checks neither limits nor rights of segments at an access (SDM volume 3, 5.3).";
const RESERVED: &str =
    "QEMU leaves P clear in the error code of a reserved bit, which the SDM (volume 3, 4.7) has set.";
const UNCHECKED: &str = "QEMU 7.2 takes values of CR0 and CR4 that the SDM (volume 3, 2.5) forbids, and the code runs on into nothing.";

#[rustfmt::skip]
const EXPLAINED: &[Explained] = &[
    rf("QEMU", "debugging.an_instruction_breakpoint", BREAKPOINT),
    rf("Bochs", "debugging.an_instruction_breakpoint", BREAKPOINT),
    rf("Bochs", "levels.a_fault_on_the_way_into_a_handler",
        "A double fault is an abort, with which RF is pushed as it stands (SDM volume 3, \"Resume Flag\"); Bochs sets it."),
    rf("QEMU", "", "QEMU does not set RF in the flags that a fault pushes (SDM volume 3, \"Resume Flag\")."),
    all("QEMU", "debugging.an_instruction_breakpoint", "QEMU clears RF later than with the next instruction."),
    all("QEMU", "debugging.general_detect",
        "QEMU 7.2 does not guard the debug registers (SDM volume 3, \"General-Detect\"), and the code runs on into nothing."),
    all("QEMU", "levels.a_benign_exception",
        "QEMU leaves the bit for external events of the error code clear (SDM volume 3, 6.13)."),
    all("QEMU", "long.a_gate_may_name_its_stack",
        "QEMU loads SS with null at any change of the stack; the SDM (volume 3, 6.14.4) has it so at one of the privilege."),
    all("QEMU", "long.a_reserved_bit", RESERVED),
    all("QEMU", "long.nx_forbids_code", RESERVED),
    all("QEMU", "pages.a_reserved_bit", RESERVED),
    all("QEMU", "long.addresses_are_canonical",
        "QEMU 7.2 does not check that addresses are canonical (SDM volume 1, 3.3.7.1): it looks for their page, or goes there."),
    all("QEMU", "pages.pae_has_three_levels",
        "QEMU marks the PAE directory pointers as accessed; the SDM (volume 3, 4.4.1) knows no such mark."),
    all("QEMU", "pages.cr4_is_no_register_of_a_386_and_has_no_bits_that_a_pentium_lacks.00", NO_386),
    all("Bochs", "pages.cr4_is_no_register_of_a_386_and_has_no_bits_that_a_pentium_lacks.00", NO_386),
    all("QEMU", "pages.cr4_is_no_register", UNCHECKED),
    all("QEMU", "pages.paging_without_protection", UNCHECKED),
    all("QEMU", "segments.a_null_selector", NO_LIMITS),
    all("QEMU", "segments.an_access_beyond", NO_LIMITS),
    all("QEMU", "segments.an_expand_down", NO_LIMITS),
    all("QEMU", "segments.code_cannot_be_written", NO_LIMITS),
    all("QEMU", "segments.lar_lsl",
        "LAR leaves bits 16 to 19 undefined (SDM volume 2); QEMU clears them, Bochs and we have the limit's there."),
    all("QEMU", "tasks.a_fault_in_a_new_tasks",
        "The new task has no stack for the fault's handler (SDM volume 3, 7.3); QEMU runs the handler all the same."),
    all("QEMU", "virtual_8086.with_vme", "QEMU 7.2 has no virtual-8086 mode extensions."),
];

/// What is known of a difference.
pub fn explanation(peer: &str, case: &str, difference: &str) -> Option<&'static str> {
    let is_it =
        |one: &&Explained| one.peer == peer && case.starts_with(one.cases) && (one.is_about)(difference);
    EXPLAINED.iter().find(is_it).map(|one| one.why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_rf_is_recognised() {
        assert!(is_pushed_rf("memory 2FFF4: 13202, 3202"));
        assert!(!is_pushed_rf("memory 2FFF4: 2, 6") && !is_pushed_rf("AX: 10000, 0"));
        assert!(explanation("QEMU", "levels.x", "memory 2FFF4: 10002, 2").is_some());
        assert_eq!(explanation("Bochs", "levels.x", "AX: 1, 2"), None);
    }
}
