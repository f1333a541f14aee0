//! The cards in the slots, each with its options, as the catalogue describes them.

use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Action, Choice, Control, Edit, Row};
use machines::catalogue::{Category, DeviceKind, OptionDescription, OptionKind, Resources};
use machines::profile::{CardProfile, Field, OptionValue, Profile};

/// The cards of a category with their options, and a menu of those that could be added.
pub fn rows_of(cx: RowCx<'_>, category: Category) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, card) in cx.profile.cards.iter().enumerate() {
        if let Some(kind) = cx.catalogue.find(&card.device).filter(|kind| kind.category == category) {
            rows.push(card_row(at, card, Some(kind)));
            rows.extend(kind.options.iter().map(|option| option_row(at, card, option)));
        }
    }
    rows.extend(add_row(cx, |kind| kind.category == category));
    rows
}

/// All cards in their slots, and a menu of all others.
pub fn all(cx: RowCx<'_>) -> Vec<Row> {
    let cards = cx.profile.cards.iter().enumerate();
    let mut rows: Vec<Row> =
        cards.map(|(at, card)| card_row(at, card, cx.catalogue.find(&card.device))).collect();
    rows.extend(add_row(cx, |_| true));
    rows
}

fn card_row(at: usize, card: &CardProfile, kind: Option<&DeviceKind>) -> Row {
    let label = kind.map_or(card.device.clone(), |kind| kind.label.to_owned());
    let remove = Edit::of(move |profile| {
        if at < profile.cards.len() {
            profile.cards.remove(at);
        }
    });
    let options = kind.and_then(|kind| kind.complete(&card.options).ok());
    let fact =
        kind.zip(options).map_or(String::new(), |(kind, options)| occupied(&(kind.resources)(&options)));
    let control =
        Control::Actions { fact, actions: vec![Action::new("Remove", format!("Remove {label}"), remove)] };
    let help =
        kind.map_or("This Anachron does not know the card.".to_owned(), |kind| format!("{}.", kind.help));
    Row::new(label, control, help).of(Field::Card(at))
}

/// What a card occupies, in words.
fn occupied(resources: &Resources) -> String {
    let Resources { ports, memory, interrupts, dma_channels } = resources;
    let ports = ports.iter().map(|(first, last)| match first == last {
        true => format!("port {first:03X}h"),
        false => format!("ports {first:03X}h to {last:03X}h"),
    });
    let memory = memory.iter().map(|(first, last)| format!("memory {first:05X}h to {last:05X}h"));
    let interrupts = interrupts.iter().map(|irq| format!("IRQ{irq}"));
    let channels = dma_channels.iter().map(|channel| format!("DMA channel {channel}"));
    ports.chain(memory).chain(interrupts).chain(channels).collect::<Vec<_>>().join(", ")
}

fn option_row(at: usize, card: &CardProfile, option: &OptionDescription) -> Row {
    let value = card.options.get(option.name).unwrap_or(&option.default);
    let (name, default) = (option.name, option.default.clone());
    let setter = |chosen: OptionValue| {
        let default = default.clone();
        Edit::of(move |profile| set_option(profile, at, name, &default, chosen))
    };
    let control = match (&option.kind, value) {
        (OptionKind::Switch, OptionValue::Bool(is_on)) => {
            let default = default.clone();
            let set = move |profile: &mut Profile, is_on| {
                set_option(profile, at, name, &default, OptionValue::Bool(is_on));
            };
            Control::Switch { is_on: *is_on, set: Box::new(set) }
        }
        (OptionKind::Choice(choices), OptionValue::Text(text)) => {
            let choice = |(name, label): &(&'static str, &'static str)| {
                Choice::new(*label, name == text, setter(OptionValue::Text((*name).to_owned())))
            };
            Control::Choice(choices.iter().map(choice).collect())
        }
        // A value of another kind: the card's row says so, and the default mends it.
        _ => {
            let face = format!("Use the default for {}", option.label);
            let actions = vec![Action::new("Use the default", face, setter(default.clone()))];
            Control::Actions { fact: String::new(), actions }
        }
    };
    Row::new(option.label, control, format!("{}.", option.help))
}

/// What is the default is not written down.
fn set_option(profile: &mut Profile, at: usize, name: &str, default: &OptionValue, chosen: OptionValue) {
    let Some(card) = profile.cards.get_mut(at) else { return };
    if chosen == *default {
        card.options.remove(name);
    } else {
        card.options.insert(name.to_owned(), chosen);
    }
}

fn add_row(cx: RowCx<'_>, is_wanted: impl Fn(&DeviceKind) -> bool) -> Option<Row> {
    let missing = cx.catalogue.iter().filter(|kind| is_wanted(kind) && cx.profile.card(kind.name).is_none());
    let choices: Vec<Choice> = missing
        .map(|kind| {
            let card = CardProfile { device: kind.name.to_owned(), options: Default::default() };
            Choice::new(kind.label, false, Edit::of(move |profile| profile.cards.push(card))).help(kind.help)
        })
        .collect();
    let control = Control::Menu { face: "Add a card", choices };
    let has_any = matches!(&control, Control::Menu { choices, .. } if !choices.is_empty());
    has_any.then(|| Row::new("Another card", control, "What fits into a free slot."))
}
