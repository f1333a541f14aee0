//! A row of the settings as data: its label, its control, a line of help, and what a change of it does.

use super::feature_list;
use emu_core::cache::CacheConfig;
use emu_core::cpu::x86::model::{CustomModel, FEATURES, FeatureSet};
use machines::profile::{Field, Profile};

/// What is being changed: the profile, and what will be made with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub profile: Profile,
    /// The size of a hard disk that is made when the settings are saved, as its place among the common drives.
    pub new_disk: Option<usize>,
}

impl Draft {
    pub fn new(profile: Profile) -> Self {
        Self { profile, new_disk: None }
    }
}

/// For which part of the profile a file is being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Floppy(usize),
    Disk,
    Rom,
}

/// When a change comes to a machine that is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    AtOnce,
    /// When it is next switched on.
    PowerOn,
}

/// What a control asks for.
pub enum Edit {
    Change(Box<dyn FnOnce(&mut Draft)>),
    /// A file is to be chosen.
    Browse(Target),
}

impl Edit {
    pub fn of(change: impl FnOnce(&mut Profile) + 'static) -> Self {
        Self::Change(Box::new(move |draft| change(&mut draft.profile)))
    }
}

/// A change to a value that the control gives.
pub type Setter<T> = Box<dyn FnOnce(&mut Profile, T)>;

/// One of several.
pub struct Choice {
    pub label: String,
    /// What it adds or does, in a line; may be empty.
    pub help: String,
    /// Under which head it stands; may be empty.
    pub group: &'static str,
    pub is_chosen: bool,
    /// Why it cannot be chosen, if it cannot.
    pub why_not: Option<String>,
    pub edit: Edit,
}

impl Choice {
    pub fn new(label: impl Into<String>, is_chosen: bool, edit: Edit) -> Self {
        let (help, group, why_not) = (String::new(), "", None);
        Self { label: label.into(), help, group, is_chosen, why_not, edit }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

/// A button in a row.
pub struct Action {
    pub face: &'static str,
    /// What a screen reader says, where the face alone would be said of several.
    pub name: String,
    pub edit: Edit,
}

impl Action {
    pub fn new(face: &'static str, name: impl Into<String>, edit: Edit) -> Self {
        Self { face, name: name.into(), edit }
    }
}

/// What stands in a row.
pub enum Control {
    /// Something to know, with nothing to change.
    Fact(String),
    Text {
        value: String,
        lines: usize,
        set: Setter<String>,
    },
    Switch {
        is_on: bool,
        set: Setter<bool>,
    },
    /// A list that unfolds.
    Choice(Vec<Choice>),
    /// A list that is always seen, with each one's help.
    Radio(Vec<Choice>),
    /// A number between two bounds, in whole steps.
    Number {
        value: u32,
        first: u32,
        last: u32,
        step: u32,
        unit: &'static str,
        set: Setter<u32>,
    },
    /// A fact, and what can be done about it.
    Actions {
        fact: String,
        actions: Vec<Action>,
    },
    /// A menu of what can be added.
    Menu {
        face: &'static str,
        choices: Vec<Choice>,
    },
    /// What a custom processor has.
    Features(FeatureSet),
    /// What CPUID answers on a custom processor.
    Cpuid(Box<CustomModel>),
    /// The caches, a line for each.
    CacheLevels(CacheConfig),
    /// A cache as sets and ways, and how an address falls apart.
    CacheDrawing {
        config: CacheConfig,
        address_bits: u32,
    },
}

impl Control {
    /// The value in words.
    pub fn shown(&self) -> String {
        match self {
            Self::Fact(text) | Self::Text { value: text, .. } => text.clone(),
            Self::Switch { is_on, .. } => if *is_on { "on" } else { "off" }.to_owned(),
            Self::Choice(choices) | Self::Radio(choices) => choices
                .iter()
                .find(|choice| choice.is_chosen)
                .map_or_else(String::new, |one| one.label.clone()),
            Self::Number { value, unit, .. } => format!("{value} {unit}"),
            Self::Actions { fact, .. } => fact.clone(),
            Self::Menu { .. } | Self::CacheDrawing { .. } => String::new(),
            Self::Features(features) => format!("{} of {}", features.count(), FEATURES.len()),
            Self::Cpuid(custom) => match custom.typed_answers.len() {
                0 => "as it follows from the rest".to_owned(),
                typed => format!("{typed} typed"),
            },
            Self::CacheLevels(config) => format!("{config:?}"),
        }
    }

    /// What this, the value in the machine as it was switched on, has otherwise than a newer one; `None`: nothing.
    pub fn unlike(&self, new: &Self) -> Option<String> {
        match (self, new) {
            (Self::Features(now), Self::Features(new)) => feature_list::difference(*now, *new),
            (Self::Cpuid(now), Self::Cpuid(new)) if now.typed_answers == new.typed_answers => None,
            (Self::Cpuid(_), Self::Cpuid(_)) => Some(format!("{} answers", self.shown())),
            _ if self.shown() == new.shown() => None,
            _ if self.shown().is_empty() => Some("not there".to_owned()),
            _ => Some(self.shown()),
        }
    }

    /// Words by which a search finds the row besides its label and help.
    fn words(&self) -> String {
        match self {
            Self::Choice(choices) | Self::Radio(choices) | Self::Menu { choices, .. } => {
                choices.iter().map(|choice| format!("{} {} ", choice.label, choice.help)).collect()
            }
            Self::Cpuid(_) => "EAX EBX ECX EDX answers signature highest".to_owned(),
            Self::Features(_) => FEATURES.iter().map(|row| format!("{} {} ", row.label, row.help)).collect(),
            Self::CacheLevels(_) => "L1 L2 L3 size line ways replacement write policy latency".to_owned(),
            Self::CacheDrawing { .. } => "sets ways tag index offset address".to_owned(),
            _ => self.shown(),
        }
    }
}

/// A row.
pub struct Row {
    pub label: String,
    /// One line.
    pub help: String,
    pub control: Control,
    pub when: When,
    /// The parts of the profile that it changes: their conflicts are said here.
    pub fields: Vec<Field>,
}

impl Row {
    /// A row whose change waits for the next power-on.
    pub fn new(label: impl Into<String>, control: Control, help: impl Into<String>) -> Self {
        Self { label: label.into(), help: help.into(), control, when: When::PowerOn, fields: Vec::new() }
    }

    /// Its change comes at once.
    pub fn at_once(self) -> Self {
        Self { when: When::AtOnce, ..self }
    }

    pub fn of(self, field: Field) -> Self {
        Self { fields: vec![field], ..self }
    }

    /// Whether the row has all words that are searched for. `words` are in lower case.
    pub fn has_words(&self, page: &str, words: &str) -> bool {
        let text = format!("{page} {} {} {}", self.label, self.help, self.control.words()).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }
}
