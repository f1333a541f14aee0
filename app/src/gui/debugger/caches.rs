//! What the caches do: hit rates over time, where the misses are, and whose they are.

use super::{Goto, PaneCx, address};
use crate::gui::theme::{self, GRID, Tone};
use egui::{Color32, Grid, Label, RichText, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_plot::{Legend, Line, LineStyle, Plot, PlotPoints};
use emu_core::cache::stats::{HeatStrip, LevelCounters};
use emu_core::cache::{CacheStats, LevelName};
use emu_core::machine::protocol::Command;
use emu_core::time::Cycle;
use std::collections::VecDeque;

/// Hit rates that are kept: half a minute of them.
const KEPT: usize = 300;
/// Rows of the tables of the worst.
const WORST: usize = 16;
const PLOT_HEIGHT: f32 = 16.0 * GRID;
const STRIP_HEIGHT: f32 = 3.0 * GRID;

/// Hit rates between two moments.
struct Sample {
    cycle: Cycle,
    /// In hundredths; `None` when nothing was accessed meanwhile.
    rates: Vec<(LevelName, Option<f64>)>,
}

/// The pane.
#[derive(Default)]
pub struct CachesPane {
    last: Option<(Cycle, CacheStats)>,
    /// Whether the machine has told anything yet.
    is_told: bool,
    history: VecDeque<Sample>,
    /// The pane was drawn in this frame.
    is_shown: bool,
    /// What the machine was asked for last.
    is_wanted: bool,
}

impl CachesPane {
    /// What the machine counted last.
    pub fn stats(&self) -> Option<&CacheStats> {
        self.last.as_ref().map(|(_, stats)| stats)
    }

    /// Takes what the machine has counted.
    pub fn take(&mut self, at: Cycle, stats: Option<CacheStats>) {
        self.is_told = true;
        let Some(stats) = stats else {
            (self.last, self.history) = (None, VecDeque::new());
            return;
        };
        match &self.last {
            Some((before_at, before)) if goes_on(before, &stats) => {
                if at > *before_at {
                    let between = |(now, before): (&Counted, &Counted)| (now.0, rate(&before.1, &now.1));
                    let rates = stats.levels.iter().zip(&before.levels).map(between).collect();
                    self.history.push_back(Sample { cycle: at, rates });
                    if self.history.len() > KEPT {
                        self.history.pop_front();
                    }
                }
            }
            _ => self.history.clear(),
        }
        self.last = Some((at, stats));
    }

    /// Asks the machine for its counters while the pane is on the screen, and only then.
    pub(super) fn ask(&mut self, is_open: bool, commands: &mut Vec<Command>) {
        let is_wanted = std::mem::take(&mut self.is_shown) && is_open;
        if is_wanted != self.is_wanted {
            self.is_wanted = is_wanted;
            commands.push(Command::WatchCaches(is_wanted));
        }
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        self.is_shown = true;
        let Some((_, stats)) = &self.last else {
            ui.style_mut().wrap_mode = None;
            let words = if self.is_told {
                "This machine has no caches. The page Caches of its settings has some, also while it runs."
            } else {
                "The counters are on their way."
            };
            ui.weak(words);
            return;
        };
        self.plot(ui, cx.cpu_hz);
        levels(ui, stats);
        ui.separator();
        heat(ui, &stats.heat, cx.links);
        ui.separator();
        worst(ui, stats, cx);
    }

    fn plot(&self, ui: &mut Ui, cpu_hz: u64) {
        let seconds = |cycle: Cycle| cycle.0 as f64 / cpu_hz.max(1) as f64;
        let names: Vec<LevelName> =
            self.history.back().map_or(Vec::new(), |sample| sample.rates.iter().map(|rate| rate.0).collect());
        let plot = Plot::new("hit rates")
            .height(PLOT_HEIGHT)
            .include_y(0.0)
            .include_y(100.0)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .x_axis_label("Guest seconds")
            .y_axis_label("Hits, %")
            .legend(Legend::default());
        let response = plot.show(ui, |plot| {
            for (at, name) in names.into_iter().enumerate() {
                let point = |sample: &Sample| Some([seconds(sample.cycle), sample.rates.get(at)?.1?]);
                let points: PlotPoints<'_> = self.history.iter().filter_map(point).collect();
                let (colour, style) = look(plot.ctx().theme(), at);
                plot.line(Line::new(name.to_string(), points).color(colour).style(style).width(2.0));
            }
        });
        let spoken =
            "Hits of each level in per cent over the last half minute; the table beneath has the numbers";
        response.response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, spoken));
    }
}

type Counted = (LevelName, LevelCounters);

/// Whether counters are a later state of others, not those of new caches.
fn goes_on(before: &CacheStats, now: &CacheStats) -> bool {
    let names = |stats: &CacheStats| stats.levels.iter().map(|level| level.0).collect::<Vec<_>>();
    let rises = |(now, before): (&Counted, &Counted)| now.1.accesses() >= before.1.accesses();
    names(before) == names(now) && now.levels.iter().zip(&before.levels).all(rises)
}

/// Hits between two moments, in hundredths.
fn rate(before: &LevelCounters, now: &LevelCounters) -> Option<f64> {
    let accesses = now.accesses().checked_sub(before.accesses()).filter(|&accesses| accesses > 0)?;
    let misses = now.misses().saturating_sub(before.misses());
    Some(100.0 * (1.0 - misses as f64 / accesses as f64))
}

/// A level's line: its colour and its pattern tell it from the others.
fn look(theme: egui::Theme, at: usize) -> (Color32, LineStyle) {
    const DARK: [Color32; 4] = [
        Color32::from_rgb(120, 190, 255),
        Color32::from_rgb(255, 185, 90),
        Color32::from_rgb(130, 220, 140),
        Color32::from_rgb(235, 150, 230),
    ];
    const LIGHT: [Color32; 4] = [
        Color32::from_rgb(20, 90, 170),
        Color32::from_rgb(160, 80, 0),
        Color32::from_rgb(20, 110, 45),
        Color32::from_rgb(140, 40, 135),
    ];
    let colours = if theme == egui::Theme::Dark { DARK } else { LIGHT };
    let styles =
        [LineStyle::Solid, LineStyle::dashed_loose(), LineStyle::dotted_dense(), LineStyle::dashed_dense()];
    (colours[at % colours.len()], styles[at % styles.len()])
}

fn levels(ui: &mut Ui, stats: &CacheStats) {
    let heads =
        ["Level", "Accesses", "Hits", "Misses", "Evictions", "Write-backs", "Invalidations", "Cycles lost"];
    Grid::new("cache levels").num_columns(heads.len()).striped(true).show(ui, |ui| {
        heads.iter().for_each(|head| _ = ui.weak(*head));
        ui.end_row();
        for (name, counters) in &stats.levels {
            ui.label(name.to_string());
            number(ui, counters.accesses());
            ui.monospace(format!("{:6.2} %", 100.0 * counters.hit_rate()));
            let rest = [counters.misses(), counters.evictions, counters.write_backs, counters.invalidations];
            rest.into_iter().for_each(|count| number(ui, count));
            number(ui, counters.cycles_lost);
            ui.end_row();
        }
    });
    let memory = stats.memory;
    let words = format!(
        "Memory: {} reads, {} writes, {} past the caches; {} cycles charged to guest time",
        grouped(memory.reads),
        grouped(memory.writes),
        grouped(memory.uncached),
        grouped(stats.cycles_charged)
    );
    ui.add(Label::new(words).wrap());
}

fn number(ui: &mut Ui, number: u64) {
    ui.monospace(format!("{:>12}", grouped(number)));
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let part = |(at, digit): (usize, char)| {
        let gap = at > 0 && (digits.len() - at).is_multiple_of(3);
        gap.then_some('\u{2009}').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(part).collect()
}

/// Misses by address, the more the brighter. A click shows the memory there.
fn heat(ui: &mut Ui, heat: &HeatStrip, links: &mut Vec<Goto>) {
    ui.weak(format!(
        "First-level misses by address, from {:05X} to {:05X}; click to see the memory",
        heat.range.first, heat.range.last
    ));
    let most = heat.misses.iter().copied().max().unwrap_or(0);
    let (place, response) = ui.allocate_exact_size(vec2(ui.available_width(), STRIP_HEIGHT), Sense::click());
    let painter = ui.painter_at(place);
    painter.rect_filled(place, 0.0, ui.visuals().extreme_bg_color);
    let width = place.width() / heat.misses.len().max(1) as f32;
    let colour = theme::tone(ui, Tone::Waiting);
    for (at, &misses) in heat.misses.iter().enumerate().filter(|(_, misses)| **misses > 0) {
        let share = (misses as f32).ln_1p() / (most as f32).ln_1p();
        let strength = (share * share).max(0.15);
        let left = place.left() + width * at as f32;
        let bar = egui::Rect::from_min_size(pos2(left, place.top()), vec2(width.max(1.0), place.height()));
        painter.rect_filled(bar, 0.0, colour.gamma_multiply(strength));
    }
    let hottest = heat.misses.iter().position(|&misses| misses == most).unwrap_or(0);
    let start = |bucket: usize| heat.range.first + bucket as u64 * heat.bucket_bytes();
    let spoken = format!("Misses by address; most of them, {most}, at {:05X}", start(hottest));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    let pointed =
        response.hover_pos().map(|at| (((at.x - place.left()) / width) as usize).min(heat.misses.len() - 1));
    // By keyboard, the hottest place is chosen.
    let bucket = pointed.unwrap_or(hottest);
    if response.clicked() {
        links.push(Goto::Memory(start(bucket)));
    }
    response.on_hover_text(format!(
        "{:05X} to {:05X}: {} misses",
        start(bucket),
        (start(bucket) + heat.bucket_bytes() - 1).min(heat.range.last),
        grouped(heat.misses.get(bucket).copied().unwrap_or(0))
    ));
}

fn worst(ui: &mut Ui, stats: &CacheStats, cx: &mut PaneCx<'_>) {
    ui.horizontal_top(|ui| {
        Grid::new("worst instructions").num_columns(3).striped(true).show(ui, |ui| {
            ["Instruction", "Data misses", "Cycles lost"].iter().for_each(|head| _ = ui.weak(*head));
            ui.end_row();
            for place in stats.worst_instructions.iter().take(WORST) {
                if link(ui, place.at.to_string()).on_hover_text("Shows the code there.").clicked() {
                    cx.links.push(Goto::Code(place.at));
                }
                counts(ui, place.misses, place.surplus, place.cycles_lost);
            }
        });
        ui.separator();
        Grid::new("worst lines").num_columns(3).striped(true).show(ui, |ui| {
            ["Line", "Misses", "Cycles lost"].iter().for_each(|head| _ = ui.weak(*head));
            ui.end_row();
            for place in stats.worst_lines.iter().take(WORST) {
                let at = address::of_linear(place.at, cx.cpu);
                if link(ui, at.to_string()).on_hover_text("Shows the memory there.").clicked() {
                    cx.links.push(Goto::Memory(place.at));
                }
                counts(ui, place.misses, place.surplus, place.cycles_lost);
            }
        });
    });
}

fn link(ui: &mut Ui, text: String) -> egui::Response {
    ui.link(RichText::new(text).monospace())
}

/// A place's counts. One that came late has taken over the count of the one it replaced.
fn counts(ui: &mut Ui, misses: u64, surplus: u64, cycles_lost: u64) {
    let text = match surplus {
        0 => format!("{:>12}", grouped(misses)),
        _ => format!("{:>12}", format!("≤ {}", grouped(misses))),
    };
    let response = ui.monospace(text);
    if surplus > 0 {
        response.on_hover_text(format!("At least {}.", grouped(misses - surplus.min(misses))));
    }
    number(ui, cycles_lost);
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::cache::stats::{CacheStats, MemoryCounters};

    fn stats(hits: u64, misses: u64) -> CacheStats {
        let counters = LevelCounters { read_hits: hits, read_misses: misses, ..LevelCounters::default() };
        CacheStats {
            levels: vec![(LevelName::L1, counters)],
            memory: MemoryCounters::default(),
            cycles_charged: 0,
            worst_instructions: Vec::new(),
            worst_lines: Vec::new(),
            heat: HeatStrip::new(emu_core::cache::config::AddressRange { first: 0, last: 0xF_FFFF }),
        }
    }

    #[test]
    fn rates_are_those_between_two_moments() {
        let mut pane = CachesPane::default();
        pane.take(Cycle(0), Some(stats(0, 100)));
        pane.take(Cycle(100), Some(stats(300, 200)));
        assert_eq!(pane.history[0].rates, [(LevelName::L1, Some(75.0))]);
        pane.take(Cycle(200), Some(stats(300, 200)));
        assert_eq!(pane.history[1].rates, [(LevelName::L1, None)], "nothing was accessed");
        pane.take(Cycle(300), Some(stats(1, 0)));
        assert!(pane.history.is_empty(), "these caches are new");
        pane.take(Cycle(400), None);
        assert!(pane.stats().is_none());
    }

    #[test]
    fn the_history_is_bounded() {
        let mut pane = CachesPane::default();
        (0..2 * KEPT as u64).for_each(|at| pane.take(Cycle(at), Some(stats(at, 0))));
        assert_eq!(pane.history.len(), KEPT);
    }

    #[test]
    fn numbers_are_grouped() {
        let plain = |number| grouped(number).replace('\u{2009}', " ");
        assert_eq!(
            [plain(0), plain(999), plain(1_000), plain(1_234_567)],
            ["0", "999", "1 000", "1 234 567"]
        );
    }
}
