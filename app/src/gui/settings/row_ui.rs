//! How a row is drawn: label, control, help, and what is to be said about it.

use super::row::{Action, Choice, Control, Edit, Row, Setter, When};
use super::{cache_drawing, cache_levels, cpuid_table, feature_list};
use crate::gui::commands;
use crate::gui::theme::{self, GRID, Tone};
use egui::style::ScrollAnimation;
use egui::{
    Align, Button, Checkbox, ComboBox, DragValue, Id, Label, RadioButton, Response, RichText, Slider,
    TextEdit, Ui, vec2,
};
use egui_material_icons::icons::{ICON_POWER_SETTINGS_NEW, ICON_WARNING};
use machines::profile::{Conflict, Fix};

const LABEL_WIDTH: f32 = 20.0 * GRID;
const CONTROL_WIDTH: f32 = 36.0 * GRID;
const LIST_HEIGHT: f32 = 48.0 * GRID;
/// A list of more choices is not seen whole.
const MOST_IN_VIEW: usize = 8;
/// Passes until a page is laid out.
const SETTLED: u64 = 3;
/// A slider is drawn for numbers with at most so many steps.
const SLIDER_STEPS: u32 = 64;

/// How the machine stands whose settings these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    Off,
    /// Switched on: some changes wait for the next power-on.
    On,
}

/// Draws a row. `now` is its value in the machine as it was switched on, where that differs.
pub fn show(ui: &mut Ui, row: Row, conflicts: &[Conflict], live: Live, now: Option<String>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let waits = row.when == When::PowerOn && !matches!(row.control, Control::Fact(_));
    let is_wide = matches!(
        row.control,
        Control::CacheLevels(_) | Control::CacheDrawing { .. } | Control::Features(_) | Control::Cpuid(_)
    );
    let Row { label: name, help: line, control, fields, .. } = row;
    let body = |ui: &mut Ui, label: &Response| {
        // What is said of a list stands before it.
        let is_list = matches!(control, Control::Radio(_));
        if is_list {
            help(ui, &line);
        }
        ui.push_id(&name, |ui| edits.extend(control_ui(ui, control, &name, label.id)));
        if !is_list {
            help(ui, &line);
        }
        if let Some(now) = now {
            let words = format!("Kept for the next power-on; until then: {now}");
            ui.colored_label(theme::tone(ui, Tone::Waiting), words);
        }
        let is_of = |conflict: &&Conflict| conflict.fields.iter().any(|field| fields.contains(field));
        edits.extend(conflicts.iter().filter(is_of).filter_map(|conflict| conflict_ui(ui, conflict)));
    };
    if is_wide {
        let label = label_ui(ui, &name, waits, live);
        body(ui, &label);
    } else {
        ui.horizontal_top(|ui| {
            let label = ui
                .vertical(|ui| {
                    ui.set_width(LABEL_WIDTH);
                    ui.spacing_mut().item_spacing.y = 0.0;
                    label_ui(ui, &name, waits, live)
                })
                .inner;
            ui.vertical(|ui| body(ui, &label));
        });
    }
    ui.add_space(GRID);
    edits
}

/// The label, with a mark when the machine is on and a change would wait.
fn label_ui(ui: &mut Ui, name: &str, waits: bool, live: Live) -> Response {
    // As high as a control, so that both stand on one line.
    let label = ui.horizontal(|ui| ui.add(Label::new(name).wrap())).inner;
    if waits && live == Live::On {
        let mark = format!("{} at power-on", ICON_POWER_SETTINGS_NEW.codepoint);
        let hint = "A change waits until the machine is next switched on.";
        ui.add(Label::new(RichText::new(mark).small().weak())).on_hover_text(hint);
    }
    label
}

/// Says a conflict, with what would mend it.
pub fn conflict_ui(ui: &mut Ui, conflict: &Conflict) -> Option<Edit> {
    let mut edit = None;
    ui.horizontal_wrapped(|ui| {
        let text = format!("{} {}", ICON_WARNING.codepoint, conflict.message);
        ui.colored_label(theme::tone(ui, Tone::Bad), text);
        for Fix { words, profile: fixed } in &conflict.fixes {
            if ui.button(format!("Fix: {words}")).clicked() {
                let fixed = fixed.clone();
                edit = Some(Edit::of(move |profile| *profile = *fixed));
            }
        }
    });
    edit
}

fn control_ui(ui: &mut Ui, control: Control, name: &str, label: Id) -> Option<Edit> {
    match control {
        Control::Fact(text) => {
            ui.horizontal(|ui| ui.add(Label::new(text).wrap()));
            None
        }
        Control::Text { value, lines, set } => text(ui, value, lines, set, label),
        Control::Switch { is_on, set } => {
            let mut is_on = is_on;
            let response = ui.add(Checkbox::without_text(&mut is_on)).labelled_by(label);
            response.changed().then(|| Edit::of(move |profile| set(profile, is_on)))
        }
        Control::Choice(choices) => choice(ui, choices, label),
        Control::Radio(choices) => radio(ui, choices),
        Control::Number { value, first, last, step, unit, set } => {
            number(ui, Number { value, first, last, step, unit }, set, label)
        }
        Control::Actions { fact, actions } => act(ui, &fact, actions),
        Control::Menu { face, choices } => menu(ui, face, choices),
        Control::Features(features) => feature_list::show(ui, features).map(|features| {
            Edit::of(move |profile| profile.cpu.custom.get_or_insert_default().features = features)
        }),
        Control::Cpuid(custom) => cpuid_table::show(ui, &custom)
            .map(|custom| Edit::of(move |profile| profile.cpu.custom = Some(custom))),
        Control::CacheLevels(config) => {
            cache_levels::show(ui, config).map(|config| Edit::of(|profile| profile.caches = config))
        }
        Control::CacheDrawing { config, address_bits: bits } => {
            cache_drawing::show(ui, name, &config, bits);
            None
        }
    }
}

fn text(ui: &mut Ui, value: String, lines: usize, set: Setter<String>, label: Id) -> Option<Edit> {
    let mut value = value;
    let field = match lines {
        1 => TextEdit::singleline(&mut value),
        _ => TextEdit::multiline(&mut value).desired_rows(lines),
    };
    let response = ui.add(field.desired_width(CONTROL_WIDTH + 8.0 * GRID)).labelled_by(label);
    response.changed().then(|| Edit::of(move |profile| set(profile, value)))
}

fn choice(ui: &mut Ui, choices: Vec<Choice>, label: Id) -> Option<Edit> {
    let shown = choices.iter().find(|choice| choice.is_chosen);
    let (shown, summary) = shown.map_or(("", ""), |choice| (choice.label.as_str(), choice.help.as_str()));
    let summary = summary.to_owned();
    let combo =
        ComboBox::from_id_salt("choice").width(CONTROL_WIDTH).height(LIST_HEIGHT).selected_text(shown);
    let response = combo.show_ui(ui, |ui| choices.into_iter().filter_map(|choice| entry(ui, choice)).last());
    response.response.labelled_by(label);
    if !summary.is_empty() {
        ui.add(Label::new(format!("{summary}.")).wrap());
    }
    response.inner.flatten()
}

/// An entry of an unfolded list or a menu.
fn entry(ui: &mut Ui, choice: Choice) -> Option<Edit> {
    let Choice { label, help, is_chosen, why_not, edit, .. } = choice;
    let response = ui.add_enabled(why_not.is_none(), Button::selectable(is_chosen, label));
    let response = match why_not {
        Some(reason) => response.on_disabled_hover_text(reason),
        None if !help.is_empty() => response.on_hover_text(help),
        None => response,
    };
    response.clicked().then_some(edit)
}

fn radio(ui: &mut Ui, choices: Vec<Choice>) -> Option<Edit> {
    let (mut chosen, mut group) = (None, "");
    let seeks = choices.len() > MOST_IN_VIEW && has_appeared(ui);
    for choice in choices {
        if choice.group != group {
            group = choice.group;
            ui.add(Label::new(RichText::new(group).strong()).wrap());
        }
        let radio = RadioButton::new(choice.is_chosen, &choice.label);
        let response = ui.add_enabled(choice.why_not.is_none(), radio);
        if seeks && choice.is_chosen {
            ui.scroll_to_rect_animation(response.rect, Some(Align::Center), ScrollAnimation::none());
        }
        if response.clicked() {
            chosen = Some(choice.edit);
        }
        ui.horizontal(|ui| {
            ui.add_space(3.0 * GRID);
            ui.vertical(|ui| {
                help(ui, &choice.help);
                if let Some(reason) = &choice.why_not {
                    help(ui, &format!("{reason}."));
                }
            });
        });
    }
    chosen
}

/// Whether this has come to be shown just now: in the first few passes, until all is in its place.
fn has_appeared(ui: &Ui) -> bool {
    let (id, pass) = (ui.unique_id().with("appeared"), ui.ctx().cumulative_pass_nr());
    let (begun, last) = ui.data(|data| data.get_temp(id)).unwrap_or((pass, pass));
    let begun = if pass > last + 1 { pass } else { begun };
    ui.data_mut(|data| data.insert_temp(id, (begun, pass)));
    pass < begun + SETTLED
}

struct Number {
    value: u32,
    first: u32,
    last: u32,
    step: u32,
    unit: &'static str,
}

fn number(ui: &mut Ui, number: Number, set: Setter<u32>, label: Id) -> Option<Edit> {
    let Number { mut value, first, last, step, unit } = number;
    let before = value;
    ui.horizontal(|ui| {
        if (last - first) / step.max(1) <= SLIDER_STEPS {
            ui.spacing_mut().slider_width = 22.0 * GRID;
            let slider = Slider::new(&mut value, first..=last).step_by(step.into()).show_value(false);
            ui.add(slider).labelled_by(label);
        }
        let typed = DragValue::new(&mut value).range(first..=last).speed(step).suffix(format!(" {unit}"));
        ui.add_sized(vec2(11.0 * GRID, 3.0 * GRID), typed.update_while_editing(false)).labelled_by(label);
    });
    (value != before).then(|| Edit::of(move |profile| set(profile, value)))
}

fn act(ui: &mut Ui, fact: &str, actions: Vec<Action>) -> Option<Edit> {
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        if !fact.is_empty() {
            ui.label(fact);
        }
        for Action { face, name, edit } in actions {
            let response = ui.button(face);
            commands::named(&response, &name);
            if response.clicked() {
                chosen = Some(edit);
            }
        }
    });
    chosen
}

fn menu(ui: &mut Ui, face: &str, choices: Vec<Choice>) -> Option<Edit> {
    ui.menu_button(face, |ui| choices.into_iter().filter_map(|choice| entry(ui, choice)).last())
        .inner
        .flatten()
}

pub fn help(ui: &mut Ui, text: &str) {
    if !text.is_empty() {
        ui.add(Label::new(RichText::new(text).small().weak()).wrap());
    }
}
