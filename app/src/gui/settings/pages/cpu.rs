//! The processor: model, clock, and the engine that runs it.

use super::custom_cpu;
use crate::gui::describe;
use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Choice, Control, Edit, Row};
use emu_core::cpu::x86::model::CustomModel;
use machines::boards::CpuModel;
use machines::engines::{self, ENGINES, EngineKind};
use machines::fpu::{self, FPU_KINDS, FpuKind};
use machines::profile::Field;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let mut rows = vec![model(cx)];
    rows.extend(custom_cpu::beginning(cx));
    rows.extend([clock(cx), engine(cx), floating_point(cx)]);
    rows.extend(custom_cpu::rows(cx));
    rows
}

/// What the wizard asks for.
pub fn model_and_clock(cx: RowCx<'_>) -> Vec<Row> {
    vec![model(cx), clock(cx)]
}

fn model(cx: RowCx<'_>) -> Row {
    let RowCx { profile, board, .. } = cx;
    let models = board.cpus.iter().map(|cpu| Choice {
        group: cpu.generation,
        ..Choice::new(
            cpu.label,
            cpu.name == profile.cpu.model,
            Edit::of(|profile| match cpu.name {
                CustomModel::NAME => custom_cpu::choose(profile),
                name => profile.cpu.model = name.to_owned(),
            }),
        )
        .help(cpu.help)
    });
    let help = "The processor in the board's socket.";
    Row::new("CPU model", Control::Radio(models.collect()), help).of(Field::CpuModel)
}

fn clock(cx: RowCx<'_>) -> Row {
    if let Some(row) = custom_cpu::clock(cx) {
        return row;
    }
    let RowCx { profile, board, .. } = cx;
    let mut clocks: Vec<Choice> = board
        .clocks
        .iter()
        .map(|clock| {
            let edit = Edit::of(|profile| profile.cpu.clock_hz = clock.hz);
            Choice::new(clock.label, clock.hz == profile.cpu.clock_hz, edit)
        })
        .collect();
    if !clocks.iter().any(|clock| clock.is_chosen) {
        clocks.push(Choice::new(describe::clock(profile.cpu.clock_hz), true, Edit::of(|_| ())));
    }
    Row::new("Clock", Control::Choice(clocks), "All of the guest's time follows from it.").of(Field::CpuClock)
}

fn engine(cx: RowCx<'_>) -> Row {
    let model = cx.board.cpus.iter().find(|cpu| cpu.name == cx.profile.cpu.model);
    let choices = ENGINES.iter().map(|kind| engine_choice(cx, kind, model)).collect();
    let help = "How this computer runs the processor. What the guest computes is the same with each.";
    Row::new("Engine", Control::Radio(choices), help).of(Field::Engine)
}

fn engine_choice(cx: RowCx<'_>, kind: &'static EngineKind, model: Option<&CpuModel>) -> Choice {
    let cpu = &cx.profile.cpu;
    let why_not = model.and_then(|model| engines::why_not(kind.engine, model));
    let help = match why_not {
        Some(_) => kind.help.to_owned(),
        None => format!("{} {}", kind.help, cx.host.paces.sentence(&cpu.model, kind.engine, cpu.clock_hz)),
    };
    let edit = Edit::of(|profile| profile.cpu.engine = kind.engine);
    Choice { why_not, ..Choice::new(kind.label, kind.engine == cpu.engine, edit).help(help) }
}

fn floating_point(cx: RowCx<'_>) -> Row {
    let choices = FPU_KINDS.iter().map(|kind| fpu_choice(cx, kind)).collect();
    let help = "How the x87 computes. What is fast differs from a real chip in a result's last digits.";
    Row::new("Floating point", Control::Radio(choices), help).of(Field::Fpu).at_once()
}

fn fpu_choice(cx: RowCx<'_>, kind: &'static FpuKind) -> Choice {
    let cpu = &cx.profile.cpu;
    let model = cx.board.cpus.iter().find(|model| model.name == cpu.model);
    let why_not = model.and_then(|model| fpu::why_not(kind.mode, cpu, model));
    let edit = Edit::of(|profile| profile.cpu.fpu = kind.mode);
    Choice { why_not, ..Choice::new(kind.label, kind.mode == cpu.fpu, edit).help(kind.help) }
}
