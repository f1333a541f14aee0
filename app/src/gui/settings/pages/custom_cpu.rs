//! A custom processor: what it begins as, its features, what CPUID says of it, its clock.

use super::caches;
use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Choice, Control, Edit, Row};
use emu_core::cpu::x86::model::{CustomModel, Model, Vendor};
use machines::profile::{Field, Profile};

const MEGAHERTZ: u64 = 1_000_000;

/// The custom processor of a profile, if it has one.
pub fn of(profile: &Profile) -> Option<CustomModel> {
    (profile.cpu.model == CustomModel::NAME).then(|| profile.cpu.custom.clone().unwrap_or_default())
}

/// What stands right beneath the list of models.
pub fn beginning(cx: RowCx<'_>) -> Vec<Row> {
    of(cx.profile).map(|custom| preset(cx, &custom)).into_iter().collect()
}

/// What it has and how it answers.
pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let Some(custom) = of(cx.profile) else { return Vec::new() };
    let mut rows = vec![features(&custom)];
    rows.extend(identity(&custom));
    rows.push(leaves(custom));
    let caches = caches::preset(cx.profile, "Changed on the page Caches");
    rows.push(Row { label: "Caches".to_owned(), ..caches });
    rows
}

/// Puts the custom processor in, at first with every feature.
pub fn choose(profile: &mut Profile) {
    CustomModel::NAME.clone_into(&mut profile.cpu.model);
    profile.cpu.custom.get_or_insert_default();
}

fn change(profile: &mut Profile, change: impl FnOnce(&mut CustomModel)) {
    change(profile.cpu.custom.get_or_insert_default());
}

/// The members that it may begin as.
fn preset(cx: RowCx<'_>, custom: &CustomModel) -> Row {
    let members = cx.board.cpus.iter().filter_map(|cpu| Some((cpu, Model::by_name(cpu.name)?)));
    let mut choices: Vec<Choice> = members
        .filter(|(_, member)| CustomModel::may_begin_as(member))
        .map(|(cpu, member)| {
            let begun = CustomModel::of(member);
            let is_chosen = begun == *custom;
            Choice::new(
                cpu.label,
                is_chosen,
                Edit::of(move |profile| change(profile, |custom| *custom = begun)),
            )
            .help(cpu.help)
        })
        .collect();
    let everything = CustomModel::default();
    let is_chosen = everything == *custom;
    let edit = Edit::of(move |profile| change(profile, |custom| *custom = everything));
    choices.push(Choice::new("Every feature", is_chosen, edit).help("All that Anachron knows"));
    if !choices.iter().any(|choice| choice.is_chosen) {
        let base = Model::by_name(&custom.base).map_or(custom.base.as_str(), |base| base.title);
        let help = format!("Begun as {base}, changed beneath");
        choices.push(Choice::new("Your own", true, Edit::of(|_| ())).help(help));
    }
    let help = "What the custom processor is like. A choice here replaces its features and what CPUID says; Undo brings them back.";
    Row::new("Begin with", Control::Choice(choices), help)
}

fn features(custom: &CustomModel) -> Row {
    let help =
        "What it lacks behaves as on a processor that never had it: most instructions raise an exception.";
    Row::new("Features", Control::Features(custom.features), help).of(Field::CpuFeatures)
}

/// Family, model and stepping, vendor and brand.
fn identity(custom: &CustomModel) -> Vec<Row> {
    let vendors = [(Vendor::Intel, "GenuineIntel"), (Vendor::Amd, "AuthenticAMD")];
    let vendors = vendors.map(|(vendor, name)| {
        let edit = Edit::of(move |profile| change(profile, |custom| custom.vendor = vendor));
        Choice::new(name, vendor == custom.vendor, edit)
    });
    let brand = Control::Text {
        value: custom.brand.clone(),
        lines: 1,
        set: Box::new(|profile, brand| change(profile, |custom| custom.brand = brand)),
    };
    vec![
        Row::new("Vendor", Control::Choice(vendors.into()), "Who made it, as CPUID says.")
            .of(Field::CpuIdentity),
        number("Family", custom.family.into(), CustomModel::LAST_FAMILY.into(), |custom, value| {
            custom.family = value as u16
        }),
        number("Model", custom.model.into(), CustomModel::LAST_MODEL.into(), |custom, value| {
            custom.model = value as u8
        }),
        number("Stepping", custom.stepping.into(), CustomModel::LAST_STEPPING.into(), |custom, value| {
            custom.stepping = value as u8
        }),
        Row::new("Brand string", brand, "Up to 47 characters, as software shows them."),
    ]
}

fn number(label: &'static str, value: u32, last: u32, set: fn(&mut CustomModel, u32)) -> Row {
    let set = Box::new(move |profile: &mut Profile, value| change(profile, |custom| set(custom, value)));
    let control = Control::Number { value, first: 0, last, step: 1, unit: "", set };
    Row::new(label, control, "As CPUID tells it, and EDX after a reset.")
}

/// What CPUID answers.
fn leaves(custom: CustomModel) -> Row {
    let help = "In hexadecimal, a leaf's subleaf behind its dot. A register that is typed keeps its value whatever changes above. It is only what \
                software is told: what the processor can do follows from the features.";
    Row::new("CPUID", Control::Cpuid(Box::new(custom)), help).of(Field::CpuIdentity)
}

/// Any clock that the board takes.
pub fn clock(cx: RowCx<'_>) -> Option<Row> {
    let (first, last) = of(cx.profile).and(cx.board.freedom)?.clocks;
    let megahertz = |hz: u64| u32::try_from((hz + MEGAHERTZ / 2) / MEGAHERTZ).unwrap_or(u32::MAX);
    let control = Control::Number {
        value: megahertz(cx.profile.cpu.clock_hz),
        first: megahertz(first),
        last: megahertz(last),
        step: 1,
        unit: "MHz",
        set: Box::new(|profile, value| profile.cpu.clock_hz = u64::from(value) * MEGAHERTZ),
    };
    let help =
        "All of the guest's time follows from it. Past what this computer reaches, the guest runs slower.";
    Some(Row::new("Clock", control, help).of(Field::CpuClock))
}
