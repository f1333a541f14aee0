//! The options of `anachron run`, each checked as far as the command line alone allows.

use super::script::{Script, Step};
use super::size;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use emu_core::cpu::FpuMode;
use machines::profile::{Engine, Firmware};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Machine {
    /// A fresh machine of this profile. Nothing of it is kept.
    Profile(String),
    /// The machine in this folder.
    Folder(PathBuf),
}

/// What paces the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Speed {
    /// As fast as the real machine, by the host's clock
    Real,
    /// As fast as the host can
    Unlimited,
}

/// Where a port of the guest leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// Our own standard input and output.
    Stdio,
    /// A file that takes what the guest sends.
    File(PathBuf),
}

/// The options of `anachron run`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct RunOptions {
    /// A profile's name, or a machine's folder (anything with a path separator in it)
    #[arg(value_name = "MACHINE", value_parser = machine)]
    pub machine: Machine,

    /// Run without a window, at unlimited speed unless told otherwise
    #[arg(long)]
    pub headless: bool,

    /// Put a floppy image into the next drive, A: first; the drive's type follows the image. Written in place
    #[arg(long = "floppy", value_name = "FILE", help_heading = "Media")]
    pub floppies: Vec<PathBuf>,

    /// Attach a hard disk image, C: first. Written in place
    #[arg(long = "disk", value_name = "FILE", help_heading = "Media")]
    pub disks: Vec<PathBuf>,

    /// Leave all images alone: what the guest writes to them is gone with the run
    #[arg(long, help_heading = "Media")]
    pub disposable: bool,

    /// The engine that executes the guest's code [default: what suits the machine; strict for an 8086 or 8088]
    #[arg(long, value_parser = engines(), help_heading = "Machine")]
    pub engine: Option<Engine>,

    /// The CPU's model [default: the machine's]
    ///
    /// `custom` is the one that the machine's settings put together; without any, it has every feature there is
    #[arg(long, value_name = "MODEL", help_heading = "Machine")]
    pub cpu: Option<String>,

    /// How the x87 computes [default: the machine's]
    #[arg(long, value_parser = fpu_modes(), help_heading = "Machine")]
    pub fpu: Option<FpuMode>,

    /// The number of CPUs [default: the machine's]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub cpus: Option<NonZeroUsize>,

    /// The memory's size, with a K, M or G [default: the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size::parse, help_heading = "Machine")]
    pub memory: Option<u64>,

    /// Firmware as ROM code, as host functions, or from a raw ROM image [default: the machine's]
    ///
    /// A ROM image's end lies at the top of the CPU's first megabyte and of its address space (16 MB on a 286 or 386SX,
    /// 4 GB from the 386DX on). `./rom` is a file of that name
    #[arg(long, value_name = "rom|host|FILE", value_parser = firmware, help_heading = "Machine")]
    pub firmware: Option<Firmware>,

    /// What paces the guest [default: real in a window, unlimited when headless]
    #[arg(long, value_enum, help_heading = "Machine")]
    speed: Option<Speed>,

    /// Where the first serial port leads; with stdio, what it receives comes from standard input
    #[arg(long, value_name = "stdio|FILE", value_parser = port, help_heading = "Ports")]
    pub serial: Option<Port>,

    /// Put a debug console at output port 0xE9 and say where it leads
    #[arg(long, value_name = "stdio|FILE", value_parser = port, help_heading = "Ports")]
    pub debugcon: Option<Port>,

    #[command(flatten)]
    pub script: Script,

    /// End the run after this much of the host's time, with status 3
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Script")]
    pub timeout: Option<Duration>,

    /// End the run, with status 0, at the first instruction boundary at or after N cycles of the guest's CPU
    #[arg(long, value_name = "N", help_heading = "Script")]
    pub for_cycles: Option<NonZeroU64>,

    /// Write the last picture, as PNG
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub screenshot: Option<PathBuf>,

    /// Write the last text screen, in UTF-8
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub text_screen: Option<PathBuf>,

    /// Record the sound, as WAV
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub record_audio: Option<PathBuf>,

    /// Write counters (guest cycles, instructions, TLB, host time), in RON
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub stats: Option<PathBuf>,
}

impl RunOptions {
    /// What paces the guest: as asked for, or as suits a window or a script.
    pub fn speed(&self) -> Speed {
        self.speed.unwrap_or(if self.headless { Speed::Unlimited } else { Speed::Real })
    }

    /// Whether the machine has a debug console: when its output leads somewhere, or the script waits for it.
    pub fn has_debugcon(&self) -> bool {
        self.debugcon.is_some() || self.script.0.iter().any(|step| matches!(step, Step::UntilDebugcon(_)))
    }
}

fn machine(text: &str) -> Result<Machine, String> {
    if text.is_empty() {
        return Err("name a profile or a machine's folder".to_owned());
    }
    let is_folder = text.contains(std::path::is_separator);
    Ok(if is_folder { Machine::Folder(text.into()) } else { Machine::Profile(text.to_owned()) })
}

fn engines() -> impl TypedValueParser<Value = Engine> {
    let engine = |name, help| PossibleValue::new(name).help(help);
    let names = PossibleValuesParser::new([
        engine(
            "strict",
            "One instruction at a time with every check; an 8086 or 8088 is stepped by bus cycles",
        ),
        engine("threaded", "Predecoded traces, on any host"),
        engine("translating", "Traces translated to the host's code"),
        engine("hypervisor", "The host's own processor, for guests of its kind"),
    ]);
    names.map(|name| match name.as_str() {
        "threaded" => Engine::Threaded,
        "translating" => Engine::Translating,
        "hypervisor" => Engine::Hypervisor,
        _ => Engine::Strict,
    })
}

fn fpu_modes() -> impl TypedValueParser<Value = FpuMode> {
    let names = PossibleValuesParser::new([
        PossibleValue::new("exact").help("To the last of 80 bits, as the chip"),
        PossibleValue::new("fast")
            .help("With 53 bits, by the host's arithmetic: results differ in the last digits"),
    ]);
    names.map(|name| if name == "fast" { FpuMode::Fast } else { FpuMode::Exact })
}

fn firmware(text: &str) -> Result<Firmware, String> {
    Ok(match text {
        "" => return Err("say `rom`, `host`, or name a ROM image".to_owned()),
        "rom" => Firmware::Rom,
        "host" => Firmware::Host,
        file => Firmware::File(file.into()),
    })
}

fn port(text: &str) -> Result<Port, String> {
    Ok(match text {
        "" => return Err("say `stdio` or name a file".to_owned()),
        "stdio" => Port::Stdio,
        file => Port::File(file.into()),
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is expected")?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if time > Duration::ZERO => Ok(time),
        _ => Err("a number of seconds above zero is expected".to_owned()),
    }
}
