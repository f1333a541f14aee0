//! The script of a run: what to wait for and what to type, in the order of the command line.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use emu_core::hal::input::{Stroke, parse_typed};

/// One step. A step begins when the one before it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait until the text screen shows this.
    UntilScreen(String),
    /// Wait until the serial line has sent this.
    UntilSerial(String),
    /// Wait until the debug console has printed this.
    UntilDebugcon(String),
    /// Press and let go these keys.
    Type(Vec<Stroke>),
}

/// The steps, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Step>);

/// An option that makes a step.
struct StepOption {
    name: &'static str,
    help: &'static str,
    long_help: &'static str,
    read: fn(&str) -> Result<Step, String>,
}

const OPTIONS: [StepOption; 4] = [
    StepOption {
        name: "until-screen",
        help: "Wait until the screen shows TEXT",
        long_help: "Wait until the screen, in a text mode, shows TEXT within a line. After a --type, the guest must have \
                    taken all its keys and the screen must have changed since",
        read: |text| not_empty(text).map(Step::UntilScreen),
    },
    StepOption {
        name: "until-serial",
        help: "Wait until the serial line has sent TEXT",
        long_help: "Wait until the serial line has sent TEXT. The match is consumed, with all that was sent before it",
        read: |text| not_empty(text).map(Step::UntilSerial),
    },
    StepOption {
        name: "until-debugcon",
        help: "Wait until the debug console has printed TEXT",
        long_help: "Wait until the debug console has printed TEXT. The match is consumed, with all that was printed \
                    before it. Puts the console in, as --debugcon does",
        read: |text| not_empty(text).map(Step::UntilDebugcon),
    },
    StepOption {
        name: "type",
        help: "Type TEXT on the guest's keyboard",
        long_help: "Type TEXT on the guest's keyboard. `\\n` is Enter, `\\t` Tab, `\\\\` a backslash; `{F1}`, `{Ctrl+C}`, \
                    `{Esc}` name keys, and `{{` is a brace. Any other backslash is wrong usage",
        read: |text| {
            let strokes = parse_typed(&not_empty(text)?).map_err(|error| error.to_string())?;
            Ok(Step::Type(strokes))
        },
    },
];

impl Args for Script {
    fn augment_args(command: Command) -> Command {
        OPTIONS.iter().fold(command, |command, option| command.arg(option.arg()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl StepOption {
    fn arg(&self) -> Arg {
        Arg::new(self.name)
            .long(self.name)
            .value_name("TEXT")
            .help(self.help)
            .long_help(self.long_help)
            .help_heading("Script")
            .allow_hyphen_values(true)
            .value_parser(self.read)
            .action(ArgAction::Append)
    }
}

/// Waiting for nothing, or typing it, is a variable that a script forgot to set.
fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("the text is empty".to_owned()) } else { Ok(text.to_owned()) }
}

impl FromArgMatches for Script {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut placed: Vec<(usize, Step)> = Vec::new();
        for option in &OPTIONS {
            let places = matches.indices_of(option.name).into_iter().flatten();
            let steps = matches.get_many::<Step>(option.name).into_iter().flatten();
            placed.extend(places.zip(steps.cloned()));
        }
        placed.sort_by_key(|(place, _)| *place);
        Ok(Self(placed.into_iter().map(|(_, step)| step).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
