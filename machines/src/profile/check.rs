//! Whether a profile makes sense: every conflict in a sentence, with its remedy.

use super::{CardProfile, Profile};
use crate::boards::{self, BoardKind, Freedom};
use crate::catalogue::{Catalogue, Options, Resources};
use crate::{engines, fpu};
use emu_core::cpu::FpuMode;
use emu_core::cpu::x86::model::{CustomModel, EVERYTHING, Gap, Model};

/// How many features one sentence names at the most.
const MOST_NAMED: usize = 4;

/// A part of a profile, so that a dialog can say a conflict where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Board,
    CpuModel,
    CpuClock,
    /// What CPUID says of a custom processor.
    CpuIdentity,
    CpuFeatures,
    Engine,
    Fpu,
    Memory,
    Caches,
    /// By its place in the list.
    Card(usize),
    Floppy(usize),
    Disks,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// All parties.
    pub fields: Vec<Field>,
    /// What is wrong and what would help, in a sentence.
    pub message: String,
    /// What would mend it, the likeliest first.
    pub fixes: Vec<Fix>,
}

/// What a Fix button does.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// As a command: "Add the controller".
    pub words: String,
    /// The profile afterwards.
    pub profile: Box<Profile>,
}

impl Conflict {
    fn new(fields: &[Field], message: String) -> Self {
        Self { fields: fields.to_vec(), message, fixes: Vec::new() }
    }

    fn with_fix(mut self, words: String, profile: &Profile, change: impl FnOnce(&mut Profile)) -> Self {
        let mut fixed = profile.clone();
        change(&mut fixed);
        self.fixes.push(Fix { words, profile: Box::new(fixed) });
        self
    }
}

/// All conflicts of a profile, the gravest first. None: the machine can be built.
pub fn check(profile: &Profile, catalogue: &Catalogue) -> Vec<Conflict> {
    let Some(board) = boards::find(&profile.board) else {
        let message = format!("There is no board named \u{201c}{}\u{201d}; choose another", profile.board);
        return vec![Conflict::new(&[Field::Board], message)];
    };
    let mut conflicts = Vec::new();
    check_cpu(profile, board, &mut conflicts);
    check_custom(profile, &mut conflicts);
    check_memory(profile, board, &mut conflicts);
    check_drives(profile, board, &mut conflicts);
    check_cards(profile, board, catalogue, &mut conflicts);
    check_caches(profile, &mut conflicts);
    conflicts
}

fn check_caches(profile: &Profile, conflicts: &mut Vec<Conflict>) {
    let Some(caches) = &profile.caches else { return };
    for problem in caches.problems() {
        let conflict = Conflict::new(&[Field::Caches], problem.to_string());
        conflicts.push(match caches.remedy(&problem) {
            Some((words, mended)) => conflict.with_fix(words, profile, |fixed| fixed.caches = Some(mended)),
            None => conflict,
        });
    }
}

fn check_cpu(profile: &Profile, board: &BoardKind, conflicts: &mut Vec<Conflict>) {
    let Some(model) = board.cpus.iter().find(|cpu| cpu.name == profile.cpu.model) else {
        let names: Vec<_> = board.cpus.iter().map(|cpu| cpu.name).collect();
        let message = format!(
            "The {} does not take a {}; choose one of: {}",
            board.label,
            profile.cpu.model,
            names.join(", ")
        );
        let conflict = Conflict::new(&[Field::CpuModel], message);
        conflicts.push(conflict.with_fix(format!("Use the {}", board.cpus[0].label), profile, |fixed| {
            fixed.cpu.model = board.cpus[0].name.to_owned();
        }));
        return;
    };
    if let Some(message) = engines::why_not(profile.cpu.engine, model) {
        let conflict = Conflict::new(&[Field::Engine], message);
        let words = format!("Use {}", engines::describe(model.engines[0]).label);
        conflicts.push(conflict.with_fix(words, profile, |fixed| {
            fixed.cpu.engine = model.engines[0];
        }));
    }
    if let Some(message) = fpu::why_not(profile.cpu.fpu, &profile.cpu, model) {
        let conflict = Conflict::new(&[Field::Fpu], message);
        conflicts.push(conflict.with_fix("Compute exactly".to_owned(), profile, |fixed| {
            fixed.cpu.fpu = FpuMode::Exact;
        }));
    }
    if !takes_clock(board, profile.cpu.clock_hz) {
        let labels: Vec<_> = board.clocks.iter().map(|clock| clock.label).collect();
        let message = format!(
            "The {} has no clock of {} Hz; choose {}",
            board.label,
            profile.cpu.clock_hz,
            labels.join(" or ")
        );
        let conflict = Conflict::new(&[Field::CpuClock], message);
        conflicts.push(conflict.with_fix(format!("Use {}", labels[0]), profile, |fixed| {
            fixed.cpu.clock_hz = board.clocks[0].hz;
        }));
    }
}

/// A custom processor's features and its answers to CPUID.
fn check_custom(profile: &Profile, conflicts: &mut Vec<Conflict>) {
    let Some(custom) = profile.cpu.custom.as_ref().filter(|_| profile.cpu.model == CustomModel::NAME) else {
        return;
    };
    if let Some(problem) = custom.problem() {
        let base = Model::by_name(&custom.base).filter(|base| CustomModel::may_begin_as(base));
        let base = base.unwrap_or(&EVERYTHING);
        let message = format!("{problem}; change that or begin anew");
        let conflict = Conflict::new(&[Field::CpuIdentity], message);
        let words = format!("Take the identity of \u{201c}{}\u{201d}", base.title);
        conflicts.push(conflict.with_fix(words, profile, |fixed| {
            let features = custom.features;
            fixed.cpu.custom = Some(CustomModel { features, ..CustomModel::of(base) });
        }));
    }
    conflicts.extend(custom.gaps().iter().map(|gap| gap_conflict(profile, custom, gap)));
}

/// A feature that others build on and that is not there: it comes, or they go.
fn gap_conflict(profile: &Profile, custom: &CustomModel, Gap { missing, above }: &Gap) -> Conflict {
    let label = missing.described().label;
    let named: Vec<&str> = above.iter().map(|feature| feature.described().label).collect();
    let (those, verb) = match named.as_slice() {
        [one] => ((*one).to_owned(), "builds"),
        [most @ .., last] if named.len() <= MOST_NAMED => {
            (format!("{} and {last}", most.join(", ")), "build")
        }
        _ => (format!("{}, {} and {} more", named[0], named[1], named.len() - 2), "build"),
    };
    let (with, without) = (custom.with(*missing), custom.without(*missing));
    let gone = custom.features.count() - without.features.count();
    let removal =
        if gone == 1 { format!("Take {those} away") } else { format!("Take away the {gone} that need it") };
    let message =
        format!("{those} {verb} on {label}, which is not there; add that, or take away what needs it");
    Conflict::new(&[Field::CpuFeatures], message)
        .with_fix(format!("Add {label}"), profile, |fixed| fixed.cpu.custom = Some(with))
        .with_fix(removal, profile, |fixed| fixed.cpu.custom = Some(without))
}

fn takes_clock(board: &BoardKind, hz: u64) -> bool {
    let in_between = |freedom: &Freedom| (freedom.clocks.0..=freedom.clocks.1).contains(&hz);
    board.clocks.iter().any(|clock| clock.hz == hz) || board.freedom.as_ref().is_some_and(in_between)
}

fn check_memory(profile: &Profile, board: &BoardKind, conflicts: &mut Vec<Conflict>) {
    let (steps, kib) = (board.memory_steps, profile.memory_kib);
    let (least, most) = (steps[0], steps[steps.len() - 1]);
    let of_grain =
        |freedom: Freedom| kib.is_multiple_of(freedom.memory_grain) && (least..=most).contains(&kib);
    if !steps.contains(&kib) && !board.freedom.is_some_and(of_grain) {
        let nearest = steps.iter().copied().min_by_key(|step| step.abs_diff(kib)).unwrap_or(0);
        let how = if board.freedom.is_some() { "in whole MB" } else { "in steps of its memory banks" };
        let message = format!(
            "The {} takes {} to {} {how}, not {}; choose {}",
            board.label,
            size(least),
            size(most),
            size(kib),
            size(nearest)
        );
        conflicts.push(memory_conflict(message, nearest, profile));
    }
    let model = board.cpus.iter().find(|cpu| cpu.name == profile.cpu.model);
    if let (Some(freedom), Some(model)) = (board.freedom, model)
        && let reach = freedom.memory_of(model.address_bits)
        && kib > reach
    {
        let message = format!(
            "The {} has {} address lines and reaches {} beside the ROM, not {}; choose {}",
            model.label,
            model.address_bits,
            size(reach),
            size(kib),
            size(reach)
        );
        conflicts.push(memory_conflict(message, reach, profile));
    }
}

fn memory_conflict(message: String, better_kib: u32, profile: &Profile) -> Conflict {
    let words = format!("Use {}", size(better_kib));
    Conflict::new(&[Field::Memory], message).with_fix(words, profile, |fixed| fixed.memory_kib = better_kib)
}

/// A size of memory as a user reads it.
fn size(kib: u32) -> String {
    if kib >= 1024 && kib.is_multiple_of(1024) { format!("{} MB", kib / 1024) } else { format!("{kib} KB") }
}

fn check_drives(profile: &Profile, board: &BoardKind, conflicts: &mut Vec<Conflict>) {
    if profile.floppies.len() > board.floppy_drives {
        let message = format!(
            "The {} takes {} floppy drives, not {}; remove some",
            board.label,
            board.floppy_drives,
            profile.floppies.len()
        );
        conflicts.push(Conflict::new(&[Field::Floppy(board.floppy_drives)], message));
    }
    if profile.disks.len() > board.disks {
        let message = format!(
            "The {} takes {} hard disks, not {}; remove some",
            board.label,
            board.disks,
            profile.disks.len()
        );
        conflicts.push(Conflict::new(&[Field::Disks], message));
    }
}

/// A card that can be mounted: its place in the list, its name, its options and what it occupies.
type Mounted<'a> = (usize, &'a str, Options, Resources);

fn check_cards(profile: &Profile, board: &BoardKind, catalogue: &Catalogue, conflicts: &mut Vec<Conflict>) {
    let mut mounted: Vec<Mounted<'_>> = Vec::new();
    for (at, card) in profile.cards.iter().enumerate() {
        match complete(card, catalogue) {
            Ok((label, options, resources)) => mounted.push((at, label, options, resources)),
            Err(message) => {
                let conflict = Conflict::new(&[Field::Card(at)], message);
                conflicts.push(conflict.with_fix("Remove it".to_owned(), profile, |fixed| {
                    fixed.cards.remove(at);
                }));
            }
        }
    }
    for (number, second) in mounted.iter().enumerate() {
        for first in &mounted[..number] {
            if let Some(what) = first.3.shared_with(&second.3) {
                let message =
                    format!("{} and {} both want {what}; change or remove one of them", first.1, second.1);
                let conflict = Conflict::new(&[Field::Card(first.0), Field::Card(second.0)], message);
                let words = format!("Remove {}", second.1);
                let at = second.0;
                conflicts.push(conflict.with_fix(words, profile, |fixed| {
                    fixed.cards.remove(at);
                }));
            }
        }
    }
    if !profile.disks.is_empty() && profile.card("xt-hdc").is_none() {
        let message = format!("The hard disk needs a controller in the {}; add one", board.label);
        let conflict = Conflict::new(&[Field::Disks], message);
        conflicts.push(conflict.with_fix("Add the controller".to_owned(), profile, |fixed| {
            fixed.cards.push(CardProfile { device: "xt-hdc".to_owned(), options: Options::new() });
        }));
    }
}

fn complete<'a>(
    card: &CardProfile,
    catalogue: &'a Catalogue,
) -> Result<(&'a str, Options, Resources), String> {
    let kind = catalogue.find(&card.device).ok_or_else(|| {
        format!("This Anachron knows no card named \u{201c}{}\u{201d}; remove it", card.device)
    })?;
    let options = kind.complete(&card.options).map_err(|error| error.0)?;
    let resources = (kind.resources)(&options);
    Ok((kind.label, options, resources))
}

impl Resources {
    /// What both want, in words.
    fn shared_with(&self, other: &Self) -> Option<String> {
        let port = self
            .ports
            .iter()
            .find_map(|a| other.ports.iter().find(|b| a.0 <= b.1 && b.0 <= a.1).map(|b| a.0.max(b.0)));
        if let Some(port) = port {
            return Some(format!("I/O port {port:03X}h"));
        }
        let memory = self
            .memory
            .iter()
            .find_map(|a| other.memory.iter().find(|b| a.0 <= b.1 && b.0 <= a.1).map(|b| a.0.max(b.0)));
        if let Some(address) = memory {
            return Some(format!("the memory at {address:05X}h"));
        }
        if let Some(irq) = self.interrupts.iter().find(|irq| other.interrupts.contains(irq)) {
            return Some(format!("interrupt line IRQ{irq}"));
        }
        let channel = self.dma_channels.iter().find(|channel| other.dma_channels.contains(channel))?;
        Some(format!("DMA channel {channel}"))
    }
}
