//! Processors that a user put together, run from the command line: what a guest finds is what the settings say.

#![forbid(unsafe_code)]

mod support;

use emu_core::cpu::x86::model::{CustomModel, Feature, PENTIUM, PENTIUM_PRO};
use machines::boards::bare;
use machines::profile::{Engine, Profile};
use support::{Desk, PATIENCE, assemble};

const PROCESSOR: &str = include_str!("programs/processor.asm");

/// What the program says of the processor of a machine's folder or profile.
fn said(desk: &Desk, machine: &str, words: &[&str]) -> String {
    let rom = desk.file("processor.rom", &assemble(PROCESSOR));
    let run = ["run", machine, "--headless", "--timeout", PATIENCE, "--firmware", &rom];
    let rest = ["--debugcon", "stdio", "--for-cycles", "1000000"];
    let said = desk.anachron(&[&run[..], &rest, words].concat()).expect(0, &[]);
    String::from_utf8_lossy(&said.out).into_owned()
}

/// Writes a machine with this processor; gives its folder.
fn machine(desk: &Desk, name: &str, engine: Engine, custom: &CustomModel) -> String {
    let mut profile = Profile { name: name.to_owned(), ..(bare::KIND.profile)() };
    CustomModel::NAME.clone_into(&mut profile.cpu.model);
    profile.cpu.custom = Some(custom.clone());
    profile.cpu.engine = engine;
    std::fs::create_dir(desk.path(name)).expect("a machine's folder is made");
    desk.file(&format!("{name}/machine.ron"), profile.to_ron().as_bytes());
    desk.name(name)
}

#[test]
fn a_guest_finds_what_was_chosen_and_faults_on_what_was_not() {
    let desk = Desk::new();
    let brand = |brand: &str, custom: CustomModel| CustomModel { brand: brand.to_owned(), ..custom };
    let cases = [
        (
            "-++Old and new",
            brand("Old and new", CustomModel::of(&PENTIUM).with(Feature::Adx).with(Feature::Sha)),
        ),
        ("+--A Pentium Pro", brand("A Pentium Pro", CustomModel::of(&PENTIUM_PRO))),
        ("---Without CMOV", brand("Without CMOV", CustomModel::of(&PENTIUM_PRO).without(Feature::Cmov))),
    ];
    for engine in [Engine::Strict, Engine::Threaded] {
        for (at, (words, custom)) in cases.iter().enumerate() {
            let machine = machine(&desk, &format!("{engine:?}-{at}"), engine, custom);
            assert_eq!(said(&desk, &machine, &[]), format!("{words}\n"), "{engine:?}");
        }
    }
}

#[test]
fn a_custom_processor_that_nobody_described_has_everything() {
    let desk = Desk::new();
    assert_eq!(said(&desk, "pc-bare", &["--cpu", "custom"]), "+++Intel(R) Core(TM\n");
}

#[test]
fn another_processor_takes_the_place_of_the_custom_one_for_a_run() {
    let desk = Desk::new();
    let machine = machine(&desk, "mine", Engine::Threaded, &CustomModel::of(&PENTIUM));
    assert_eq!(said(&desk, &machine, &["--cpu", "x86-64-v3"]), "+--Intel(R) Core(TM\n");
    assert!(desk.text("mine/machine.ron").contains("custom"), "the machine keeps its own");
}

#[test]
fn a_contradictory_processor_is_refused_in_a_sentence() {
    let desk = Desk::new();
    let mut custom = CustomModel::of(&PENTIUM);
    custom.features = custom.features.with(&[Feature::Avx2]);
    let machine = machine(&desk, "wrong", Engine::Threaded, &custom);
    let said = desk.anachron(&["run", &machine, "--headless", "--for-cycles", "1"]);
    said.expect(1, &["AVX2 builds on AVX, which is not there"]);
}
