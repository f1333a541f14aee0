//! The emulators that are compared: how each is found, named, and started on a benchmark floppy.

use super::Programs;
use crate::process;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Guest memory in megabytes: what the largest workload needs.
const MEMORY: u32 = 256;

/// Our plain board with a processor of the others' kind and as much memory.
pub const BARE: [&str; 5] = ["pc-bare", "--cpu", "x86-64-v3", "--memory", "256M"];

/// An emulator that takes part.
pub struct Emulator {
    /// As the tables call it.
    pub label: String,
    /// Million instructions a second that a first guess of repeats goes by.
    pub guess: f64,
    program: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Ours, with the words that choose board and processor.
    Own(Vec<String>),
    /// Bochs: the folder of its firmware, and whether it has its debugger, which must be told to go.
    Bochs {
        share: PathBuf,
        has_debugger: bool,
    },
    Qemu,
}

impl Emulator {
    /// The XT.
    pub fn xt(programs: &Programs) -> Self {
        Self::own(programs, 8.0, &["xt"])
    }

    /// The plain board with the newest processor.
    pub fn bare(programs: &Programs) -> Self {
        Self::own(programs, 100.0, &BARE)
    }

    fn own(programs: &Programs, guess: f64, board: &[&str]) -> Self {
        let words = board.iter().map(|word| (*word).to_owned()).collect();
        let program = programs.anachron.clone();
        Self { label: "Anachron".to_owned(), guess, program, kind: Kind::Own(words) }
    }

    /// The others that are installed.
    pub fn others() -> Vec<Self> {
        [Self::bochs(), Self::qemu()].into_iter().flatten().collect()
    }

    /// Bochs says its version in its help; a build with the debugger (Debian's) has an option for its commands.
    pub fn bochs() -> Option<Self> {
        let program = process::find_program("bochs")?;
        let help = Command::new(&program).arg("--help").stdin(Stdio::null()).output().ok()?;
        let help = [help.stdout, help.stderr].concat();
        let help = String::from_utf8_lossy(&help);
        let version = word_after(&help, "Bochs x86 Emulator ").unwrap_or_default();
        let share = std::env::var_os("BXSHARE").map_or_else(|| "/usr/share/bochs".into(), PathBuf::from);
        let kind = Kind::Bochs { share, has_debugger: help.contains("-rc filename") };
        Some(Self { label: format!("Bochs {version}"), guess: 60.0, program, kind })
    }

    pub fn qemu() -> Option<Self> {
        let program = process::find_program("qemu-system-x86_64")?;
        let said = process::output(Command::new(&program).arg("--version"))?;
        let version = word_after(&said, "version ").unwrap_or_default();
        Some(Self { label: format!("QEMU {version}"), guess: 150.0, program, kind: Kind::Qemu })
    }

    /// A run of this floppy, whose debug console (port E9h) leads to standard output. `folder` is for its files.
    ///
    /// # Errors
    /// When its configuration can't be written.
    pub fn command(&self, floppy: &Path, folder: &Path) -> Result<Command, String> {
        let mut command = Command::new(&self.program);
        match &self.kind {
            Kind::Own(board) => {
                command.arg("run").args(board).args(["--headless", "--disposable", "--debugcon", "stdio"]);
                command.arg("--floppy").arg(floppy);
            }
            Kind::Bochs { share, has_debugger } => {
                let file = folder.join("bochsrc");
                write(&file, &bochs_configuration(share, *has_debugger, floppy, folder))?;
                command.arg("-q").arg("-f").arg(file);
                if *has_debugger {
                    let commands = folder.join("commands");
                    write(&commands, "c\n")?;
                    command.arg("-rc").arg(commands);
                }
            }
            Kind::Qemu => {
                let drive = format!("file={},format=raw,if=floppy", floppy.display());
                command.args(["-M", "pc", "-accel", "tcg,thread=single", "-m", &MEMORY.to_string()]);
                command.args(["-display", "none", "-monitor", "none", "-serial", "null"]);
                command.args(["-net", "none", "-no-reboot", "-debugcon", "stdio"]);
                command.args(["-device", "isa-debug-exit,iobase=0x501,iosize=1"]);
                command.args(["-drive", &drive, "-boot", "a"]);
            }
        }
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(command)
    }
}

/// Nobody looks at the screen: a build with the debugger has a remote one that waits for no viewer, others have none.
fn bochs_configuration(share: &Path, has_debugger: bool, floppy: &Path, folder: &Path) -> String {
    let display = if has_debugger { "rfb, options=\"timeout=0\"\nsound: driver=dummy" } else { "nogui" };
    let vga = ["VGABIOS-lgpl-latest.bin", "VGABIOS-lgpl-latest"].map(|name| share.join(name));
    let vga = vga.iter().find(|file| file.exists()).unwrap_or(&vga[1]);
    format!(
        "config_interface: textconfig\ndisplay_library: {display}\nmemory: guest={MEMORY}, host={MEMORY}\n\
         romimage: file={}\nvgaromimage: file={}\ncpu: count=1, ips=100000000, reset_on_triple_fault=0\n\
         floppya: 1_44={}, status=inserted\nboot: floppy\nport_e9_hack: enabled=1\ncom1: enabled=1, mode=null\n\
         clock: sync=none\nlog: {}\npanic: action=fatal\nerror: action=ignore\ninfo: action=ignore\n\
         debug: action=ignore\n",
        share.join("BIOS-bochs-latest").display(),
        vga.display(),
        floppy.display(),
        folder.join("bochs.log").display(),
    )
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn word_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words)?.1.split_whitespace().next()
}
