//! The 80386's forms against a table of them (`80386.csv` of the corpus): that each decodes, takes LOCK or refuses it, raises
//! the exceptions listed, and changes the flags listed and no others.

use crate::corpus;
use crate::quiet_bus::QuietBus;
use emu_core::cpu::Processor;
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::Probe;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::I80386DX;
use emu_core::cpu::x86::state::{Segment, State};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// How often each form is tried with other operands.
const TRIALS: u64 = 48;
/// How often it is tried to see a flag change.
const MOST_TRIALS: u64 = 5000;

const CODE: u64 = 0x1_0000;
const DATA: u64 = 0x2_0000;
const STACK: u64 = 0x3_0000;
/// The memory operand's offset.
const OPERAND: u16 = 0x1000;

const MODEL_HAS_NO: u8 = 6;

/// Bits of FLAGS in the order in which the table's columns have them: `odiszapc`.
const FLAGS: [u64; 8] = [0x800, 0x400, 0x200, 0x80, 0x40, 0x10, 0x04, 0x01];

/// A row of the table: one form.
struct Row {
    columns: BTreeMap<String, String>,
}

impl Row {
    fn get(&self, column: &str) -> &str {
        self.columns.get(column).map_or("", |text| text.trim())
    }

    fn is(&self, column: &str) -> bool {
        self.get(column) == "1"
    }

    /// As the exceptions' table below calls it: `F7.6`.
    fn name(&self) -> String {
        match self.get("ex") {
            "" => self.get("op").to_owned(),
            extension => format!("{}.{extension}", self.get("op")),
        }
    }

    /// The flags that a column lists.
    fn flags(&self, column: &str) -> u64 {
        self.flag_values(column).map(|(bit, _)| bit).sum()
    }

    /// The flags that a column lists, and whether by a capital letter.
    fn flag_values(&self, column: &str) -> impl Iterator<Item = (u64, bool)> {
        let letters = self.get(column).bytes().zip(FLAGS);
        letters.filter(|(letter, _)| *letter != b'.').map(|(letter, bit)| (bit, letter.is_ascii_uppercase()))
    }

    fn has_modrm(&self) -> bool {
        let odd = allows(&self.name(), Rule::ModRm);
        (self.is("m") || self.is("reg") || !self.get("ex").is_empty()) && !odd || is_control(self.get("op"))
    }

    /// Bytes of the immediates, displacements of branches and direct addresses.
    fn immediate_bytes(&self, form: &Form) -> usize {
        let wide = if form.operand_size { 4 } else { 2 };
        let sum: usize = ["op1", "op2", "op3"]
            .into_iter()
            .map(|operand| match self.get(operand) {
                "imm8" | "imm_i8" | "rel8" => 1,
                "imm16" if allows(&self.name(), Rule::WideImmediate) => wide,
                "imm16" => 2,
                "imm16/32" | "rel16/32" => wide,
                "ptr16:16/32" => wide + 2,
                "offset8" | "offset16/32" => {
                    if form.address_size {
                        4
                    } else {
                        2
                    }
                }
                _ => 0,
            })
            .sum();
        sum
    }
}

/// Moves to and from control and debug registers, whose ModR/M byte the table leaves out.
fn is_control(opcode: &str) -> bool {
    matches!(opcode, "0F20" | "0F21" | "0F22" | "0F23")
}

/// A row in one of the ways to write it.
#[derive(Clone, Copy, Debug)]
struct Form {
    operand_size: bool,
    address_size: bool,
    lock: bool,
    /// Of a form with a ModR/M byte: a register operand.
    register: bool,
}

/// What of the table is not so, or not so here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// The ModR/M byte.
    ModRm,
    /// An immediate that is as wide as the operand.
    WideImmediate,
    Name,
    /// Which of it may be locked.
    Lock,
    /// The exceptions.
    Exceptions,
    /// The flags changed.
    Flags,
    /// That it is there.
    Absent,
    /// It is not run: it goes away with the machine's surroundings.
    Run,
}

/// Where our 80386 and the table disagree, and why.
const DIFFERENCES: &[(Rule, &[&str], &str)] = &[
    (
        Rule::ModRm,
        &[
            "F1", "6C", "6D", "6E", "6F", "A4", "A5", "A6", "A7", "AA", "AB", "AC", "AD", "AE", "AF", "C8",
            "C9",
        ],
        "there is no ModR/M byte; the table has a memory operand, which is implied, or none",
    ),
    (Rule::WideImmediate, &["68", "69", "F7.0", "F7.1"], "the immediate is as wide as the operand"),
    (Rule::Name, &["D0.6", "D1.6"], "the table has the 8086's SETMO; the 80386 shifts left"),
    (Rule::Name, &["FF.3", "FF.5", "9A", "EA"], "the disassembler calls far jumps and calls JMP and CALL"),
    (
        Rule::Lock,
        &["0FB3"],
        "BTR can be locked, as BTS and BTC (Intel 80386 programmer's reference manual, LOCK)",
    ),
    (
        Rule::Exceptions,
        &["0F00.0", "0F00.1", "0F00.2", "0F00.3", "0F00.4", "0F00.5", "0F02", "0F03"],
        "invalid in real mode, which the table does not tell apart",
    ),
    (Rule::Exceptions, &["D4"], "a base of zero is a division by zero"),
    (Rule::Exceptions, &["0FA3", "0FAB", "0FB3", "0FBB"], "the bit may lie beyond the segment"),
    (Rule::Absent, &["0FAA"], "the 80386SL and 80386EX alone have system management mode"),
    (Rule::Name, &["C2", "C3", "CA", "CB"], "the disassembler adds the operand's size: RETD"),
    (
        Rule::Name,
        &["0F93", "0F94", "0F95", "0F97", "0F9D", "0F9F"],
        "the disassembler has the other of two names, as for the jumps",
    ),
    (
        Rule::Flags,
        &[
            "0FA3", "0FA4", "0FA5", "0FAB", "0FAC", "0FAD", "0FAF", "0FB3", "0FBA.4", "0FBA.5", "0FBA.6",
            "0FBA.7", "0FBB", "0FBC", "0FBD",
        ],
        "the table lists the flags under values, and nowhere which are modified",
    ),
    (Rule::Run, &["0F07"], "LOADALL loads whatever is there"),
    (Rule::Run, &["0F22"], "any value in a control register may be refused, or change the mode"),
];

fn allows(name: &str, rule: Rule) -> bool {
    DIFFERENCES.iter().any(|(of, names, _)| *of == rule && names.contains(&name))
}

/// The rows of a file of comma-separated values with quotes.
fn rows(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.trim_start_matches('\u{FEFF}').lines().map(fields);
    let header = lines.next().expect("a header");
    lines.map(|fields| Row { columns: header.iter().cloned().zip(fields).collect() }).collect()
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            letter => fields.last_mut().expect("there is one").push(letter),
        }
    }
    fields
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 64 bits: random, or the same edge of every width.
    fn pattern(&mut self) -> u64 {
        const EDGES: [u64; 8] = [
            0,
            1,
            u64::MAX,
            0x7FFF_FFFF,
            0x7FFF_7FFF_7FFF_7FFF,
            0x8000_8000_8000_8000,
            0x7F7F_7F7F_7F7F_7F7F,
            0x8080_8080_8080_8080,
        ];
        let any = self.next();
        EDGES.get((any % 14) as usize).copied().unwrap_or_else(|| self.next())
    }
}

/// Remembers the first exception.
#[derive(Default)]
struct FirstException(Option<u8>);

impl Probe for FirstException {
    const ACTIVE: bool = true;

    fn interrupt(&mut self, vector: u8, _: CodeAddress) {
        self.0.get_or_insert(vector);
    }
}

/// The bytes of a form, with random ones where any will do.
fn write(row: &Row, form: &Form, random: &mut Random) -> Vec<u8> {
    let mut code = Vec::new();
    for (wanted, prefix) in [(form.lock, 0xF0), (form.operand_size, 0x66), (form.address_size, 0x67)] {
        code.extend(wanted.then_some(prefix));
    }
    let opcode = row.get("op");
    code.extend(
        (0..opcode.len()).step_by(2).map(|at| {
            u8::from_str_radix(&opcode[at..at + 2], 16).expect("the table's opcodes are hexadecimal")
        }),
    );
    if row.has_modrm() {
        code.extend(modrm(row, form, random));
    }
    let immediate = row.immediate_bytes(form);
    let direct = ["op1", "op2"].iter().any(|operand| row.get(operand).starts_with("offset"));
    let branch = row.get("op1").starts_with("ptr") || row.get("op1") == "rel16/32";
    let value = random.pattern().to_le_bytes();
    for (at, byte) in value.into_iter().enumerate().take(immediate) {
        code.push(match at {
            // Within the segment.
            2.. if direct || (branch && at < 4 && form.operand_size) => 0,
            1 if direct => 0x10,
            1 if branch => byte & 0x7F,
            _ => byte,
        });
    }
    code
}

fn modrm(row: &Row, form: &Form, random: &mut Random) -> Vec<u8> {
    let any = random.next() as u8;
    let number = match row.get("ex").parse::<u8>() {
        Ok(extension) => extension,
        // A segment register but CS and the two that there are not; a control register that there is.
        Err(_) if matches!(row.get("op"), "8C" | "8E") => [0, 2, 3, 4, 5][usize::from(any) % 5],
        Err(_) if matches!(row.get("op"), "0F20" | "0F22") => [0, 2, 3][usize::from(any) % 3],
        Err(_) => any & 7,
    };
    let number = number << 3;
    if form.register || is_control(row.get("op")) {
        // Not the stack pointer.
        let register = [0, 1, 2, 3, 5, 6, 7][random.next() as usize % 7];
        return vec![0xC0 | number | register];
    }
    let [low, high] = OPERAND.to_le_bytes();
    if form.address_size { vec![number | 5, low, high, 0, 0] } else { vec![number | 6, low, high] }
}

/// A processor in real mode on a quiet bus.
struct Bench {
    cpu: X86,
    bus: QuietBus,
}

impl Bench {
    fn new() -> Self {
        Self { cpu: X86::new(&I80386DX), bus: QuietBus::new(0, 2 << 20) }
    }

    fn prepare(&mut self, code: &[u8], row: &Row, random: &mut Random) {
        Processor::<QuietBus>::reset(&mut self.cpu);
        let s = &mut self.cpu.state;
        for (number, base) in (0..).zip([DATA, CODE, STACK, DATA, DATA, DATA]) {
            s.segments[number] = Segment::real((base >> 4) as u16);
        }
        // Of indirect jumps the target lies in the segment.
        let mask = if row.get("op") == "FF" { 0xFFFF } else { 0xFFFF_FFFF };
        for register in &mut s.registers[..8] {
            *register = random.pattern() & mask;
        }
        if !row.get("op").starts_with('4') {
            // Where the stack, strings and tables are found; how often something is done.
            for (number, value) in [(3, 0x2000), (4, 0x8000), (5, 0x9000), (6, 0x3000), (7, 0x4000)] {
                s.registers[number] = value;
            }
            s.registers[1] &= 0xFF;
        }
        s.flags.set_word(random.next() & 0xED5 | 2);
        s.rip = 0x100;
        self.bus.put(CODE + 0x100, code);
        // On the stack, and of far pointers, the upper halves of offsets are zero.
        let offsets = random.pattern() & 0xFFFF_0000_FFFF;
        let operand = if row.get("op") == "FF" { offsets } else { random.pattern() };
        for (at, value) in [
            (DATA + u64::from(OPERAND), operand),
            (DATA + 0x3000, random.pattern()),
            (DATA + 0x4000, random.pattern()),
            (STACK + 0x8000, offsets),
            (STACK + 0x8008, random.pattern() & 0xFFFF),
        ] {
            self.bus.put(at, &value.to_le_bytes());
        }
    }

    /// Runs the instruction. Gives the exception, if there is one.
    fn run(&mut self) -> Option<u8> {
        let mut probe = FirstException::default();
        for _ in 0..0x200 {
            self.cpu.run_with(&mut self.bus, &mut probe, true);
            if !self.cpu.state.repeating || probe.0.is_some() {
                break;
            }
        }
        probe.0
    }

    fn state(&self) -> &State {
        &self.cpu.state
    }

    /// Its length and its name.
    fn disassembled(&self) -> (usize, String) {
        let peek = |linear| {
            let mut byte = [0];
            self.bus.get(linear, &mut byte);
            byte[0]
        };
        let listing =
            Processor::<QuietBus>::disassemble(&self.cpu, Processor::<QuietBus>::pc(&self.cpu), &peek);
        let words = listing.text.split(' ').skip_while(|word| is_decoration(word));
        (listing.bytes.len(), words.take(1).collect::<String>().to_uppercase())
    }
}

/// What a disassembler writes in front of an instruction's name.
fn is_decoration(word: &str) -> bool {
    matches!(word, "lock" | "o16" | "o32" | "a16" | "a32")
}

/// All ways to write a row.
fn forms(row: &Row) -> Vec<Form> {
    let mut forms = Vec::new();
    for bits in 0..16 {
        let [operand_size, address_size, lock, register] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
        let form = Form { operand_size, address_size, lock, register };
        let possible = (row.is("66") || !operand_size)
            && (row.is("67") || !address_size)
            && (row.has_modrm() || !register);
        if possible {
            forms.push(form);
        }
    }
    forms
}

/// What is found wrong with a row.
struct Findings {
    text: String,
    /// The flags seen set and clear after the form.
    seen: [u64; 2],
}

impl Findings {
    fn add(&mut self, row: &Row, form: &Form, code: &[u8], what: &str) {
        if self.text.len() < 2000 {
            let _ =
                writeln!(self.text, "{} {} {code:02X?} {form:?}: {what}", row.name(), row.get("mnemonic"));
        }
    }
}

/// Which exception must come; `Some(None)`: none.
fn expected_exception(row: &Row, form: &Form) -> Option<u8> {
    let may = row.is("lck") || allows(&row.name(), Rule::Lock);
    let lockable = may && row.has_modrm() && !form.register;
    let memory_only = row.has_modrm() && row.is("m") && !row.is("reg") && form.register;
    let absent = row.is("ud") || allows(&row.name(), Rule::Absent);
    let refused = absent || memory_only || (form.lock && !lockable);
    refused.then_some(MODEL_HAS_NO)
}

fn try_form(bench: &mut Bench, row: &Row, form: &Form, random: &mut Random, findings: &mut Findings) {
    let code = write(row, form, random);
    bench.prepare(&code, row, random);
    let before = bench.state().flags.word();
    let must = expected_exception(row, form);
    if must.is_none() {
        let (length, name) = bench.disassembled();
        if length != code.len() {
            findings.add(row, form, &code, &format!("{length} bytes of {name}"));
        }
        let names = ["mnemonic", "dw_mnemonic", "w_mnemonic", "alt_names"].map(|column| row.get(column));
        if !names.iter().flat_map(|names| names.split(',')).any(|known| known == name)
            && !allows(&row.name(), Rule::Name)
        {
            findings.add(row, form, &code, &format!("the name is {name}"));
        }
    }
    if allows(&row.name(), Rule::Run) {
        return;
    }
    let exception = bench.run();
    let listed = row.get("exceptions");
    let right = match (must, exception) {
        (Some(_), _) => exception == must,
        (None, None) => true,
        (None, Some(vector)) => listed == "*" || listed == vector.to_string(),
    };
    let excused = must.is_none() && allows(&row.name(), Rule::Exceptions);
    if !right && !excused {
        findings.add(row, form, &code, &format!("exception {exception:?}, not {must:?}"));
    }
    if exception.is_none() {
        judge_flags(bench, row, form, &code, before, findings);
    }
}

fn judge_flags(bench: &Bench, row: &Row, form: &Form, code: &[u8], before: u64, findings: &mut Findings) {
    // Where an exception is listed, so are the flags of its handler.
    if allows(&row.name(), Rule::Flags) || !row.get("exceptions").is_empty() {
        return;
    }
    let after = bench.state().flags.word();
    findings.seen[0] |= !after;
    findings.seen[1] |= after;
    let all: u64 = FLAGS.iter().sum();
    let still = all & !row.flags("f_mod") & !row.flags("f_undef");
    if (before ^ after) & still != 0 {
        findings.add(row, form, code, &format!("flags {before:x} become {after:x}, but {still:x} stay"));
    }
    let defined = row.flags("f_def");
    for (bit, set) in row.flag_values("f_values").filter(|(bit, _)| defined & bit != 0) {
        if (after & bit != 0) != set {
            findings.add(row, form, code, &format!("flags {after:x}, but {bit:x} is {set}"));
        }
    }
}

/// The flags that the row calls modified and defined, without a fixed value, but that were always set or always clear.
fn rigid_flags(row: &Row, findings: &Findings) -> u64 {
    if allows(&row.name(), Rule::Flags) || findings.seen == [0; 2] {
        return 0;
    }
    let [clear, set] = findings.seen;
    row.flags("f_mod") & row.flags("f_def") & !row.flags("f_values") & !(clear & set)
}

/// Tries all ways to write a row. Gives what is found wrong first.
fn try_row(bench: &mut Bench, row: &Row, random: &mut Random) -> Option<String> {
    let mut findings = Findings { text: String::new(), seen: [0; 2] };
    let forms = forms(row);
    for form in &forms {
        for _ in 0..TRIALS {
            try_form(bench, row, form, random, &mut findings);
        }
    }
    // Some flags are rarely seen set.
    for _ in 0..MOST_TRIALS {
        if rigid_flags(row, &findings) == 0 {
            break;
        }
        try_form(bench, row, &forms[0], random, &mut findings);
    }
    let rigid = rigid_flags(row, &findings);
    if rigid != 0 {
        let _ =
            writeln!(findings.text, "{} {}: flags {rigid:x} never change", row.name(), row.get("mnemonic"));
    }
    findings.text.lines().next().map(str::to_owned)
}

#[test]
fn the_80386_has_the_forms_of_the_table() {
    let Some(folder) = corpus::folder("80386") else {
        println!("skipped: there is no table of the 80386");
        return;
    };
    let rows = rows(&folder.join("80386/80386.csv"));
    let (mut bench, mut random) = (Bench::new(), Random(386));
    let wrong: Vec<String> = rows.iter().filter_map(|row| try_row(&mut bench, row, &mut random)).collect();
    assert!(wrong.is_empty(), "{} of {} forms differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
