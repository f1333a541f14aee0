//! The emulators that cases are run on, through their own monitors: nothing of a case need know how it is looked at.

use super::case::{Case, End, Ending, MEMORY, SEGMENTS, State};
use super::start;
use crate::process;
use crate::virtual_screen::Running;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A case takes some thousand instructions; what has not halted by then doesn't.
const PATIENCE: Duration = Duration::from_secs(15);
const GLANCE: Duration = Duration::from_millis(100);
const PAGE: usize = 4096;

/// An emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Qemu,
    Bochs,
}

impl Peer {
    pub const ALL: [Self; 2] = [Self::Qemu, Self::Bochs];

    pub fn name(self) -> &'static str {
        match self {
            Self::Qemu => "QEMU",
            Self::Bochs => "Bochs",
        }
    }

    /// Where it is; Bochs needs its debugger.
    pub fn find(self) -> Option<PathBuf> {
        match self {
            Self::Qemu => process::find_program("qemu-system-x86_64"),
            Self::Bochs => {
                let program = process::find_program("bochs")?;
                let help = Command::new(&program).arg("--help").stdin(Stdio::null()).output().ok()?;
                let help = [help.stdout, help.stderr].concat();
                String::from_utf8_lossy(&help).contains("-rc filename").then_some(program)
            }
        }
    }

    /// Its processor that comes closest to a model of ours.
    fn processor(self, model: &str) -> &'static str {
        match (self, model) {
            (Self::Qemu, "386sx" | "386dx" | "486sx" | "486dx" | "486dx2") => "486",
            (Self::Qemu, "pentium" | "pentium-mmx" | "k6-2") => "pentium",
            (Self::Qemu, "pentium-pro" | "pentium2") => "pentium2",
            (Self::Qemu, "pentium3") => "pentium3",
            (Self::Qemu, "pentium4" | "core2") => "core2duo",
            (Self::Qemu, _) => "max",
            (Self::Bochs, "pentium-mmx") => "pentium_mmx",
            (Self::Bochs, "k6-2") => "amd_k6_2_chomper",
            (Self::Bochs, "pentium-pro" | "pentium2") => "p2_klamath",
            (Self::Bochs, "pentium3") => "p3_katmai",
            (Self::Bochs, "pentium4") => "p4_prescott_celeron_336",
            (Self::Bochs, "core2") => "core2_penryn_t9600",
            (Self::Bochs, "x86-64-v2") => "corei5_lynnfield_750",
            (Self::Bochs, "x86-64-v3" | "max") => "corei7_haswell_4770",
            (Self::Bochs, _) => "pentium",
        }
    }

    /// Runs a case, with its files in a folder of its own.
    ///
    /// # Errors
    /// When the emulator doesn't do as it is told.
    pub fn run(self, program: &Path, case: &Case, folder: &Path) -> Result<End, String> {
        let write = |name: &str, bytes: &[u8]| {
            let file = folder.join(name);
            std::fs::write(&file, bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))
        };
        write("rom", &start::rom(case)?)?;
        // What was left by the case before.
        let _ = std::fs::remove_file(folder.join("memory"));
        let processor = self.processor(&case.model);
        let said = match self {
            Self::Qemu => run_qemu(program, processor, folder)?,
            Self::Bochs => {
                write("bochsrc", bochs_configuration(processor, folder).as_bytes())?;
                write("commands", bochs_commands(case).as_bytes())?;
                run_bochs(program, folder)?
            }
        };
        if self == Self::Bochs && bochs_ending(folder) == Ending::Shutdown {
            // It has ended itself.
            return Ok(End { ending: Ending::Shutdown, ..End::default() });
        }
        let (state, memory, ending) = match self {
            Self::Qemu => {
                let memory = std::fs::read(folder.join("memory")).ok();
                let memory = memory.filter(|bytes| bytes.len() == MEMORY);
                (qemu_state(&said), memory, qemu_ending(&said))
            }
            Self::Bochs => (bochs_state(&said), bochs_memory(&said), bochs_ending(folder)),
        };
        let (state, memory) = state.zip(memory).ok_or("The emulator did not tell how it ended")?;
        Ok(End { ending, state, memory })
    }
}

/// What a program says, as far as it has said it.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn listen(&self, mut output: impl Read + Send + 'static) {
        let said = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                said.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..length]);
            }
        });
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Looks until it is so, or the patience ends.
fn wait(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(GLANCE);
    }
    false
}

fn has_ended(child: &mut Child) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            return true;
        }
        std::thread::sleep(GLANCE / 4);
    }
    false
}

fn run_qemu(program: &Path, processor: &str, folder: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args([
        "-M",
        "pc",
        "-accel",
        "tcg",
        "-m",
        "16",
        "-nodefaults",
        "-display",
        "none",
        "-cpu",
        processor,
    ]);
    command.arg("-bios").arg(folder.join("rom")).args(["-monitor", "stdio", "-no-reboot", "-no-shutdown"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir(folder);
    let mut running = Running::start(&mut command)?;
    let said = Said::default();
    said.listen(running.0.stdout.take().ok_or("QEMU has no output")?);
    let mut monitor = running.0.stdin.take().ok_or("QEMU has no input")?;
    let mut tell =
        |line: &str| monitor.write_all(line.as_bytes()).map_err(|error| format!("QEMU is gone: {error}"));
    let looked = Instant::now();
    while looked.elapsed() < PATIENCE && !said.text().contains("HLT=1") && !said.text().contains("(shutdown)")
    {
        tell("info registers\ninfo status\n")?;
        std::thread::sleep(GLANCE);
    }
    let memory = folder.join("memory");
    tell(&format!("info registers\ninfo status\npmemsave 0 {MEMORY} \"{}\"\nquit\n", memory.display()))?;
    has_ended(&mut running.0);
    Ok(said.text())
}

fn qemu_ending(said: &str) -> Ending {
    match () {
        () if said.contains("VM status: paused (shutdown)") => Ending::Shutdown,
        () if said.contains("HLT=1") => Ending::Halted,
        () => Ending::Neither,
    }
}

/// From the last time that it told its registers.
fn qemu_state(said: &str) -> Option<State> {
    let at = said.rfind("AX=")?;
    let text = &said[at.saturating_sub(1)..];
    let hex = |key: &str| number_behind(text, &format!("{key}="));
    let mut state = State::default();
    for (number, name) in REGISTERS.iter().enumerate() {
        let long = format!("R{name}");
        let value = hex(&long).or_else(|| hex(&format!("E{name}")));
        state.registers[number] = value.unwrap_or(0);
    }
    for number in 8..16 {
        let name = if number < 10 { format!("R{number} ") } else { format!("R{number}") };
        state.registers[number] = hex(&name).unwrap_or(0);
    }
    state.rip = hex("RIP").or_else(|| hex("EIP"))?;
    state.flags = hex("RFL").or_else(|| hex("EFL"))?;
    (state.cr0, state.cr2, state.cr3, state.cr4) = (hex("CR0")?, hex("CR2")?, hex("CR3")?, hex("CR4")?);
    (state.debug[6], state.efer) = (hex("DR6")?, hex("EFER")?);
    for (number, name) in SEGMENTS.iter().enumerate() {
        let name = if number == 6 { "LDT=".to_owned() } else { format!("\n{name} =") };
        state.segments[number].selector = number_behind(text, &name)? as u16;
    }
    Some(state)
}

/// As instructions number them.
const REGISTERS: [&str; 8] = ["AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"];

fn number_behind(text: &str, key: &str) -> Option<u64> {
    let rest = text.split_once(key)?.1.trim_start();
    let rest = rest.strip_prefix("0x").unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '_').unwrap_or(rest.len());
    u64::from_str_radix(&rest[..end].replace('_', ""), 16).ok()
}

fn bochs_configuration(processor: &str, folder: &Path) -> String {
    let share = std::env::var_os("BXSHARE").map_or_else(|| "/usr/share/bochs".into(), PathBuf::from);
    let vga = ["VGABIOS-lgpl-latest.bin", "VGABIOS-lgpl-latest"].map(|name| share.join(name));
    let vga = vga.iter().find(|file| file.exists()).unwrap_or(&vga[1]);
    format!(
        "config_interface: textconfig\ndisplay_library: rfb, options=\"timeout=0\"\nsound: driver=dummy\n\
         memory: guest=16, host=16\nromimage: file={}\nvgaromimage: file={}\n\
         cpu: model={processor}, count=1, ips=100000000, reset_on_triple_fault=0\nclock: sync=none\n\
         log: {}\npanic: action=report\nerror: action=report\ninfo: action=report\ndebug: action=ignore\n",
        folder.join("rom").display(),
        vga.display(),
        folder.join("log").display(),
    )
}

/// Registers, and each page of which the case has anything: no command writes memory to a file as it lies there.
fn bochs_commands(case: &Case) -> String {
    let pages = case.memory.chunks(PAGE).zip(case.end.memory.chunks(PAGE));
    let has_any = |(a, b): (&[u8], &[u8])| a.iter().chain(b).any(|byte| *byte != 0);
    let used = (0..).step_by(PAGE).zip(pages).filter(|(_, pages)| has_any(*pages));
    let dumps: String = used.map(|(at, _)| format!("xp /{}wx {at:#x}\n", PAGE / 4)).collect();
    format!("c\nr\nsreg\ncreg\ndreg\n{dumps}q\n")
}

/// Lines of an address, a name and words. What isn't told is zero.
fn bochs_memory(said: &str) -> Option<Vec<u8>> {
    let mut memory = vec![0; MEMORY];
    let mut is_told = false;
    for (address, words) in said.lines().filter_map(|line| line.split_once(" <bogus+")) {
        let at = hexadecimal(address.rsplit(' ').next()?)? as usize;
        let words = words.split('\t').skip(1).filter_map(hexadecimal);
        for (place, word) in memory.get_mut(at..)?.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&(word as u32).to_le_bytes());
            is_told = true;
        }
    }
    is_told.then_some(memory)
}

/// A number behind `0x`.
fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// It is interrupted once it has had the time to halt; then it obeys its other commands.
fn run_bochs(program: &Path, folder: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(["-q", "-f"]).arg(folder.join("bochsrc")).arg("-rc").arg(folder.join("commands"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir(folder);
    let mut running = Running::start(&mut command)?;
    let said = Said::default();
    said.listen(running.0.stdout.take().ok_or("Bochs has no output")?);
    wait(|| said.text().contains("Next at t=0"));
    std::thread::sleep(3 * GLANCE);
    let pid = running.0.id().to_string();
    process::output(Command::new("kill").args(["-INT", &pid])).ok_or("kill does not do its work")?;
    has_ended(&mut running.0);
    Ok(said.text())
}

fn bochs_ending(folder: &Path) -> Ending {
    let log = std::fs::read(folder.join("log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    if log.contains("3rd (") || log.contains("triple fault") { Ending::Shutdown } else { Ending::Halted }
}

fn bochs_state(said: &str) -> Option<State> {
    let text = &said[said.rfind("rax:")?..];
    let mut state = State::default();
    for (number, name) in REGISTERS.iter().enumerate() {
        state.registers[number] = number_behind(text, &format!("r{}: ", name.to_lowercase()))?;
    }
    for number in 8..16 {
        let name = if number < 10 { format!("r{number} : ") } else { format!("r{number}: ") };
        state.registers[number] = number_behind(text, &name)?;
    }
    state.rip = number_behind(text, "rip: ")?;
    state.flags = number_behind(text, "eflags ")?;
    state.cr0 = number_behind(text, "CR0=")?;
    state.cr2 = number_behind(text, "CR2=page fault laddr=")?;
    state.cr3 = number_behind(text, "CR3=")?;
    state.cr4 = number_behind(text, "CR4=").unwrap_or(0);
    state.efer = number_behind(text, "EFER=").unwrap_or(0);
    state.debug[6] = number_behind(text, "DR6=")?;
    for (number, name) in SEGMENTS.iter().enumerate() {
        let key = format!("\n{}:", name.to_lowercase());
        state.segments[number].selector = number_behind(text, &key)? as u16;
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qemu_is_understood() {
        let said = "(qemu) info registers\nEAX=12345678 EBX=00000001 ECX=00000002 EDX=00000480\n\
                    ESI=00000000 EDI=00000000 EBP=00000000 ESP=0002fff0\nEIP=00000008 EFL=00000046 [---] CPL=0 HLT=1\n\
                    ES =0010 0 0 0\nCS =0008 0 0 0\nSS =0010 0\nDS =0023 0\nFS =0000 0\nGS =0000 0\n\
                    LDT=0000 0\nTR =0028 0\nCR0=80000011 CR2=00100008 CR3=00010000 CR4=00000000\n\
                    DR6=00000000ffff0ff0 DR7=0\nEFER=0000000000000000\n";
        let state = qemu_state(said).unwrap();
        assert_eq!((state.registers[0], state.registers[4], state.flags), (0x1234_5678, 0x2_FFF0, 0x46));
        assert_eq!(
            (state.cr2, state.segments[3].selector, state.segments[7].selector),
            (0x10_0008, 0x23, 0x28)
        );
        assert_eq!(qemu_ending(said), Ending::Halted);
    }

    #[test]
    fn bochs_is_understood() {
        let mut said = String::from("CPU0:\n");
        for name in ["ax", "bx", "cx", "dx", "sp", "bp", "si", "di"] {
            said += &format!("r{name}: 00000001_12345678\n");
        }
        for number in 8..16 {
            said += &format!("{:<3}: 00000000_0000000{number:x}\n", format!("r{number}"));
        }
        said += "rip: 00000000_00050001\neflags 0x00000002: id\nes:0x0010, dh=0\ncs:0x0008, dh=0\nss:0x0010,\n\
                 ds:0x0010\nfs:0x0010\ngs:0x0010\nldtr:0x0000\ntr:0x0028, dh\nCR0=0x60000011: pg\n\
                 CR2=page fault laddr=0x0000000000100008\nCR3=0x000000010000\nDR6=0xffff0ff0: bt\n";
        let state = bochs_state(&said).unwrap();
        assert_eq!((state.registers[2], state.registers[9], state.rip), (0x1_1234_5678, 9, 0x5_0001));
        assert_eq!((state.cr2, state.cr3, state.segments[7].selector), (0x10_0008, 0x1_0000, 0x28));
        let told =
            "[bochs]:\n0x0000000000060000 <bogus+       0>:\t0x00061001\t0x00000000\t0x0\t0x00000007\n";
        let memory = bochs_memory(told).unwrap();
        assert_eq!((&memory[0x6_0000..0x6_0004], memory[0x6_000C]), (&[1, 0x10, 6, 0][..], 7));
    }
}
